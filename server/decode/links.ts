const wordsPerLinkLog2 = 2;
const wordsPerLink = 1 << wordsPerLinkLog2;

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

  /** @param max links told apart */
  constructor(max: number) {
    let size = 16;
    while (size < max * 2) size *= 2;
    this.#max = max;
    this.#mask = size - 1;
    this.#words = new Int32Array(size * wordsPerLink);
  }

  /**
   * The number of a link, from 1 on; new links get the next one.
   *
   * @param low the smaller point code, 32 bits
   * @param high the greater point code, 32 bits
   * @param transport of equal codes: the number of what carries it; of others: that of the network, or 0 where none is named
   */
  symbolOf(low: number, high: number, transport: number): number {
    const words = this.#words;
    const a = low | 0;
    const b = high | 0;
    const c = transport | 0;
    let at = this.#startOf(a, b, c);
    for (let symbol = words[at + 3]; symbol !== 0; symbol = words[at + 3]) {
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c) return symbol;
      at = (at + wordsPerLink) & (words.length - 1);
    }
    return this.#learn(a, b, c);
  }

  #learn(low: number, high: number, transport: number): number {
    if (this.#known >= this.#max) {
      this.#words.fill(0);
      this.restarts++;
      this.#shared.clear();
      this.#known = 0;
    }
    const symbol = low === high || transport === 0 ? this.#next++ : this.#ofNetwork(low, high);
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

  /** The number of a network that a pair of codes was not seen in yet. */
  #ofNetwork(low: number, high: number): number {
    const unnamed = this.symbolOf(low, high, 0);
    if (this.#shared.has(unnamed)) return this.#next++;
    this.#shared.add(unnamed);
    return unnamed;
  }

  #startOf(low: number, high: number, transport: number): number {
    const hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(transport, 0xc2b2ae35);
    return ((hash ^ (hash >>> 15)) & this.#mask) << wordsPerLinkLog2;
  }
}
