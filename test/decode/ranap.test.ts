import { describe, expect, test } from 'vitest';
import { ranapMandatory, ranapNames } from '../../server/decode/ranap-tables.ts';
import { decodeAlone, ranapVectors } from './ranap-vectors.ts';
import { hex } from './wire.ts';

test.each(ranapVectors)('$name ($clause)', ({ octets, decoded }) => {
  const { message, fault, unhandled } = decodeAlone(octets);
  expect({ message, fault }).toEqual({ message: decoded, fault: '' });
  // Layer 3 messages of the packet-switched domain are named and not taken apart.
  expect(unhandled).toEqual(decoded.protocolDiscriminator === 8 ? [expect.stringContaining('GMM')] : []);
});

describe('which LAI is told', () => {
  test('is that of the layer 3 message, wherever the other one stands', () => {
    const accept = '00 10 40 0f 0e 05 02 00 f1 10 10 01 17 05 f4 c0 00 00 08';
    const area = '00 0f 40 06 00 13 00 14 20 02';
    for (const fields of [`${accept} ${area}`, `${area} ${accept}`]) {
      const { message } = decodeAlone(hex(`00 14 40 20 00 00 02 ${fields}`));
      expect(message).toMatchObject({ laiPlmn: 2049, laiLac: 0x1001, tmsi: 0xc0000008 });
    }
  });
});

describe('cause', () => {
  const causeOf = (element: string) => {
    const octets = hex(element);
    const field = [0, 4, 0x40, octets.length, ...octets];
    return decodeAlone([0, 11, 0x40, field.length + 3, 0, 0, 1, ...field]);
  };

  test.each([
    ['00 00', 1],
    ['0f c0', 64],
    ['10', 65],
    ['1f', 80],
    ['20', 81],
    ['2f', 96],
    ['30', 97],
    ['3f', 112],
    ['40', 113],
    ['4f', 128],
    ['50 00', 129],
    ['5f e0', 256],
    ['80 01 00', 257],
    ['80 01 ff', 512],
  ])('%s is number %i', (element, number) => {
    const { message, fault } = causeOf(element);
    expect(fault).toBe('');
    expect(message.ranapCause).toBe(number);
  });

  test('of a group that does not exist is refused, of one that is not known yet is none', () => {
    expect(causeOf('60 00').fault).toBe('RANAP_BAD_VALUE');
    expect(causeOf('81 01 00')).toMatchObject({ fault: '', message: { ranapProcedure: 11 } });
    expect(causeOf('81 01 00').message.ranapCause).toBeUndefined();
  });
});

test('an extended RNC-ID takes the place of the other one, whichever comes first', () => {
  const [extended, plain] = ['00 ab 00 02 02 67', '00 56 40 05 00 f1 10 00 4d'];
  for (const fields of [`${extended} ${plain}`, `${plain} ${extended}`]) {
    expect(decodeAlone(hex(`00 15 40 12 00 00 02 ${fields}`)).message).toMatchObject({ rncPlmn: 2049, rncId: 4711 });
  }
});

test('a list whose item is another than the one it should have tells no cause', () => {
  const list = (item: string) => hex(`00 0a 40 11 00 00 01 00 29 40 0a 00 00 01 00 ${item} 40 03 00 48 80`);
  expect(decodeAlone(list('28')).message.ranapCause).toBe(83);
  expect(decodeAlone(list('22'))).toMatchObject({ fault: '', message: { ranapProcedure: 10 } });
  expect(decodeAlone(list('22')).message.ranapCause).toBeUndefined();
});

