import type { SignalMessage } from '../decode/message.ts';
import { eventFlag, kindCode } from '../events/kinds.ts';
import { packImsi } from '../privacy/imsi.ts';
import { unknownCell } from './cell-names.ts';
import { connectionFlag as flag } from './connection-flags.ts';
import { none } from './connection-records.ts';
import { typeAllocationCode } from './home-plmn.ts';
import type { Parts } from './parts.ts';
import { procedureState } from './procedures.ts';

/**
 * Who is on a connection and where, and the proofs of place that follow. A sighting waits (is held) while its
 * subscriber is unknown or the location update it belongs to is unanswered.
 */
export class Sightings {
  /** Subscribers found out to be others than their TMSI said. */
  subscriberChanged = 0;
  imsiInvalid = 0;
  /** TMSI of another VLR's location area, where that is not known or knows nobody by it. */
  tmsiForeign = 0;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes IMSI and IMEI of a message that is not the connection's first. */
  learn(i: number, m: SignalMessage): void {
    if (m.imei >= 0) {
      const { connections: c, registrations } = this.#parts;
      c.setTypeAllocationCode(i, typeAllocationCode(m.imei, m.imeiDigits));
      if (c.imsi(i) >= 0) registrations.learning.handset(c.imsi(i), m.imei, m.imeiDigits, m.timeUs);
    }
    if (m.imsi < 0) return;
    const imsi = packImsi(m.imsi, m.imsiDigits);
    if (imsi < 0) this.imsiInvalid++;
    else this.identify(i, imsi, m.timeUs);
  }

  /**
   * The subscriber of a connection is known from now on: what was held for that comes out.
   *
   * @param byTmsi the directory has just told so by the TMSI in use, so that there is nothing to tell the directory
   */
  identify(i: number, imsi: number, timeUs: number, byTmsi = false): void {
    const { connections: c, directory, pseudonymiser, procedures, rows } = this.#parts;
    if (c.imsi(i) === imsi) return;
    const changed = c.imsi(i) >= 0;
    if (changed) this.subscriberChanged++;
    pseudonymiser.packedImsi(imsi);
    c.setSubscriber(i, imsi, pseudonymiser.lo, pseudonymiser.hi, rows.homes.of(imsi));
    // The new one is the one that it has.
    if (c.is(i, flag.newTmsi)) directory.learn(c.scope(i), c.newTmsi(i), imsi);
    else if (!byTmsi && c.is(i, flag.usedTmsi)) directory.learn(c.scope(i), c.usedTmsi(i), imsi);
    if (!c.is(i, flag.placed)) return;
    // Live, an event of the past would come too late for its order: the subscriber is here now. So it is where the
    // connection seemed to be somebody else's, whose rows have been written.
    const now = changed || !this.#parts.sorted;
    if (now) this.hold(i, timeUs);
    this.release(i);
    for (let p = c.firstProcedure(i); p !== none; ) {
      const next = procedures.next(p);
      if (procedures.is(p, procedureState.held)) this.writeHeld(i, p, now ? timeUs : procedures.lastUs(p));
      p = next;
    }
  }

  /** The phone named itself by a TMSI; with a location area, if that is where it got it. */
  useTmsi(i: number, m: SignalMessage): void {
    const { connections: c, directory } = this.#parts;
    if (m.laiLac >= 0) {
      const plmn = directory.plmnOfArea(c.scope(i), m.laiLac);
      if (plmn === 0 || plmn !== m.laiPlmn) {
        const owner = c.imsi(i) >= 0 ? -1 : directory.imsiOfArea(m.laiPlmn, m.laiLac, m.tmsi);
        if (owner >= 0) this.identify(i, owner, m.timeUs);
        else {
          this.tmsiForeign++;
          if (!directory.isAreaKnown(m.laiPlmn, m.laiLac)) c.setAreaTmsi(i, m.tmsi);
        }
        return;
      }
    }
    this.#usesTmsi(i, m.tmsi, m.timeUs);
  }

  /**
   * LOCATION UPDATING ACCEPT names no mobile identity: the phone keeps the TMSI that it has (3GPP TS 24.008 §4.4.4.6), so
   * that this VLR gave it, though nothing had been heard of its area until then. Not so where it has got another one on
   * this connection before (TMSI REALLOCATION COMMAND, §4.3.1): that is the one it keeps.
   */
  keepTmsi(i: number, timeUs: number): void {
    const c = this.#parts.connections;
    const tmsi = c.areaTmsi(i);
    if (tmsi >= 0 && !c.is(i, flag.newTmsi)) this.#usesTmsi(i, tmsi, timeUs);
  }

