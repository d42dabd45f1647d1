import { DecodeError } from './decode-error.ts';
import {
  mandatory,
  mandatoryValueEnd,
  nextElement,
  nextElementBut,
  numberHeader,
  readCalled,
  readCalling,
  readCause,
} from './dtap-elements.ts';
import { cc } from './dtap-tables.ts';
import { readFacility } from './facility.ts';
import { part, type SignalMessage } from './message.ts';

/** Optional elements, 3GPP TS 24.008 §9.3; each has one identifier in all messages of call control. */
const bearerCapability = 0x04;
const cause = 0x08;
const facility = 0x1c;
const keypad = 0x2c;
const signal = 0x34;
const connectedNumber = 0x4c;
const callingNumber = 0x5c;
const calledNumber = 0x5e;

/** Call control from behind the message type: numbers as slices, causes; the rest is skipped. 3GPP TS 24.008 §9.3. */
export function decodeCallControl(
  message: SignalMessage,
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  switch (type) {
    case cc.SETUP:
      // Signal has a fixed length. §9.3.23.1.
      readOptional(message, signal, bytes, start, end);
      return;
    case cc['START DTMF']:
      // Keypad facility is mandatory, tag and all. §9.3.24.
      mandatory(start, 2, end);
      if (bytes[start] !== keypad) throw new DecodeError('dtap', 'MISSING_ELEMENT', start);
      readOptional(message, keypad, bytes, start, end);
      return;
    case cc['START DTMF ACKNOWLEDGE']:
      readOptional(message, keypad, bytes, start, end); // §9.3.25
      return;
    case cc['CC-ESTABLISHMENT CONFIRMED']: {
      // Repeat indicator of half an octet, then a mandatory bearer capability. §9.3.17b.
      const bearer = start < end && (bytes[start] & 0xf0) === 0xd0 ? start + 1 : start;
      if (bearer >= end || bytes[bearer] !== bearerCapability) throw new DecodeError('dtap', 'MISSING_ELEMENT', start);
      readOptional(message, signal, bytes, bearer, end);
      return;
    }
    default:
      readOptional(message, -1, bytes, mandatoryEnd(message, type, bytes, start, end), end);
  }
}

/** Reads the mandatory elements, a cause among them; where they end. */
function mandatoryEnd(message: SignalMessage, type: number, bytes: Uint8Array, at: number, end: number): number {
  switch (type) {
    case cc.DISCONNECT: // §9.3.7
    case cc['HOLD REJECT']: // §9.3.12
    case cc['RETRIEVE REJECT']: // §9.3.22
    case cc['START DTMF REJECT']: // §9.3.26
      return causeEnd(message, bytes, at, end);
    case cc.STATUS: {
      // Cause, then call state. §9.3.27.
      const state = causeEnd(message, bytes, at, end);
      mandatory(state, 1, end);
      return state + 1;
    }
    case cc['MODIFY REJECT']: // bearer capability, cause. §9.3.15
      return causeEnd(message, bytes, mandatoryValueEnd(bytes, at, end), end);
    case cc.PROGRESS: // progress indicator. §9.3.17
    case cc['CC-ESTABLISHMENT']: // setup container. §9.3.17a
    case cc['USER INFORMATION']: // user-user. §9.3.31
    case cc.MODIFY: // bearer capability. §9.3.13
    case cc['MODIFY COMPLETE']: // §9.3.14
      return mandatoryValueEnd(bytes, at, end);
    case cc.FACILITY: // facility. §9.3.9
      return facilityEnd(message, bytes, at, end);
    case cc.RECALL: // recall type, facility. §9.3.18a
      mandatory(at, 1, end);
      return facilityEnd(message, bytes, at + 1, end);
    case cc.NOTIFY: // notification indicator. §9.3.16
    case cc['CONGESTION CONTROL']: // congestion level. §9.3.4
      mandatory(at, 1, end);
      return at + 1;
    default:
      return at;
  }
}

function causeEnd(message: SignalMessage, bytes: Uint8Array, at: number, end: number): number {
  const valueEnd = mandatoryValueEnd(bytes, at, end);
  readCause(message, bytes, at + 1, valueEnd);
  return valueEnd;
}

function facilityEnd(message: SignalMessage, bytes: Uint8Array, at: number, end: number): number {
  const valueEnd = mandatoryValueEnd(bytes, at, end);
  readFacility(message, bytes, at + 1, valueEnd);
  return valueEnd;
}

/** @param fixed element of format T V with one octet of value; -1 where there is none */
function readOptional(message: SignalMessage, fixed: number, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const id = bytes[at];
    const next = id === fixed ? nextElementBut(fixed, 1, bytes, at, end) : nextElement(bytes, at, end);
    switch (id) {
      case calledNumber:
        readCalled(message, bytes, at + 2, next);
        break;
      case callingNumber:
        readCalling(message, bytes, at + 2, next);
        break;
      case connectedNumber: {
        // Coded as a calling number. §10.5.4.13.
        const header = numberHeader(bytes, at + 2, next);
        message.parts |= part.numbers;
        message.bytes = bytes;
        message.connectedOffset = at + 2 + header;
        message.connectedLength = next - at - 2 - header;
        break;
      }
      case facility:
        if (message.ssComponent < 0) readFacility(message, bytes, at + 2, next);
        break;
      case cause:
        // RELEASE may bring a second one; the first says why. §9.3.18.
        if (message.cause < 0) readCause(message, bytes, at + 2, next);
    }
    at = next;
  }
}
