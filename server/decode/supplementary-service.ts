import { DecodeError } from './decode-error.ts';
import { mandatoryValueEnd, nextElement, readCause } from './dtap-elements.ts';
import { ss } from './dtap-tables.ts';
import { part, type SignalMessage } from './message.ts';

const causeElement = 0x08;
const facilityElement = 0x1c;

/** Call-independent supplementary services and USSD from behind the message type. 3GPP TS 24.080 §2. */
export function decodeSupplementaryService(
  message: SignalMessage,
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let at = start;
  if (type === ss.FACILITY) {
    // Facility, format L V. §2.3.
    at = mandatoryValueEnd(bytes, start, end);
    readOperation(message, bytes, start + 1, at);
  }
  let hasFacility = false;
  while (at < end) {
    const next = nextElement(bytes, at, end);
    if (bytes[at] === facilityElement) {
      hasFacility = true;
      readOperation(message, bytes, at + 2, next);
    } else if (bytes[at] === causeElement) readCause(message, bytes, at + 2, next);
    at = next;
  }
  // REGISTER begins something: §2.4.
  if (type === ss.REGISTER && !hasFacility) throw new DecodeError('dtap', 'MISSING_ELEMENT', end);
}

const invoke = 0xa1;
const returnResultLast = 0xa2;
const integer = 0x02;
const sequence = 0x30;
const linkedIdentifier = 0x80;
const longLength = 0x81;

/**
 * Operation of the first component where that invokes one or returns its result, by a local code: invoke identifier;
 * linked identifier, or the sequence that holds a result; operation code. Others tell no operation. 3GPP TS 24.080 §3.6.1.
 */
function readOperation(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  // Each step stays inside the element: its last octet that may be looked at is the operation code.
  if (end - start < 8 || (bytes[start] !== invoke && bytes[start] !== returnResultLast)) return;
  let at = start + (bytes[start + 1] === longLength ? 3 : 2);
  if (bytes[at] !== integer) return;
  at += 2 + bytes[at + 1];
  if (at + 2 >= end) return;
  if (bytes[at] === linkedIdentifier) at += 2 + bytes[at + 1];
  else if (bytes[at] === sequence) at += bytes[at + 1] === longLength ? 3 : 2;
  if (at + 2 >= end || bytes[at] !== integer || bytes[at + 1] !== 1) return;
  message.parts |= part.rare;
  message.ssOperation = bytes[at + 2];
}
