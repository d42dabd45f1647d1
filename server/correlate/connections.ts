import { PairTable } from '../privacy/pair-table.ts';
import { unknownCell } from './cell-names.ts';

/** Bits of {@link Connections.flags}. */
export const connectionFlag = {
  open: 1,
  /** The side that sent CONNECTION REQUEST is the lower one of the link (`SignalMessage.fromLower`). */
  initiatorLower: 2,
  /** The BSS opened it; else the MSC did, for a handover. */
  bssInitiated: 4,
  /** A location update waits for its answer: nothing of it is a sighting yet. */
  updatePending: 8,
  /** Proves no place any more: the registration was refused, or the subscriber has detached. */
  silent: 16,
  /** The last uplink message has been (or never will be) a sighting of its own. */
  uplinkSighted: 32,
  clearRequested: 64,
  usedTmsi: 128,
  newTmsi: 256,
  /** Opened by HANDOVER REQUEST, and the phone has not come yet. */
  incoming: 512,
  /** The phone has been somewhere on it: a subscriber that shows from now on shows late. */
  placed: 1024,
} as const;

/** No record. */
export const none = -1;

/**
 * The open SCCP connections as a struct of arrays with a free list, found by link, side and local reference.
 *
 * A local reference belongs to the side that chose it (ITU-T Q.713 §3.3) and stands in every message towards it, so
 * a connection is found under two keys: the initiator's reference, from CONNECTION REQUEST on, and the responder's, once
 * a message told it (CONNECTION CONFIRM, or any later one that carries both).
 *
 * The columns are made at full length at once: the system hands out their pages when they are first touched, and
 * indices are used from the bottom up.
 */
export class Connections {
  readonly max: number;
  open = 0;
  /** Records below it have been used. */
  high = 0;

  readonly flags: Uint16Array;
  readonly link: Uint32Array;
  /** Whose VLR allocates here: point code of the core side, see `VlrDirectory`. */
  readonly scope: Uint32Array;
  readonly initiatorReference: Int32Array;
  readonly responderReference: Int32Array;
  /** Event time of the last message of any kind, µs. */
  readonly lastUs: Float64Array;

  /** IMSI from `packImsi`, or -1, and what follows from it. */
  readonly imsi: Float64Array;
  readonly subLo: Uint32Array;
  readonly subHi: Uint32Array;
  readonly plmn: Uint32Array;
  readonly typeAllocationCode: Uint32Array;
  /** TMSI that the phone named itself by, and the one it was given, where the flags say so. */
  readonly usedTmsi: Uint32Array;
  readonly newTmsi: Uint32Array;

  /** Symbol of the cell where the phone is now; of an incoming handover: the target. */
  readonly cell: Uint32Array;
  /** CI that came without a LAC, or -1. */
  readonly bareCi: Int32Array;
  /** A sighting that waits for the subscriber or for the answer to a location update; time -1: none. */
  readonly heldUs: Float64Array;
  readonly heldCell: Uint32Array;
  /** Last uplink DTAP message: time (-1: none yet), cell, and the procedure it belonged to. */
  readonly uplinkUs: Float64Array;
  readonly uplinkCell: Uint32Array;
  readonly uplinkProcedure: Int32Array;
  /** Procedures, oldest first. */
  readonly firstProcedure: Int32Array;
  readonly lastProcedure: Int32Array;

  /** Handover: time of HANDOVER REQUIRED or REQUEST, target as the message named it, serving cell, other connection. */
  readonly handoverUs: Float64Array;
  readonly targetLac: Int32Array;
  readonly targetCi: Int32Array;
  readonly servingCell: Uint32Array;
  readonly pending: Int32Array;
  readonly partner: Int32Array;
  /** Cause of CLEAR REQUEST. */
  readonly clearCause: Uint8Array;

  readonly #byReference = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  readonly #next: Int32Array;
  #free = none;

