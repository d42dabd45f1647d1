import { RecentMap } from './recent-map.ts';
import type { Evictable } from './stats.ts';

/** Associations are numbered up to here, then from 1 again: a side's bit below the number still fits 31 bits. */
const associationsMax = 0x3fff_ffff;
/** Entry of a tag that both directions of an association carry: made up by a tool, it tells nothing. */
const ambiguous = 1;

/** A verification tag with the ports of its packets, as one number. */
function keyOf(tag: number, ports: number): number {
  return (tag >>> 0) * 0x20_0000 + (Math.imul(ports, 0x9e3779b1) >>> 11);
}

/**
 * Tells which packets belong to one SCTP association, whatever addresses they use: a multi-homed peer may send from and
 * to any of its addresses at any time (RFC 9260 §5.1.2, §6.4), and each direction of an association has a verification
 * tag of its own (§8.5). So an association is known by a tag that was seen before, or by a pair of addresses (a path) on
 * which it was seen before; each teaches the other. INIT and INIT ACK announce the tag of the other direction. Where two
 * that were taken for two prove to be one, because a tag of one comes over a path of the other, the older number stays.
 *
 * New tags on a known path are the same association set up again: its nodes, and so its link, stay the same.
 *
 * A place in it is a side: the association's number × 2, and 1 where the lower side sends. Which side is the lower one
 * is told by the addresses of the path that was seen first. Bounded: paths and tags that were learnt longest ago are
 * forgotten first.
 */
export class SctpAssociations {
  /** By path: the side that sends where the path's greater address is the source. */
  readonly #paths: RecentMap;
  /** By tag and ports: the side that sends packets with it. */
  readonly #tags: RecentMap;
  #last = 0;

  /** @param max paths and tags remembered, each @param evicted is told what gave way, and how many */
  constructor(max: number, evicted: (what: Evictable, n: number) => void) {
    this.#paths = new RecentMap(max, (n) => evicted('SCTP paths', n));
    this.#tags = new RecentMap(max, (n) => evicted('SCTP tags', n));
  }

  /**
   * The side that has sent a packet.
   *
   * @param path number of the unordered pair of addresses and ports
   * @param sourceIsLower whether the source is the smaller one of them
   * @param tag verification tag, 0 where there is none (INIT)
   * @param ports source port << 16 | destination port
   */
  senderOf(path: number, sourceIsLower: boolean, tag: number, ports: number): number {
    const low = sourceIsLower ? 1 : 0;
    const known = this.#paths.get(path) ?? 0;
    const byPath = known === 0 ? 0 : known ^ low;
    const key = keyOf(tag, ports);
    const entry = tag === 0 ? ambiguous : (this.#tags.get(key) ?? 0);
    const byTag = entry === ambiguous ? 0 : entry;
    let sender = byPath;
    if (byPath === 0) sender = byTag !== 0 ? byTag : this.#begin() * 2 + low;
    else if (byTag !== 0 && byTag >> 1 < byPath >> 1) sender = byTag;
    if (sender !== byPath) this.#paths.set(path, sender ^ low);
    if (byTag !== 0 && byTag === (sender ^ 1)) this.#tags.set(key, ambiguous);
    else if (entry !== ambiguous && sender !== entry) this.#tags.set(key, sender);
    return sender;
  }

  /** Packets to the sender of an INIT or INIT ACK will carry its initiate tag. RFC 9260 §3.3.2, §3.3.3. */
  announce(tag: number, ports: number, receiver: number): void {
    this.#tags.set(keyOf(tag, ports), receiver);
  }

  #begin(): number {
    this.#last = (this.#last % associationsMax) + 1;
    return this.#last;
  }
}
