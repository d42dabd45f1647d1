import { scopeOf } from '../decode/links.ts';
import type { SignalMessage } from '../decode/message.ts';
import { causeList, packCause } from '../events/cause.ts';
import { kindCode, outcomeCode } from '../events/kinds.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { connectionFlag as flag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import type { Parts } from './parts.ts';
import * as rules from './procedure-rules.ts';
import type { ProcedureTracker } from './procedure-tracker.ts';
import { procedureState } from './procedures.ts';
import type { Sightings } from './sightings.ts';

/** Cell identification discriminators from here on are RNCs and UTRAN cells. 3GPP TS 48.008 §3.2.2.27. */
const firstUtranDiscriminator = 8;
/** Links whose RNC is remembered. */
const rncsMax = 1 << 16;

/**
 * Handovers: inside a BSS (HANDOVER PERFORMED tells the new cell) and between two (3GPP TS 48.008 §3.1.5), where a
 * second connection takes the procedures over. Each done one is a row of kind `handover` and a sighting in the target;
 * one that failed is a row in the serving cell and proves no place.
 */
export class Handovers {
  done = 0;
  /** Between two connections: joined, not joined, and given up before the phone came. */
  joined = 0;
  orphans = 0;
  unfinished = 0;
  readonly #parts: Parts;
  readonly #sightings: Sightings;
  readonly #tracker: ProcedureTracker;
  /** Which RNC stands at the far end of a link: RNC-ID + 1. */
  readonly #rncs = new PairTable({ entriesMax: rncsMax });

  constructor(parts: Parts, sightings: Sightings, tracker: ProcedureTracker) {
    this.#parts = parts;
    this.#sightings = sightings;
    this.#tracker = tracker;
  }

  get rncEvictions(): number {
    return this.#rncs.evictions;
  }

  /** An RNC has named itself. 3GPP TS 25.413 §9.2.1.39. */
  learnRnc(link: number, rnc: number): void {
    if (rnc >= 0) this.#rncs.set(link, 0, rnc + 1, 0);
  }

  /** HANDOVER REQUIRED: the old BSS names the target. A UMTS one is asked by RelocationRequest, which names none. */
  required(i: number, m: SignalMessage): void {
    const { connections, joiner } = this.#parts;
    connections.mark(i, flag.handoverOpen);
    if (m.cellListDiscriminator >= firstUtranDiscriminator) joiner.requireSomewhere(i, m.timeUs, none);
    else joiner.require(i, m.timeUs, m.targetCellLac, m.targetCellCi);
  }

  /**
   * RelocationRequired: the old RNC names the target, an RNC with its location area or a GSM cell. 3GPP TS 25.413 §8.6.
   */
  relocationRequired(i: number, m: SignalMessage): void {
    const { connections, joiner } = this.#parts;
    connections.mark(i, flag.handoverOpen);
    if (m.targetCellCi >= 0) joiner.require(i, m.timeUs, m.targetCellLac, m.targetCellCi);
    else joiner.requireSomewhere(i, m.timeUs, m.targetRncId);
  }

  /**
   * RelocationRequest: the core opens a connection to the target RNC. It does not say where the phone comes or goes to:
   * the cell is unknown until a message of the new connection names its service area. 3GPP TS 25.413 §8.7.
   */
  relocationRequested(i: number, m: SignalMessage): void {
    const { connections: c, joiner } = this.#parts;
    // On a connection that is there already the message makes no sense, and must leave nothing behind.
    joiner.forget(i);
    c.unmark(i, flag.bssInitiated);
    c.mark(i, flag.incoming | flag.handoverOpen);
    c.setScope(i, scopeOf(m.opc, m.dpc, m.link));
    c.setTarget(i, m.timeUs, -1, -1);
    this.#sightings.learn(i, m);
    this.#meet(i);
  }

