import { none } from './connection-records.ts';
import { ReferenceTable } from './reference-table.ts';

/** Invokes of one dialogue that wait for their answers at once; with more the last one gives way. */
const invokesMax = 4;

/** Numbers of 64 bits in a record, three cache lines: four, then four of each invoke, then words. */
const recordWide = 24;
const firstInvoke = 4;
const invokeWide = 4;
const firstWord = 2 * (firstInvoke + invokesMax * invokeWide);

const flagOpen = 1;
const flagInitiatorLower = 2;
const flagAnswered = 4;

/** One end of a TCAP message: which side of the link it is, and its global title as a number (0: it has none). */
export interface End {
  link: number;
  lower: boolean;
  title: number;
}

/**
 * The TCAP dialogues under way, ITU-T Q.774 §3. A transaction identity belongs to the side that chose it and stands in
 * every message towards it. That side is known by its global title, wherever the messages travel (the way back may have
 * other point codes), else by link and side; each identity has an entry under both.
 *
 * A dialogue goes by the handle of its record, or {@link none}.
 */
export class Transactions {
  readonly max: number;
  open = 0;
  /** Whether the last {@link find} met the identity of the initiator. */
  foundInitiator = false;
  /** Records below this number have been used. */
  high = 0;
  readonly #wide: Float64Array;
  readonly #words: Int32Array;
  readonly #table = new ReferenceTable();
  #free = none;

  constructor(max: number) {
    this.max = max;
    this.#wide = new Float64Array(max * recordWide);
    this.#words = new Int32Array(this.#wide.buffer);
  }

  get full(): boolean {
    return this.open === this.max;
  }

  get bytesPerDialogue(): number {
    return recordWide * 8 + this.#table.byteLength / Math.max(1, this.open);
  }

  handleOf(n: number): number {
    return n * recordWide;
  }

