import { describe, expect, test } from 'vitest';
import { elementFormats, isRead, tlv, tlvLong, unknownFormat } from '../../server/decode/bssmap-elements.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { readMobileIdentity, readPlmn } from '../../server/decode/elements.ts';
import { SignalMessage } from '../../server/decode/message.ts';
import { formatPlmn } from '../../server/events/plmn.ts';
import { collector } from './collect.ts';
import { bssmapMessage, dataForm1, dtapMessage, frameOf, hex, type Octets } from './wire.ts';

function decode(user: Octets) {
  const { decoder, messages, give } = collector();
  give(frameOf(dataForm1(1, user)));
  return {
    message: messages[0],
    faults: [...decoder.stats.faults.keys()],
    unhandled: [...decoder.stats.unhandled.keys()],
  };
}

test.each([
  ['64 f0 00', '460-00'],
  ['00 f1 10', '001-01'],
  ['13 00 14', '310-410'],
  ['13 00 00', '310-000'],
  ['ff ff ff', ''],
  ['64 f0 0a', ''],
  ['64 a0 00', ''],
])('PLMN %s is %s', (octets, text) => {
  expect(formatPlmn(readPlmn(Uint8Array.from(hex(octets)), 0))).toBe(text);
});

describe('mobile identity', () => {
  const read = (octets: string) => {
    const message = new SignalMessage();
    const bytes = Uint8Array.from(hex(octets));
    readMobileIdentity('dtap', message, bytes, 0, bytes.length);
    return message;
  };

  test('keeps the leading zeros of an IMSI by its count of digits', () => {
    expect(read('09 10 10 00 00 00 00 24')).toMatchObject({ imsi: 1010000000042, imsiDigits: 15 });
    expect(read('01 10 10 00 00 00 24 f0')).toMatchObject({ imsiDigits: 14 });
  });

  test('holds the greatest IMSI exactly', () => {
    expect(read('99 99 99 99 99 99 99 99').imsi).toBe(999_999_999_999_999);
  });

  test('refuses digits above nine and too many of them, and then sets nothing', () => {
    expect(() => read('09 10 10 00 00 a0 00 24')).toThrow('DTAP_BAD_IDENTITY');
    expect(() => read('09 10 10 00 00 00 00 00 00 24')).toThrow('DTAP_BAD_IDENTITY');
    const { message, faults } = decode(dtapMessage(hex('05 19 08 09 10 10 00 00 a0 00 24')));
    expect(faults).toEqual(['DTAP_BAD_IDENTITY']);
    expect(message.dtapType).toBe(0x19);
    expect(message.imsi).toBeUndefined();
  });

  test('reads a TMSI with its top bit as an unsigned number', () => {
    expect(read('f4 ff ff ff fe').tmsi).toBe(0xfffffffe);
  });
});