  /** HANDOVER REQUEST: the MSC opens a connection to the target's BSS. */
  requested(i: number, m: SignalMessage): void {
    const { connections: c, joiner } = this.#parts;
    // On a connection that is there already the message makes no sense, and must leave nothing behind.
    joiner.forget(i);
    c.unmark(i, flag.bssInitiated);
    c.mark(i, flag.incoming | flag.handoverOpen);
    c.setScope(i, scopeOf(m.opc, m.dpc, m.link));
    c.setServingCell(i, this.#sightings.cellOf(i, m.cellPlmn, m.cellLac, m.cellCi, 0));
    c.setCell(i, this.#sightings.cellOf(i, m.targetCellPlmn, m.targetCellLac, m.targetCellCi, m.cellPlmn));
    c.setTarget(i, m.timeUs, m.targetCellLac, m.targetCellCi);
    this.#sightings.learn(i, m);
    this.#meet(i);
  }

  /**
   * HANDOVER FAILURE, HANDOVER REQUIRED REJECT, or a clear before the phone came, on the old connection or the new one:
   * the first that tells writes the row, with the old one's subscriber where that is known.
   *
   * @param cause from `packCause`
   */
  failed(i: number, timeUs: number, outcome: number, cause: number): void {
    const { connections: c } = this.#parts;
    if (c.is(i, flag.handoverOpen)) {
      if (c.is(i, flag.incoming) && c.partner(i) === none) this.#meet(i);
      const other = c.partner(i);
      c.unmark(i, flag.handoverOpen);
      if (other !== none) c.unmark(other, flag.handoverOpen);
      this.#recordFailure(c.is(i, flag.incoming) && other !== none ? other : i, timeUs, outcome, cause);
    }
    this.#givenUp(i);
  }

  #givenUp(i: number): void {
    this.#parts.joiner.forget(i);
    this.#part(i);
  }

  /** HANDOVER COMPLETE, RelocationComplete: the phone has come to the target, and what it was doing goes on here. */
  completed(i: number, m: SignalMessage): void {
    const { connections: c } = this.#parts;
    if (!c.is(i, flag.incoming)) return;
    // The old connection's messages may have come after the new one's.
    if (c.partner(i) === none) this.#meet(i);
    const old = c.partner(i);
    let startUs = c.handoverUs(i);
    c.setUplink(i, m.timeUs, c.cell(i));
    c.unmark(i, flag.incoming | flag.handoverOpen);
    c.mark(i, flag.uplinkSighted);
    if (old === none) {
      this.orphans++;
    } else {
      this.joined++;
      this.#part(i);
      c.unmark(old, flag.handoverOpen);
      startUs = c.handoverUs(old);
      this.#takeOver(old, i, m.timeUs);
    }
    c.mark(i, flag.placed);
    this.#record(i, startUs, m);
  }

  /** HANDOVER PERFORMED: the BSS moved the phone by itself. */
  performed(i: number, m: SignalMessage): void {
    const { connections: c } = this.#parts;
    c.setCell(i, this.#sightings.cellOf(i, m.cellPlmn, m.cellLac, m.cellCi, 0));
    c.setBareCi(i, -1);
    // It may be the first that is heard of the phone.
    c.mark(i, flag.placed);
    this.#record(i, m.timeUs, m);
  }

  ended(i: number): void {
    if (this.#parts.connections.is(i, flag.incoming)) this.unfinished++;
    this.#givenUp(i);
  }

  /** Joins an incoming connection with the one it continues; who is on one is on the other. */
  #meet(i: number): void {
    const { connections: c, joiner } = this.#parts;
    const old = joiner.claim(i, this.#rncs.get(c.link(i), 0) - 1);
    if (old === none) return;
    this.#part(old);
    c.setPartner(i, old);
    c.setPartner(old, i);
    if (c.imsi(old) >= 0) this.#sightings.identify(i, c.imsi(old), c.handoverUs(i));
    else if (c.imsi(i) >= 0) this.#sightings.identify(old, c.imsi(i), c.handoverUs(i));
  }

  #part(i: number): void {
    const { connections: c } = this.#parts;
    const other = c.partner(i);
    if (other === none) return;
    c.setPartner(i, none);
    c.setPartner(other, none);
  }

  #takeOver(old: number, i: number, timeUs: number): void {
    const { connections: c, procedures, sorted } = this.#parts;
    if (c.imsi(old) >= 0) {
      if (c.imsi(i) < 0) this.#sightings.identify(i, c.imsi(old), timeUs);
    } else if (c.imsi(i) >= 0) {
      // Live, the old cell's sighting would only come at the same time as the new one's.
      if (sorted) this.#sightings.identify(old, c.imsi(i), timeUs);
    } else {
      c.setHeld(i, c.heldUs(old), c.heldCell(old));
      c.holdNothing(old);
    }
    if (c.typeAllocationCode(i) === 0) c.setTypeAllocationCode(i, c.typeAllocationCode(old));
    procedures.move(c, old, i);
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) {
      if (procedures.is(p, procedureState.finished)) continue;
      rules.goesOn(procedures, p);
      procedures.setLastUs(p, timeUs);
      procedures.setCell(p, c.cell(i));
      c.setUplinkProcedure(i, p);
    }
  }

  #recordFailure(i: number, timeUs: number, outcome: number, cause: number): void {
    const { connections: c, procedures, rows } = this.#parts;
    const p = this.#tracker.append(i, kindCode.handover, c.handoverUs(i));
    if (p === none) return;
    // Of the new connection alone the old one's cell is only what HANDOVER REQUEST names.
    if (c.is(i, flag.incoming)) procedures.setCell(p, c.servingCell(i));
    procedures.setLastUs(p, timeUs);
    procedures.setOutcome(p, outcome);
    procedures.setCause(p, cause);
    rows.procedure(i, p, timeUs, 0);
    procedures.remove(c, i, p);
  }

  #record(i: number, startUs: number, m: SignalMessage): void {
    const { procedures, sorted } = this.#parts;
    this.done++;
    const p = this.#tracker.append(i, kindCode.handover, startUs);
    if (p === none) return;
    procedures.setLastUs(p, m.timeUs);
    procedures.setOutcome(p, outcomeCode.success);
    procedures.setCause(p, packCause(causeList.bssmap, m.bssmapCause));
    procedures.mark(p, procedureState.finished | procedureState.held);
    if (this.#sightings.proves(i) || !sorted) this.#sightings.writeHeld(i, p, m.timeUs);
  }
}
