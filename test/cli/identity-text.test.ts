import { describe, expect, test } from 'vitest';
import { IdentityText } from '../../server/cli/identity-text.ts';
import { MessageLines } from '../../server/cli/message-line.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { NumberPlan } from '../../server/reference/number-plan.ts';
import { completeLayer3, connectionRequest, dataForm1, dtapMessage, frameOf, hex, unitdata } from '../decode/wire.ts';

const chinese = () => new NumberPlan('139', '460-00');

/** Lines of one SCCP message, masked or plain. */
function lines(sccp: readonly number[], plain = false) {
  const out: Record<string, unknown>[] = [];
  const writer = new MessageLines(new IdentityText(plain, chinese()));
  const decoder = new Decoder({
    message: (m) => out.push({ ...writer.of(m) }),
    map: (m, c) => out.push({ ...writer.ofComponent(m, c) }),
  });
  const frame = frameOf(sccp);
  decoder.frame(0, 1, frame, 0, frame.length);
  return out;
}

describe('an identity without --show-identities', () => {
  const masked = new IdentityText(false, chinese());

  test('shows its first five digits', () => {
    expect(masked.identity('001010000000042')).toBe('00101*');
    expect(masked.integer(1010000000042, 15)).toBe('00101*');
    expect(masked.tmsi(0x0042)).toBe('00000*');
  });

  test('of five digits or fewer shows none', () => {
    for (const digits of ['1', '46', '46000']) expect(masked.identity(digits)).toBe('*');
    expect(masked.identity('')).toBe('');
  });

  test('of five digits or fewer in a message shows none, a service number stays', () => {
    // IDENTITY RESPONSE with an IMSI of five digits; a global title of four digits.
    const cut = dataForm1(1, dtapMessage([5, 0x19, 3, 0x09, 0x10, 0x10]));
    expect(lines(cut)).toEqual([expect.objectContaining({ imsi: '*' })]);
    expect(lines(cut, true)).toEqual([expect.objectContaining({ imsi: '00101' })]);
    const title = [0x12, 6, 0, 0x12, 4, 0x21, 0x43];
    const request = connectionRequest(1, completeLayer3([5, 8, 0x70, ...hex('64 f0 00 20 01'), 0x57, 1, 0xf0]), title);
    expect(lines(request)).toEqual([
      expect.objectContaining({ sccp: expect.objectContaining({ called: { digits: '*', ssn: 6 } }) }),
    ]);
    // SETUP to 10086.
    const setup = dataForm1(1, dtapMessage(hex('03 05 04 01 a0 5e 04 81 01 80 f6')));
    expect(lines(setup)).toEqual([expect.objectContaining({ calledNumber: '10086' })]);
  });

  test('of whom calls or answers shows none, however short it is', () => {
    // SETUP from 1001 and from 10086 to 1002; CONNECT with 1002.
    const numbers = (layer3: string) =>
      lines(dataForm1(1, dtapMessage(hex(layer3)))).map(({ calledNumber, callingNumber, connectedNumber }) => ({
        ...{ calledNumber, callingNumber, connectedNumber },
      }));
    const none = { calledNumber: undefined, callingNumber: undefined, connectedNumber: undefined };
    expect(numbers('03 05 04 01 a0 5c 03 81 01 10 5e 03 81 01 20')).toEqual([
      { ...none, callingNumber: '*', calledNumber: '*' },
    ]);
    expect(numbers('03 05 04 01 a0 5c 04 81 01 80 f6 5e 03 81 01 20')).toEqual([
      { ...none, callingNumber: '*', calledNumber: '*' },
    ]);
    expect(numbers('83 07 4c 03 81 01 20')).toEqual([{ ...none, connectedNumber: '*' }]);
  });

  test('shows a dialled number whole only where the plan has it for a service', () => {
    for (const digits of ['110', '112', '119', '120', '122', '911', '10086', '12306', '95588']) {
      expect(masked.dialled(digits)).toBe(digits);
    }
    for (const digits of ['1', '12', '661', '1001', '6123', '61234', '*100#', '#31#']) {
      expect(masked.dialled(digits)).toBe('*');
    }
    expect(masked.dialled('13800000042')).toBe('13800*');
    expect(masked.dialled('')).toBe('');
    // Whose plan nobody knows here.
    const elsewhere = new IdentityText(false, new NumberPlan('139', '001-01'));
    expect(['112', '110', '10086'].map((digits) => elsewhere.dialled(digits))).toEqual(['112', '*', '*']);
  });

  test('shows the name of a sender in letters, not one with digits', () => {
    // RP-DATA to the phone with an SMS-DELIVER from BANK, from 12345 in letters, and from the number 10086.
    const from = (address: string) => {
      const deliver = hex(`04 ${address} 00 00 22 11 12 01 00 00 23 00`);
      const rpData = [1, 1, 3, 0x91, 0x21, 0x43, 0, deliver.length, ...deliver];
      return lines(dataForm1(1, dtapMessage([0x09, 0x01, rpData.length, ...rpData])))[0].tpOriginator;
    };
    expect(from('07 d0 c2 a0 73 09')).toBe('BANK');
    expect(from('09 d0 31 d9 8c 56 03')).toBe('*');
    expect(from('05 81 01 80 f6')).toBe('*');
  });

  test('of MAP that was cut shows none', () => {
    // sendRoutingInfo with an MSISDN of four digits, called by subsystem 6.
    const tcap = hex('62 1e 48 01 01 6c 19 a1 17 02 01 01 02 01 16 30 0f 80 03 91 21 43 83 01 00 86 05 91 99 39 00 10');
    const message = unitdata(tcap, [0x42, 6]);
    expect(lines(message)).toEqual([expect.objectContaining({ operation: 'sendRoutingInfo', msisdn: '*' })]);
  });
});