describe('BSSMAP', () => {
  test('finds its way past elements of every format', () => {
    // Circuit identity code (TV 3), talker flag (T), APDU (two-octet length), then the cause.
    const contents = [0x01, ...hex('01 00 25'), 0x35, 0x49, 0x00, 0x02, 0xaa, 0xbb, ...hex('04 01 0a')];
    expect(decode(bssmapMessage(contents)).message.bssmapCause).toBe(0x0a);
  });

  test('stops at an element that nobody has defined, and names it', () => {
    const { message, unhandled } = decode(bssmapMessage(hex('20 04 01 09 5f 01 00')));
    expect(message.bssmapCause).toBe(9);
    expect(unhandled).toEqual(['BSSMAP element 95']);
  });

  test('counts a mandatory element that is missing', () => {
    expect(decode(bssmapMessage(hex('52 08 08 09 10 10 00 00 00 00 24'))).faults).toEqual(['BSSMAP_MISSING_ELEMENT']);
  });

  test('knows of nothing missing where it had to stop', () => {
    expect(decode(bssmapMessage(hex('22 5f 01 00'))).faults).toEqual([]);
  });

  test.each([
    ['a cell shorter than its discriminator says', '17 04 01 0c 05 04 01 10 01 02'],
    ['a cell longer than its discriminator says', '17 04 01 0c 05 06 01 10 01 02 01 00'],
    ['a list that ends inside a cell', '11 04 01 0c 1a 08 01 10 01 02 01 10 01 02'],
    ['a list of cells without any', '11 04 01 0c 1a 01 01'],
    ['a list of no cells that goes on', '11 04 01 0c 1a 02 06 00'],
    ['a TMSI of five octets', '52 08 08 09 10 10 00 00 00 00 24 09 05 00 00 00 00 01 1a 01 06'],
    ['a cause of none', '22 04 00'],
    ['a channel type of two octets', '01 0b 02 01 0a'],
  ])('refuses %s', (_, octets) => {
    expect(decode(bssmapMessage(hex(octets))).faults).toEqual(['BSSMAP_BAD_LENGTH']);
  });

  test('refuses a national cause that ends behind its class', () => {
    expect(decode(bssmapMessage(hex('22 04 01 f0'))).faults).toEqual(['BSSMAP_TRUNCATED']);
  });

  test.each([
    ['a target cell', '10 0b 03 01 0a 11 0a 01 01 12 02 33 19 05 03 05 10 01'],
    ['a classmark', '10 0b 03 01 0a 11 0a 01 01 05 03 05 10 01 05 03 05 10 02'],
    ['a cell list', '11 04 01 0c'],
    ['a location type', '2b 05 03 05 10 01'],
    ['an outcome', '79'],
  ])('misses %s', (_, octets) => {
    expect(decode(bssmapMessage(hex(octets))).faults).toEqual(['BSSMAP_MISSING_ELEMENT']);
  });

  test('names a reserved cell discriminator and guesses nothing', () => {
    const { message, unhandled, faults } = decode(bssmapMessage(hex('17 04 01 0c 05 03 0d 10 01')));
    expect([unhandled, faults]).toEqual([['BSSMAP cell identification discriminator 13'], []]);
    expect(message.cellLac).toBeUndefined();
    const list = decode(bssmapMessage(hex('52 08 08 09 10 10 00 00 00 00 24 1a 03 07 10 01')));
    expect(list.unhandled).toEqual(['BSSMAP cell identification discriminator 7']);
    expect(list.message.cells).toBeUndefined();
  });

  test('keeps the first of an element that comes twice', () => {
    expect(decode(bssmapMessage(hex('22 04 01 01 04 01 02'))).message.bssmapCause).toBe(1);
  });

  test('names an unknown message and still delivers it', () => {
    const { message, unhandled } = decode(bssmapMessage([0x7f]));
    expect(message.bssmapType).toBe(0x7f);
    expect(unhandled).toEqual(['BSSMAP type 127']);
  });

  test('has a format for each assigned element and for no other', () => {
    const formats = Array.from(elementFormats);
    expect(formats.slice(0x9b).every((format) => format === unknownFormat)).toBe(true);
    expect(formats.filter((format) => format === tlvLong).length).toBe(1);
    expect(formats.filter((format) => format === tlv).length).toBeGreaterThan(70);
    expect(Math.max(...formats.map((format) => (format < 0 ? 0 : format & (isRead - 1))))).toBe(20);
  });
});

