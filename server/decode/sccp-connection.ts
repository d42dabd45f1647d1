import { DecodeError } from './decode-error.ts';
import { linkMark } from './link-marks.ts';
import { optional } from './sccp-parameters.ts';
import { bssapSubsystem, ranapSubsystem, sccp } from './sccp-tables.ts';
import { key } from './sccp-users.ts';
import type { DecodeState } from './state.ts';
import { decodeUser, isRanapMessage, maybeBssap, userOfRequest } from './user-parts.ts';

/**
 * CONNECTION REQUEST with its optional part read: its called subsystem is the user of the whole connection. A link
 * whose requests name nobody has the user that it has spoken of, or BSSAP.
 *
 * @param called subsystem number; below 1 where the address names none
 */
export function decodeConnectionRequest(state: DecodeState, called: number, bytes: Uint8Array): void {
  const { message, sccpUsers, sccpSegments } = state;
  const { link, fromLower, sourceLocalReference } = message;
  const { dataStart, dataEnd } = optional;
  // The reference may have been another connection's before.
  if (!sccpSegments.empty) sccpSegments.drop(key(link, fromLower, sourceLocalReference));
  let user = bssapSubsystem;
  if (called > 0) {
    user = called === bssapSubsystem ? called : userOfRequest(called, bytes, dataStart, dataEnd);
    sccpUsers.speaksOf(link, user);
  } else {
    if (!sccpUsers.empty) user = sccpUsers.ofLink(link);
    user = userByData(state, user, bytes, dataStart, dataEnd);
  }
  // The reference may have been another user's before.
  if (user !== bssapSubsystem || !sccpUsers.empty) sccpUsers.remember(link, fromLower, sourceLocalReference, user);
  deliverWith(state, user, bytes, dataStart, dataEnd);
}

/** The steps of a connection behind its request, with the user data that they may carry in their optional part. */
export function decodeConnectionStep(state: DecodeState, bytes: Uint8Array): void {
  const { message, sccpUsers, sccpSegments } = state;
  const { link, fromLower, sccpType, sourceLocalReference, destinationLocalReference } = message;
  const { dataStart, dataEnd } = optional;
  const user = userByData(state, userOfConnection(state), bytes, dataStart, dataEnd);
  if (!sccpUsers.empty) {
    if (sccpType === sccp.CC) sccpUsers.remember(link, fromLower, sourceLocalReference, user);
    else if (sccpType === sccp.CREF || sccpType === sccp.RLC) {
      sccpUsers.forget(link, !fromLower, destinationLocalReference);
      if (sccpType === sccp.RLC) sccpUsers.forget(link, fromLower, sourceLocalReference);
    }
  }
  if (!sccpSegments.empty) {
    // No message goes on over the beginning or the end of its connection.
    sccpSegments.drop(key(link, !fromLower, destinationLocalReference));
    if (sccpType !== sccp.CREF) sccpSegments.drop(key(link, fromLower, sourceLocalReference));
  }
  deliverWith(state, user, bytes, dataStart, dataEnd);
}

/** Data of DT1 and DT2 in `bytes[start..end)`: whole, or with more to come. ITU-T Q.713 §3.7, Q.714 §3.5.2. */
export function decodeConnectionData(
  state: DecodeState,
  moreData: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (moreData || !state.sccpSegments.empty) decodeSegment(state, moreData, bytes, start, end);
  else deliverData(state, userOfConnection(state), bytes, start, end);
}

function decodeSegment(state: DecodeState, moreData: boolean, bytes: Uint8Array, start: number, end: number): void {
  const { sccpSegments, linkMarks } = state;
  const { link, fromLower, destinationLocalReference } = state.message;
  const user = userOfConnection(state);
  const receiver = key(link, !fromLower, destinationLocalReference);
  if (moreData) {
    linkMarks.set(link, linkMark.unfinished);
    sccpSegments.append(receiver, state.timeS, bytes, start, end);
  } else if (sccpSegments.has(receiver, state.timeS)) {
    sccpSegments.append(receiver, state.timeS, bytes, start, end);
    const whole = sccpSegments.take(receiver);
    if (sccpSegments.empty) linkMarks.clear(linkMark.unfinished);
    if (whole === null) throw new DecodeError('sccp', 'BAD_LENGTH', start);
    deliverData(state, user, whole, 0, whole.length);
  } else deliverData(state, user, bytes, start, end);
}

/** Subsystem whose connection the message belongs to. */
function userOfConnection(state: DecodeState): number {
  const { sccpUsers } = state;
  if (sccpUsers.empty) return bssapSubsystem;
  const { link, fromLower, destinationLocalReference } = state.message;
  return sccpUsers.find(link, !fromLower, destinationLocalReference);
}

function deliverData(state: DecodeState, user: number, bytes: Uint8Array, start: number, end: number): void {
  deliverWith(state, userByData(state, user, bytes, start, end), bytes, start, end);
}

/**
 * The user of data that is thought to be BSSAP only because nobody said anything else: RANAP's outermost frame is
 * unmistakable. So a capture that begins in the middle is understood too. Nothing is remembered of it: a damaged message
 * of the A interface may look like that.
 */
function userByData(state: DecodeState, user: number, bytes: Uint8Array, start: number, end: number): number {
  if (user !== bssapSubsystem || start < 0 || maybeBssap(bytes, start, end)) return user;
  if (state.sccpUsers.hasSpokenOfBssap(state.message.link)) return user;
  return isRanapMessage(bytes, start, end) ? ranapSubsystem : user;
}

/** Gives the message to the sink after its user's part has filled in its share; `start` -1: it has no user data. */
export function deliverWith(state: DecodeState, user: number, bytes: Uint8Array, start: number, end: number): void {
  state.deliverable = true;
  if (start >= 0) decodeUser(state, user, bytes, start, end);
  if (state.deliverable) state.deliver();
}
