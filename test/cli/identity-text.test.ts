import { describe, expect, test } from 'vitest';
import { IdentityText } from '../../server/cli/identity-text.ts';
import { MessageLines } from '../../server/cli/message-line.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { completeLayer3, connectionRequest, dataForm1, dtapMessage, frameOf, hex, unitdata } from '../decode/wire.ts';

/** Lines of one SCCP message, masked or plain. */
function lines(sccp: readonly number[], plain = false) {
  const out: Record<string, unknown>[] = [];
  const writer = new MessageLines(new IdentityText(plain));
  const decoder = new Decoder({
    message: (m) => out.push({ ...writer.of(m) }),
    map: (m, c) => out.push({ ...writer.ofComponent(m, c) }),
  });
  const frame = frameOf(sccp);
  decoder.frame(0, 1, frame, 0, frame.length);
  return out;
}

describe('an identity without --show-identities', () => {
  const masked = new IdentityText(false);

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

  test('of MAP that was cut shows none', () => {
    // sendRoutingInfo with an MSISDN of four digits, called by subsystem 6.
    const tcap = hex('62 1e 48 01 01 6c 19 a1 17 02 01 01 02 01 16 30 0f 80 03 91 21 43 83 01 00 86 05 91 99 39 00 10');
    const message = unitdata(tcap, [0x42, 6]);
    expect(lines(message)).toEqual([expect.objectContaining({ operation: 'sendRoutingInfo', msisdn: '*' })]);
  });
});
