import { need } from './decode-error.ts';
import { findOptional, mandatory, mandatoryValueEnd, nextElement, nextElementBut } from './dtap-elements.ts';
import { mm } from './dtap-tables.ts';
import { readLai, readMobileIdentity } from './elements.ts';
import { part, type SignalMessage } from './message.ts';

const locationArea = 0x13;
const mobileIdentity = 0x17;
const timeZone = 0x46;
const universalTime = 0x47;

/** Mobility management from behind the message type. 3GPP TS 24.008 §9.2. */
export function decodeMobilityManagement(
  message: SignalMessage,
  type: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  switch (type) {
    case mm['LOCATION UPDATING REQUEST']: {
      // Type and key sequence number, LAI, classmark 1, mobile identity. §9.2.15.
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.locationUpdatingType = bytes[at] & 0x03;
      mandatory(at + 1, 5, end);
      readLai(message, bytes, at + 1);
      mandatory(at + 6, 1, end);
      skipOptional(bytes, identityEnd(message, bytes, at + 7, end), end);
      return;
    }
    case mm['LOCATION UPDATING ACCEPT']: {
      // §9.2.13.
      mandatory(at, 5, end);
      readLai(message, bytes, at);
      const identity = findOptional(bytes, at + 5, end, mobileIdentity);
      if (identity >= 0) readMobileIdentity('dtap', message, bytes, identity, identity + bytes[identity - 1]);
      return;
    }
    case mm['TMSI REALLOCATION COMMAND']:
      // §9.2.17.
      mandatory(at, 5, end);
      readLai(message, bytes, at);
      skipOptional(bytes, identityEnd(message, bytes, at + 5, end), end);
      return;
    case mm['CM SERVICE REQUEST']:
      // Service type and key sequence number, classmark 2, mobile identity. §9.2.9.
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.cmServiceType = bytes[at] & 0x0f;
      skipOptional(bytes, identityBehindClassmarkEnd(message, bytes, at + 1, end), end);
      return;
    case mm['CM RE-ESTABLISHMENT REQUEST']:
      // Key sequence number, classmark 2, mobile identity, and the LAI where the identity is a TMSI. §9.2.4.
      mandatory(at, 1, end);
      for (let next = identityBehindClassmarkEnd(message, bytes, at + 1, end); next < end; ) {
        if (bytes[next] === locationArea) {
          need('dtap', next + 1, 5, end);
          readLai(message, bytes, next + 1);
        }
        next = nextElementBut(locationArea, 5, bytes, next, end);
      }
      return;
    case mm['IMSI DETACH INDICATION']:
      // Classmark 1, mobile identity. §9.2.12.
      mandatory(at, 1, end);
      skipOptional(bytes, identityEnd(message, bytes, at + 1, end), end);
      return;
    case mm['IDENTITY RESPONSE']:
      // §9.2.11.
      skipOptional(bytes, identityEnd(message, bytes, at, end), end);
      return;
    case mm['LOCATION UPDATING REJECT']:
    case mm['CM SERVICE REJECT']:
    case mm['AUTHENTICATION FAILURE']:
    case mm.ABORT:
    case mm['MM STATUS']:
      // Reject cause. §9.2.14, §9.2.6, §9.2.3a, §9.2.8, §9.2.16.
      mandatory(at, 1, end);
      message.parts |= part.detail;
      message.cause = bytes[at];
      skipOptional(bytes, at + 1, end);
      return;
    case mm['AUTHENTICATION REQUEST']:
      // Key sequence number, RAND. §9.2.2.
      mandatory(at, 17, end);
      skipOptional(bytes, at + 17, end);
      return;
    case mm['AUTHENTICATION RESPONSE']:
      // SRES, and more of it in UMTS. §9.2.3.
      mandatory(at, 4, end);
      skipOptional(bytes, at + 4, end);
      return;
    case mm['IDENTITY REQUEST']:
    case mm['CM SERVICE PROMPT']:
      // Identity type; protocol discriminator and SAPI. §9.2.10, §9.2.5a.
      mandatory(at, 1, end);
      skipOptional(bytes, at + 1, end);
      return;
    case mm['MM INFORMATION']:
      // Time zone, and time with it, have fixed lengths. §9.2.15a.
      for (let next = at; next < end; ) {
        next =
          bytes[next] === universalTime
            ? nextElementBut(universalTime, 7, bytes, next, end)
            : nextElementBut(timeZone, 1, bytes, next, end);
      }
      return;
    default:
      skipOptional(bytes, at, end);
  }
}

/** Mobile identity of format L V; where it ends. */
function identityEnd(message: SignalMessage, bytes: Uint8Array, at: number, end: number): number {
  const valueEnd = mandatoryValueEnd(bytes, at, end);
  readMobileIdentity('dtap', message, bytes, at + 1, valueEnd);
  return valueEnd;
}

/** Classmark 2 and mobile identity, both of format L V; where they end. */
export function identityBehindClassmarkEnd(message: SignalMessage, bytes: Uint8Array, at: number, end: number): number {
  return identityEnd(message, bytes, mandatoryValueEnd(bytes, at, end), end);
}

/** Holds that what stands behind the mandatory elements is whole. */
export function skipOptional(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) at = nextElement(bytes, at, end);
}
