import { DecodeError } from './decode-error.ts';
import { readPlmn } from './elements.ts';
import { part, type SignalMessage } from './message.ts';
import type { PerReader } from './per.ts';

/** The elements of RANAP that say who, where and why, each from a reader that stands at its first bit. */

/** Greatest index of the alternatives of Cause in front of its extension mark. */
const lastCauseGroup = 5;
/** First value of each of them, and the bits that hold what is added to it. */
const causeFirst = [1, 65, 81, 97, 113, 129];
const causeBits = [6, 4, 4, 4, 4, 7];
/** First value of the one alternative behind the mark: radio network, extension. */
const extendedCauseFirst = 257;
const extendedRncFirst = 4096;
/** Most digits of an IMSI, and those that an IMEI and an IMEISV begin with. 3GPP TS 23.003 §2.2, §6.2. */
const imsiDigitsMax = 15;
const equipmentDigits = 14;
const filler = 15;

/** Protocol extensions of an element: none of them is read. 3GPP TS 25.413 §9.3.7. */
function skipExtensions(reader: PerReader): void {
  for (let left = reader.pair() + 1; left > 0; left--) {
    reader.pair();
    reader.upTo(2);
    reader.openType();
  }
}

/**
 * A sequence of octets in full (LAI, SAI, CGI), protocol extensions optional: where its octets begin. It is the last
 * of its element.
 */
