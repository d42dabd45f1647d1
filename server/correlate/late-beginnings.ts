import { scopeOf } from '../decode/links.ts';
import type { SignalMessage } from '../decode/message.ts';
import { connectionFlag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import type { Connections } from './connections.ts';
import { Eventless } from './eventless.ts';
import { LinkSides } from './link-sides.ts';

/** Scope of a connection of which it is not known yet on which side its core is. */
const undecidedScope = 0xffff_ffff;
/** A CONNECTION REQUEST at most this far from the CONNECTION CONFIRM of its reference came late, µs. */
const lateRequestUs = 2_000_000;

/**
 * Connections whose CONNECTION REQUEST was not seen, or is seen late. CONNECTION CONFIRM and INACTIVITY TEST name both
 * references (ITU-T Q.713 §4.3, §4.16), which proves what no single one would; nothing is bound by time or place. What
 * is not on the wire, the cell and the first layer 3 message, stays unknown until a message tells it.
 */
export class LateBeginnings {
  /** Connections that were followed without their request. */
  begun = 0;
  readonly sides = new LinkSides();
  readonly eventless: Eventless;
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.eventless = new Eventless(connections);
  }

  /** Whether a message of no known connection proves one. */
  isProof(m: SignalMessage): boolean {
    const c = this.#connections;
    const { link, fromLower, destinationLocalReference: own, sourceLocalReference: other } = m;
    if (own < 0 || other < 0) return false;
    // Where one of them is another connection's, the message is of another time.
    const side = fromLower ? 1 : 0;
    return c.find(link, side ^ 1, own) === none && c.find(link, side, other) === none;
  }

  /** Begins that connection; the caller has seen to it that there is room. */
  begin(m: SignalMessage): number {
    const c = this.#connections;
    const i = c.start(m.link, m.fromLower ? 0 : 1, m.destinationLocalReference, m.timeUs);
    c.bindResponder(i, m.sourceLocalReference);
    c.setScope(i, undecidedScope);
    this.begun++;
    this.eventless.follow(i);
    this.decide(i, m);
    return i;
  }

  isUndecided(i: number): boolean {
    return this.#connections.scope(i) === undecidedScope;
  }

  /** Finds out on which side of a connection the core is, as soon as its link is known. @returns whether it is */
  decide(i: number, m: SignalMessage): boolean {
    this.sides.hear(m);
    if (!this.sides.isKnown(m.link)) return false;
    const c = this.#connections;
    const coreLower = this.sides.isCoreLower(m.link);
    if (c.is(i, connectionFlag.initiatorLower) === coreLower) c.unmark(i, connectionFlag.bssInitiated);
    const { opc, dpc } = m;
    c.setScope(i, m.fromLower === coreLower ? scopeOf(opc, dpc, m.link) : scopeOf(dpc, opc, m.link));
    return true;
  }

  /** Whether a CONNECTION REQUEST is that of a connection of which only the confirmation came before; it is from then on. */
  isBegunBy(i: number, m: SignalMessage): boolean {
    const c = this.#connections;
    const isIt =
      c.isBare(i) &&
      c.responderReference(i) !== none &&
      c.initiatorReference(i) === m.sourceLocalReference &&
      c.is(i, connectionFlag.initiatorLower) === m.fromLower &&
      Math.abs(m.timeUs - c.lastUs(i)) < lateRequestUs;
    if (!isIt) return false;
    this.eventless.acquit(i);
    c.mark(i, connectionFlag.bssInitiated);
    c.setScope(i, scopeOf(m.dpc, m.opc, m.link));
    return true;
  }
}
