import { scopeOf } from '../decode/links.ts';
import type { SignalMessage } from '../decode/message.ts';
import { connectionFlag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import type { Connections } from './connections.ts';
import type { Dialogues } from './dialogues.ts';
import type { LateBeginnings } from './late-beginnings.ts';
import { sccp } from './message-types.ts';

/** Event time between two slices of the sweep for silent connections, and slices of a whole round. */
const sweepEveryUs = 1_000_000;
const sweepSlices = 60;
/** How many records are looked at for the one to give up when all are in use. */
const victimsLookedAt = 16;

/**
 * Which connection a message is of, and when one begins and ends: by its messages, by a reference given anew, by
 * silence, by lack of room. ITU-T Q.714 §3.
 */
export class OpenConnections {
  /** Ended because a side gave their reference anew, because they were silent, because there was no room. */
  reused = 0;
  idle = 0;
  evicted = 0;
  #sweptUs = -1;
  #sweepAt = 0;
  #victimAt = 0;
  readonly #idleUs: number;
  readonly #connections: Connections;
  readonly #late: LateBeginnings;
  readonly #dialogues: Dialogues;

  constructor(connections: Connections, late: LateBeginnings, dialogues: Dialogues, idleUs: number) {
    this.#connections = connections;
    this.#late = late;
    this.#dialogues = dialogues;
    this.#idleUs = idleUs;
  }

  /**
   * The connection of a message: by the reference of its receiver, else (both in the message) by its sender's. Learns
   * the responder's reference from any message that carries both, but for RELEASE COMPLETE. Hot: called with numbers, so
   * that it needs no message.
   *
   * @param side of the sender: 1 where it is the lower one of its link, else 0
   * @param destination and `source`: the references, -1 where the message has none
   */
  of(link: number, side: number, destination: number, source: number, sccpType: number, timeUs: number): number {
    const c = this.#connections;
    let i = destination >= 0 ? c.find(link, side ^ 1, destination) : none;
    if (source >= 0) {
      if (i === none) i = c.find(link, side, source);
      if (i === none) return none;
      const fromInitiator = side === c.initiatorSide(i);
      const initiator = fromInitiator ? source : destination;
      const responder = fromInitiator ? destination : source;
      // One reference matches, the other is of another time: a message of a connection that is long over.
      if (initiator >= 0 && initiator !== c.initiatorReference(i)) return none;
      if (responder >= 0 && responder !== c.responderReference(i)) {
        const tells = c.responderReference(i) === none && sccpType !== sccp.releaseComplete;
        if (!tells && sccpType !== sccp.connectionConfirm) return none;
        this.#bind(i, responder);
      }
    } else if (i === none) return none;
    c.setLastUs(i, timeUs);
    return i;
  }

  #bind(i: number, responder: number): void {
    const c = this.#connections;
    const before = c.find(c.link(i), c.initiatorSide(i) ^ 1, responder);
    if (before !== none) this.#reuse(before);
    c.bindResponder(i, responder);
  }

  /** CONNECTION REQUEST. */
  start(m: SignalMessage): number {
    const c = this.#connections;
    const side = m.fromLower ? 1 : 0;
    const before = c.find(m.link, side, m.sourceLocalReference);
    if (before !== none) {
      if (this.#late.isBegunBy(before, m)) return before;
      this.#reuse(before);
    }
    if (c.full) this.#evict();
    const i = c.start(m.link, side, m.sourceLocalReference, m.timeUs);
    // The BSS opens connections; HANDOVER REQUEST, the exception, sets the scope again.
    c.setScope(i, scopeOf(m.dpc, m.opc, m.link));
    return i;
  }

  /** Follows a connection from a message on that proves it by both references. */
  adopt(m: SignalMessage): number {
    const late = this.#late;
    if (!late.isProof(m)) return none;
    if (this.#connections.full) this.#evict();
    return late.begin(m);
  }

  /** A side gives a reference anew: the connection that had it is over, though nobody said so. */
  #reuse(i: number): void {
    this.reused++;
    this.end(i, -1);
  }

  /** @param brokenCause see `settle` */
  end(i: number, brokenCause: number): void {
    this.#dialogues.end(i, brokenCause);
    this.#late.eventless.end(i);
    this.#connections.end(i);
  }

  /** Ends every one: at the end of a finite feed. */
  endAll(): void {
    const c = this.#connections;
    for (let n = 0; n < c.high; n++) {
      const i = c.handleOf(n);
      if (c.is(i, connectionFlag.open)) this.end(i, -1);
    }
  }

  #evict(): void {
    const c = this.#connections;
    let victim = none;
    for (let looked = 0; looked < victimsLookedAt; looked++) {
      this.#victimAt = (this.#victimAt + 1) % c.max;
      const i = c.handleOf(this.#victimAt);
      if (victim === none || c.lastUs(i) < c.lastUs(victim)) victim = i;
    }
    this.evicted++;
    this.end(victim, -1);
  }

  /** Until when there is nothing to {@link sweep}, µs of event time. */
  get dueUs(): number {
    return this.#sweptUs + sweepEveryUs - 1;
  }

  /** Whether {@link sweep} has something to do at this time. */
  isDue(nowUs: number): boolean {
    return nowUs - this.#sweptUs >= sweepEveryUs;
  }

  /** Ends connections that were silent for too long, a slice of the records for each second of event time. */
  sweep(nowUs: number): void {
    const c = this.#connections;
    const seconds = this.#sweptUs < 0 ? 1 : (nowUs - this.#sweptUs) / sweepEveryUs;
    this.#sweptUs = nowUs;
    const slices = Math.min(sweepSlices, Math.floor(seconds));
    const deadlineUs = nowUs - this.#idleUs;
    for (let left = Math.ceil((c.high / sweepSlices) * slices); left > 0; left--) {
      this.#sweepAt = this.#sweepAt + 1 < c.high ? this.#sweepAt + 1 : 0;
      const i = c.handleOf(this.#sweepAt);
      if (c.is(i, connectionFlag.open) && c.lastUs(i) < deadlineUs) {
        this.idle++;
        this.end(i, -1);
      }
    }
  }
}
