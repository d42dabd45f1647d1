import { DecodeError, need } from './decode-error.ts';
import { beginsMessage, endsMessage } from './fragments.ts';
import { decodeM3ua } from './m3ua.ts';
import { sctpSender } from './mtp.ts';
import { decodeSctpPayload } from './sctp-payload.ts';
import type { DecodeState } from './state.ts';
import { isSctpControlChunk, sctpChunkNames } from './transport-tables.ts';

const data = 0;
const init = 1;
const initAck = 2;
const heartbeat = 4;
const heartbeatAck = 5;
const interleavedData = 64;
const m3ua = 3;

/**
 * An SCTP packet, RFC 9260 §3. The checksum is not looked at: capture hosts see packets before their network card has
 * computed it. Chunks are told apart by TSN and content, so copies (retransmissions, a mirror port that sees a packet
 * twice) are left out; see `SctpDirection.isDuplicate`.
 */
export function decodeSctp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('sctp', start, 12, end);
  const view = state.viewOf(bytes);
  const ports = view.getInt32(start);
  state.sourcePort = ports >>> 16;
  state.destinationPort = ports & 0xffff;
  state.sctpTag = view.getInt32(start + 4);
  state.chunkBytes = bytes;
  state.chunksEnd = end;
  state.nextChunk = start + 12;
  decodeChunks(state);
}

/**
 * Reads chunks from `state.nextChunk` on. When a chunk's contents are malformed `nextChunk` stands behind it already,
 * so that calling this again goes on with the rest of the packet.
 */
export function decodeChunks(state: DecodeState): void {
  const bytes = state.chunkBytes;
  const end = state.chunksEnd;
  const view = state.viewOf(bytes);
  for (let at = state.nextChunk; at + 4 <= end; at = state.nextChunk) {
    const header = view.getInt32(at);
    const length = header & 0xffff;
    if (length < 4 || at + length > end) {
      state.nextChunk = -1;
      throw new DecodeError('sctp', length < 4 ? 'BAD_LENGTH' : 'TRUNCATED', at + 2);
    }
    state.nextChunk = at + ((length + 3) & ~3);
    const type = header >>> 24;
    if (type === data) decodeData(state, bytes, at, header);
    else if (type === interleavedData) decodeInterleavedData(state, bytes, at, header);
    else if (type === init || type === initAck) decodeInit(state, bytes, at, length);
    else if (type === heartbeat || type === heartbeatAck) {
      // Sent over every path of an association: so they teach which these are. RFC 9260 §8.3.
      if (state.sctpTag !== 0) sctpSender(state);
    } else if (isSctpControlChunk[type] === 0) state.stats.unhandledAs(sctpChunkNames[type]);
  }
  state.nextChunk = -1;
}

/** The initiate tag is the one that packets towards the sender of this chunk will carry. RFC 9260 §3.3.2. */
function decodeInit(state: DecodeState, bytes: Uint8Array, at: number, length: number): void {
  if (length < 20) throw new DecodeError('sctp', 'BAD_LENGTH', at + 2);
  const tag = state.viewOf(bytes).getInt32(at + 4);
  const ports = (state.destinationPort << 16) | state.sourcePort;
  state.directions.restart(tag, ports);
  state.associations.announce(tag, ports, sctpSender(state) ^ 1);
}

/**
 * The number of the direction that a chunk with user data came in; -1 where it is a copy.
 *
 * @param headerLength octets in front of the user's, of which there is one at least
 */
function directionOf(state: DecodeState, view: DataView, at: number, length: number, headerLength: number): number {
  if (length <= headerLength) throw new DecodeError('sctp', 'BAD_LENGTH', at + 2);
  const direction = state.directions.find(state.sctpTag, (state.sourcePort << 16) | state.destinationPort);
  if (direction.isDuplicate(view.getInt32(at + 4), fingerprint(view, at, length), state.timeS)) {
    state.stats.duplicates++;
    return -1;
  }
  state.stats.layers.sctp++;
  return direction.id;
}

/**
 * RFC 9260 §3.3.1.
 *
 * @param header type, flags and length of the chunk
 */
