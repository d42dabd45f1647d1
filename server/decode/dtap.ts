import { DecodeError, need } from './decode-error.ts';
import { cc, dtapNames, mm, protocol, protocolNames, rr, sms } from './dtap-tables.ts';
import { readLai, readMobileIdentity } from './elements.ts';
import { part, type SignalMessage } from './message.ts';
import type { DecodeState } from './state.ts';

const mobileIdentity = 0x17;
const causeElement = 0x08;
const signalElement = 0x34;
const callingNumber = 0x5c;
const calledNumber = 0x5e;

/**
 * A layer 3 message between phone and network: protocol discriminator, type and the elements that say who, where and
 * how it ended. 3GPP TS 24.007 §11.2.3, TS 24.008 §9, TS 24.011 §7, TS 44.018 §9.
 */
export function decodeDtap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.dtap++;
  need('dtap', start, 2, end);
  const { message } = state;
  const discriminator = bytes[start] & 0x0f;
  message.protocolDiscriminator = discriminator;
  let at = start + 1;
  const hasTransaction =
    discriminator === protocol.CC || discriminator === protocol.SMS || discriminator === protocol.SS;
  if (hasTransaction) {
    message.transactionId = bytes[start] >> 4;
    // A value of 111 says that the identifier goes on in the next octet. 3GPP TS 24.007 §11.2.3.1.3.
    if ((bytes[start] & 0x70) === 0x70 && discriminator === protocol.CC) {
      message.transactionId |= (bytes[at] & 0x7f) << 4;
      at++;
      need('dtap', at, 1, end);
    }
  }
  // Bits 7 and 8 hold the send sequence number in these protocols. 3GPP TS 24.007 §11.2.3.2.3.
  const isNumbered = discriminator === protocol.MM || discriminator === protocol.CC || discriminator === protocol.SS;
  const type = isNumbered ? bytes[at] & 0x3f : bytes[at];
  message.dtapType = type;
  const code = (discriminator << 8) | type;
  state.stats.dtap[code]++;
  if (dtapNames[code] === undefined) {
    state.stats.unhandledAs(`DTAP ${protocolNames[discriminator]} type ${type}`);
    return;
  }
  at++;
  if (discriminator === protocol.MM) decodeMm(message, type, bytes, at, end);
  else if (discriminator === protocol.CC) decodeCc(message, type, bytes, at, end);
  else if (discriminator === protocol.SMS) decodeSms(message, type, bytes, at, end);
  else if (discriminator === protocol.RR && type === rr['PAGING RESPONSE']) {
    // Ciphering key sequence number, classmark 2, mobile identity. 3GPP TS 44.018 §9.1.25.
    decodeIdentityBehindClassmark(message, bytes, at, end);
  }
}

/** Mandatory element of a fixed length that must stand at `at`. */
function mandatory(at: number, length: number, end: number): void {
  if (at + length > end) throw new DecodeError('dtap', 'MISSING_ELEMENT', at);
}

/** Mandatory element of format L V; where its value ends. */
function mandatoryValueEnd(bytes: Uint8Array, at: number, end: number): number {
  mandatory(at, 1, end);
  need('dtap', at + 1, bytes[at], end);
  return at + 1 + bytes[at];
}

/** An octet, then classmark 2 and mobile identity, both of format L V. */
function decodeIdentityBehindClassmark(message: SignalMessage, bytes: Uint8Array, at: number, end: number): void {
  mandatory(at, 1, end);
  const identity = mandatoryValueEnd(bytes, at + 1, end);
  const identityEnd = mandatoryValueEnd(bytes, identity, end);
  readMobileIdentity('dtap', message, bytes, identity + 1, identityEnd);
}

/** Where the value of the first optional element `id` begins; -1 where there is none. The length octet is in front. */
function findOptional(bytes: Uint8Array, start: number, end: number, id: number): number {
  for (let at = start; at < end; ) {
    if (bytes[at] === id) {
      need('dtap', at, 2, end);
      need('dtap', at + 2, bytes[at + 1], end);
      return at + 2;
    }
    at = nextElement(bytes, at, end);
  }
  return -1;
}

/** Where the element behind the one at `at` begins. 3GPP TS 24.007 §11.2.4: formats T, TV of half an octet, and TLV. */
function nextElement(bytes: Uint8Array, at: number, end: number): number {
  if ((bytes[at] & 0x80) !== 0) return at + 1;
  need('dtap', at, 2, end);
  need('dtap', at + 2, bytes[at + 1], end);
  return at + 2 + bytes[at + 1];
}

