import { DecodeError, need } from './decode-error.ts';
import { beginsMessage, endsMessage } from './fragments.ts';
import { decodeM3ua } from './m3ua.ts';
import type { DecodeState } from './state.ts';
import { isSctpControlChunk, sctpChunkNames, sctpPayloadNames } from './transport-tables.ts';

const data = 0;
const init = 1;
const initAck = 2;
const m3ua = 3;
const m3uaPort = 2905;

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/**
 * An SCTP packet, RFC 9260 §3. The checksum is not looked at: capture hosts see packets before their network card has
 * computed it. Chunks are told apart by TSN and content, so copies (retransmissions, a mirror port that sees a packet
 * twice) are left out; see `SctpDirection.isDuplicate`.
 */
export function decodeSctp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('sctp', start, 12, end);
  state.sourcePort = (bytes[start] << 8) | bytes[start + 1];
  state.destinationPort = (bytes[start + 2] << 8) | bytes[start + 3];
  state.sctpTag = word(bytes, start + 4);
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
  while (state.nextChunk + 4 <= end) {
    const at = state.nextChunk;
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (length < 4 || at + length > end) {
      state.nextChunk = -1;
      throw new DecodeError('sctp', length < 4 ? 'BAD_LENGTH' : 'TRUNCATED', at + 2);
    }
    state.nextChunk = at + ((length + 3) & ~3);
    const type = bytes[at];
    if (type === data) decodeData(state, bytes, at, length);
    else if (type === init || type === initAck) decodeInit(state, bytes, at, length);
    else if (isSctpControlChunk[type] === 0) state.stats.unhandledAs(sctpChunkNames[type]);
  }
  state.nextChunk = -1;
}

/** The initiate tag is the one that packets towards the sender of this chunk will carry. RFC 9260 §3.3.2. */
function decodeInit(state: DecodeState, bytes: Uint8Array, at: number, length: number): void {
  if (length < 20) throw new DecodeError('sctp', 'BAD_LENGTH', at + 2);
  state.directions.restart(word(bytes, at + 4), ((state.destinationPort << 16) | state.sourcePort) >>> 0);
}

/** RFC 9260 §3.3.1. */
function decodeData(state: DecodeState, bytes: Uint8Array, at: number, length: number): void {
  if (length < 17) throw new DecodeError('sctp', 'BAD_LENGTH', at + 2);
  const flags = bytes[at + 1];
  const tsn = word(bytes, at + 4);
  const ports = ((state.sourcePort << 16) | state.destinationPort) >>> 0;
  const direction = state.directions.find(state.sctpTag, ports);
  if (direction.isDuplicate(tsn, fingerprint(bytes, at, length), state.timeS)) {
    state.stats.duplicates++;
    return;
  }
  state.stats.layers.sctp++;
  const start = at + 16;
  const end = at + length;
  const payload = word(bytes, at + 12);
  const fragmentation = flags & (beginsMessage | endsMessage);
  if (fragmentation === (beginsMessage | endsMessage)) {
    decodePayload(state, payload, bytes, start, end);
    return;
  }
  const whole = state.sctpFragments.add(direction.id, tsn, fragmentation, state.timeS, bytes, start, end);
  if (whole !== null) decodePayload(state, payload, whole, 0, whole.length);
}

/**
 * 32 bits that tell a copy of a DATA chunk from another chunk of the same TSN: type, flags and length, stream and its
 * sequence number, and four words of the second half of the chunk, where the SCCP message with its references and the
 * end of the user's message stand. A copy has them all in common by definition; what is no copy has another sequence
 * number or length as a rule, and where neither, other references or contents. Octets between the words are not looked
 * at: a chunk that differed there alone, within a minute, would be taken for a copy.
 *
 * @param length of the chunk, at least 17
 */
function fingerprint(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  let hash = Math.imul(word(bytes, at), 0x9e3779b1) ^ word(bytes, at + 8);
  hash = Math.imul(hash ^ (hash >>> 15) ^ word(bytes, at + (length >> 1)), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ word(bytes, end - (length >> 2)), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ word(bytes, end - 8), 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 13) ^ word(bytes, end - 4), 0x85ebca6b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function decodePayload(state: DecodeState, payload: number, bytes: Uint8Array, start: number, end: number): void {
  // Some stacks send the identifier in the wrong byte order, some none at all: then the registered port tells.
  const isM3ua =
    payload === m3ua ||
    payload === 0x03000000 ||
    (payload === 0 && (state.sourcePort === m3uaPort || state.destinationPort === m3uaPort));
  if (isM3ua) decodeM3ua(state, bytes, start, end);
  else state.stats.unhandledAs(sctpPayloadNames[payload] ?? `SCTP payload ${payload}`);
}