  isOpen(d: number): boolean {
    return (this.#word(d, 1) & flagOpen) !== 0;
  }

  /**
   * The dialogue in which the transaction identity belongs to `owner`; {@link none} where several nodes of the link have
   * it and the message names no title.
   *
   * @param length octets of the identity: 00ff is not ff
   */
  find(owner: End, identity: number, length: number): number {
    const id = identity | 0;
    if (owner.title > 0) {
      const hash = titleHash(owner.title, id, length);
      for (let at = this.#table.first(hash); at >= 0; at = this.#table.next(at, hash)) {
        const d = this.#table.handleAt(at);
        for (let end = 0; end < 2; end++) {
          if (!this.#owns(d, end, id, length) || this.#wide[d + 1 + end] !== owner.title) continue;
          this.foundInitiator = end === 0;
          return d;
        }
      }
    }
    const hash = linkHash(owner.link, owner.lower, id, length);
    let titled = none;
    let asInitiator = false;
    for (let at = this.#table.first(hash); at >= 0; at = this.#table.next(at, hash)) {
      const d = this.#table.handleAt(at);
      for (let end = 0; end < 2; end++) {
        if (!this.#owns(d, end, id, length) || this.#word(d, 0) !== owner.link) continue;
        if (this.#isLower(d, end) !== owner.lower) continue;
        // Titles that differ are two nodes behind one signalling transfer point.
        const title = this.#wide[d + 1 + end];
        if (title > 0 && owner.title > 0 && title !== owner.title) continue;
        if (title <= 0 || owner.title > 0) {
          this.foundInitiator = end === 0;
          return d;
        }
        // Which of several nodes is meant, the message does not tell.
        if (titled !== none && titled !== d) return none;
        titled = d;
        asInitiator = end === 0;
      }
    }
    this.foundInitiator = asInitiator;
    return titled;
  }

  /** Starts a dialogue; the caller has seen to it that there is room and that the identity is free. */
  start(initiator: End, identity: number, length: number, timeUs: number): number {
    let d = this.#free;
    if (d === none) d = this.handleOf(this.high++);
    else this.#free = this.#word(d, 0);
    this.open++;
    const wide = this.#wide;
    wide[d] = timeUs;
    wide[d + 1] = initiator.title;
    wide[d + 2] = 0;
    wide[d + 3] = -1;
    for (let k = 0; k < invokesMax; k++) wide[d + firstInvoke + k * invokeWide] = -1;
    this.#setWord(d, 0, initiator.link);
    this.#setWord(d, 1, flagOpen | (initiator.lower ? flagInitiatorLower : 0) | (length << 8));
    this.#setWord(d, 2, identity | 0);
    this.#index(d, 0, initiator, identity | 0, length);
    return d;
  }

  /** Whether the responder's identity is known. */
  isAnswered(d: number): boolean {
    return (this.#word(d, 1) & flagAnswered) !== 0;
  }

  /** Whether the end that the last {@link find} did not meet has this identity, or may have: it is not known. */
  isOpposite(d: number, identity: number, length: number): boolean {
    if (this.foundInitiator && !this.isAnswered(d)) return true;
    return this.#owns(d, this.foundInitiator ? 1 : 0, identity | 0, length);
  }

  /** The responder has chosen its identity: its first answer told it. Later ones change nothing. */
  answer(d: number, responder: End, identity: number, length: number): void {
    const flags = this.#word(d, 1);
    if (this.isAnswered(d)) return;
    this.#setWord(d, 1, flags | flagAnswered | (length << 16));
    this.#setWord(d, 3, identity | 0);
    this.#wide[d + 2] = responder.title;
    this.#index(d, 1, responder, identity | 0, length);
  }

  /** Gives the record back. */
  end(d: number): void {
    this.#forget(d, 0);
    if (this.isAnswered(d)) this.#forget(d, 1);
    this.#setWord(d, 1, 0);
    this.#setWord(d, 0, this.#free);
    this.#free = d;
    this.open--;
  }

  /** Event time of the last message, µs. */
  lastUs(d: number): number {
    return this.#wide[d];
  }
  setLastUs(d: number, timeUs: number): void {
    this.#wide[d] = timeUs;
  }

  /** Whom the dialogue is about: IMSI from `packImsi`, or -1. */
  imsi(d: number): number {
    return this.#wide[d + 3];
  }
  setImsi(d: number, imsi: number): void {
    this.#wide[d + 3] = imsi;
  }

  /**
   * Notes an invoke that will be answered: who sent it, what it asks, and whom and what it names. Each side has
   * invoke identities of its own.
   *
   * @param subject MSISDN or TMSI, or -1
   * @param node symbol of the node that registers
   */
  invoke(
    d: number,
    fromInitiator: boolean,
    id: number,
    operation: number,
    imsi: number,
    subject: number,
    node: number,
  ): void {
    let at = d + firstInvoke;
    for (let k = 0; k < invokesMax; k++) {
      at = d + firstInvoke + k * invokeWide;
      if (this.#wide[at] < 0) break;
    }
    this.#wide[at] = invokeKey(fromInitiator, id) * 256 + operation;
    this.#wide[at + 1] = imsi;
    this.#wide[at + 2] = subject;
    this.#wide[at + 3] = node;
  }

  /** The invoke that a component of the other side answers: a handle for what follows, or {@link none}. */
  invokeOf(d: number, answeredByInitiator: boolean, id: number): number {
    const key = invokeKey(!answeredByInitiator, id);
    for (let k = 0; k < invokesMax; k++) {
      const at = d + firstInvoke + k * invokeWide;
      if (this.#wide[at] >= 0 && Math.floor(this.#wide[at] / 256) === key) return at;
    }
    return none;
  }

  /** An invoke that nobody has answered, or {@link none}. */
  unanswered(d: number): number {
    for (let k = 0; k < invokesMax; k++) {
      const at = d + firstInvoke + k * invokeWide;
      if (this.#wide[at] >= 0) return at;
    }
    return none;
  }

  operation(at: number): number {
    return this.#wide[at] % 256;
  }
  invokeImsi(at: number): number {
    return this.#wide[at + 1];
  }
  invokeSubject(at: number): number {
    return this.#wide[at + 2];
  }
  invokeNode(at: number): number {
    return this.#wide[at + 3];
  }
  answered(at: number): void {
    this.#wide[at] = -1;
  }

  /** Whether the identity of one end (0 initiator, 1 responder) is this one. */
  #owns(d: number, end: number, id: number, length: number): boolean {
    const flags = this.#word(d, 1);
    if (end === 1 && !this.isAnswered(d)) return false;
    return this.#word(d, 2 + end) === id && ((flags >> (8 + 8 * end)) & 0xff) === length;
  }

  #isLower(d: number, end: number): boolean {
    return ((this.#word(d, 1) & flagInitiatorLower) !== 0) === (end === 0);
  }

  #index(d: number, end: number, owner: End, id: number, length: number): void {
    if (owner.title > 0) this.#table.add(titleHash(owner.title, id, length), d);
    this.#table.add(linkHash(this.#word(d, 0), this.#isLower(d, end), id, length), d);
  }

  #forget(d: number, end: number): void {
    const id = this.#word(d, 2 + end);
    const length = (this.#word(d, 1) >> (8 + 8 * end)) & 0xff;
    const title = this.#wide[d + 1 + end];
    if (title > 0) this.#table.delete(titleHash(title, id, length), d);
    this.#table.delete(linkHash(this.#word(d, 0), this.#isLower(d, end), id, length), d);
  }

  /** Words behind the wide numbers: 0 link (in a free record: the next one), 1 flags and lengths, 2 and 3 identities. */
  #word(d: number, n: number): number {
    return this.#words[2 * d + firstWord + n];
  }
  #setWord(d: number, n: number, value: number): void {
    this.#words[2 * d + firstWord + n] = value;
  }
}

function invokeKey(fromInitiator: boolean, id: number): number {
  return (fromInitiator ? 256 : 0) | id;
}

function linkHash(link: number, lower: boolean, id: number, length: number): number {
  return mix(Math.imul((link << 1) | (lower ? 1 : 0), 0x85eb_ca6b), id, length);
}

function titleHash(title: number, id: number, length: number): number {
  const low = title >>> 0;
  return mix(Math.imul(low, 0xc2b2_ae35) + (title - low) / 0x1_0000_0000, id, length);
}

function mix(owner: number, id: number, length: number): number {
  const hash = Math.imul(owner ^ id ^ (length << 27), 0x2c1b_3c6d);
  return Math.imul(hash ^ (hash >>> 15), 0x9e37_79b1);
}