function area(reader: PerReader, length: number): number {
  const hasExtensions = reader.flag();
  const at = reader.octets(length);
  if (hasExtensions) skipExtensions(reader);
  reader.finish();
  return at;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/**
 * Cause, §9.2.1.4: the values of its groups do not overlap, so the number alone tells both: 1–64 radio network, 65–80
 * transmission network, 81–96 NAS, 97–112 protocol, 113–128 miscellaneous, 129–256 non-standard, 257–512 radio network
 * extension. -1: a group that is not known yet.
 */
export function readCause(reader: PerReader, bytes: Uint8Array): number {
  if (reader.flag()) {
    const group = reader.extensionIndex();
    reader.openType();
    if (group !== 0) return -1;
    if (reader.valueEnd - reader.valueStart !== 1) throw new DecodeError('ranap', 'BAD_LENGTH', reader.valueStart);
    return extendedCauseFirst + bytes[reader.valueStart];
  }
  const group = reader.upTo(lastCauseGroup);
  return causeFirst[group] + reader.bits(causeBits[group]);
}

function takeLai(message: SignalMessage, bytes: Uint8Array, at: number): void {
  // What a NAS message calls its LAI is where its TMSI comes from; that goes before the area the phone is in now.
  if (message.laiLac >= 0) return;
  message.parts |= part.place;
  message.laiPlmn = readPlmn(bytes, at);
  message.laiLac = u16(bytes, at + 3);
}

/** LAI, §9.2.3.6. */
export function readRanapLai(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  takeLai(message, bytes, area(reader, 5));
}

/** SAI, §9.2.3.9: the place of the phone, as the Cell Identifier is on the A interface. */
export function readSai(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  const at = area(reader, 7);
  message.parts |= part.place;
  message.cellPlmn = readPlmn(bytes, at);
  message.cellLac = u16(bytes, at + 3);
  message.cellSac = u16(bytes, at + 5);
}

/** Area Identity, §9.2.3.10: SAI, or a geographical area, which names no cell. */
export function readAreaIdentity(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (!reader.flag() && reader.upTo(1) === 0) readSai(message, reader, bytes);
}

/** Paging Area ID, §9.2.1.21: LAI or RAI. */
export function readPagingArea(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (reader.flag()) return;
  if (reader.upTo(1) === 0) {
    readRanapLai(message, reader, bytes);
    return;
  }
  // RAI: extension mark and optional extensions, then its LAI with optional extensions of its own.
  reader.bits(2);
  const hasExtensions = reader.flag();
  takeLai(message, bytes, reader.octets(5));
  if (hasExtensions) skipExtensions(reader);
  message.rac = bytes[reader.octets(1)];
}

/** Global RNC-ID, §9.2.1.39. */
export function readRnc(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  message.rncPlmn = readPlmn(bytes, reader.octets(3));
  const id = reader.pair();
  // An extended RNC-ID takes its place wherever it stands; the other one is made up then.
  if (message.rncId < extendedRncFirst) message.rncId = rncId(id, reader);
}

function rncId(id: number, reader: PerReader): number {
  if (id >= extendedRncFirst) throw new DecodeError('ranap', 'BAD_VALUE', reader.offset - 2);
  return id;
}

/** Extended RNC-ID, §9.2.1.39a. */
export function readExtendedRnc(message: SignalMessage, reader: PerReader): void {
  const id = extendedRncFirst + reader.pair();
  if (id > 0xffff) throw new DecodeError('ranap', 'BAD_VALUE', reader.offset - 2);
  message.rncId = id;
}

/** Source ID, §9.2.1.24: source RNC or SAI, where the phone is before the relocation. */
export function readSourceId(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (reader.flag()) return;
  if (reader.upTo(1) === 1) readSai(message, reader, bytes);
  else {
    const hasExtensions = reader.flag();
    readRnc(message, reader, bytes);
    if (hasExtensions) skipExtensions(reader);
    reader.finish();
  }
}

/** Target ID, §9.2.1.25: RNC with its location area, GSM cell, or an eNB, which names no cell. */
export function readTargetId(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (reader.flag()) return;
  let at: number;
  if (reader.upTo(1) === 1) {
    at = area(reader, 7);
    message.targetCellCi = u16(bytes, at + 5);
  } else {
    const hasRac = reader.flag();
    const hasExtensions = reader.flag();
    const hasLaiExtensions = reader.flag();
    at = reader.octets(5);
    if (hasLaiExtensions) skipExtensions(reader);
    if (hasRac) message.rac = bytes[reader.octets(1)];
    message.targetRncId = rncId(reader.pair(), reader);
    if (hasExtensions) skipExtensions(reader);
    reader.finish();
  }
  message.parts |= part.cells;
  message.targetCellPlmn = readPlmn(bytes, at);
  message.targetCellLac = u16(bytes, at + 3);
}

/** Permanent NAS UE Identity, §9.2.3.1: the IMSI. */
export function readPermanentIdentity(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (!reader.flag()) readImsi(message, reader, bytes);
}

function readImsi(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  const length = 3 + reader.upTo(5);
  const at = reader.octets(length);
  reader.finish();
  readDigits(bytes, at, length, imsiDigitsMax);
  if (digits.count > imsiDigitsMax) throw new DecodeError('ranap', 'BAD_IDENTITY', at);
  message.parts |= part.identity;
  message.imsi = digits.value;
  message.imsiDigits = digits.count;
}

/** Temporary UE Identity, §9.2.3.2: TMSI. A P-TMSI is another number space and is left out. */
export function readTemporaryIdentity(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  if (reader.flag() || reader.upTo(1) === 1) return;
  const at = reader.octets(4);
  reader.finish();
  message.parts |= part.identity;
  message.tmsi = ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

/** UE Identity, §9.2.1.9: IMSI, IMEI or (behind the extension mark) IMEISV. */
export function readUeId(message: SignalMessage, reader: PerReader, bytes: Uint8Array): void {
  let at: number;
  if (reader.flag()) {
    if (reader.extensionIndex() !== 0) return;
    reader.openType();
    at = reader.valueStart;
    if (reader.valueEnd - at !== 8) throw new DecodeError('ranap', 'BAD_LENGTH', at);
  } else if (reader.upTo(1) === 0) {
    readImsi(message, reader, bytes);
    return;
  } else at = reader.octets(8);
  reader.finish();
  readDigits(bytes, at, 8, equipmentDigits);
  if (digits.count < equipmentDigits) throw new DecodeError('ranap', 'BAD_IDENTITY', at);
  message.parts |= part.identity;
  message.imei = digits.value;
  message.imeiTail = digits.tail;
  message.imeiDigits = digits.count;
}

/** What {@link readDigits} read last: how many digits, and as integers the first of them and the rest. */
const digits = { count: 0, value: 0, tail: 0 };

/** Telephony BCD: the low half of an octet first, behind the last digit nothing but fillers. 3GPP TS 29.002 §17.7.8. */
function readDigits(bytes: Uint8Array, start: number, length: number, cut: number): void {
  digits.count = 0;
  digits.value = 0;
  digits.tail = 0;
  let ended = false;
  for (let i = 0; i < 2 * length; i++) {
    const octet = bytes[start + (i >> 1)];
    const digit = (i & 1) === 0 ? octet & 0x0f : octet >> 4;
    if (digit === filler) {
      ended = true;
      continue;
    }
    if (digit > 9 || ended) throw new DecodeError('ranap', 'BAD_IDENTITY', start);
    if (digits.count < cut) digits.value = digits.value * 10 + digit;
    else digits.tail = digits.tail * 10 + digit;
    digits.count++;
  }
  if (digits.count === 0) throw new DecodeError('ranap', 'BAD_IDENTITY', start);
}
