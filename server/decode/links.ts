import { RecentMap } from './recent-map.ts';
import type { Evictable } from './stats.ts';

const wordsPerLinkLog2 = 2;
const wordsPerLink = 1 << wordsPerLinkLog2;

/** A symbol is a number, and for each end which of its code's networks it lies in. */
const numberBits = 24;
const numberMask = (1 << numberBits) - 1;
const networkBits = 3;
const networkMask = (1 << networkBits) - 1;
/** A code has more networks than are told apart. */
const noNetwork = networkMask;

/**
 * Scope of the identities that a node gives, told apart from those of other nodes: its point code and network, or the
 * link where the carrier has no codes or those of both ends are equal, which tells nothing. 30 bits.
 *
 * @param code point code of the node; -1: the carrier has none
 * @param other the code at the other end of the link
 * @param link from {@link LinkTable.symbolOf}
 */
export function scopeOf(code: number, other: number, link: number): number {
  const network = (link >>> (code < other ? numberBits : numberBits + networkBits)) & networkMask;
  const isTold = code >= 0 && code !== other && network !== noNetwork;
  return isTold ? code | (network << numberBits) : 0x2000_0000 | (link & numberMask);
}

/**
 * Numbers the signalling links of a feed, so that the state of correlation can be keyed by a small integer.
 *
 * A link is an unordered pair of point codes, not a transport association: SCCP local references belong to the two
 * nodes, and messages of one SCCP connection may come over any association between them (several associations of a
 * load-sharing route set, another path of a multi-homed association, a new association after a failure). Only where
 * both point codes are equal or absent (laboratories, SCCP without MTP3) does the transport tell links apart: the SCTP
 * association (`sctp-associations.ts`), or the two addresses and ports of a TCP connection.
 *
 * Two networks with the same codes are told apart by M3UA's Network Appearance. It may be left out where an association
 * serves one network only (RFC 4666 §3.3.1), so that one side may send it and the other not: the first network of a pair
 * of codes shares the link of what names none.
 *
 * A node is its point code within a network, whichever links it is heard over. The first network of a code is that of
 * what names none, too, so that nothing changes where codes are not used twice; each further one is numbered, and the
 * number stands in the symbol for {@link scopeOf}. Appearances are agreed for each association (§1.2): one network under two
 * names is taken for two, which makes somebody unknown and never somebody else.
 *
 * Bounded: when `max` links are known the table starts anew with fresh numbers, so that a flood of invented point
 * codes costs the connections that are open at that moment, never memory or the feed.
 */
export class LinkTable {
  readonly #max: number;
  readonly #mask: number;
  /** Low, high, transport and symbol of each, side by side: a look-up touches one cache line. */
  readonly #words: Int32Array;
  #known = 0;
  /** How often the table has begun anew. */
  restarts = 0;
  #next = 1;
  /** Links that a network shares with what names none. */
  readonly #shared = new Set<number>();
  /** Networks that each code was seen in, the first one first. It outlives a new beginning: TMSIs do, too. */
  readonly #networks: RecentMap<number[]>;
  readonly #evicted: (what: Evictable, n: number) => void;

  /** @param max links told apart @param evicted is told what gave way, and how many */
  constructor(max: number, evicted: (what: Evictable, n: number) => void) {
    let size = 16;
    while (size < max * 2) size *= 2;
    this.#max = max;
    this.#mask = size - 1;
    this.#words = new Int32Array(size * wordsPerLink);
    this.#networks = new RecentMap(2 * max, (n) => evicted('networks of point codes', n));
    this.#evicted = evicted;
  }

  /**
   * The number of a link, from 1 on; new links get the next one.
   *
   * @param low the smaller point code, 32 bits
   * @param high the greater point code, 32 bits
   * @param transport of equal codes: the number of what carries it; of others: that of the network, or 0 where none is named
   * @param network where none is named: the one that is known to be meant, 0 for none
   */
  symbolOf(low: number, high: number, transport: number, network = 0): number {
    const words = this.#words;
    const a = low | 0;
    const b = high | 0;
    const c = transport | 0;
    let at = this.#startOf(a, b, c);
    for (let symbol = words[at + 3]; symbol !== 0; symbol = words[at + 3]) {
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c) return symbol;
      at = (at + wordsPerLink) & (words.length - 1);
    }
    return this.#learn(a, b, c, network);
  }

  #learn(low: number, high: number, transport: number, network: number): number {
    if (this.#known >= this.#max) {
      this.#words.fill(0);
      this.restarts++;
      this.#evicted('links', this.#known);
      this.#shared.clear();
      this.#known = 0;
    }
    const symbol =
      low === high || transport === 0 ? this.#number(low, high, network) : this.#ofNetwork(low, high, transport);
    const words = this.#words;
    let at = this.#startOf(low, high, transport);
    while (words[at + 3] !== 0) at = (at + wordsPerLink) & (words.length - 1);
    this.#known++;
    words[at] = low;
    words[at + 1] = high;
    words[at + 2] = transport;
    words[at + 3] = symbol;
    return symbol;
  }

  /** The symbol of a network that a pair of codes was not seen in yet. */
  #ofNetwork(low: number, high: number, network: number): number {
    // Only what is both codes' first network shares with what names none: whichever of them is heard first.
    if (this.#networkAt(low, network) !== 0 || this.#networkAt(high, network) !== 0)
      return this.#number(low, high, network);
    const unnamed = this.symbolOf(low, high, 0, network);
    if (this.#shared.has(unnamed)) return this.#number(low, high, network);
    this.#shared.add(unnamed);
    return unnamed;
  }

  /** A symbol with a fresh number. @param network 0: none is named, which is each code's first */
  #number(low: number, high: number, network: number): number {
    const number = this.#next;
    this.#next = (number % numberMask) + 1;
    const ofLow = this.#networkAt(low, network) << numberBits;
    return number | ofLow | (this.#networkAt(high, network) << (numberBits + networkBits));
  }

  /** Which of a code's networks this is; those of codes of which no link was learnt for longest are forgotten first. */
  #networkAt(code: number, network: number): number {
    if (network === 0) return 0;
    const networks = this.#networks.get(code) ?? [network];
    this.#networks.set(code, networks);
    const at = networks.indexOf(network);
    if (at >= 0) return at;
    return networks.length < noNetwork ? networks.push(network) - 1 : noNetwork;
  }

  #startOf(low: number, high: number, transport: number): number {
    const hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(transport, 0xc2b2ae35);
    return ((hash ^ (hash >>> 15)) & this.#mask) << wordsPerLinkLog2;
  }
}
