import { type LinkMarks, linkMark, linksToldApart, octetPerLink } from './link-marks.ts';
import { type MakeWords, plainWords } from './ordinary-memory.ts';
import { RecentMap } from './recent-map.ts';
import { bssapSubsystem } from './sccp-tables.ts';
import type { Evictable } from './stats.ts';

const connectionsMax = 131_072;
const linksMax = 8_192;

/**
 * Remembers which SCCP connections belong to another user than BSSAP (RANAP, BSSAP-LE), because only their CR names
 * the user; and which link has spoken of another user and never of BSSAP, so that its connections whose CR was not seen
 * are known too. Connections of the A interface, the ordinary case, are not stored and cost nothing. Bounded: the oldest is forgotten
 * first and then taken for its link's user.
 */
export class SccpUsers {
  /** Subsystem number by connection end, where it is not the link's. */
  readonly #connections: RecentMap;
  /** Subsystem number by link, where it is not BSSAP. */
  readonly #links: RecentMap;
  /** 1 where the link (or another of the same low bits) has spoken of BSSAP. */
  readonly bssap: Uint8Array;
  readonly #marks: LinkMarks;

  /** @param marks gets those of links with another user @param evicted is told what gave way, and how many */
  constructor(marks: LinkMarks, evicted: (what: Evictable, n: number) => void, words: MakeWords = plainWords) {
    this.#connections = new RecentMap(connectionsMax, (n) => evicted('SCCP users', n));
    this.#links = new RecentMap(linksMax, (n) => evicted('SCCP users of links', n));
    this.bssap = octetPerLink(words);
    this.#marks = marks;
  }

  /** Whether all connections are BSSAP's. */
  get empty(): boolean {
    return this.#connections.empty && this.#links.empty;
  }

  /** Subsystem of connections of this link whose CR was not seen. */
  ofLink(link: number): number {
    return this.#links.get(link) ?? bssapSubsystem;
  }

  /** Subsystem of the connection whose end `reference` belongs to the node on that side of the link. */
  find(link: number, ownerIsLower: boolean, reference: number): number {
    return this.#connections.get(key(link, ownerIsLower, reference)) ?? this.ofLink(link);
  }

  /** Whether BSSAP was ever named over this link (or, seldom, over another). */
  hasSpokenOfBssap(link: number): boolean {
    return this.bssap[link & (linksToldApart - 1)] === 1;
  }

  /** A message for `subsystem` came over this link. */
  speaksOf(link: number, subsystem: number): void {
    const at = link & (linksToldApart - 1);
    if (subsystem === bssapSubsystem) this.bssap[at] = 1;
    else if (this.bssap[at] === 0 && this.#links.get(link) === undefined) {
      this.#links.set(link, subsystem);
      this.#marks.set(link, linkMark.otherUser);
    }
  }

  remember(link: number, ownerIsLower: boolean, reference: number, subsystem: number): void {
    if (subsystem === this.ofLink(link)) {
      this.forget(link, ownerIsLower, reference);
      return;
    }
    this.#connections.set(key(link, ownerIsLower, reference), subsystem);
    this.#marks.set(link, linkMark.otherUser);
  }

  forget(link: number, ownerIsLower: boolean, reference: number): void {
    if (this.empty) return;
    this.#connections.delete(key(link, ownerIsLower, reference));
    if (this.empty) this.#marks.clear(linkMark.otherUser);
  }
}

/** One number per end of a connection: link, side, local reference of 24 bits. */
export function key(link: number, ownerIsLower: boolean, reference: number): number {
  return (link * 2 + (ownerIsLower ? 1 : 0)) * 0x100_0000 + reference;
}