describe('DTAP', () => {
  test('reads an extended transaction identifier', () => {
    const { message } = decode(dtapMessage(hex('f3 85 25 02 e0 90')));
    expect(message).toMatchObject({
      protocolDiscriminator: 3,
      dtapType: 0x25,
      cause: 16,
      transactionId: 15 | (5 << 4),
    });
  });

  test('names protocols and messages that are not known', () => {
    expect(decode(dtapMessage(hex('08 01'))).unhandled).toEqual(['GMM ATTACH REQUEST']);
    expect(decode(dtapMessage(hex('0c 01'))).unhandled).toEqual(['DTAP LCS type 1']);
    expect(decode(dtapMessage(hex('05 3f'))).unhandled).toEqual(['DTAP MM type 63']);
  });

  test.each([
    ['AUTHENTICATION REQUEST with half a challenge', '05 12 00 01 02 03'],
    ['AUTHENTICATION RESPONSE with three octets', '05 14 01 02 03'],
    ['START DTMF without a key', '03 35'],
    ['CC-ESTABLISHMENT CONFIRMED without a bearer', '03 06 d1'],
    ['STATUS without its state', '03 3d 02 e0 90'],
    ['REGISTER without a facility', '0b 3b 7f 01 00'],
    ['RP-DATA without user data', '09 01 04 00 01 00 00'],
    ['CP-ERROR without a cause', '09 10'],
  ])('misses what is mandatory: %s', (_, octets) => {
    expect(decode(dtapMessage(hex(octets))).faults).toEqual(['DTAP_MISSING_ELEMENT']);
  });

  test.each([
    ['a cause of one octet', '03 25 01 60'],
    ['an empty called number', '03 05 5e 00'],
    ['a calling number that ends in front of its presentation', '03 05 5c 01 11'],
    ['a TMSI of three octets', '05 01 33 04 f4 00 00 01'],
    ['more than twenty digits in a TP address', '09 01 09 00 01 00 00 04 01 00 15 91'],
  ])('refuses %s', (_, octets) => {
    expect(decode(dtapMessage(hex(octets))).faults).toEqual(['DTAP_BAD_LENGTH']);
  });

  test('holds what follows the mandatory elements to its length', () => {
    expect(decode(dtapMessage(hex('05 24 71 03 33 19 81 05 f4 00 00 00 09 20 05 00'))).faults).toEqual([
      'DTAP_TRUNCATED',
    ]);
    expect(decode(dtapMessage(hex('03 01 1c 05 00'))).faults).toEqual(['DTAP_TRUNCATED']);
  });

  test.each([
    ['a return error', '1c 08 a3 06 02 01 01 02 01 22'],
    ['an invoke with a global code', '1c 0b a1 09 02 01 01 06 04 00 01 02 03'],
    ['a component that ends in its invoke identifier', '1c 08 a1 06 02 20 01 02 01 3b'],
  ])('tells no operation from %s', (_, octets) => {
    const { message, faults } = decode(dtapMessage(hex(`0b 3b ${octets}`)));
    expect([message.ssOperation, faults]).toEqual([undefined, []]);
  });

  test('counts a relay message of the reserved type', () => {
    expect(decode(dtapMessage(hex('09 01 02 07 01'))).unhandled).toEqual(['RP type 7']);
  });

  test('keeps what it read in front of a missing element', () => {
    const { message, faults } = decode(dtapMessage(hex('05 08 71 64 f0 00 20 01')));
    expect(faults).toEqual(['DTAP_MISSING_ELEMENT']);
    expect(message).toMatchObject({ locationUpdatingType: 1, laiLac: 0x2001 });
  });

  test('takes nothing over from the message before', () => {
    const { messages, give } = collector();
    give(frameOf(dataForm1(1, dtapMessage(hex('05 1a 64 f0 00 10 01 05 f4 00 00 00 10'))), { tsn: 1 }));
    give(frameOf(dataForm1(1, dtapMessage(hex('05 5b'))), { tsn: 2 }));
    expect(Object.keys(messages[1]).sort()).toEqual(
      [
        'destinationLocalReference',
        'dpc',
        'dtapType',
        'frame',
        'fromLower',
        'link',
        'opc',
        'protocolDiscriminator',
        'sccpType',
        'timeUs',
      ].sort(),
    );
  });
});

test('what the sink throws goes through', () => {
  const failing = new Decoder({
    message() {
      throw new RangeError('bug');
    },
  });
  const frame = frameOf(dataForm1(1, bssmapMessage([0x21])));
  expect(() => failing.frame(0, 1, frame, 0, frame.length)).toThrow('bug');
});