function decodeData(state: DecodeState, bytes: Uint8Array, at: number, header: number): void {
  const length = header & 0xffff;
  const view = state.viewOf(bytes);
  const direction = directionOf(state, view, at, length, 16);
  if (direction < 0) return;
  const start = at + 16;
  const end = at + length;
  const payload = view.getUint32(at + 12);
  const fragmentation = (header >>> 16) & (beginsMessage | endsMessage);
  if (fragmentation === (beginsMessage | endsMessage)) {
    decodePayload(state, payload, bytes, start, end);
    return;
  }
  const tsn = view.getUint32(at + 4);
  const whole = state.sctpFragments.add(direction, tsn, fragmentation, state.timeS, bytes, start, end);
  if (whole !== null) decodePayload(state, payload, whole, 0, whole.length);
}

/**
 * I-DATA, RFC 8260 §2.1: fragments of several messages may take turns, so that not their TSNs follow each other but the
 * numbers of the fragments of one message. Where the others have theirs, the first has the payload identifier: it is
 * kept in front of the user's octets.
 *
 * @param header type, flags and length of the chunk
 */
function decodeInterleavedData(state: DecodeState, bytes: Uint8Array, at: number, header: number): void {
  const length = header & 0xffff;
  const view = state.viewOf(bytes);
  const direction = directionOf(state, view, at, length, 20);
  if (direction < 0) return;
  const user = at + 20;
  const end = at + length;
  const fragmentation = (header >>> 16) & (beginsMessage | endsMessage);
  if (fragmentation === (beginsMessage | endsMessage)) {
    decodePayload(state, view.getUint32(at + 16), bytes, user, end);
    return;
  }
  const isFirst = (fragmentation & beginsMessage) !== 0;
  // Which message of which stream, ordered or not; no two that are under way at once come near each other.
  const message =
    Math.imul(view.getInt32(at + 12), 0x9e3779b1) ^ Math.imul((header & 0x4_0000) | view.getUint16(at + 8), 0x85ebca6b);
  const number = isFirst ? 0 : view.getInt32(at + 16);
  const sequence = ((message ^ (message >>> 15)) + number) >>> 0;
  const start = isFirst ? at + 16 : user;
  const whole = state.sctpFragments.add(direction, sequence, fragmentation, state.timeS, bytes, start, end);
  if (whole !== null) decodePayload(state, state.viewOf(whole).getUint32(0), whole, 4, whole.length);
}

/**
 * 32 bits that tell a copy of a DATA chunk from another chunk of the same TSN: a hash of its length and of every octet
 * from its stream identifier on, so that chunks which differ anywhere are told apart (but for one pair in 2^32). A copy
 * has them all in common: what was sent once under a TSN is never cut or written anew (RFC 9260 §6.1, §6.9). Other
 * contents come where TSNs are made up (frames wrapped by a tool, all with the same ones) or begin anew unseen. Two
 * lanes, because a multiplication waits for the one before it.
 *
 * @param length of the chunk, at least 17
 */
export function fingerprint(view: DataView, at: number, length: number): number {
  const last = at + length - 8;
  let even = length;
  let odd = 0;
  for (let p = at + 8; p < last; p += 8) {
    even = Math.imul(even ^ view.getInt32(p, true), 0x85ebca6b);
    even = (even << 15) | (even >>> 17);
    odd = Math.imul(odd ^ view.getInt32(p + 4, true), 0xc2b2ae35);
    odd = (odd << 13) | (odd >>> 19);
  }
  // The end overlaps what was read before instead of being padded.
  even = Math.imul(even ^ view.getInt32(last, true), 0x85ebca6b);
  odd = Math.imul(odd ^ view.getInt32(last + 4, true), 0xc2b2ae35);
  const hash = Math.imul(even ^ (even >>> 15), 0x9e3779b1) ^ odd;
  return hash ^ (hash >>> 16);
}

function decodePayload(state: DecodeState, payload: number, bytes: Uint8Array, start: number, end: number): void {
  if (payload === m3ua) decodeM3ua(state, bytes, start, end);
  else decodeSctpPayload(state, payload, bytes, start, end);
}
