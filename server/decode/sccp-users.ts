import { type MakeWords, plainWords } from './ordinary-memory.ts';
import { RecentMap } from './recent-map.ts';
import { bssapSubsystem } from './sccp-tables.ts';

const connectionsMax = 131_072;
const linksMax = 4_096;
/** Links told apart for whether they have spoken of BSSAP; a power of two. */
export const bssapLinks = 65_536;

/**
 * Remembers which SCCP connections belong to another user than BSSAP (RANAP, BSSAP-LE), because only their CR names
 * the user; and which link has spoken of another user and never of BSSAP, so that its connections whose CR was not seen
 * are known too. Connections of the A interface, the ordinary case, are not stored and cost nothing. Bounded: the oldest is forgotten
 * first and then taken for its link's user.
 */
export class SccpUsers {
  /** Subsystem number by connection end, where it is not the link's. */
  readonly #connections = new RecentMap(connectionsMax);
  /** Subsystem number by link, where it is not BSSAP. */
  readonly #links = new Map<number, number>();
  /** 1 where the link (or another of the same low bits) has spoken of BSSAP. */
  readonly bssap: Uint8Array;

  constructor(words: MakeWords = plainWords) {
    const { buffer, byteOffset, byteLength } = words(bssapLinks / 4);
    this.bssap = new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Whether all connections are BSSAP's. */
  get empty(): boolean {
    return this.#connections.empty && this.#links.size === 0;
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
    return this.bssap[link & (bssapLinks - 1)] === 1;
  }

  /** A message for `subsystem` came over this link. */
  speaksOf(link: number, subsystem: number): void {
    const at = link & (bssapLinks - 1);
    if (subsystem === bssapSubsystem) this.bssap[at] = 1;
    else if (this.bssap[at] === 0 && !this.#links.has(link)) {
      if (this.#links.size === linksMax) this.#links.delete(this.#links.keys().next().value!);
      this.#links.set(link, subsystem);
    }
  }

  remember(link: number, ownerIsLower: boolean, reference: number, subsystem: number): void {
    const end = key(link, ownerIsLower, reference);
    this.#connections.delete(end);
    if (subsystem === this.ofLink(link)) return;
    this.#connections.set(end, subsystem);
  }

  forget(link: number, ownerIsLower: boolean, reference: number): void {
    this.#connections.delete(key(link, ownerIsLower, reference));
  }
}

/** One number per end of a connection: link, side, local reference of 24 bits. */
export function key(link: number, ownerIsLower: boolean, reference: number): number {
  return (link * 2 + (ownerIsLower ? 1 : 0)) * 0x100_0000 + reference;
}
