import { part, type SignalMessage } from '../decode/message.ts';
import { causeList, packCause } from '../events/cause.ts';
import { noCause } from '../events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../events/kinds.ts';
import { unknownCell } from './cell-names.ts';
import { connectionFlag as flag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import { Handovers } from './handovers.ts';
import { bssmap, discriminator, handoverSuccessful, mm } from './message-types.ts';
import type { Parts } from './parts.ts';
import { Peers } from './peers.ts';
import * as rules from './procedure-rules.ts';
import { ProcedureTracker } from './procedure-tracker.ts';
import { procedureState } from './procedures.ts';
import { Ranap } from './ranap.ts';
import { Sightings } from './sightings.ts';

/** Causes of a clear where the phone has gone on elsewhere. */
const goneElsewhereBss = packCause(causeList.bssmap, handoverSuccessful);
const goneElsewhereRnc = packCause(causeList.ranap, handoverSuccessful);

/**
 * What goes on inside the connections: takes each BSSAP message with the connection it belongs to, and hands on who
 * and where to {@link Sightings}, what to {@link ProcedureTracker}, moves to {@link Handovers}.
 *
 * 3GPP TS 48.008 §3.1 (BSSMAP), TS 24.008 §4 and §5 (mobility management, calls).
 */
export class Dialogues {
  readonly sightings: Sightings;
  readonly tracker: ProcedureTracker;
  readonly handovers: Handovers;
  readonly ranap: Ranap;
  readonly #parts: Parts;
  readonly #peers: Peers;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.sightings = new Sightings(parts);
    this.tracker = new ProcedureTracker(parts);
    this.handovers = new Handovers(parts, this.sightings, this.tracker);
    this.ranap = new Ranap(parts, this);
    this.#peers = new Peers(parts.procedures, parts.pseudonymiser, parts.numbers);
  }

  /** A message on connection `i`, its SCCP part done with. */
  message(i: number, m: SignalMessage): void {
    switch (m.bssmapType) {
      case -1:
        if ((m.parts & part.ranap) !== 0) this.ranap.message(i, m);
        else if (m.protocolDiscriminator >= 0) this.directTransfer(i, m);
        return;
      case bssmap.completeLayer3Information:
        this.initial(i, m, m.cellCi);
        return;
      case bssmap.handoverRequest:
        this.handovers.requested(i, m);
        return;
      case bssmap.handoverRequired:
        this.handovers.required(i, m);
        return;
      case bssmap.handoverRequiredReject:
        this.handovers.failed(i, m.timeUs, outcomeCode.rejected, packCause(causeList.bssmap, m.bssmapCause));
        return;
      case bssmap.handoverFailure:
        this.handovers.failed(i, m.timeUs, outcomeCode.failed, packCause(causeList.bssmap, m.bssmapCause));
        return;
      case bssmap.handoverComplete:
        this.handovers.completed(i, m);
        return;
      case bssmap.handoverPerformed:
        this.handovers.performed(i, m);
        return;
      case bssmap.clearRequest:
        this.clearRequested(i, m.timeUs, packCause(causeList.bssmap, m.bssmapCause));
        return;
      case bssmap.clearCommand:
        this.cleared(i, m.timeUs, packCause(causeList.bssmap, m.bssmapCause));
        return;
      case bssmap.clearComplete:
        this.settled(i);
        return;
      default:
        // COMMON ID, CIPHER MODE COMPLETE and whatever else tells who it is.
        this.sightings.learn(i, m);
    }
  }

  /**
   * The radio side wants the connection cleared: CLEAR REQUEST, Iu-ReleaseRequest. A handover may still come about: the
   * phone that was lost may be on its way.
   *
   * @param cause from `packCause`
   */
  clearRequested(i: number, timeUs: number, cause: number): void {
    const c = this.#parts.connections;
    if (c.is(i, flag.clearRequested)) return;
    c.mark(i, flag.clearRequested);
    c.setClearCause(i, cause);
    this.#drop(i, timeUs, cause);
  }

  /** The connection is cleared: CLEAR COMMAND, Iu-ReleaseCommand, or RLSD without them. @param cause from `packCause` */
  cleared(i: number, timeUs: number, cause: number): void {
    const c = this.#parts.connections;
    if (c.is(i, flag.cleared)) return;
    c.mark(i, flag.cleared);
    if (cause === goneElsewhereBss || cause === goneElsewhereRnc) {
      c.unmark(i, flag.handoverOpen);
      // Nor was the call dropped, though the radio side had lost the phone: CLEAR REQUEST may have come before.
      if (c.is(i, flag.clearRequested)) this.#goOn(i);
      return;
    }
    const first = c.is(i, flag.clearRequested) ? c.clearCause(i) : cause;
    this.handovers.failed(i, timeUs, outcomeCode.failed, first);
    this.#drop(i, timeUs, first);
  }

  /**
   * Cleared, by CLEAR COMPLETE or the connection's end: a location update that nobody has refused by now will not be any more; that its answer was not seen
   * does not undo where the phone was. SCCP's release, which may be lost, or not be for hours, is not waited for.
   */
  settled(i: number): void {
    const c = this.#parts.connections;
    if (c.is(i, flag.updatePending)) this.#updated(i, c.lastUs(i));
    c.unmark(i, flag.updatePending);
    this.sightings.release(i);
  }

  /** A location update has come through: the VLR of this core side serves the subscriber. */
  #updated(i: number, timeUs: number): void {
    const { connections: c, registrations } = this.#parts;
    if (c.imsi(i) >= 0) registrations.updated(c.imsi(i), c.scope(i), timeUs);
  }

  #drop(i: number, timeUs: number, cause: number): void {
    const { connections: c, procedures } = this.#parts;
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) rules.drop(procedures, p, timeUs, cause);
  }

  #goOn(i: number): void {
    const { connections: c, procedures } = this.#parts;
    c.unmark(i, flag.clearRequested);
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) rules.goesOn(procedures, p);
  }

  /** Writes what is left of a connection that ends. @param brokenCause see `settle` */
  end(i: number, brokenCause: number): void {
    const { connections: c, procedures, rows } = this.#parts;
    this.handovers.ended(i);
    this.settled(i);
    const cause = brokenCause < 0 && c.is(i, flag.clearRequested) ? c.clearCause(i) : brokenCause;
    const sighted = this.sightings.proves(i) && !c.is(i, flag.uplinkSighted) && c.uplinkUs(i) >= 0;
    if (sighted && c.uplinkProcedure(i) === none) rows.sighting(i, c.uplinkUs(i), c.uplinkCell(i));
    for (let p = c.firstProcedure(i); p !== none; p = c.firstProcedure(i)) {
      if (!procedures.is(p, procedureState.held)) rules.settle(procedures, p, cause);
      const seen = sighted && p === c.uplinkProcedure(i);
      // A dropped call goes on after the phone was last heard: that is a proof of its own.
      const apart = seen && rules.isDropped(procedures, p);
      if (apart) rows.sighting(i, c.uplinkUs(i), c.uplinkCell(i));
      rows.procedure(i, p, procedures.lastUs(p), seen && !apart ? eventFlag.sighting : 0);
      procedures.remove(c, i, p);
    }
  }

  /**
   * The first message of a phone: COMPLETE LAYER 3 INFORMATION, or InitialUE-Message on Iu.
   *
   * @param ci CI, or SAC in its place
   */
  initial(i: number, m: SignalMessage, ci: number): void {
    const { connections: c, directory, procedures } = this.#parts;
    const { sightings, tracker } = this;
    const cell = sightings.cellOf(i, m.cellPlmn, m.cellLac, ci, m.laiPlmn);
    c.setCell(i, cell);
    if (cell === unknownCell && m.cellLac < 0) c.setBareCi(i, ci);
    else if (m.cellPlmn !== 0) directory.learnArea(c.scope(i), m.cellPlmn, m.cellLac);
    else if (directory.plmnOfArea(c.scope(i), m.cellLac) === 0) {
      directory.learnArea(c.scope(i), this.#parts.defaultPlmn, m.cellLac);
    }
    c.setUplink(i, m.timeUs, cell);
    c.mark(i, flag.uplinkSighted);
    sightings.learn(i, m);
    if (m.tmsi >= 0) sightings.useTmsi(i, m);
    const kind = rules.initialKind(m);
    const answered = this.#answeredBefore(i, kind);
    c.mark(i, flag.placed);
    const p = answered === none ? tracker.begin(i, kind, m.timeUs) : answered;
    if (kind === kindCode.detach) {
      this.#detach(i, p, m.timeUs);
      return;
    }
    c.setUplinkProcedure(i, p);
    if (p !== none && rules.isPagingResponse(m)) procedures.mark(p, procedureState.paged);
    if (p !== none && rules.isReestablishment(m)) {
      procedures.mark(p, procedureState.reestablished | procedureState.answered);
    }
    sightings.hold(i, m.timeUs);
    if (rules.isLocationUpdate(kind)) {
      if (answered === none) c.mark(i, flag.updatePending);
      else sightings.release(i);
      // The two others are sent only where the phone's area is still its old one (3GPP TS 24.008 §4.4.2, §4.4.3).
      if (kind !== kindCode['location update']) sightings.locateBareCell(i, m.laiPlmn, m.laiLac);
    } else {
      sightings.release(i);
    }
  }

  /** A layer 3 message in either direction: DTAP, or a DirectTransfer of Iu. */
  directTransfer(i: number, m: SignalMessage): void {
    const { cells, connections: c, defaultPlmn, procedures } = this.#parts;
    const uplink = c.isUplink(i, m.fromLower ? 1 : 0);
    if (uplink) this.#uplinkBegins(i, m.timeUs);
    const transaction = rules.isTransaction(m);
    const p = transaction ? this.tracker.ofTransaction(i, m, uplink) : this.#mobilityManagement(i, m, uplink);
    if (uplink) this.#uplinkOf(i, p, m.timeUs);
    if (transaction && p !== none && procedures.discriminator(p) === m.protocolDiscriminator) {
      if ((m.parts & part.numbers) !== 0) this.#peers.note(p, m, uplink, cells.plmnOf(c.cell(i)) || defaultPlmn);
      if (rules.follow(procedures, p, m, uplink)) this.tracker.finish(i, p);
    }
  }

  #uplinkBegins(i: number, timeUs: number): void {
    const { connections: c } = this.#parts;
    c.setUplink(i, timeUs, c.cell(i));
    c.unmark(i, flag.uplinkSighted);
  }

  /** The phone's message belongs to a procedure, if to any. */
  #uplinkOf(i: number, p: number, timeUs: number): void {
    const { connections: c, procedures } = this.#parts;
    c.setUplinkProcedure(i, p);
    if (p === none) return;
    if (!rules.isDropped(procedures, p)) procedures.setLastUs(p, timeUs);
    procedures.setCell(p, c.cell(i));
  }

  /** @returns the procedure that the message belongs to */
  #mobilityManagement(i: number, m: SignalMessage, uplink: boolean): number {
    const { connections: c, directory } = this.#parts;
    const { sightings, tracker } = this;
    sightings.learn(i, m);
    if (m.protocolDiscriminator !== discriminator.mobilityManagement) return tracker.current(i);
    switch (m.dtapType) {
      case mm.locationUpdatingAccept:
        this.#lateUpdate(i, m.timeUs);
        directory.learnArea(c.scope(i), m.laiPlmn, m.laiLac);
        sightings.locateBareCell(i, m.laiPlmn, m.laiLac);
        if (m.tmsi >= 0) sightings.allocateTmsi(i, m.tmsi);
        else if (m.imsi >= 0) sightings.withdrawTmsi(i);
        else sightings.keepTmsi(i, m.timeUs);
        c.unmark(i, flag.updatePending);
        this.#updated(i, m.timeUs);
        sightings.release(i);
        tracker.answer(i, rules.locationUpdates, outcomeCode.success, noCause);
        break;
      case mm.locationUpdatingReject:
        this.#lateUpdate(i, m.timeUs);
        sightings.silence(i);
        tracker.answer(i, rules.locationUpdates, outcomeCode.rejected, packCause(causeList.mm, m.cause));
        break;
      case mm.authenticationReject:
        sightings.silence(i);
        tracker.answer(i, rules.anyKind, outcomeCode.rejected, packCause(causeList.mm, m.cause));
        break;
      case mm.cmServiceReject:
        tracker.answer(i, rules.services, outcomeCode.rejected, packCause(causeList.mm, m.cause));
        break;
      case mm.cmServiceAbort:
        // The phone gives up before anything was set up. 3GPP TS 24.008 §4.5.1.7.
        tracker.answer(i, rules.services, outcomeCode.unanswered, noCause);
        break;
      case mm.abort:
        tracker.answer(i, rules.anyKind, outcomeCode.failed, packCause(causeList.mm, m.cause));
        break;
      case mm.tmsiReallocationCommand:
        if (m.tmsi >= 0) sightings.allocateTmsi(i, m.tmsi);
        break;
      case mm.cmServiceRequest:
        if (m.tmsi >= 0) sightings.useTmsi(i, m);
        return tracker.begin(i, rules.initialKind(m), m.timeUs);
      case mm.imsiDetachIndication: {
        if (m.tmsi >= 0) sightings.useTmsi(i, m);
        const p = tracker.begin(i, kindCode.detach, m.timeUs);
        c.mark(i, flag.uplinkSighted);
        this.#detach(i, p, m.timeUs);
        return none;
      }
      default:
        if (uplink && m.tmsi >= 0) sightings.useTmsi(i, m);
    }
    return tracker.current(i);
  }

  /**
   * The answer to a location update begins it where its request was lost: on a connection that has shown nothing of a
   * phone so far. Which kind of update it was is not told, nor where.
   */
  #lateUpdate(i: number, timeUs: number): void {
    const { connections: c } = this.#parts;
    if (c.is(i, flag.placed | flag.incoming) || c.firstProcedure(i) !== none) return;
    this.tracker.begin(i, kindCode['location update'], timeUs);
  }

  /** The location update whose answer came before its request, in the request's cell; {@link none} where none did. */
  #answeredBefore(i: number, kind: number): number {
    const { connections: c, procedures } = this.#parts;
    const p = c.firstProcedure(i);
    if (p === none || c.is(i, flag.placed) || !rules.isLocationUpdate(kind)) return none;
    if (!rules.isLocationUpdate(procedures.kind(p))) return none;
    procedures.setKind(p, kind);
    procedures.setCell(p, c.cell(i));
    return p;
  }

  #detach(i: number, p: number, timeUs: number): void {
    const { connections: c, procedures } = this.#parts;
    this.sightings.silence(i);
    if (p === none) return;
    procedures.setOutcome(p, outcomeCode.success);
    procedures.mark(p, procedureState.finished | procedureState.held);
    if (c.imsi(i) >= 0) this.sightings.writeHeld(i, p, timeUs);
  }
}
