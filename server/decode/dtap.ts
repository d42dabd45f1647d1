import { decodeCallControl } from './call-control.ts';
import { need } from './decode-error.ts';
import { findOptional, mandatory } from './dtap-elements.ts';
import { dtapNames, protocol, protocolNames, rr } from './dtap-tables.ts';
import { readMobileIdentity } from './elements.ts';
import type { SignalMessage } from './message.ts';
import { decodeMobilityManagement, identityBehindClassmarkEnd, skipOptional } from './mobility-management.ts';
import { decodeShortMessage } from './short-message.ts';
import type { DecodeState } from './state.ts';
import { decodeSupplementaryService } from './supplementary-service.ts';

const mobileIdentity = 0x17;

/** Bits of the protocols whose messages carry a transaction identifier, and of those whose types carry N(SD). */
const withTransaction = (1 << protocol.CC) | (1 << protocol.SMS) | (1 << protocol.SS);
const withSequence =
  (1 << protocol.GCC) | (1 << protocol.BCC) | (1 << protocol.CC) | (1 << protocol.MM) | (1 << protocol.SS);

/**
 * A layer 3 message between phone and network: protocol discriminator, type and the elements that say who, where and
 * how it ended. 3GPP TS 24.007 §11.2.3, TS 24.008 §9, TS 24.011 §7, TS 24.080 §2, TS 44.018 §9. Messages of other
 * protocols are named and counted as unhandled.
 */
export function decodeDtap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.dtap++;
  need('dtap', start, 2, end);
  const { message } = state;
  const discriminator = bytes[start] & 0x0f;
  let at = start + 1;
  if ((withTransaction & (1 << discriminator)) !== 0) {
    message.transactionId = bytes[start] >> 4;
    // A value of 111 says that the identifier goes on in the next octet. 3GPP TS 24.007 §11.2.3.1.3.
    if ((bytes[start] & 0x70) === 0x70) {
      message.transactionId |= (bytes[at] & 0x7f) << 4;
      at++;
      need('dtap', at, 1, end);
    }
  }
  message.protocolDiscriminator = discriminator;
  // Bits 7 and 8 hold the send sequence number in these protocols. 3GPP TS 24.007 §11.2.3.2.3.
  const type = (withSequence & (1 << discriminator)) !== 0 ? bytes[at] & 0x3f : bytes[at];
  message.dtapType = type;
  const code = (discriminator << 8) | type;
  state.stats.dtap[code]++;
  const name = dtapNames[code];
  if (name === undefined) {
    state.stats.unhandledAs(`DTAP ${protocolNames[discriminator]} type ${type}`);
    return;
  }
  at++;
  switch (discriminator) {
    case protocol.MM:
      decodeMobilityManagement(message, type, bytes, at, end);
      return;
    case protocol.CC:
      decodeCallControl(message, type, bytes, at, end);
      return;
    case protocol.RR:
      decodeRadioResource(message, type, bytes, at, end);
      return;
    case protocol.SMS:
      decodeShortMessage(state, message, type, bytes, at, end);
      return;
    case protocol.SS:
      decodeSupplementaryService(message, type, bytes, at, end);
      return;
    default:
      state.stats.unhandledAs(`${protocolNames[discriminator]} ${name}`);
  }
}

/** Radio resource: the messages that say who. All others stay between phone and BSS and are only named. */
function decodeRadioResource(message: SignalMessage, type: number, bytes: Uint8Array, at: number, end: number): void {
  switch (type) {
    case rr['PAGING RESPONSE']:
      // Ciphering key sequence number, classmark 2, mobile identity. 3GPP TS 44.018 §9.1.25.
      mandatory(at, 1, end);
      skipOptional(bytes, identityBehindClassmarkEnd(message, bytes, at + 1, end), end);
      return;
    case rr['NOTIFICATION RESPONSE']:
    case rr['TALKER INDICATION']:
      // Classmark 2, mobile identity; then elements of fixed lengths. §9.1.21d, §9.1.44.
      identityBehindClassmarkEnd(message, bytes, at, end);
      return;
    case rr['CIPHERING MODE COMPLETE']:
      readEquipment(message, bytes, at, end);
  }
}

/** The IMEISV that CIPHERING MODE COMPLETE may bring. 3GPP TS 44.018 §9.1.10. */
function readEquipment(message: SignalMessage, bytes: Uint8Array, at: number, end: number): void {
  const identity = findOptional(bytes, at, end, mobileIdentity);
  if (identity >= 0) readMobileIdentity('dtap', message, bytes, identity, identity + bytes[identity - 1]);
}

/**
 * The same from the Layer 3 Message Contents of CIPHER MODE COMPLETE. The nested message is no DTAP message, so its
 * type is not told.
 */
export function readCipheringModeComplete(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 2 || (bytes[start] & 0x0f) !== protocol.RR || bytes[start + 1] !== rr['CIPHERING MODE COMPLETE']) {
    return;
  }
  readEquipment(message, bytes, start + 2, end);
}
