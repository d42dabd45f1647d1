import { DecodeError } from './decode-error.ts';
import { decodeDtap } from './dtap.ts';
import { part } from './message.ts';
import { PerReader } from './per.ts';
import {
  readAreaIdentity,
  readCause,
  readExtendedRnc,
  readPagingArea,
  readPermanentIdentity,
  readRanapLai,
  readRnc,
  readSai,
  readSourceId,
  readTargetId,
  readTemporaryIdentity,
  readUeId,
} from './ranap-elements.ts';
import { privateMessageProcedure, ranapElement, ranapMandatory, ranapNames, seen } from './ranap-tables.ts';
import type { DecodeState } from './state.ts';

/** One reader per level: the message, an element of it, an item of a list in an element. There is no deeper one. */
const pdu = new PerReader('ranap');
const element = new PerReader('ranap');
const item = new PerReader('ranap');

/** Greatest value of Criticality: reject, ignore, notify. */
const notify = 2;

/** Bits of {@link seen} of the current message. */
let present = 0;

/**
 * User data of an SCCP message of the Iu interface: one RANAP message, 3GPP TS 25.413 §9.3.2 in aligned PER. Each is a
 * sequence of protocol IEs (identifier, criticality, value) and extensions of the same form; those that say who, where
 * and why are taken wherever they stand, all others are skipped. A NAS-PDU is a layer 3 message, as in DTAP.
 */
export function decodeRanap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.ranap++;
  pdu.begin(bytes, start, end);
  if (pdu.flag()) {
    const choice = pdu.extensionIndex();
    pdu.openType();
    pdu.finish();
    state.stats.unhandledAs(`RANAP PDU extension ${choice}`);
    return;
  }
  const type = pdu.bits(2);
  const procedure = pdu.octet();
  const { message } = state;
  message.parts |= part.ranap;
  message.ranapProcedure = procedure;
  message.ranapType = type;
  const name = procedure * 4 + type;
  state.stats.ranap[name]++;
  pdu.upTo(notify);
  pdu.openType();
  pdu.finish();
  if (ranapNames[name] === undefined) {
    state.stats.unhandledAs(`RANAP procedure ${procedure} message ${type}`);
    return;
  }
  if (procedure === privateMessageProcedure) return;
  pdu.begin(bytes, pdu.valueStart, pdu.valueEnd);
  const isExtended = pdu.flag();
  const hasExtensions = pdu.flag();
  present = 0;
  for (let left = pdu.pair(); left > 0; left--) decodeField(state, bytes);
  if (hasExtensions) for (let left = pdu.pair() + 1; left > 0; left--) decodeField(state, bytes);
  if (!isExtended) pdu.finish();
  const needed = ranapMandatory[name];
  if ((present & needed) !== needed) throw new DecodeError('ranap', 'MISSING_ELEMENT', end);
}

/** A protocol IE or extension of the message: identifier, criticality, value as an open type. §9.3.7. */
function decodeField(state: DecodeState, bytes: Uint8Array): void {
  const id = pdu.pair();
  pdu.upTo(notify);
  pdu.openType();
  element.begin(bytes, pdu.valueStart, pdu.valueEnd);
  const { message } = state;
  switch (id) {
    case ranapElement.cause: {
      present |= seen.cause;
      // The message's own cause goes before those of its RABs.
      const cause = readCause(element, bytes);
      if (cause >= 0) message.ranapCause = cause;
      element.finish();
      return;
    }
    case ranapElement.rabFailedList:
    case ranapElement.rabReleaseFailedList:
      readRabCause(state, bytes, ranapElement.rabFailedItem);
      return;
    case ranapElement.rabReleaseList:
      readRabCause(state, bytes, ranapElement.rabReleaseItem);
      return;
    case ranapElement.rabFailedToReportList:
      readRabCause(state, bytes, ranapElement.rabFailedToReportItem);
      return;
    case ranapElement.rabContextFailedToTransferList:
      readRabCause(state, bytes, ranapElement.rabContextFailedToTransferItem);
      return;
    case ranapElement.lai:
      present |= seen.lai;
      readRanapLai(message, element, bytes);
      return;
    case ranapElement.sai:
      present |= seen.sai;
      readSai(message, element, bytes);
      return;
    case ranapElement.areaIdentity:
      readAreaIdentity(message, element, bytes);
      return;
    case ranapElement.pagingAreaId:
      readPagingArea(message, element, bytes);
      return;
    case ranapElement.sourceId:
      present |= seen.sourceId;
      readSourceId(message, element, bytes);
      return;
    case ranapElement.targetId:
      present |= seen.targetId;
      readTargetId(message, element, bytes);
      return;
    case ranapElement.globalRncId:
      readRnc(message, element, bytes);
      break;
    case ranapElement.extendedRncId:
      readExtendedRnc(message, element);
      break;
    case ranapElement.rac:
      message.rac = element.octet();
      break;
    case ranapElement.permanentNasUeId:
      present |= seen.permanentNasUeId;
      readPermanentIdentity(message, element, bytes);
      return;
    case ranapElement.temporaryUeId:
      readTemporaryIdentity(message, element, bytes);
      return;
    case ranapElement.ueId:
      readUeId(message, element, bytes);
      return;
    case ranapElement.cnDomainIndicator:
      message.cnDomain = element.upTo(1);
      break;
    case ranapElement.sapi:
      // SAPI 0 or 3 by index, behind an extension mark. §9.2.3.8.
      if (element.flag()) return;
      message.sapi = 3 * element.upTo(1);
      break;
    case ranapElement.iuSigConId: {
      const at = element.octets(3);
      message.iuConnection = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
      break;
    }
    case ranapElement.nasPdu:
      present |= seen.nasPdu;
      element.openType();
      element.finish();
      decodeDtap(state, bytes, element.valueStart, element.valueEnd);
      return;
    default:
      return;
  }
  element.finish();
}

/**
 * Cause of the first RAB in a list of those that failed or are to be released, where the message has none of its own:
 * a list of one to 256 containers with one item each, which begins with RAB ID and cause. §9.1.3, §9.1.4.
 */
function readRabCause(state: DecodeState, bytes: Uint8Array, itemId: number): void {
  const { message } = state;
  // One to 256 containers, of which the first is read; in it any number of fields, one in fact.
  element.octet();
  if (element.pair() === 0 || message.ranapCause >= 0) return;
  if (element.pair() !== itemId) return;
  element.upTo(notify);
  element.openType();
  item.begin(bytes, element.valueStart, element.valueEnd);
  // Extension mark, optional extensions; RAB ID of eight bits.
  item.bits(2);
  item.bits(8);
  const cause = readCause(item, bytes);
  if (cause >= 0) message.ranapCause = cause;
}
