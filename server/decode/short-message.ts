import { DecodeError, need } from './decode-error.ts';
import { mandatory, mandatoryValueEnd, readCalled } from './dtap-elements.ts';
import { rp, sms } from './dtap-tables.ts';
import { part, type SignalMessage } from './message.ts';
import type { DecodeState } from './state.ts';

/** TP message type indicators, 3GPP TS 23.040 §9.2.3.1: the direction decides between the two of a number. */
const tpDeliver = 0;
const tpSubmit = 1;
const tpCommand = 2;

/** Short messages: CP layer (3GPP TS 24.011 §7.2) from behind the message type, and what CP-DATA carries. */
export function decodeShortMessage(
  state: DecodeState,
  message: SignalMessage,
  type: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  if (type === sms['CP-ERROR']) {
    mandatory(at, 1, end);
    message.parts |= part.detail;
    message.cause = bytes[at] & 0x7f;
  } else if (type === sms['CP-DATA']) decodeRp(state, message, bytes, at + 1, mandatoryValueEnd(bytes, at, end));
}

/** RP layer: type, reference, then what the type brings. 3GPP TS 24.011 §7.3. */
function decodeRp(state: DecodeState, message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  need('dtap', start, 2, end);
  const type = bytes[start] & 0x07;
  message.parts |= part.detail;
  message.rpType = type;
  const at = start + 2;
  switch (type) {
    case rp['RP-DATA (MS to network)']:
    case rp['RP-DATA (network to MS)']: {
      // Originator address, destination address, user data; the one at the phone's side is empty. §7.3.1.
      const originatorEnd = mandatoryValueEnd(bytes, at, end);
      const destinationEnd = mandatoryValueEnd(bytes, originatorEnd, end);
      const tpduEnd = mandatoryValueEnd(bytes, destinationEnd, end);
      if (originatorEnd > at + 1) {
        message.parts |= part.numbers;
        message.bytes = bytes;
        message.callingOffset = at + 2;
        message.callingLength = originatorEnd - at - 2;
      }
      if (destinationEnd > originatorEnd + 1) readCalled(message, bytes, originatorEnd + 1, destinationEnd);
      decodeTpdu(message, type, bytes, destinationEnd + 1, tpduEnd);
      return;
    }
    case rp['RP-ERROR (MS to network)']:
    case rp['RP-ERROR (network to MS)']: {
      // Cause and an optional diagnostic. §7.3.4, §8.2.5.4.
      const causeEnd = mandatoryValueEnd(bytes, at, end);
      mandatory(at + 1, 1, causeEnd);
      message.cause = bytes[at + 1] & 0x7f;
      return;
    }
    case rp['RP-ACK (MS to network)']:
    case rp['RP-ACK (network to MS)']:
    case rp['RP-SMMA']:
      return;
    default:
      state.stats.unhandledAs(`RP type ${type}`);
  }
}

/** Who a short message is for or from. 3GPP TS 23.040 §9.2.2. */
function decodeTpdu(message: SignalMessage, rpType: number, bytes: Uint8Array, start: number, end: number): void {
  mandatory(start, 1, end);
  const type = bytes[start] & 0x03;
  if (rpType === rp['RP-DATA (network to MS)']) {
    // SMS-DELIVER: originating address. §9.2.2.1.
    if (type !== tpDeliver) return;
    const length = addressLength(bytes, start + 1, end);
    message.parts |= part.numbers;
    message.bytes = bytes;
    message.tpOriginatorOffset = start + 1;
    message.tpOriginatorLength = length;
    return;
  }
  // SMS-SUBMIT: reference, destination address; SMS-COMMAND: three more octets in front of it. §9.2.2.2, §9.2.2.4.
  if (type !== tpSubmit && type !== tpCommand) return;
  const at = start + (type === tpSubmit ? 2 : 5);
  const length = addressLength(bytes, at, end);
  message.parts |= part.numbers;
  message.bytes = bytes;
  message.tpDestinationOffset = at;
  message.tpDestinationLength = length;
}

/** Octets of an address: count of digits, type and plan, semi-octets. 3GPP TS 23.040 §9.1.2.5. */
function addressLength(bytes: Uint8Array, at: number, end: number): number {
  mandatory(at, 2, end);
  const digits = bytes[at];
  // "The maximum length of the full address field is 12 octets (20 semi-octets of digits)."
  if (digits > 20) throw new DecodeError('dtap', 'BAD_LENGTH', at);
  const length = 2 + ((digits + 1) >> 1);
  need('dtap', at, length, end);
  return length;
}
