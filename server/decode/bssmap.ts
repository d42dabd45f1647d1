import {
  bssmap,
  bssmapNames,
  element,
  elementFormats,
  mandatoryElements,
  tlvLong,
  unknownFormat,
} from './bssmap-tables.ts';
import { DecodeError, need } from './decode-error.ts';
import { decodeDtap, readCipheringModeComplete } from './dtap.ts';
import { cell, readCell, readMobileIdentity } from './elements.ts';
import { part, type SignalMessage } from './message.ts';
import type { DecodeState } from './state.ts';

/** Bit per element identifier below 32 that the current message had; all mandatory ones that are checked are below. */
let present = 0;

/**
 * A BSSMAP message, 3GPP TS 48.008 §3.2.1: walks its elements by the format table and takes those that say who and
 * where. Elements that a message repeats go by their order: the first Cell Identifier is the serving cell, the second
 * the target (HANDOVER REQUEST, §3.2.1.8).
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
  present = 0;
  for (let at = start + 1; at < end; ) {
    const id = bytes[at];
    const format = elementFormats[id];
    if (format >= 0) {
      need('bssmap', at + 1, format, end);
      at += 1 + format;
      continue;
    }
    if (format === unknownFormat) {
      // Its length can't be known, so nothing behind it can be read.
      state.stats.unhandledAs(`BSSMAP element ${id}`);
      break;
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
    decodeElement(state, message, type, id, bytes, value, value + length);
    at = value + length;
  }
  const mandatory = mandatoryElements[type];
  if (mandatory === undefined) return;
  for (let i = 0; i < mandatory.length; i++) {
    if ((present & (1 << mandatory[i])) === 0) throw new DecodeError('bssmap', 'MISSING_ELEMENT', end);
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
  const isFirst = id >= 32 || (present & (1 << id)) === 0;
  if (id < 32) present |= 1 << id;
  switch (id) {
    case element.cause:
      need('bssmap', start, 1, end);
      message.parts |= part.detail;
      // One octet, or two where its extension bit is set: class, then a national value. §3.2.2.5.
      if ((bytes[start] & 0x80) === 0) message.bssmapCause = bytes[start];
      else {
        need('bssmap', start, 2, end);
        message.bssmapCause = ((bytes[start] & 0x7f) << 8) | bytes[start + 1];
      }
      break;
    case element.cellIdentifier:
      need('bssmap', start, 1, end);
      readCell(bytes, start + 1, end, bytes[start] & 0x0f);
      if (isFirst) {
        message.parts |= part.place;
        message.cellPlmn = cell.plmn;
        message.cellLac = cell.lac;
        message.cellCi = cell.ci;
      } else if (type === bssmap['HANDOVER REQUEST']) setTarget(message);
      break;
    case element.cellIdentifierList:
      need('bssmap', start, 1, end);
      // The cells of PAGING are where somebody is looked for; only HANDOVER REQUIRED names one to go to.
      if (type === bssmap['HANDOVER REQUIRED'] && isFirst) {
        readCell(bytes, start + 1, end, bytes[start] & 0x0f);
        setTarget(message);
      }
      break;
    case element.imsi:
    case element.imei:
      readMobileIdentity('bssmap', message, bytes, start, end);
      break;
    case element.tmsi:
      if (end - start < 4) throw new DecodeError('bssmap', 'BAD_LENGTH', start);
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
  }
}

function setTarget(message: SignalMessage): void {
  message.parts |= part.cells;
  message.targetCellPlmn = cell.plmn;
  message.targetCellLac = cell.lac;
  message.targetCellCi = cell.ci;
}