  /** The phone goes by a TMSI of this VLR. */
  #usesTmsi(i: number, tmsi: number, timeUs: number): void {
    const { connections: c, directory } = this.#parts;
    c.setUsedTmsi(i, tmsi);
    if (c.imsi(i) >= 0) {
      // It may name itself by the old one until it has taken the new one.
      if (!c.is(i, flag.newTmsi) || c.newTmsi(i) === tmsi) directory.learn(c.scope(i), tmsi, c.imsi(i));
      return;
    }
    const imsi = directory.imsiOf(c.scope(i), tmsi);
    if (imsi >= 0) this.identify(i, imsi, timeUs, true);
  }

  /**
   * The VLR allocated a TMSI (LOCATION UPDATING ACCEPT, TMSI REALLOCATION COMMAND). It holds at once, and the old one is
   * nobody's. Until the phone confirms, the VLR takes either (3GPP TS 24.008 §4.3.1.4); but whether it has confirmed may
   * not be seen, and somebody unknown is better than somebody wrong.
   */
  allocateTmsi(i: number, tmsi: number): void {
    const { connections: c, directory } = this.#parts;
    c.setNewTmsi(i, tmsi);
    if (c.imsi(i) >= 0) directory.learn(c.scope(i), tmsi, c.imsi(i));
    else directory.vacate(c.scope(i), tmsi);
  }

  /** LOCATION UPDATING ACCEPT names the phone by its IMSI: it deletes the TMSI that it had. 3GPP TS 24.008 §4.4.4.6. */
  withdrawTmsi(i: number): void {
    const { connections: c, directory } = this.#parts;
    c.unmark(i, flag.usedTmsi | flag.newTmsi);
    if (c.imsi(i) >= 0) directory.forgetTmsiOf(c.scope(i), c.imsi(i));
  }

  /** Symbol of a cell; a PLMN that its discriminator leaves out is the area's, the network's or `plmnElse`. */
  cellOf(i: number, plmn: number, lac: number, ci: number, plmnElse: number): number {
    if (lac < 0 || ci < 0) return unknownCell;
    const { cells, connections, directory, defaultPlmn } = this.#parts;
    const known = plmn || directory.plmnOfArea(connections.scope(i), lac) || defaultPlmn || plmnElse;
    return cells.symbolOf(known, lac, ci);
  }

  /** A CI that came alone gets its location area. */
  locateBareCell(i: number, plmn: number, lac: number): void {
    const { connections: c, procedures } = this.#parts;
    if (c.bareCi(i) < 0 || lac < 0) return;
    const cell = this.cellOf(i, plmn, lac, c.bareCi(i), 0);
    c.setBareCi(i, -1);
    c.setCell(i, cell);
    c.setUplink(i, c.uplinkUs(i), cell);
    c.setHeld(i, c.heldUs(i), cell);
    for (let p = c.firstProcedure(i); p !== none; p = procedures.next(p)) procedures.setCell(p, cell);
  }

  /** Whether what happens on a connection proves where somebody is. */
  proves(i: number): boolean {
    const c = this.#parts.connections;
    return c.imsi(i) >= 0 && !c.is(i, flag.silent);
  }

  /** Holds a sighting in the connection's cell. */
  hold(i: number, timeUs: number): void {
    const c = this.#parts.connections;
    c.setHeld(i, timeUs, c.cell(i));
  }

  /** Writes the held sighting if nothing holds it any more. */
  release(i: number): void {
    const { connections: c, rows } = this.#parts;
    if (c.heldUs(i) < 0 || c.is(i, flag.updatePending) || !this.proves(i)) return;
    rows.sighting(i, c.heldUs(i), c.heldCell(i));
    if (c.heldUs(i) === c.uplinkUs(i)) c.mark(i, flag.uplinkSighted);
    c.holdNothing(i);
  }

  /** Nothing on this connection is a proof of place from now on: refused, or detached. */
  silence(i: number): void {
    const c = this.#parts.connections;
    c.mark(i, flag.silent);
    c.unmark(i, flag.updatePending);
    c.holdNothing(i);
  }

  /** Writes a finished handover or detach: with its proof of place where the subscriber is known by now. */
  writeHeld(i: number, p: number, timeUs: number): void {
    const { connections: c, procedures, rows } = this.#parts;
    const detached = procedures.kind(p) === kindCode.detach;
    const proof = detached ? eventFlag.sighting | eventFlag.detach : this.proves(i) ? eventFlag.sighting : 0;
    rows.procedure(i, p, timeUs, proof);
    procedures.remove(c, i, p);
  }
}
