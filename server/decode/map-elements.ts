import { readUnsigned } from './ber.ts';
import { DecodeError } from './decode-error.ts';
import { readPlmn } from './elements.ts';
import { type MapMessage, mapPart } from './map-message.ts';

/** Data types of MAP that several operations share, 3GPP TS 29.002 §17.7.8. */

const identityOctetsMax = 8;
const imsiDigitsMax = 15;
const imeiDigitsMin = 14;
const imeiDigitsMax = 16;
/** Type allocation code and serial number, which IMEI and IMEISV begin with. 3GPP TS 23.003 §6.2. */
const equipmentDigits = 14;
const filler = 0x0f;

/** What was read last: digits as an integer with their count; of an IMEI the first 14, and the rest in `tail`. */
export const tbcd = { value: 0, digits: 0, tail: 0 };

/** A TBCD-STRING: the low half of each octet first, up to the filler. False where digits above 9 stand in it. */
function readTbcd(bytes: Uint8Array, start: number, end: number, cut: number): boolean {
  let value = 0;
  let tail = 0;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const octet = bytes[at];
    const low = octet & 0x0f;
    const high = octet >> 4;
    if (low === filler) break;
    if (low > 9 || (high > 9 && high !== filler)) return false;
    if (digits < cut) value = value * 10 + low;
    else tail = tail * 10 + low;
    digits++;
    if (high === filler) break;
    if (digits < cut) value = value * 10 + high;
    else tail = tail * 10 + high;
    digits++;
  }
  tbcd.value = value;
  tbcd.tail = tail;
  tbcd.digits = digits;
  return true;
}

/** An IMSI into {@link tbcd}; whether it is one. */
export function readTbcdImsi(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > identityOctetsMax || !readTbcd(bytes, start, end, imsiDigitsMax + 1)) return false;
  return tbcd.digits > 0 && tbcd.digits <= imsiDigitsMax;
}

export function readImsi(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  if (!readTbcdImsi(bytes, start, end)) throw new DecodeError('map', 'BAD_IDENTITY', start);
  message.parts |= mapPart.identity;
  message.imsi = tbcd.value;
  message.imsiDigits = tbcd.digits;
}

/** An IMEI or IMEISV. */
export function readImei(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  const isNumber = end - start <= identityOctetsMax && readTbcd(bytes, start, end, equipmentDigits);
  if (!isNumber || tbcd.digits < imeiDigitsMin || tbcd.digits > imeiDigitsMax) {
    throw new DecodeError('map', 'BAD_IDENTITY', start);
  }
  message.parts |= mapPart.identity;
  message.imei = tbcd.value;
  message.imeiTail = tbcd.tail;
  message.imeiDigits = tbcd.digits;
}

export function readTmsi(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  message.tmsi = readUnsigned('map', bytes, start, end);
  message.parts |= mapPart.identity;
}

export function readLmsi(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  message.lmsi = readUnsigned('map', bytes, start, end);
  message.parts |= mapPart.identity;
}

/** ISDN-AddressString or AddressString: an octet of nature and plan, then TBCD digits, as a slice. */
export function readAddress(message: MapMessage, slice: number, bytes: Uint8Array, start: number, end: number): void {
  if (start >= end) throw new DecodeError('map', 'BAD_LENGTH', start);
  message.setSlice(slice, start + 1, end - start - 1, bytes[start]);
}

/** CellGlobalIdOrServiceAreaIdFixedLength: PLMN, LAC, CI. A GlobalCellId may leave out the CI. */
export function readCell(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  checkCell(start, end);
  message.parts |= mapPart.place;
  message.cellPlmn = readPlmn(bytes, start);
  message.cellLac = (bytes[start + 3] << 8) | bytes[start + 4];
  message.cellCi = end - start < 7 ? -1 : (bytes[start + 5] << 8) | bytes[start + 6];
}

export function readTargetCell(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  checkCell(start, end);
  message.parts |= mapPart.place;
  message.targetCellPlmn = readPlmn(bytes, start);
  message.targetCellLac = (bytes[start + 3] << 8) | bytes[start + 4];
  message.targetCellCi = end - start < 7 ? -1 : (bytes[start + 5] << 8) | bytes[start + 6];
}

/** RNCId: PLMN and LAC, then the RNC's own identity. §17.7.1, 3GPP TS 48.008 §3.2.2.27. */
export function readTargetRnc(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  checkCell(start, end);
  message.parts |= mapPart.place;
  message.targetCellPlmn = readPlmn(bytes, start);
  message.targetCellLac = (bytes[start + 3] << 8) | bytes[start + 4];
}

function checkCell(start: number, end: number): void {
  if (end - start < 5 || end - start > 7) throw new DecodeError('map', 'BAD_LENGTH', start);
}

/** LAIFixedLength, or the LAI that a routeing area identity begins with. */
export function readLai(message: MapMessage, bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 5) throw new DecodeError('map', 'BAD_LENGTH', start);
  message.parts |= mapPart.place;
  message.laiPlmn = readPlmn(bytes, start);
  message.laiLac = (bytes[start + 3] << 8) | bytes[start + 4];
}
