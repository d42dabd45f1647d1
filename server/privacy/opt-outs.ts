import { PairTable, segmentCount } from './pair-table.ts';

/** What an identity on the list makes known: first 64 bits of pseudonyms, 16 hexadecimal digits each, sorted by the writer. */
export interface OptOutEntry {
  readonly type: 'imsi' | 'msisdn';
  /** Of a telephone number: in the domains `msisdn` and `peer`; '' of an IMSI. */
  readonly number: string;
  readonly peer: string;
  /** Subscribers under this identity: an IMSI's, and what users of record files are called by it. */
  readonly subscribers: readonly string[];
}

/** That a subscriber was told to have a number which has opted out. */
export interface Holder {
  readonly number: string;
  readonly subscriber: string;
  readonly timeUs: number;
}

/** In place of a subscriber or number: none was told. */
const nobody = '0'.repeat(16);

// Why a subscriber is on the list; bits of its value.
const listed = 1;
const holds = 2;

/**
 * Who has opted out: subscribers, telephone numbers, and the subscribers who were told to have one of these. A look-up is
 * one in a hash table and allocates nothing. The list may be replaced while others ask.
 */
export class OptOuts {
  #subscribers = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  #peers = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  #numbers = new Map<string, Holder | null>();
  /** By subscriber: how many numbers of the list it holds. */
  readonly #held = new Map<string, number>();
  #identities = 0;
  #news: Holder[] = [];
  #joined: number[] = [];

  get none(): boolean {
    return this.#identities === 0;
  }

  /** IMSIs and telephone numbers on the list. */
  get identities(): number {
    return this.#identities;
  }

  has(lo: number, hi: number): boolean {
    return this.#subscribers.get(lo, hi) !== 0;
  }

  hasPeer(lo: number, hi: number): boolean {
    return this.#peers.get(lo, hi) !== 0;
  }

  /** {@link has} of 16 hexadecimal digits. */
  hasSubscriber(hex: string): boolean {
    return this.has(wordOf(hex, 0), wordOf(hex, 8));
  }

  /** {@link hasPeer} of 16 hexadecimal digits. */
  hasOtherParty(hex: string): boolean {
    return this.hasPeer(wordOf(hex, 0), wordOf(hex, 8));
  }

  told(numberLo: number, numberHi: number, subLo: number, subHi: number, timeUs: number): void {
    if (this.none) return;
    this.tell({ number: hexOf(numberLo, numberHi), subscriber: hexOf(subLo, subHi), timeUs });
  }

  /**
   * The same. Only a number's next subscriber takes the one before off the list: another number beside it may be the
   * second one of the same SIM, or a new one of the same person.
   */
  tell(holder: Holder): void {
    const { number, subscriber, timeUs } = holder;
    const before = this.#numbers.get(number);
    if (subscriber === nobody || before === undefined) return;
    if (before !== null && before.timeUs > timeUs) return;
    if (before?.subscriber !== subscriber) this.#news.push(holder);
    this.#hold(holder);
  }

