import { DecodeError } from './decode-error.ts';
import { mandatoryValueEnd, nextElement, readCause } from './dtap-elements.ts';
import { ss } from './dtap-tables.ts';
import { readFacility } from './facility.ts';
import type { SignalMessage } from './message.ts';

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
    readFacility(message, bytes, start + 1, at);
  }
  let hasFacility = false;
  while (at < end) {
    const next = nextElement(bytes, at, end);
    if (bytes[at] === facilityElement) {
      hasFacility = true;
      readFacility(message, bytes, at + 2, next);
    } else if (bytes[at] === causeElement) readCause(message, bytes, at + 2, next);
    at = next;
  }
  // REGISTER begins something: §2.4.
  if (type === ss.REGISTER && !hasFacility) throw new DecodeError('dtap', 'MISSING_ELEMENT', end);
}
