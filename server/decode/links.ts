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
 * Bounded: when `max` links are known the table starts anew with fresh numbers, so that a flood of invented point
 * codes costs the connections that are open at that moment, never memory or the feed.
 */
export class LinkTable {
  readonly #max: number;
  readonly #mask: number;
  /** Low, high, transport and symbol of each, side by side: a look-up touches one cache line. */
  readonly #words: Int32Array;
  #known = 0;
  #next = 1;

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
   * @param transport 0, or the number of what carries it where the point codes don't tell links apart
   */
  symbolOf(low: number, high: number, transport: number): number {
    const words = this.#words;
    const a = low | 0;
    const b = high | 0;
    const c = transport | 0;
    const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
    let at = ((hash ^ (hash >>> 15)) & this.#mask) << wordsPerLinkLog2;
    for (let symbol = words[at + 3]; symbol !== 0; symbol = words[at + 3]) {
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c) return symbol;
      at = (at + wordsPerLink) & (words.length - 1);
    }
    if (this.#known === this.#max) {
      words.fill(0);
      this.#known = 0;
      return this.symbolOf(low, high, transport);
    }
    this.#known++;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = this.#next;
    return this.#next++;
  }
}
