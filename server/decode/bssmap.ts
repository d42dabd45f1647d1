import { element, elementFormats, isRead, shortestValues, tlvLong, unknownFormat } from './bssmap-elements.ts';
import { anyClassmark, highBits, mandatoryHigh, mandatoryLow, secondCell } from './bssmap-mandatory.ts';
import { bssmap, bssmapNames } from './bssmap-tables.ts';
import { cell, cellListCount, readCellIdentifier, readCellIdentifierList, readListedCell } from './cell-identifier.ts';
import { DecodeError, need } from './decode-error.ts';
import { decodeDtap, readCipheringModeComplete } from './dtap.ts';
import { readMobileIdentity } from './elements.ts';
import { part, type SignalMessage } from './message.ts';
import type { DecodeState } from './state.ts';

/**
 * A BSSMAP message, 3GPP TS 48.008 §3.2.1: walks its elements by the format table and takes those that say who, where,
 * over which channel and how it ended. Elements that a message repeats go by their order: the first Cell Identifier is
 * the serving cell, the second the target (HANDOVER REQUEST, §3.2.1.8); of all others the first counts.
 */
export function decodeBssmap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.bssmap++;
  need('bssmap', start, 1, end);
  const type = bytes[start];
  const { message } = state;
  message.bssmapType = type;
  state.stats.bssmap[type]++;
  if (bssmapNames[type] === undefined) {
    state.stats.unhandledAs(`BSSMAP type ${type}`);
    return;
  }
  // Bits of the elements that were there, as bssmap-mandatory.ts gives them out.
  let low = 0;
  let high = 0;
  for (let at = start + 1; at < end; ) {
    const id = bytes[at];
    const format = elementFormats[id];
    if (format === unknownFormat) {
      // Its length can't be known, so nothing behind it can be read, nor missed.
      state.stats.unhandledAs(`BSSMAP element ${id}`);
      return;
    }
    const seen = low;
    if (id < 32) low |= 1 << id;
    else high |= highBits[id];
    if (format >= 0) {
      const length = format & (isRead - 1);
      need('bssmap', at + 1, length, end);
      if (format >= isRead) readFixed(message, id, bytes, at + 1);
      at += 1 + length;
      continue;
    }
    let value = at + 2;
    need('bssmap', at, 2, end);
    let length = bytes[at + 1];
    if (format === tlvLong) {
      need('bssmap', at, 3, end);
      value = at + 3;
      length = (length << 8) | bytes[at + 2];
    }
    need('bssmap', value, length, end);
    if (length < shortestValues[id]) throw new DecodeError('bssmap', 'BAD_LENGTH', value);
    at = value + length;
    if (low !== seen || id >= 32) decodeElement(state, message, type, id, bytes, value, at);
    else if (id === element.cellIdentifier) {
      low |= 1 << secondCell;
      if (type === bssmap['HANDOVER REQUEST'] && isCellKnown(state, bytes, value, at)) setTarget(message);
    }
  }
  if (
    (mandatoryLow[type] & ~low) !== 0 ||
    (mandatoryHigh[type] & ~high) !== 0 ||
    (type === bssmap['HANDOVER REQUEST'] && (low & anyClassmark) === 0)
  ) {
    throw new DecodeError('bssmap', 'MISSING_ELEMENT', end);
  }
}

function readFixed(message: SignalMessage, id: number, bytes: Uint8Array, at: number): void {
  switch (id) {
    case element.chosenChannel:
      message.parts |= part.channel;
      message.chosenChannel = bytes[at];
      break;
    case element.speechVersion:
      message.parts |= part.channel;
      message.speechVersion = bytes[at] & 0x7f;
      break;
    case element.circuitIdentityCode:
      message.parts |= part.channel;
      message.circuitIdentityCode = (bytes[at] << 8) | bytes[at + 1];
      break;
    case element.rrCause:
      message.parts |= part.rare;
      message.rrCause = bytes[at];
      break;
    case element.rerouteRejectCause:
      message.parts |= part.rare;
      message.rerouteCause = bytes[at];
  }
}

function decodeElement(
  state: DecodeState,
  message: SignalMessage,
  type: number,
  id: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  switch (id) {
    case element.cause:
      message.parts |= part.detail;
      // One octet, or two where its extension bit is set: class, then a national value. §3.2.2.5.
      if ((bytes[start] & 0x80) === 0) message.bssmapCause = bytes[start];
      else {
        need('bssmap', start, 2, end);
        message.bssmapCause = ((bytes[start] & 0x7f) << 8) | bytes[start + 1];
      }
      break;
    case element.cellIdentifier:
      if (isCellKnown(state, bytes, start, end)) {
        message.parts |= part.place;
        message.cellPlmn = cell.plmn;
        message.cellLac = cell.lac;
        message.cellCi = cell.ci;
        message.cellSac = cell.sac;
      }
      break;
    case element.cellIdentifierList:
      message.parts |= part.cells;
      if (!readCellIdentifierList(message, bytes, start, end)) unknownCell(state, bytes[start]);
      // The cells of PAGING are where somebody is looked for; only HANDOVER REQUIRED names one to go to, the best first.
      else if (type === bssmap['HANDOVER REQUIRED'] && cellListCount(message) > 0) {
        readListedCell(message, 0);
        setTarget(message);
      }
      break;
    case element.imsi:
    case element.imei:
    case element.mobileIdentity:
      readMobileIdentity('bssmap', message, bytes, start, end);
      break;
    case element.tmsi:
      if (end - start !== 4) throw new DecodeError('bssmap', 'BAD_LENGTH', start);
      message.parts |= part.identity;
      message.tmsi =
        ((bytes[start] << 24) | (bytes[start + 1] << 16) | (bytes[start + 2] << 8) | bytes[start + 3]) >>> 0;
      break;
    case element.layer3Information:
      if (type === bssmap['COMPLETE LAYER 3 INFORMATION']) decodeDtap(state, bytes, start, end);
      break;
    case element.layer3MessageContents:
      if (type === bssmap['CIPHER MODE COMPLETE']) readCipheringModeComplete(message, bytes, start, end);
      break;
    case element.lcsCause:
      message.parts |= part.rare;
      message.lcsCause = bytes[start];
  }
}

/** Reads a Cell Identifier into {@link cell}; counts it where its discriminator is reserved. */
function isCellKnown(state: DecodeState, bytes: Uint8Array, start: number, end: number): boolean {
  if (readCellIdentifier(bytes, start, end)) return true;
  unknownCell(state, bytes[start]);
  return false;
}

function unknownCell(state: DecodeState, octet: number): void {
  state.stats.unhandledAs(`BSSMAP cell identification discriminator ${octet & 0x0f}`);
}

function setTarget(message: SignalMessage): void {
  message.parts |= part.cells;
  message.targetCellPlmn = cell.plmn;
  message.targetCellLac = cell.lac;
  message.targetCellCi = cell.ci;
  message.targetCellSac = cell.sac;
}
