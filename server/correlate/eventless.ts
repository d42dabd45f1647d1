import { connectionFlag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import type { Connections } from './connections.ts';

/** Pairs of references remembered of connections that have ended; a power of two. */
const endedMax = 4096;
/** Words of each: link, reference of the lower side, of the upper side. */
const endedWords = 3;

/**
 * Connections whose beginning was not seen and that made no event, each counted once: the share of events with
 * subscriber and cell says nothing of them. One that was followed from a later message on counts when it ends without
 * an event; one that was never known when it is released (RELEASED, ITU-T Q.713 §4.6).
 *
 * RELEASED is said again where its answer is missing, by both sides where they meet, and twice where a probe sees it
 * twice: whatever has just ended is remembered by link and both references, so that it is not taken for another.
 */
export class Eventless {
  count = 0;
  /** Followed without their beginning, no event yet. */
  readonly #followed = new Set<number>();
  readonly #ended = new Int32Array(endedMax * endedWords).fill(none);
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Connection `i` is followed without its beginning. */
  follow(i: number): void {
    this.#followed.add(i);
  }

  /** Connection `i` has made an event, or its beginning has come after all. */
  acquit(i: number): void {
    if (this.#followed.size > 0) this.#followed.delete(i);
  }

  /** Connection `i` ends, its rows written. */
  end(i: number): void {
    if (this.#followed.size > 0 && this.#followed.delete(i)) this.count++;
    const c = this.#connections;
    const initiator = c.initiatorReference(i);
    const responder = c.responderReference(i);
    const initiatorLower = c.is(i, connectionFlag.initiatorLower);
    this.#remember(c.link(i), initiatorLower ? initiator : responder, initiatorLower ? responder : initiator);
  }

  /** RELEASED of a connection that is not known: from the side whose reference is `source`. */
  released(link: number, fromLower: boolean, source: number, destination: number): void {
    if (this.#remember(link, fromLower ? source : destination, fromLower ? destination : source)) this.count++;
  }

  /** @returns whether it was not remembered yet */
  #remember(link: number, lower: number, upper: number): boolean {
    const ended = this.#ended;
    const hash = Math.imul(Math.imul(lower, 0x9e3779b1) ^ upper, 0x85ebca6b) ^ link;
    const at = ((hash ^ (hash >>> 15)) & (endedMax - 1)) * endedWords;
    if (ended[at] === link && ended[at + 1] === lower && ended[at + 2] === upper) return false;
    ended[at] = link;
    ended[at + 1] = lower;
    ended[at + 2] = upper;
    return true;
  }
}
