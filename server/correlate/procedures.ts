import type { MakeWords } from '../decode/ordinary-memory.ts';
import { noCause, type Peer } from '../events/event-batch.ts';
import { none } from './connection-records.ts';
import type { Connections } from './connections.ts';

/** Bits of {@link Procedures.state}. */
export const procedureState = {
  finished: 1,
  /** Call: CONNECT was seen. */
  answered: 2,
  /** Call: DISCONNECT, RELEASE or RELEASE COMPLETE was seen. */
  releasing: 4,
  /** Short message: the relay layer's last answer was seen. */
  relayed: 8,
  /** Begun by PAGING RESPONSE: the first downlink transaction tells the kind. */
  paged: 16,
  /** A finished handover or detach whose subscriber is not known yet. */
  held: 32,
  /** The other party is known: {@link Procedures.readPeer}. */
  peer: 64,
  /** Begun by CM RE-ESTABLISHMENT REQUEST: the rest of a call that the radio side had lost. */
  reestablished: 128,
} as const;

/** Transaction identifier of a procedure whose transaction has not begun. */
export const unbound = -1;

/** Words of a record: half a cache line. Words 0 to 3 are two wide numbers, the octets of word 4 three small ones. */
const recordWords = 8;
const peerWords = 4;
/** Word 5: cause, discriminator and transaction identifier, of 16, 4 and 12 bits. */
const causeShift = 16;
const discriminatorShift = 12;
const transactionMask = 0xfff;

/**
 * The signalling procedures under way; each connection links its own, oldest first. Most connections carry one. A
 * procedure goes by the **handle** of its record, or {@link none}; `name(p)` reads a field, `setName(p, value)` writes it.
 */
export class Procedures {
  used = 0;
  readonly max: number;
  readonly words: Int32Array<ArrayBuffer>;
  private readonly wide: Float64Array;
  private readonly octets: Uint8Array;
  /** Of each record four words that are touched only where a peer is known. */
  private readonly peers: Uint32Array;
  #high = 0;
  #free = none;

  constructor(max: number, makeWords: MakeWords) {
    this.max = max;
    this.words = makeWords(max * recordWords);
    const { buffer, byteOffset, byteLength } = this.words;
    this.wide = new Float64Array(buffer, byteOffset, this.words.length / 2);
    this.octets = new Uint8Array(buffer, byteOffset, byteLength);
    this.peers = new Uint32Array(max * peerWords);
  }

  get recordBytes(): number {
    return (this.words.byteLength + this.peers.byteLength) / this.max;
  }

  /** Appends a procedure to a connection; {@link none} where the pool is used up. */
  append(connections: Connections, i: number, kind: number, timeUs: number, cell: number): number {
    if (this.used === this.max) return none;
    let p = this.#free;
    if (p === none) p = recordWords * this.#high++;
    else this.#free = this.next(p);
    this.used++;
    this.wide[p >> 1] = timeUs;
    this.wide[(p >> 1) + 1] = timeUs;
    const words = this.words;
    words[p + 4] = kind;
    words[p + 5] = (noCause << causeShift) | (unbound & transactionMask);
    words[p + 6] = cell;
    words[p + 7] = none;
    const last = connections.lastProcedure(i);
    if (last === none) connections.setFirstProcedure(i, p);
    else words[last + 7] = p;
    connections.setLastProcedure(i, p);
    return p;
  }

  /** Takes a procedure out of its connection's list and gives its record back. */
  remove(connections: Connections, i: number, p: number): void {
    let before = none;
    for (let at = connections.firstProcedure(i); at !== p; at = this.next(at)) before = at;
    if (before === none) connections.setFirstProcedure(i, this.next(p));
    else this.words[before + 7] = this.next(p);
    if (connections.lastProcedure(i) === p) connections.setLastProcedure(i, before);
    if (connections.uplinkProcedure(i) === p) connections.setUplinkProcedure(i, none);
    this.words[p + 7] = this.#free;
    this.#free = p;
    this.used--;
  }