  constructor(max: number) {
    this.max = max;
    this.flags = new Uint16Array(max);
    this.link = new Uint32Array(max);
    this.scope = new Uint32Array(max);
    this.initiatorReference = new Int32Array(max);
    this.responderReference = new Int32Array(max);
    this.lastUs = new Float64Array(max);
    this.imsi = new Float64Array(max);
    this.subLo = new Uint32Array(max);
    this.subHi = new Uint32Array(max);
    this.plmn = new Uint32Array(max);
    this.typeAllocationCode = new Uint32Array(max);
    this.usedTmsi = new Uint32Array(max);
    this.newTmsi = new Uint32Array(max);
    this.cell = new Uint32Array(max);
    this.bareCi = new Int32Array(max);
    this.heldUs = new Float64Array(max);
    this.heldCell = new Uint32Array(max);
    this.uplinkUs = new Float64Array(max);
    this.uplinkCell = new Uint32Array(max);
    this.uplinkProcedure = new Int32Array(max);
    this.firstProcedure = new Int32Array(max);
    this.lastProcedure = new Int32Array(max);
    this.handoverUs = new Float64Array(max);
    this.targetLac = new Int32Array(max);
    this.targetCi = new Int32Array(max);
    this.servingCell = new Uint32Array(max);
    this.pending = new Int32Array(max);
    this.partner = new Int32Array(max);
    this.clearCause = new Uint8Array(max);
    this.#next = new Int32Array(max);
  }

  get full(): boolean {
    return this.open === this.max;
  }

  /** Bytes of a record, and of the table of references. */
  get memory(): { recordBytes: number; referenceBytes: number } {
    let recordBytes = 0;
    for (const column of Object.values(this)) {
      if (ArrayBuffer.isView(column)) recordBytes += (column as Uint8Array).BYTES_PER_ELEMENT;
    }
    return { recordBytes: recordBytes + this.#next.BYTES_PER_ELEMENT, referenceBytes: this.#byReference.byteLength };
  }

  /** The connection that a reference of one side of a link belongs to, or {@link none}. */
  find(link: number, ownerLower: boolean, reference: number): number {
    return this.#byReference.get(sideKey(link, ownerLower), reference) - 1;
  }

  /** Starts a connection; the caller has seen to it that there is room and that the reference is free. */
  start(link: number, initiatorLower: boolean, reference: number, timeUs: number): number {
    let i = this.#free;
    if (i === none) i = this.high++;
    else this.#free = this.#next[i];
    this.open++;
    this.flags[i] =
      connectionFlag.open | connectionFlag.bssInitiated | (initiatorLower ? connectionFlag.initiatorLower : 0);
    this.link[i] = link;
    this.scope[i] = 0;
    this.initiatorReference[i] = reference;
    this.responderReference[i] = none;
    this.lastUs[i] = timeUs;
    this.imsi[i] = -1;
    this.subLo[i] = 0;
    this.subHi[i] = 0;
    this.plmn[i] = 0;
    this.typeAllocationCode[i] = 0;
    this.cell[i] = unknownCell;
    this.bareCi[i] = -1;
    this.heldUs[i] = -1;
    this.uplinkUs[i] = -1;
    this.uplinkCell[i] = unknownCell;
    this.uplinkProcedure[i] = none;
    this.firstProcedure[i] = none;
    this.lastProcedure[i] = none;
    this.servingCell[i] = unknownCell;
    this.pending[i] = none;
    this.partner[i] = none;
    this.clearCause[i] = 0;
    this.#byReference.set(sideKey(link, initiatorLower), reference, i + 1, 0);
    return i;
  }

  /** Notes the responder's reference; one that it had before is forgotten. */
  bindResponder(i: number, reference: number): void {
    const key = sideKey(this.link[i], (this.flags[i] & connectionFlag.initiatorLower) === 0);
    if (this.responderReference[i] !== none) this.#byReference.delete(key, this.responderReference[i]);
    this.responderReference[i] = reference;
    this.#byReference.set(key, reference, i + 1, 0);
  }

  /** Gives the record back. */
  end(i: number): void {
    const initiatorLower = (this.flags[i] & connectionFlag.initiatorLower) !== 0;
    this.#byReference.delete(sideKey(this.link[i], initiatorLower), this.initiatorReference[i]);
    if (this.responderReference[i] !== none) {
      this.#byReference.delete(sideKey(this.link[i], !initiatorLower), this.responderReference[i]);
    }
    this.flags[i] = 0;
    this.#next[i] = this.#free;
    this.#free = i;
    this.open--;
  }
}

function sideKey(link: number, lower: boolean): number {
  return ((link << 1) | (lower ? 1 : 0)) >>> 0;
}
