import { element, readElement, readInteger } from './ber.ts';
import { DecodeError, need } from './decode-error.ts';
import { readTbcdImsi, tbcd } from './map-elements.ts';
import { type MapMessage, mapPart } from './map-message.ts';
import { mapContextNames } from './map-tables.ts';
import { tcapUser } from './tcap-tables.ts';

const tagExternal = 0x28;
const tagOid = 0x06;
const tagSingleAsn1Type = 0xa0;
const tagUserInformation = 0xbe;
const tagMapOpen = 0xa0;
const tagDestinationReference = 0x80;

/** {itu-t recommendation q 773 as(1)}; then dialogue-as(1) or unidialogue-as(2), version1(1). Q.773 §4.2.3. */
const dialogueSyntax = [0x00, 0x11, 0x86, 0x05, 0x01];
/** map-DialogueAS, 3GPP TS 29.002 §17.4. */
const mapDialogueSyntax = [0x04, 0x00, 0x00, 0x01, 0x01, 0x01, 0x01];
/** {itu-t identified-organization etsi mobileDomain gsm-Network ac-Id}, 3GPP TS 29.002 §17.3.3; and CAP of phase 1 and 2 behind it. */
const gsmContext = [0x04, 0x00, 0x00, 0x01, 0x00];
/** {… mobileDomain umts-Network}: CAP of phase 3 and 4 has the arcs 20 to 23 behind it. 3GPP TS 29.078 §4. */
const umtsNetwork = [0x04, 0x00, 0x00, 0x01];
/** {itu-t identified-organization etsi inDomain}: core INAP, ETSI ETS 300 374-1. */
const inDomain = [0x04, 0x00, 0x01];

function beginsWith(bytes: Uint8Array, start: number, end: number, octets: readonly number[]): boolean {
  if (end - start < octets.length) return false;
  for (let i = 0; i < octets.length; i++) if (bytes[start + i] !== octets[i]) return false;
  return true;
}

/** Numbering plan of an address, 3GPP TS 29.002 §17.7.8: 6 is E.212, land mobile. */
const planE212 = 6;

/**
 * The dialogue portion `start..end` of a TCAP message: an EXTERNAL that holds an AARQ, AARE or ABRT, ITU-T Q.773
 * §4.2.3. Fills application context, result and source of an abort; what is no dialogue PDU of Q.773 (a user abort may
 * carry anything) is left alone.
 */
export function readDialogue(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  if (readElement('tcap', bytes, start, end) !== tagExternal) return;
  const externalEnd = element.end;
  if (readElement('tcap', bytes, element.start, externalEnd) !== tagOid) return;
  if (!beginsWith(bytes, element.start, element.end, dialogueSyntax)) return;
  if (readElement('tcap', bytes, element.next, externalEnd) !== tagSingleAsn1Type) return;
  const pdu = readElement('tcap', bytes, element.start, element.end);
  if (pdu < 0x60 || pdu > 0x64) return;
  const type = pdu & 0x1f;
  message.parts |= mapPart.dialogue;
  message.dialogueType = type;
  const pduEnd = element.end;
  for (let at = element.start; at < pduEnd; ) {
    readElement('tcap', bytes, at, pduEnd);
    at = element.next;
    readDialogueElement(message, type, bytes);
  }
}

/** One element of a dialogue PDU, the one that was read last. Tags 0 to 3 mean other things in an ABRT. */
function readDialogueElement(message: MapMessage, type: number, bytes: Uint8Array): void {
  const { tag, start, end } = element;
  if (tag === tagUserInformation) readUserInformation(message, bytes, start, end);
  else if (type === 4) {
    if (tag === 0x80) message.abortSource = readInteger('tcap', bytes, start, end);
  } else if (tag === 0xa1) {
    if (readElement('tcap', bytes, start, end) !== tagOid) throw new DecodeError('tcap', 'MISSING_ELEMENT', start);
    readContext(message, bytes, element.start, element.end);
  } else if (tag === 0xa2) {
    readElement('tcap', bytes, start, end);
    message.dialogueResult = readInteger('tcap', bytes, element.start, element.end);
  }
}

/** The application context name: whose protocol the components speak. */
function readContext(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  message.user = tcapUser.other;
  if (beginsWith(bytes, start, end, gsmContext)) {
    if (end - start !== 7) return;
    const context = bytes[start + 5];
    if (context >= 50 && context <= 52) message.user = tcapUser.cap;
    else if (mapContextNames[context] !== undefined) {
      message.user = tcapUser.map;
      message.context = context;
      message.contextVersion = bytes[start + 6];
    }
  } else if (beginsWith(bytes, start, end, umtsNetwork)) {
    need('tcap', start + 4, 1, end);
    if (bytes[start + 4] >= 20 && bytes[start + 4] <= 23) message.user = tcapUser.cap;
  } else if (beginsWith(bytes, start, end, inDomain)) message.user = tcapUser.inap;
}

/** User information: of MAP-OPEN the destination reference, where it is an IMSI. 3GPP TS 29.002 §17.4. */
function readUserInformation(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) return;
  if (readElement('tcap', bytes, start, end) !== tagExternal) return;
  const externalEnd = element.end;
  if (readElement('tcap', bytes, element.start, externalEnd) !== tagOid) return;
  if (!beginsWith(bytes, element.start, element.end, mapDialogueSyntax)) return;
  if (readElement('tcap', bytes, element.next, externalEnd) !== tagSingleAsn1Type) return;
  if (readElement('tcap', bytes, element.start, element.end) !== tagMapOpen || element.start >= element.end) return;
  if (readElement('tcap', bytes, element.start, element.end) !== tagDestinationReference) return;
  if (element.start >= element.end) return;
  if ((bytes[element.start] & 0x0f) !== planE212) return;
  // Networks write what they like here; it must not keep the components from being read.
  if (!readTbcdImsi(bytes, element.start + 1, element.end)) return;
  message.referenceImsi = tbcd.value;
  message.referenceImsiDigits = tbcd.digits;
}
