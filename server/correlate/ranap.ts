import { part, type SignalMessage } from '../decode/message.ts';
import { causeList, packCause } from '../events/cause.ts';
import { outcomeCode } from '../events/kinds.ts';
import { unknownCell } from './cell-names.ts';
import { connectionFlag as flag } from './connection-flags.ts';
import type { Dialogues } from './dialogues.ts';
import { cnDomain, ranap, ranapOutcome } from './message-types.ts';
import type { Parts } from './parts.ts';

/**
 * The Iu-CS interface: RANAP messages on a connection, 3GPP TS 25.413 §8, told as what they are on the A interface. A
 * service area (SAI) stands for a cell. Connections of the packet domain are left alone.
 */
export class Ranap {
  /** Connections and pages of the packet domain. */
  packetDomain = 0;
  readonly #parts: Parts;
  readonly #dialogues: Dialogues;

  constructor(parts: Parts, dialogues: Dialogues) {
    this.#parts = parts;
    this.#dialogues = dialogues;
  }

  message(i: number, m: SignalMessage): void {
    const c = this.#parts.connections;
    const { handovers, sightings } = this.#dialogues;
    if (c.is(i, flag.packetDomain)) return;
    switch (m.ranapProcedure) {
      case ranap.initialUeMessage:
        if (!this.#isOurs(i, m)) return;
        handovers.learnRnc(m.link, m.rncId);
        this.#dialogues.initial(i, m, m.cellSac);
        return;
      case ranap.directTransfer:
        this.#locate(i, m);
        this.#dialogues.directTransfer(i, m);
        return;
      case ranap.locationReport:
        if (this.#locate(i, m)) this.#report(i, m.timeUs);
        return;
      case ranap.iuReleaseRequest:
        this.#dialogues.clearRequested(i, m.timeUs, packCause(causeList.ranap, m.ranapCause));
        return;
      case ranap.iuRelease:
        if (m.ranapType === ranapOutcome.initiating)
          this.#dialogues.cleared(i, m.timeUs, packCause(causeList.ranap, m.ranapCause));
        else if (m.ranapType === ranapOutcome.successful) this.#released(i);
        return;
      case ranap.relocationPreparation:
        if (m.ranapType === ranapOutcome.initiating) handovers.relocationRequired(i, m);
        else if (m.ranapType === ranapOutcome.unsuccessful) {
          handovers.failed(i, m.timeUs, outcomeCode.rejected, packCause(causeList.ranap, m.ranapCause));
        }
        return;
      case ranap.relocationResourceAllocation:
        if (m.ranapType === ranapOutcome.unsuccessful) {
          handovers.failed(i, m.timeUs, outcomeCode.failed, packCause(causeList.ranap, m.ranapCause));
        } else if (m.ranapType === ranapOutcome.initiating && this.#isOurs(i, m)) handovers.relocationRequested(i, m);
        return;
      case ranap.relocationCancel:
        handovers.failed(i, m.timeUs, outcomeCode.failed, packCause(causeList.ranap, m.ranapCause));
        return;
      case ranap.relocationComplete:
        handovers.completed(i, m);
        return;
      default:
        // CommonID and whatever else tells who it is.
        sightings.learn(i, m);
    }
  }

  /** Whether a page is for the circuit-switched domain. */
  pages(m: SignalMessage): boolean {
    if (m.cnDomain !== cnDomain.packetSwitched) return true;
    this.packetDomain++;
    return false;
  }

  #isOurs(i: number, m: SignalMessage): boolean {
    if (m.cnDomain !== cnDomain.packetSwitched) return true;
    this.packetDomain++;
    this.#parts.connections.mark(i, flag.packetDomain);
    return false;
  }

  /** Takes the service area of a message. @returns whether it has one */
  #locate(i: number, m: SignalMessage): boolean {
    if ((m.parts & part.place) === 0 || m.cellSac < 0) return false;
    const { connections: c, directory } = this.#parts;
    c.setCell(i, this.#dialogues.sightings.cellOf(i, m.cellPlmn, m.cellLac, m.cellSac, 0));
    directory.learnArea(c.scope(i), m.cellPlmn, m.cellLac);
    return true;
  }

  /** LocationReport: the RNC has seen the phone in another service area. §8.20. */
  #report(i: number, timeUs: number): void {
    const { connections: c, rows } = this.#parts;
    const cell = c.cell(i);
    if (cell === c.uplinkCell(i)) return;
    c.setUplink(i, timeUs, cell);
    c.unmark(i, flag.uplinkSighted);
    if (cell === unknownCell || !this.#dialogues.sightings.proves(i) || c.is(i, flag.updatePending)) return;
    rows.sighting(i, timeUs, cell);
    c.mark(i, flag.uplinkSighted);
  }

  /** Iu-ReleaseComplete: nothing more happens here, whenever SCCP gives the connection back. */
  #released(i: number): void {
    this.#dialogues.end(i, -1);
    this.#parts.connections.mark(i, flag.uplinkSighted);
  }
}
