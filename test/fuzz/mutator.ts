import type { Seed } from './corpus.ts';
import { berLengthsAround } from './lengths.ts';
import { Random } from './random.ts';

/** Octets that the edges of fields are made of. */
const edges = [0, 1, 2, 0x0f, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0xa0, 0xbf, 0xf0, 0xfe, 0xff];
/** An input grows to this at most. */
const bytesMax = 2048;
const changesMax = 4;

/** Names of the changes, in the order of their numbers: what a report says of an input whose octets it must not show. */
export const changes = [
  'flip a bit',
  'set an octet',
  'insert octets',
  'delete octets',
  'double octets',
  'change a length',
  'set a field to its maximum',
  'swap two octets',
  'truncate',
  'splice',
  'shorten what ends last',
] as const;
const shorten = changes.indexOf('shorten what ends last');

/**
 * Makes input `index` of a run from the corpus: one seed, up to four changes, and mostly the outer lengths put right
 * again, so that what was damaged is reached. The same seed and index give the same octets.
 */
export class Mutator {
  /** The input: `bytes[0..length)`, valid until the next one. */
  readonly bytes = new Uint8Array(bytesMax);
  length = 0;
  linkType = 0;
  /** Seeds that it was made of, as places in the corpus; −1: none. */
  from = 0;
  other = -1;
  /** Numbers of the changes, as in {@link changes}. */
  readonly done: number[] = [];
  readonly #corpus: readonly Seed[];
  /** Places in the corpus of the vectors' groups and of the captures. */
  readonly #ours: readonly (readonly number[])[];
  readonly #captured: readonly (readonly number[])[];
  readonly #random = new Random();

  constructor(corpus: readonly Seed[]) {
    this.#corpus = corpus;
    const groups = new Map<string, number[]>();
    for (const [i, { group }] of corpus.entries()) groups.set(group, [...(groups.get(group) ?? []), i]);
    const all = [...groups.values()];
    this.#ours = all.filter(([first]) => corpus[first].ours);
    this.#captured = all.filter(([first]) => !corpus[first].ours);
  }

  /** A seed: three of four times one of the vectors, each group of them and each capture as often as the others. */
  #pick(): number {
    const random = this.#random;
    const captured = this.#captured.length > 0 && random.below(4) === 0;
    const groups = captured ? this.#captured : this.#ours;
    const group = groups[random.below(groups.length)];
    return group[random.below(group.length)];
  }

  make(runSeed: number, index: number): void {
    const random = this.#random;
    random.begin(runSeed, index);
    this.from = this.#pick();
    this.other = -1;
    this.done.length = 0;
    const seed = this.#corpus[this.from];
    this.linkType = seed.linkType;
    this.length = Math.min(seed.bytes.length, bytesMax);
    this.bytes.set(seed.bytes.subarray(0, this.length));
    // Most changes go where the protocols are: below, one bad octet ends everything.
    const inUser = seed.user > 0 && seed.user < this.length && random.below(4) > 0;
    const start = inUser ? seed.user : 0;
    for (let left = 1 + random.below(changesMax); left > 0; left--) this.#change(seed, start, inUser);
    // Under another link type the same octets are something else altogether.
    if (random.below(256) === 0) this.linkType = this.#corpus[this.#pick()].linkType;
  }

  #change(seed: Seed, start: number, repair: boolean): void {
    const random = this.#random;
    const before = this.length;
    if (before <= start) return;
    const kind = random.below(changes.length);
    const at = start + random.below(before - start);
    const inner = repair && random.below(2) === 0 ? berLengthsAround(this.bytes, seed.user, before, at) : [];
    this.done.push(kind);
    if (kind === shorten && this.done.length === 1 && repair) this.#shorten(seed);
    else this.#apply(kind, at);
    const grown = this.length - before;
    if (grown === 0 || !repair || random.below(4) === 0) return;
    for (const place of inner) if (place < at) this.bytes[place] += grown;
    for (const [place, width] of seed.lengths) this.#add(place, width, grown);
  }

  #apply(kind: number, at: number): void {
    const { bytes } = this;
    const random = this.#random;
    switch (kind) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        return;
      case 1:
        bytes[at] = random.below(2) === 0 ? edges[random.below(edges.length)] : random.below(256);
        return;
      case 2: {
        const n = this.#open(at, 1 + random.below(random.below(8) === 0 ? 200 : 4));
        const fill = random.below(3);
        for (let i = 0; i < n; i++) bytes[at + i] = fill === 0 ? edges[random.below(edges.length)] : random.below(256);
        return;
      }
      case 3:
        this.#close(at, 1 + random.below(4));
        return;
      case 4: {
        const n = this.#open(at, Math.min(1 + random.below(random.below(8) === 0 ? 200 : 12), this.length - at));
        bytes.copyWithin(at, at + n, at + 2 * n);
        return;
      }
      case 5:
        this.#changeLength(at);
        return;
      case 6:
        bytes.fill(random.below(4) === 0 ? 0 : 0xff, at, Math.min(at + 1 + random.below(4), this.length));
        return;
      case 7: {
        const to = Math.min(at + 1, this.length - 1);
        [bytes[at], bytes[to]] = [bytes[to], bytes[at]];
        return;
      }
      case 8:
        this.length = at;
        return;
      default:
        this.#splice(at);
    }
  }

  /** An octet becomes what a length there could be: one more or less, twice, or what is left of the input. */
  #changeLength(at: number): void {
    const { bytes, length } = this;
    const values = [bytes[at] + 1, bytes[at] - 1, bytes[at] * 2, length - at - 1, length - at, length - at - 2, 0, 255];
    bytes[at] = values[this.#random.below(values.length)];
  }

  /** Goes on with another seed's octets from there on. */
  #splice(at: number): void {
    const random = this.#random;
    this.other = this.#pick();
    const { bytes, user } = this.#corpus[this.other];
    const from = user > 0 && random.below(2) === 0 ? user : random.below(bytes.length);
    const n = Math.min(bytes.length - from, bytesMax - at);
    this.bytes.set(bytes.subarray(from, from + n), at);
    this.length = at + n;
  }

  /** Takes octets off the end of the user data, and from every length in it that counts up to there: all fits but what is in it. */
  #shorten({ user, userEnd }: Seed): void {
    const { bytes } = this;
    const gone = Math.min(1 + this.#random.below(6), userEnd - user);
    for (let at = user; at < userEnd - gone; at++) {
      if (at + 1 + bytes[at] === userEnd && bytes[at] >= gone) bytes[at] -= gone;
    }
    this.#close(userEnd - gone, gone);
  }

  /** Makes room for `n` octets at a place, or for as many as there is room for. */
  #open(at: number, n: number): number {
    const room = Math.min(n, bytesMax - this.length);
    this.bytes.copyWithin(at + room, at, this.length);
    this.length += room;
    return room;
  }

  #close(at: number, n: number): void {
    const gone = Math.min(n, this.length - at);
    this.bytes.copyWithin(at, at + gone, this.length);
    this.length -= gone;
  }

  /** Adds to a big-endian field. */
  #add(at: number, width: number, value: number): void {
    if (at + width > this.length) return;
    let carry = value;
    for (let i = at + width - 1; i >= at; i--) {
      carry += this.bytes[i];
      this.bytes[i] = carry;
      carry >>= 8;
    }
  }
}
