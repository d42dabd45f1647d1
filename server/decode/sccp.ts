import { decodeBssap } from './bssap.ts';
import { DecodeError, need } from './decode-error.ts';
import { bssapSubsystem, sccp, sccpNames, sccpParameter } from './sccp-tables.ts';
import { key } from './sccp-users.ts';
import type { DecodeState } from './state.ts';
import { subsystemNames } from './transport-tables.ts';

/** Index of {@link subsystemNames} for an address without subsystem number. */
const noSubsystem = 256;
/** Marks keys of segmented XUDT apart from connection ends, which stay below it. */
const connectionlessKeys = 2 ** 51;

/** Where the variable parameter that was read last stands. */
let valueStart = 0;
let valueEnd = 0;

function reference(bytes: Uint8Array, at: number): number {
  // Q.713 leaves the order of the octets open; network analysers read it with the least significant octet first.
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}

/** Follows the pointer at `at` to a parameter of length and value. ITU-T Q.713 §2.3. */
function readVariable(bytes: Uint8Array, at: number, end: number): void {
  const length = at + bytes[at];
  if (bytes[at] === 0 || length >= end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  valueStart = length + 1;
  valueEnd = valueStart + bytes[length];
  if (valueEnd > end) throw new DecodeError('sccp', 'TRUNCATED', length);
}

/** The same with pointer and length of two octets, least significant first (LUDT). ITU-T Q.713 §4.20. */
function readLongVariable(bytes: Uint8Array, at: number, lengthOctets: 1 | 2, end: number): void {
  const pointer = bytes[at] | (bytes[at + 1] << 8);
  const length = at + 1 + pointer;
  if (pointer === 0 || length + lengthOctets > end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  valueStart = length + lengthOctets;
  valueEnd = valueStart + (lengthOctets === 1 ? bytes[length] : bytes[length] | (bytes[length + 1] << 8));
  if (valueEnd > end) throw new DecodeError('sccp', 'TRUNCATED', length);
}

/** Looks for an optional parameter from `at` on; whether it is there. ITU-T Q.713 §2.4. */
function findOptional(bytes: Uint8Array, at: number, name: number, end: number): boolean {
  for (let p = at; p < end && bytes[p] !== sccpParameter.endOfOptionalParameters; ) {
    need('sccp', p, 2, end);
    const length = bytes[p + 1];
    need('sccp', p + 2, length, end);
    if (bytes[p] === name) {
      valueStart = p + 2;
      valueEnd = valueStart + length;
      return true;
    }
    p += 2 + length;
  }
  return false;
}

/** Where the optional part begins that the pointer at `at` shows; `end` where there is none. */
function optionalPart(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0) return end;
  if (at + bytes[at] >= end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  return at + bytes[at];
}

/** Subsystem number of the address in the value that was read last. ITU-T Q.713 §3.4. */
function subsystemOfValue(bytes: Uint8Array): number {
  if (valueStart >= valueEnd) return noSubsystem;
  const indicator = bytes[valueStart];
  const at = valueStart + ((indicator & 1) !== 0 ? 3 : 1);
  return (indicator & 2) !== 0 && at < valueEnd ? bytes[at] : noSubsystem;
}

/**
 * An SCCP message, ITU-T Q.713 §4. Fills references and causes, puts segments together, and gives the message to the
 * sink after the user part has filled in its share: messages without user data and those of BSSAP go on, those of
 * other users are counted.
 */
export function decodeSccp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.sccp++;
  const { message } = state;
  message.resetSccp();
  need('sccp', start, 1, end);
  const type = bytes[start];
  message.sccpType = type;
  switch (type) {
    case sccp.DT1:
      need('sccp', start, 6, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      readVariable(bytes, start + 5, end);
      decodeConnectionData(state, (bytes[start + 4] & 1) !== 0, bytes);
      return;
    case sccp.DT2:
      need('sccp', start, 7, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      readVariable(bytes, start + 6, end);
      decodeConnectionData(state, (bytes[start + 5] & 1) !== 0, bytes);
      return;
    case sccp.UDT: {
      need('sccp', start, 5, end);
      readVariable(bytes, start + 2, end);
      const called = subsystemOfValue(bytes);
      readVariable(bytes, start + 3, end);
      const calling = subsystemOfValue(bytes);
      readVariable(bytes, start + 4, end);
      decodeConnectionless(state, called, calling, bytes, valueStart, valueEnd);
      return;
    }
    case sccp.XUDT:
      decodeExtended(state, bytes, start, end);
      return;
    case sccp.LUDT: {
      need('sccp', start, 11, end);
      readLongVariable(bytes, start + 3, 1, end);
      const called = subsystemOfValue(bytes);
      readLongVariable(bytes, start + 5, 1, end);
      const calling = subsystemOfValue(bytes);
      readLongVariable(bytes, start + 7, 2, end);
      decodeConnectionless(state, called, calling, bytes, valueStart, valueEnd);
      return;
    }
    // What comes back undelivered has happened to nobody: the cause is told, the data is not read again.
    case sccp.UDTS:
    case sccp.XUDTS:
    case sccp.LUDTS:
      need('sccp', start, 2, end);
      message.sccpCause = bytes[start + 1];
      state.deliver();
      return;
    case sccp.CR: {
      need('sccp', start, 7, end);
      message.sourceLocalReference = reference(bytes, start + 1);
      readVariable(bytes, start + 5, end);
      const called = subsystemOfValue(bytes);
      decodeConnectionStep(state, called, bytes, optionalPart(bytes, start + 6, end), end);
      return;
    }
    case sccp.CC:
      need('sccp', start, 9, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      message.sourceLocalReference = reference(bytes, start + 4);
      decodeConnectionStep(state, -1, bytes, optionalPart(bytes, start + 8, end), end);
      return;
    case sccp.CREF:
      need('sccp', start, 6, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      message.sccpCause = bytes[start + 4];
      decodeConnectionStep(state, -1, bytes, optionalPart(bytes, start + 5, end), end);
      return;
    case sccp.RLSD:
      need('sccp', start, 9, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      message.sourceLocalReference = reference(bytes, start + 4);
      message.sccpCause = bytes[start + 7];
      decodeConnectionStep(state, -1, bytes, optionalPart(bytes, start + 8, end), end);
      return;
    case sccp.RLC:
      need('sccp', start, 7, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      message.sourceLocalReference = reference(bytes, start + 4);
      decodeConnectionStep(state, -1, bytes, end, end);
      return;
    case sccp.IT:
    case sccp.RSR:
    case sccp.RSC:
      need('sccp', start, 7, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      message.sourceLocalReference = reference(bytes, start + 4);
      break;
    case sccp.AK:
    case sccp.ED:
    case sccp.EA:
    case sccp.ERR:
      need('sccp', start, 4, end);
      message.destinationLocalReference = reference(bytes, start + 1);
      break;
    default:
      state.stats.unhandledAs(`SCCP type ${type}`);
      return;
  }
  // The connection lives, but there is nothing in these messages that anybody counts.
  state.stats.unhandledAs(`SCCP ${sccpNames[type]}`);
  if (!isForeign(state)) state.deliver();
}

/** Whether the message's connection is known to belong to another user than BSSAP. */
function isForeign(state: DecodeState): boolean {
  const users = state.sccpUsers;
  if (users.empty) return false;
  const { link, fromLower, destinationLocalReference } = state.message;
  return users.find(link, !fromLower, destinationLocalReference) >= 0;
}

/**
 * Connection set-up and release with the user data they may carry.
 *
 * @param called subsystem the connection is asked for; -1 where the message does not say
 * @param optional where the optional part begins
 */
function decodeConnectionStep(
  state: DecodeState,
  called: number,
  bytes: Uint8Array,
  optional: number,
  end: number,
): void {
  const { message, sccpUsers } = state;
  const { link, fromLower, sccpType, sourceLocalReference, destinationLocalReference } = message;
  if (sccpType === sccp.CR) {
    if (called !== bssapSubsystem && called !== noSubsystem) {
      sccpUsers.remember(link, fromLower, sourceLocalReference, called);
      state.stats.unhandledAs(subsystemNames[called]);
      return;
    }
    // The reference may have been another user's before.
    if (!sccpUsers.empty) sccpUsers.forget(link, fromLower, sourceLocalReference);
  } else if (!sccpUsers.empty) {
    const user = sccpUsers.find(link, !fromLower, destinationLocalReference);
    if (user >= 0) {
      if (sccpType === sccp.CC) sccpUsers.remember(link, fromLower, sourceLocalReference, user);
      if (sccpType === sccp.CREF || sccpType === sccp.RLC) {
        sccpUsers.forget(link, !fromLower, destinationLocalReference);
        if (sccpType === sccp.RLC) sccpUsers.forget(link, fromLower, sourceLocalReference);
      }
      state.stats.unhandledAs(subsystemNames[user]);
      return;
    }
  }
  if (sccpType === sccp.RLC && !state.sccpSegments.empty) {
    state.sccpSegments.drop(key(link, !fromLower, destinationLocalReference));
    state.sccpSegments.drop(key(link, fromLower, sourceLocalReference));
  }
  state.deliverable = true;
  if (findOptional(bytes, optional, sccpParameter.data, end)) decodeBssap(state, bytes, valueStart, valueEnd);
  state.deliver();
}

/** DT1 and DT2, whose data stands in the value that was read last. */
function decodeConnectionData(state: DecodeState, moreData: boolean, bytes: Uint8Array): void {
  const { message, sccpUsers, sccpSegments } = state;
  const { link, fromLower, destinationLocalReference } = message;
  if (!sccpUsers.empty) {
    const user = sccpUsers.find(link, !fromLower, destinationLocalReference);
    if (user >= 0) {
      state.stats.unhandledAs(subsystemNames[user]);
      return;
    }
  }
  if (moreData) {
    sccpSegments.append(key(link, !fromLower, destinationLocalReference), state.timeS, bytes, valueStart, valueEnd);
    return;
  }
  let user = bytes;
  if (!sccpSegments.empty) {
    const end = key(link, !fromLower, destinationLocalReference);
    if (sccpSegments.has(end)) {
      sccpSegments.append(end, state.timeS, bytes, valueStart, valueEnd);
      const whole = sccpSegments.take(end);
      if (whole === null) throw new DecodeError('sccp', 'BAD_LENGTH', valueStart);
      user = whole;
      valueStart = 0;
      valueEnd = whole.length;
    }
  }
  state.deliverable = true;
  decodeBssap(state, user, valueStart, valueEnd);
  state.deliver();
}

/** XUDT, unsegmented or one of several segments. ITU-T Q.713 §4.18, §3.17. */
function decodeExtended(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('sccp', start, 7, end);
  readVariable(bytes, start + 3, end);
  const called = subsystemOfValue(bytes);
  readVariable(bytes, start + 4, end);
  const calling = subsystemOfValue(bytes);
  readVariable(bytes, start + 5, end);
  const dataStart = valueStart;
  const dataEnd = valueEnd;
  if (!findOptional(bytes, optionalPart(bytes, start + 6, end), sccpParameter.segmentation, end)) {
    decodeConnectionless(state, called, calling, bytes, dataStart, dataEnd);
    return;
  }
  if (valueEnd - valueStart < 4) throw new DecodeError('sccp', 'BAD_LENGTH', valueStart);
  const { link, fromLower } = state.message;
  const message = connectionlessKeys + key(link, fromLower, reference(bytes, valueStart + 1));
  const isFirst = (bytes[valueStart] & 0x80) !== 0;
  const remaining = bytes[valueStart] & 0x0f;
  if (isFirst) state.sccpSegments.drop(message);
  else if (!state.sccpSegments.has(message)) throw new DecodeError('sccp', 'BAD_FRAGMENT', valueStart);
  state.sccpSegments.append(message, state.timeS, bytes, dataStart, dataEnd);
  if (remaining > 0) return;
  const whole = state.sccpSegments.take(message);
  if (whole === null) throw new DecodeError('sccp', 'BAD_LENGTH', dataStart);
  decodeConnectionless(state, called, calling, whole, 0, whole.length);
}

function decodeConnectionless(
  state: DecodeState,
  called: number,
  calling: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const user = called === noSubsystem ? calling : called;
  if (user !== bssapSubsystem) {
    state.stats.unhandledAs(subsystemNames[user]);
    return;
  }
  state.deliverable = true;
  decodeBssap(state, bytes, start, end);
  state.deliver();
}
