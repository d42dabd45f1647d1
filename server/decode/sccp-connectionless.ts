import { DecodeError } from './decode-error.ts';
import type { SignalMessage } from './message.ts';
import { readCalledAddress, readCallingAddress } from './sccp-address.ts';
import { deliverWith } from './sccp-connection.ts';
import {
  longOptionalPart,
  optional,
  optionalPart,
  readLongVariable,
  readOptionalParameters,
  readVariable,
  value,
} from './sccp-parameters.ts';
import { bssapSubsystem, ranapSubsystem } from './sccp-tables.ts';
import { key } from './sccp-users.ts';
import type { DecodeState } from './state.ts';
import { userOfUnitdata } from './user-parts.ts';

/** Index of `subsystemNames` for addresses without subsystem number. */
const noSubsystem = 256;
/** Marks keys of segmented messages apart from connection ends, which stay below it. */
const connectionlessKeys = 2 ** 51;

const noBytes = new Uint8Array(0);

/** The addresses' subsystem numbers; below 1 where they name none. */
let called = -1;
let calling = -1;

/** UDT and UDTS: three pointers from `at` on. ITU-T Q.713 §4.10, §4.11. */
export function decodeUnitdata(
  state: DecodeState,
  returned: boolean,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  readMandatory(state, bytes, at, end);
  if (returned) deliverReturned(state, false, bytes, value.start, value.end);
  else decodeWhole(state, bytes, value.start, value.end);
}

/** Both addresses, and where the data stands into {@link value}, by the three pointers of one octet from `at` on. */
function readMandatory(state: DecodeState, bytes: Uint8Array, at: number, end: number): void {
  readVariable(bytes, at, end);
  called = readCalledAddress(state, bytes, value.start, value.end);
  readVariable(bytes, at + 1, end);
  calling = readCallingAddress(state, bytes, value.start, value.end);
  readVariable(bytes, at + 2, end);
}

/** XUDT and XUDTS: three pointers and that to the optional part from `at` on. ITU-T Q.713 §4.18, §4.19. */
export function decodeExtendedUnitdata(
  state: DecodeState,
  returned: boolean,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  readMandatory(state, bytes, at, end);
  readOptionalParameters(bytes, optionalPart(bytes, at + 3, end), end);
  deliverExtended(state, returned, bytes);
}

/** LUDT and LUDTS: the same with pointers of two octets. ITU-T Q.713 §4.20, §4.21. */
export function decodeLongUnitdata(
  state: DecodeState,
  returned: boolean,
  bytes: Uint8Array,
  at: number,
  end: number,
): void {
  readLongVariable(bytes, at, 1, end);
  called = readCalledAddress(state, bytes, value.start, value.end);
  readLongVariable(bytes, at + 2, 1, end);
  calling = readCallingAddress(state, bytes, value.start, value.end);
  readLongVariable(bytes, at + 4, 2, end);
  readOptionalParameters(bytes, longOptionalPart(bytes, at + 6, end), end);
  deliverExtended(state, returned, bytes);
}

/** Data of a message that may be a segment: it stands at {@link value}, and {@link optional} has been read. */
function deliverExtended(state: DecodeState, returned: boolean, bytes: Uint8Array): void {
  if (returned) deliverReturned(state, optional.segmentationStart >= 0, bytes, value.start, value.end);
  else decodePossibleSegment(state, bytes, value.start, value.end);
}

/**
 * What comes back undelivered has happened to nobody: its cause is told, its data is read for those only who want it.
 * A segment of it stays alone.
 */
function deliverReturned(state: DecodeState, isSegment: boolean, bytes: Uint8Array, start: number, end: number): void {
  if (state.sink.wantsReturned !== true || isSegment) deliverWith(state, 0, noBytes, -1, 0);
  else deliverWith(state, userOfUnitdata(userOfAddresses(), bytes, start, end), bytes, start, end);
}

/** 24 bits of the calling party address: segments belong together by it and their reference. ITU-T Q.714 §4.1.1.2. */
function callingHash({ callingSsn, callingTitleOffset, callingTitleDigits, addressBytes }: SignalMessage): number {
  let hash = callingSsn;
  for (let i = 0; i < (callingTitleDigits + 1) >> 1; i++) {
    hash = Math.imul(hash ^ addressBytes[callingTitleOffset + i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash & 0xff_ffff;
}

/** Data of XUDT and LUDT: whole, or a segment by the segmentation parameter. ITU-T Q.713 §3.17, Q.714 §4.1.1.2. */
function decodePossibleSegment(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const at = optional.segmentationStart;
  if (at < 0) {
    decodeWhole(state, bytes, start, end);
    return;
  }
  if (optional.segmentationEnd - at < 4) throw new DecodeError('sccp', 'BAD_LENGTH', at);
  const isFirst = (bytes[at] & 0x80) !== 0;
  const remaining = bytes[at] & 0x0f;
  const reference = bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16);
  const { link, fromLower } = state.message;
  const segments = state.sccpSegments;
  const message = connectionlessKeys + key(link, fromLower, reference ^ callingHash(state.message));
  if (isFirst) segments.drop(message);
  else if (segments.nextLeft(message, state.timeS) !== remaining) {
    // Its first segment, or one between, was not seen: the rest is of no use.
    segments.drop(message);
    throw new DecodeError('sccp', 'BAD_FRAGMENT', at);
  }
  if (isFirst && remaining === 0) {
    decodeWhole(state, bytes, start, end);
    return;
  }
  segments.append(message, state.timeS, bytes, start, end, remaining);
  if (remaining > 0) return;
  const whole = segments.take(message);
  if (whole === null) throw new DecodeError('sccp', 'BAD_LENGTH', start);
  decodeWhole(state, whole, 0, whole.length);
}

/** Who reads a whole user message: the called subsystem, the calling one where the called address names none. */
function userOfAddresses(): number {
  if (called > 0) return called;
  return calling > 0 ? calling : noSubsystem;
}

function decodeWhole(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const user = userOfUnitdata(userOfAddresses(), bytes, start, end);
  if (user === bssapSubsystem || user === ranapSubsystem) state.sccpUsers.speaksOf(state.message.link, user);
  deliverWith(state, user, bytes, start, end);
}