/** Mobility management. 3GPP TS 24.008 §9.2. */
function decodeMm(message: SignalMessage, type: number, bytes: Uint8Array, at: number, end: number): void {
  switch (type) {
    case mm['LOCATION UPDATING REQUEST']: {
      // Type and key sequence number, LAI, classmark 1, mobile identity. §9.2.15.
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.locationUpdatingType = bytes[at] & 0x03;
      mandatory(at + 1, 5, end);
      readLai(message, bytes, at + 1);
      mandatory(at + 6, 1, end);
      const identityEnd = mandatoryValueEnd(bytes, at + 7, end);
      readMobileIdentity('dtap', message, bytes, at + 8, identityEnd);
      return;
    }
    case mm['LOCATION UPDATING ACCEPT']: {
      mandatory(at, 5, end);
      readLai(message, bytes, at);
      const identity = findOptional(bytes, at + 5, end, mobileIdentity);
      if (identity >= 0) readMobileIdentity('dtap', message, bytes, identity, identity + bytes[identity - 1]);
      return;
    }
    case mm['TMSI REALLOCATION COMMAND']: {
      mandatory(at, 5, end);
      readLai(message, bytes, at);
      const identityEnd = mandatoryValueEnd(bytes, at + 5, end);
      readMobileIdentity('dtap', message, bytes, at + 6, identityEnd);
      return;
    }
    case mm['CM SERVICE REQUEST']:
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.cmServiceType = bytes[at] & 0x0f;
      decodeIdentityBehindClassmark(message, bytes, at, end);
      return;
    case mm['CM RE-ESTABLISHMENT REQUEST']:
      decodeIdentityBehindClassmark(message, bytes, at, end);
      return;
    case mm['IMSI DETACH INDICATION']: {
      mandatory(at, 1, end);
      const identityEnd = mandatoryValueEnd(bytes, at + 1, end);
      readMobileIdentity('dtap', message, bytes, at + 2, identityEnd);
      return;
    }
    case mm['IDENTITY RESPONSE']: {
      const identityEnd = mandatoryValueEnd(bytes, at, end);
      readMobileIdentity('dtap', message, bytes, at + 1, identityEnd);
      return;
    }
    case mm['LOCATION UPDATING REJECT']:
    case mm['CM SERVICE REJECT']:
    case mm['AUTHENTICATION FAILURE']:
    case mm.ABORT:
    case mm['MM STATUS']:
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.cause = bytes[at];
  }
}

/** Call control. 3GPP TS 24.008 §9.3. */
function decodeCc(message: SignalMessage, type: number, bytes: Uint8Array, at: number, end: number): void {
  switch (type) {
    case cc.SETUP:
      decodeSetup(message, bytes, at, end);
      return;
    case cc.DISCONNECT:
    case cc.STATUS:
    case cc['HOLD REJECT']:
    case cc['RETRIEVE REJECT']:
    case cc['START DTMF REJECT']: {
      const causeEnd = mandatoryValueEnd(bytes, at, end);
      readCause(message, bytes, at + 1, causeEnd);
      return;
    }
    case cc.RELEASE:
    case cc['RELEASE COMPLETE']: {
      const cause = findOptional(bytes, at, end, causeElement);
      if (cause >= 0) readCause(message, bytes, cause, cause + bytes[cause - 1]);
    }
  }
}

/** Coding standard and location, an optional recommendation octet, then the cause. 3GPP TS 24.008 §10.5.4.11. */
function readCause(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  const value = (bytes[start] & 0x80) !== 0 ? start + 1 : start + 2;
  if (value >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  message.parts |= part.detail;
  message.cause = bytes[value] & 0x7f;
}

/** SETUP in either direction, 3GPP TS 24.008 §9.3.23: the numbers as slices, the rest is skipped. */
function decodeSetup(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  message.parts |= part.numbers;
  message.bytes = bytes;
  for (let at = start; at < end; ) {
    // Signal is the one element of fixed length here. §9.3.23.1.
    const next = bytes[at] === signalElement ? at + 2 : nextElement(bytes, at, end);
    if (bytes[at] === calledNumber) {
      // Type and plan, then digits. §10.5.4.7.
      if (next - at < 3) throw new DecodeError('dtap', 'BAD_LENGTH', at);
      message.calledOffset = at + 3;
      message.calledLength = next - at - 3;
    } else if (bytes[at] === callingNumber) {
      // Type and plan, presentation and screening where its extension bit is 0, then digits. §10.5.4.9.
      const header = at + 2 < next && (bytes[at + 2] & 0x80) !== 0 ? 3 : 4;
      if (next - at < header) throw new DecodeError('dtap', 'BAD_LENGTH', at);
      message.callingOffset = at + header;
      message.callingLength = next - at - header;
    }
    at = next;
  }
}

/** Short messages: the CP layer and the type and cause of the RP layer in CP-DATA. 3GPP TS 24.011 §7.2, §7.3. */
function decodeSms(message: SignalMessage, type: number, bytes: Uint8Array, at: number, end: number): void {
  if (type === sms['CP-ERROR']) {
    mandatory(at, 1, end);
    message.parts |= part.detail;
    message.cause = bytes[at] & 0x7f;
  } else if (type === sms['CP-DATA']) {
    const rpduEnd = mandatoryValueEnd(bytes, at, end);
    need('dtap', at + 1, 2, rpduEnd);
    const rpType = bytes[at + 1] & 0x07;
    message.parts |= part.detail;
    message.rpType = rpType;
    if (rpType === 4 || rpType === 5) {
      const causeEnd = mandatoryValueEnd(bytes, at + 3, rpduEnd);
      mandatory(at + 4, 1, causeEnd);
      message.cause = bytes[at + 4] & 0x7f;
    }
  }
}

/**
 * The IMEISV that CIPHERING MODE COMPLETE may bring (3GPP TS 44.018 §9.1.10), from the Layer 3 Message Contents of
 * CIPHER MODE COMPLETE. The nested message is no DTAP message, so its type is not told.
 */
export function readCipheringModeComplete(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 2 || (bytes[start] & 0x0f) !== protocol.RR || bytes[start + 1] !== rr['CIPHERING MODE COMPLETE']) {
    return;
  }
  const identity = findOptional(bytes, start + 2, end, mobileIdentity);
  if (identity >= 0) readMobileIdentity('dtap', message, bytes, identity, identity + bytes[identity - 1]);
}
