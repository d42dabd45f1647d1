import type { SignalMessage } from '../decode/message.ts';
import { none } from './connection-records.ts';
import type { Parts } from './parts.ts';
import * as rules from './procedure-rules.ts';
import { procedureState as state } from './procedures.ts';

/** Procedures that one connection may have under way; with more the oldest is settled early. */
const perConnectionMax = 8;

/**
 * The procedures of each connection: which one a message belongs to, when one begins and when it is through. A row is
 * written when the connection ends, because the last procedure's carries the last sighting; earlier, without one, where
 * another procedure goes on.
 */
export class ProcedureTracker {
  /** Procedures that found no room. */
  refused = 0;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins a procedure in the connection's cell; those of it that are through get their rows. */
  begin(i: number, kind: number, timeUs: number): number {
    const { connections: c, procedures } = this.#parts;
    for (let p = c.firstProcedure(i); p !== none; ) {
      const next = procedures.next(p);
      if ((procedures.state(p) & (state.finished | state.held)) === state.finished) this.#writeEarly(i, p);
      p = next;
    }
    return this.append(i, kind, timeUs);
  }

  /** Adds a procedure and lets the others be. */
  append(i: number, kind: number, timeUs: number): number {
    const { connections: c, procedures } = this.#parts;
    let count = 0;
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) count++;
    if (count >= perConnectionMax) this.#writeEarly(i, c.firstProcedure(i));
    const p = procedures.append(c, i, kind, timeUs, c.cell(i));
    if (p === none) this.refused++;
    return p;
  }

  /** Marks a procedure as through; its row comes at once where another one goes on. */
  finish(i: number, p: number): void {
    const { connections: c, procedures } = this.#parts;
    procedures.mark(p, state.finished);
    for (let other = c.firstProcedure(i); other !== none; other = procedures.next(other)) {
      if (!procedures.is(other, state.finished)) {
        this.#writeEarly(i, p);
        return;
      }
    }
  }

  /** The network's answer to the newest unfinished procedure of some kind. @param cause from `packCause` */
  answer(i: number, kinds: number, outcome: number, cause: number): void {
    const { connections: c, procedures } = this.#parts;
    let answered = none;
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) {
      if (!procedures.is(p, state.finished) && (kinds >>> procedures.kind(p)) & 1) answered = p;
    }
    if (answered === none) return;
    procedures.setOutcome(answered, outcome);
    procedures.setCause(answered, cause);
    this.finish(i, answered);
  }

  /** The newest procedure that is no handover: what belongs to no other belongs to it. */
  current(i: number): number {
    const { connections: c, procedures } = this.#parts;
    let current = none;
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) {
      if (!procedures.is(p, state.held)) current = p;
    }
    return current;
  }

  /** The procedure that a message of a call, short message or supplementary service belongs to, begun if need be. */
  ofTransaction(i: number, m: SignalMessage, uplink: boolean): number {
    const { connections: c, procedures } = this.#parts;
    const transaction = rules.transactionOf(m, uplink);
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) {
      if (
        procedures.transaction(p) === transaction &&
        procedures.discriminator(p) === m.protocolDiscriminator &&
        !procedures.is(p, state.finished)
      ) {
        return p;
      }
    }
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) {
      if (rules.serves(procedures, p, m, uplink)) {
        rules.bind(procedures, p, m, uplink);
        return p;
      }
    }
    const kind = rules.transactionKind(m, uplink);
    if (kind < 0) return this.current(i);
    const p = this.begin(i, kind, m.timeUs);
    if (p !== none) rules.bind(procedures, p, m, uplink);
    return p;
  }

  #writeEarly(i: number, p: number): void {
    const { connections: c, procedures, rows } = this.#parts;
    rules.settle(procedures, p, -1);
    rows.procedure(i, p, procedures.lastUs(p), 0);
    procedures.remove(c, i, p);
  }
}
