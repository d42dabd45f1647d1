import { DecodeError, need } from './decode-error.ts';
import { part, type SignalMessage } from './message.ts';

/** Formats of the elements of a layer 3 message, 3GPP TS 24.007 §11.2.1.1, and the elements that several protocols share. */

/** Mandatory element of a fixed length that must stand at `at`. */
export function mandatory(at: number, length: number, end: number): void {
  if (at + length > end) throw new DecodeError('dtap', 'MISSING_ELEMENT', at);
}

/** Mandatory element of format L V; where its value ends. */
export function mandatoryValueEnd(bytes: Uint8Array, at: number, end: number): number {
  mandatory(at, 1, end);
  need('dtap', at + 1, bytes[at], end);
  return at + 1 + bytes[at];
}

/** Where the optional element behind the one at `at` begins: formats T, T V of half an octet, and T L V. 3GPP TS 24.007 §11.2.4. */
export function nextElement(bytes: Uint8Array, at: number, end: number): number {
  if ((bytes[at] & 0x80) !== 0) return at + 1;
  need('dtap', at, 2, end);
  need('dtap', at + 2, bytes[at + 1], end);
  return at + 2 + bytes[at + 1];
}

/** The same where elements `fixed` have the format T V with `length` octets of value. */
export function nextElementBut(fixed: number, length: number, bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== fixed) return nextElement(bytes, at, end);
  need('dtap', at + 1, length, end);
  return at + 1 + length;
}

/** Walks all optional elements; where the value of the first `id` begins, -1 where there is none. Its length is the octet in front. */
export function findOptional(bytes: Uint8Array, start: number, end: number, id: number): number {
  let found = -1;
  for (let at = start; at < end; ) {
    const next = nextElement(bytes, at, end);
    if (bytes[at] === id && found < 0) found = at + 2;
    at = next;
  }
  return found;
}

/** Cause: coding standard and location, an optional recommendation octet, then the value. 3GPP TS 24.008 §10.5.4.11. */
export function readCause(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  const value = (bytes[start] & 0x80) !== 0 ? start + 1 : start + 2;
  if (value >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  message.parts |= part.detail;
  message.cause = bytes[value] & 0x7f;
}

/** Octets in front of a number's digits: type and plan, then presentation and screening where its extension bit is 0. 3GPP TS 24.008 §10.5.4.7, §10.5.4.9. */
export function numberHeader(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  const header = (bytes[start] & 0x80) !== 0 ? 1 : 2;
  if (start + header > end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  return header;
}

function typeOfNumber(octet: number): number {
  return (octet >> 4) & 0x07;
}

/** Called party BCD number: type and plan, then digits. 3GPP TS 24.008 §10.5.4.7. */
export function readCalled(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) throw new DecodeError('dtap', 'BAD_LENGTH', start);
  message.parts |= part.numbers;
  message.bytes = bytes;
  message.calledType = typeOfNumber(bytes[start]);
  message.calledOffset = start + 1;
  message.calledLength = end - start - 1;
}

/** Calling party BCD number. 3GPP TS 24.008 §10.5.4.9. */
export function readCalling(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  const header = numberHeader(bytes, start, end);
  message.parts |= part.numbers;
  message.bytes = bytes;
  message.callingType = typeOfNumber(bytes[start]);
  message.callingOffset = start + header;
  message.callingLength = end - start - header;
}