  /** Takes the list in place of the one before; what was told of numbers that stay is kept. */
  replace(entries: readonly OptOutEntry[]): void {
    const before = this.#subscribers;
    const holders = this.#numbers;
    // Who came by a number, and has not been asked for yet, is no news to the new list.
    const pending = this.#joined;
    this.#joined = [];
    this.#subscribers = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
    this.#peers = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
    this.#numbers = new Map();
    this.#held.clear();
    this.#identities = entries.length;
    for (const { number, peer, subscribers } of entries) {
      for (const subscriber of subscribers) this.#add(subscriber, listed);
      if (peer !== '') this.#peers.set(wordOf(peer, 0), wordOf(peer, 8), 1, 0);
      if (number !== '') this.#numbers.set(number, null);
    }
    for (const holder of holders.values()) if (holder !== null && this.#numbers.has(holder.number)) this.#hold(holder);
    this.#joined = [];
    for (let i = 0; i < pending.length; i += 2)
      if (this.has(pending[i], pending[i + 1])) this.#joined.push(pending[i], pending[i + 1]);
    for (let segment = 0; segment < segmentCount; segment++)
      this.#subscribers.visit(segment, (lo, hi) => {
        if (before.get(lo, hi) === 0) this.#joined.push(lo, hi);
      });
  }

  /** What an earlier run, or a database, was told of numbers; those that are not on the list are left out. */
  learn(holders: Iterable<Holder>): void {
    for (const holder of holders) {
      const before = this.#numbers.get(holder.number);
      // Written by a server that took another number for a farewell.
      if (holder.subscriber === nobody) continue;
      if (before === undefined || (before !== null && before.timeUs >= holder.timeUs)) continue;
      this.#hold(holder);
    }
  }

  /** Numbers on the list of which nobody knows whose they are. */
  get unheld(): string[] {
    return [...this.#numbers].filter(([, holder]) => holder === null).map(([number]) => number);
  }

  /** Who holds numbers on the list. */
  get holders(): Holder[] {
    return [...this.#numbers.values()].filter((holder) => holder !== null);
  }

  /** Every subscriber on the list, 16 hexadecimal digits each. */
  get subscribers(): string[] {
    const all: string[] = [];
    for (let segment = 0; segment < segmentCount; segment++)
      this.#subscribers.visit(segment, (lo, hi) => all.push(hexOf(lo, hi)));
    return all;
  }

  /** Subscribers who have come onto the list since this was asked last: both words of each, one behind the other. */
  takeJoined(): number[] {
    return this.#joined.splice(0);
  }

  /** What was told since this was asked last and was news. */
  takeNews(): Holder[] {
    return this.#news.splice(0);
  }

  #hold(holder: Holder): void {
    const { number, subscriber } = holder;
    const before = this.#numbers.get(number);
    this.#numbers.set(number, holder);
    if (before?.subscriber === subscriber) return;
    if (before != null) this.#leave(before.subscriber);
    this.#held.set(subscriber, (this.#held.get(subscriber) ?? 0) + 1);
    this.#add(subscriber, holds);
  }

  /** A number that it held is another one's now. */
  #leave(subscriber: string): void {
    const left = this.#held.get(subscriber)! - 1;
    if (left > 0) {
      this.#held.set(subscriber, left);
      return;
    }
    this.#held.delete(subscriber);
    const [lo, hi] = [wordOf(subscriber, 0), wordOf(subscriber, 8)];
    const why = this.#subscribers.get(lo, hi) & ~holds;
    if (why === 0) this.#subscribers.delete(lo, hi);
    else this.#subscribers.set(lo, hi, why, 0);
  }

  #add(subscriber: string, why: number): void {
    const [lo, hi] = [wordOf(subscriber, 0), wordOf(subscriber, 8)];
    const before = this.#subscribers.get(lo, hi);
    this.#subscribers.set(lo, hi, before | why, 0);
    if (before === 0) this.#joined.push(lo, hi);
  }
}

/** A pseudonym as the database has it: a signed integer of 64 bits, in decimal digits. */
export function storedForm(hex: string): string {
  return String(BigInt.asIntN(64, (BigInt(wordOf(hex, 8)) << 32n) | BigInt(wordOf(hex, 0))));
}

/** And back. */
export function ofStoredForm(text: string): string {
  const words = BigInt.asUintN(64, BigInt(text));
  return hexOf(Number(words & 0xffff_ffffn), Number(words >> 32n));
}

/** The two words of a pseudonym as hexadecimal digits: octets in order, each word little-endian, as `Pseudonymiser.hex`. */
function hexOf(lo: number, hi: number): string {
  return swapped(lo) + swapped(hi);
}

/** The word of 16 hexadecimal digits that begins at digit `from`, 0 or 8. */
function wordOf(hex: string, from: number): number {
  const word = Number.parseInt(hex.slice(from, from + 8), 16);
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
}

function swapped(word: number): string {
  const turned = ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
  return turned.toString(16).padStart(8, '0');
}
