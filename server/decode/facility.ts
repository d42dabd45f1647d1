import { part, type SignalMessage } from './message.ts';
import { componentType } from './tcap-tables.ts';

const integer = 0x02;
const sequence = 0x30;
const linkedIdentifier = 0x80;
const longLength = 0x81;
/** Tag of component type 0. 3GPP TS 24.080 §3.6.2. */
const firstTag = 0xa0;

/**
 * The first component of a Facility element in `bytes[start..end)`: its type, its invoke identifier, and the local code
 * of the operation that it invokes or answers, or of the error. What is coded in another way is left out: a Facility
 * is the services' own matter, and no flaw of the message. 3GPP TS 24.008 §10.5.4.15, 24.080 §3.6.1.
 */
export function readFacility(message: SignalMessage, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) return;
  const type = bytes[start] - firstTag;
  if (type < componentType.invoke || type > componentType.reject) return;
  message.parts |= part.rare;
  message.ssComponent = type;
  if (end - start < 5) return;
  // Each step stays inside the element.
  let at = start + (bytes[start + 1] === longLength ? 3 : 2);
  if (at + 3 > end || bytes[at] !== integer || bytes[at + 1] !== 1) return;
  message.ssInvokeId = bytes[at + 2];
  at += 3;
  if (at + 3 > end || type === componentType.reject) return;
  if (type === componentType.invoke && bytes[at] === linkedIdentifier) at += 2 + bytes[at + 1];
  else if (type === componentType.returnResultLast && bytes[at] === sequence) {
    at += bytes[at + 1] === longLength ? 3 : 2;
  }
  if (at + 3 > end || bytes[at] !== integer || bytes[at + 1] !== 1) return;
  if (type === componentType.returnError) message.ssError = bytes[at + 2];
  else message.ssOperation = bytes[at + 2];
}