describe('a message that is not as it should be', () => {
  test.each([
    ['with a procedure that nobody has defined', '00 4d 40 03 00 00 00', 'RANAP procedure 77 message 0'],
    ['with an outcome that its procedure has not', '60 0e 40 03 00 00 00', 'RANAP procedure 14 message 3'],
    ['of a class that is not known yet', '81 02 00 00', 'RANAP PDU extension 1'],
  ])('%s is named', (_, octets, name) => {
    expect(decodeAlone(hex(octets))).toMatchObject({ fault: '', unhandled: [name] });
  });

  test.each([
    ['without a mandatory element', '00 0f 40 03 00 00 00', 'RANAP_MISSING_ELEMENT'],
    ['with octets behind it', '00 0c 40 03 00 00 00 00', 'RANAP_BAD_LENGTH'],
    ['with octets behind its last element', '00 0c 40 04 00 00 00 00', 'RANAP_BAD_LENGTH'],
    [
      'with octets behind an element’s value',
      '00 14 40 0e 00 00 02 00 3b 40 02 00 00 00 10 40 01 00',
      'RANAP_BAD_LENGTH',
    ],
    ['with fewer elements than it says', '00 0c 40 03 00 00 01', 'RANAP_TRUNCATED'],
    ['with an element longer than itself', '00 0c 40 08 00 00 01 00 63 40 05 00', 'RANAP_TRUNCATED'],
    ['with a length in fragments', '00 0c 40 c1 00 00 00', 'RANAP_BAD_LENGTH'],
    ['with a criticality that does not exist', '00 0c c0 03 00 00 00', 'RANAP_BAD_VALUE'],
    [
      'with an IMSI of sixteen digits',
      '00 0f 40 10 00 00 01 00 17 40 09 50 00 01 01 00 00 00 40 02',
      'RANAP_BAD_IDENTITY',
    ],
    ['with a digit above nine', '00 0f 40 10 00 00 01 00 17 40 09 50 00 a1 01 00 00 00 40 f2', 'RANAP_BAD_IDENTITY'],
    [
      'with a digit behind a filler',
      '00 0f 40 10 00 00 01 00 17 40 09 50 00 f1 01 00 00 00 40 f2',
      'RANAP_BAD_IDENTITY',
    ],
    [
      'with an IMEI of thirteen digits',
      '00 10 40 10 00 00 01 00 45 40 09 40 00 01 71 00 00 00 f4 ff',
      'RANAP_BAD_IDENTITY',
    ],
    [
      'with an IMEISV of seven octets',
      '00 10 40 10 00 00 01 00 45 40 09 80 07 00 01 71 00 00 00 24',
      'RANAP_BAD_LENGTH',
    ],
    ['with an extended RNC-ID above its range', '00 15 40 09 00 00 01 00 ab 00 02 f0 00', 'RANAP_BAD_VALUE'],
    ['with an extended cause of two octets', '00 0b 40 0b 00 00 01 00 04 40 04 80 02 00 00', 'RANAP_BAD_LENGTH'],
    ['with an RNC-ID above its range', '00 15 40 0c 00 00 01 00 56 40 05 00 f1 10 10 00', 'RANAP_BAD_VALUE'],
  ])('%s is refused', (_, octets, fault) => {
    expect(decodeAlone(hex(octets)).fault).toBe(fault);
  });

  test('keeps what stands in front of the flaw', () => {
    const { message, fault } = decodeAlone(hex('00 0e 40 0e 00 00 02 00 03 40 01 00 00 17 40 02 50 00'));
    expect(fault).toBe('RANAP_TRUNCATED');
    expect(message).toEqual({ ranapProcedure: 14, ranapType: 0, cnDomain: 0 });
  });

  test('goes past elements and extensions of any identifier', () => {
    const unknown = '02 9a 00 81 00 '.concat('ff '.repeat(256));
    const octets = `00 0b 40 81 0e 00 00 02 ${unknown} 00 04 40 02 0b 40`;
    expect(decodeAlone(hex(octets))).toMatchObject({ fault: '', message: { ranapCause: 46 } });
  });

  test('is never read when it is private', () => {
    expect(decodeAlone(hex('00 19 40 04 00 00 00 77'))).toEqual({
      message: { ranapProcedure: 25, ranapType: 0 },
      fault: '',
      unhandled: [],
    });
  });
});

test('every mandatory element belongs to a message that exists', () => {
  const named = ranapNames.filter((name) => name !== undefined);
  expect(new Set(named).size).toBe(named.length);
  expect(Array.from(ranapMandatory).filter((bits) => bits !== 0).length).toBe(14);
});