  /** Hands all procedures of one connection to another, in front of those that it has. */
  move(connections: Connections, from: number, to: number): void {
    const first = connections.firstProcedure(from);
    if (first === none) return;
    this.words[connections.lastProcedure(from) + 7] = connections.firstProcedure(to);
    if (connections.firstProcedure(to) === none) connections.setLastProcedure(to, connections.lastProcedure(from));
    connections.setFirstProcedure(to, first);
    connections.setFirstProcedure(from, none);
    connections.setLastProcedure(from, none);
    connections.setUplinkProcedure(from, none);
  }

  /** The next one of the same connection, or {@link none}. */
  next(p: number): number {
    return this.words[p + 7];
  }

  /** Fetches records ({@link none}: none). @returns something of them */
  fetch(list: Int32Array, count: number): number {
    const words = this.words;
    let sum = 0;
    for (let k = 0; k < count; k++) if (list[k] !== none) sum ^= words[list[k]];
    return sum;
  }

  /** Time of the first message, µs. */
  startUs(p: number): number {
    return this.wide[p >> 1];
  }
  /** Last uplink message: time and cell. */
  lastUs(p: number): number {
    return this.wide[(p >> 1) + 1];
  }
  setLastUs(p: number, timeUs: number): void {
    this.wide[(p >> 1) + 1] = timeUs;
  }
  cell(p: number): number {
    return this.words[p + 6];
  }
  setCell(p: number, cell: number): void {
    this.words[p + 6] = cell;
  }

  kind(p: number): number {
    return this.octets[(p << 2) + 16];
  }
  setKind(p: number, kind: number): void {
    this.octets[(p << 2) + 16] = kind;
  }
  outcome(p: number): number {
    return this.octets[(p << 2) + 17];
  }
  setOutcome(p: number, outcome: number): void {
    this.octets[(p << 2) + 17] = outcome;
  }
  /** List and value, as `packCause` packs them, or `noCause`. */
  cause(p: number): number {
    return this.words[p + 5] >>> causeShift;
  }
  setCause(p: number, cause: number): void {
    this.words[p + 5] = (this.words[p + 5] & ((1 << causeShift) - 1)) | (cause << causeShift);
  }

  /** Bits of {@link procedureState}: whether any of them is set, and setting them. */
  is(p: number, bits: number): boolean {
    return (this.octets[(p << 2) + 19] & bits) !== 0;
  }
  mark(p: number, bits: number): void {
    this.octets[(p << 2) + 19] |= bits;
  }
  state(p: number): number {
    return this.octets[(p << 2) + 19];
  }

  setPeer(p: number, { peerLo, peerHi, peerClass, country, area }: Readonly<Peer>): void {
    const at = (p / recordWords) * peerWords;
    this.peers[at] = peerLo;
    this.peers[at + 1] = peerHi;
    this.peers[at + 2] = area;
    this.peers[at + 3] = (country << 8) | peerClass;
    this.mark(p, procedureState.peer);
  }
  /** Fills `peer` where the state says that there is one. */
  readPeer(p: number, peer: Peer): void {
    const at = (p / recordWords) * peerWords;
    peer.peerLo = this.peers[at];
    peer.peerHi = this.peers[at + 1];
    peer.area = this.peers[at + 2];
    peer.country = this.peers[at + 3] >>> 8;
    peer.peerClass = this.peers[at + 3] & 0xff;
  }

  /** Protocol discriminator of the transaction that carries it; 0 while there is none. */
  discriminator(p: number): number {
    return (this.words[p + 5] >>> discriminatorShift) & 0xf;
  }
  /** Transaction identifier (its flag as the phone sends it), or {@link unbound}. */
  transaction(p: number): number {
    return (this.words[p + 5] << 20) >> 20;
  }
  bind(p: number, discriminator: number, transaction: number): void {
    this.words[p + 5] =
      (this.cause(p) << causeShift) | (discriminator << discriminatorShift) | (transaction & transactionMask);
  }
}
