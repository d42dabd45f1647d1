import type { MakeWords } from '../decode/ordinary-memory.ts';
import { unknownCell } from './cell-names.ts';
import { clearCauseShift, connectionFlag, initiatorShift } from './connection-flags.ts';

/** No record. */
export const none = -1;

/** All ones is no TMSI. 3GPP TS 23.003 §2.4. */
const noTmsi = -1;

/** Words of a connection in each of the two arrays: a cache line of 64 octets. */
const lineWords = 16;

/**
 * What is known of each connection, as records of two cache lines: one that nearly every message reads or writes, and
 * one that is wanted a few times in a connection's life. A connection goes by the **handle** of its record, a small
 * integer that every method takes, or {@link none}. `name(i)` reads a field, `setName(i, value)` writes it. A handle is a
 * multiple of a line's words, so that `i | n` is its n-th word: unlike `i + n` it can't overflow, which V8 looks out for.
 *
 * The arrays are made at full length at once: the system hands out their pages when they are first touched.
 */
export class ConnectionRecords {
  readonly max: number;
  /** The line of every message: as words, and as numbers of 64 bits. */
  readonly hot: Int32Array<ArrayBuffer>;
  protected readonly hotWide: Float64Array;
  readonly cold: Int32Array<ArrayBuffer>;
  protected readonly coldWide: Float64Array;

  constructor(max: number, makeWords: MakeWords) {
    this.max = max;
    this.hot = makeWords(max * lineWords);
    this.hotWide = new Float64Array(this.hot.buffer, this.hot.byteOffset, this.hot.length / 2);
    this.cold = makeWords(max * lineWords);
    this.coldWide = new Float64Array(this.cold.buffer, this.cold.byteOffset, this.cold.length / 2);
  }

  get recordBytes(): number {
    return (this.hot.byteLength + this.cold.byteLength) / this.max;
  }

  /** Handle of the n-th record, from 0. */
  handleOf(n: number): number {
    return n * lineWords;
  }

  /** A connection that has just been opened, of which nothing else is known. */
  protected clear(i: number, link: number, side: number, reference: number, timeUs: number): void {
    const { hot, cold } = this;
    this.hotWide[i >> 1] = timeUs;
    this.hotWide[(i >> 1) | 1] = -1;
    this.hotWide[(i >> 1) | 2] = -1;
    hot[i | 6] = link;
    hot[i | 7] = connectionFlag.open | connectionFlag.bssInitiated | (side * connectionFlag.initiatorLower);
    hot[i | 8] = reference;
    hot[i | 9] = none;
    hot[i | 10] = unknownCell;
    hot[i | 11] = unknownCell;
    hot[i | 12] = none;
    hot[i | 13] = none;
    hot[i | 14] = none;
    this.coldWide[i >> 1] = -1;
    cold[i | 4] = 0;
    cold[i | 5] = 0;
    cold[i | 6] = 0;
    cold[i | 7] = 0;
    cold[i | 8] = noTmsi;
    cold[i | 11] = -1;
    cold[i | 13] = unknownCell;
    cold[i | 14] = none;
    cold[i | 15] = none;
  }

  // The line of every message: words 0 to 5 are three wide numbers.

  /** Event time of the last message of any kind, µs. */
  lastUs(i: number): number {
    return this.hotWide[i >> 1];
  }
  setLastUs(i: number, timeUs: number): void {
    this.hotWide[i >> 1] = timeUs;
  }

  /** Last uplink DTAP message: time (-1: none yet), cell, and the procedure it belonged to. */
  uplinkUs(i: number): number {
    return this.hotWide[(i >> 1) | 1];
  }
  uplinkCell(i: number): number {
    return this.hot[i | 11];
  }
  setUplink(i: number, timeUs: number, cell: number): void {
    this.hotWide[(i >> 1) | 1] = timeUs;
    this.hot[i | 11] = cell;
  }
  uplinkProcedure(i: number): number {
    return this.hot[i | 12];
  }
  setUplinkProcedure(i: number, p: number): void {
    this.hot[i | 12] = p;
  }

  /** IMSI from `packImsi`, or -1. */
  imsi(i: number): number {
    return this.hotWide[(i >> 1) | 2];
  }

  link(i: number): number {
    return this.hot[i | 6];
  }

  /** Bits of {@link connectionFlag}: whether any of them is set, setting and clearing them. */
  is(i: number, bits: number): boolean {
    return (this.hot[i | 7] & bits) !== 0;
  }
  mark(i: number, bits: number): void {
    this.hot[i | 7] |= bits;
  }
  unmark(i: number, bits: number): void {
    this.hot[i | 7] &= ~bits;
  }

  /** Cause of CLEAR REQUEST from `packCause`, or `noCause`. */
  clearCause(i: number): number {
    return this.hot[i | 7] >>> clearCauseShift;
  }
  setClearCause(i: number, cause: number): void {
    this.hot[i | 7] = (this.hot[i | 7] & ((1 << clearCauseShift) - 1)) | (cause << clearCauseShift);
  }

  /** Side of the link that opened it: 1 the lower one, 0 the other. */
  initiatorSide(i: number): number {
    return (this.hot[i | 7] >>> initiatorShift) & 1;
  }

  /**
   * Whether a message comes from the radio side. The BSS is the lower side where it opened the connection from below, or
   * did not open it from above.
   *
   * @param side of the sender: 1 the lower one
   */
  isUplink(i: number, side: number): boolean {
    const opened = this.is(i, connectionFlag.bssInitiated) ? 1 : 0;
    return (this.initiatorSide(i) === opened ? 1 : 0) === side;
  }

  /** The reference that one side of the link chose. */
  referenceOf(i: number, side: number): number {
    return this.initiatorSide(i) === side ? this.hot[i | 8] : this.hot[i | 9];
  }

  initiatorReference(i: number): number {
    return this.hot[i | 8];
  }
  responderReference(i: number): number {
    return this.hot[i | 9];
  }
  protected setResponderReference(i: number, reference: number): void {
    this.hot[i | 9] = reference;
  }

  /** In a record that is not in use: the one to use after it. */
  protected nextFree(i: number): number {
    return this.hot[i | 6];
  }
  protected setFree(i: number, next: number): void {
    this.hot[i | 7] = 0;
    this.hot[i | 6] = next;
  }

  /** Symbol of the cell where the phone is now; of an incoming handover: the target. */
  cell(i: number): number {
    return this.hot[i | 10];
  }
  setCell(i: number, cell: number): void {
    this.hot[i | 10] = cell;
  }

  /** Procedures, oldest first. */
  firstProcedure(i: number): number {
    return this.hot[i | 13];
  }
  setFirstProcedure(i: number, p: number): void {
    this.hot[i | 13] = p;
  }
  lastProcedure(i: number): number {
    return this.hot[i | 14];
  }
  setLastProcedure(i: number, p: number): void {
    this.hot[i | 14] = p;
  }

  /** Whose VLR allocates here: point code of the core side, see `VlrDirectory`. */
  scope(i: number): number {
    return this.hot[i | 15] >>> 0;
  }
  setScope(i: number, scope: number): void {
    this.hot[i | 15] = scope;
  }

  /** Nothing is known of it but its references, and what the core has sent. */
  isBare(i: number): boolean {
    return this.imsi(i) < 0 && this.uplinkUs(i) < 0 && this.cell(i) === unknownCell;
  }

  /** Fetches the other line of records, where there is one ({@link none}: not). @returns something of them */
  fetchCold(handles: Int32Array, count: number): number {
    const { cold } = this;
    let sum = 0;
    for (let k = 0; k < count; k++) if (handles[k] !== none) sum ^= cold[handles[k]];
    return sum;
  }

  // The other line: words 0 to 3 are two wide numbers.

  /** A sighting that waits for the subscriber or for the answer to a location update: its time (-1: none) and cell. */
  heldUs(i: number): number {
    return this.coldWide[i >> 1];
  }
  heldCell(i: number): number {
    return this.cold[i | 10];
  }
  setHeld(i: number, timeUs: number, cell: number): void {
    this.coldWide[i >> 1] = timeUs;
    this.cold[i | 10] = cell;
  }
  holdNothing(i: number): void {
    this.coldWide[i >> 1] = -1;
  }

  /** Time of HANDOVER REQUIRED or REQUEST. */
  handoverUs(i: number): number {
    return this.coldWide[(i >> 1) | 1];
  }

  /** What follows from the IMSI: the two words of its pseudonym, and the home PLMN. */
  subLo(i: number): number {
    return this.cold[i | 4] >>> 0;
  }
  subHi(i: number): number {
    return this.cold[i | 5] >>> 0;
  }
  plmn(i: number): number {
    return this.cold[i | 6];
  }
  setSubscriber(i: number, imsi: number, subLo: number, subHi: number, plmn: number): void {
    this.hotWide[(i >> 1) | 2] = imsi;
    this.cold[i | 4] = subLo;
    this.cold[i | 5] = subHi;
    this.cold[i | 6] = plmn;
  }

  typeAllocationCode(i: number): number {
    return this.cold[i | 7];
  }
  setTypeAllocationCode(i: number, code: number): void {
    this.cold[i | 7] = code;
  }

  /** TMSI that the phone named itself by, and the one it was given, where the flags say so. */
  usedTmsi(i: number): number {
    return this.cold[i | 8] >>> 0;
  }
  setUsedTmsi(i: number, tmsi: number): void {
    this.cold[i | 8] = tmsi;
    this.hot[i | 7] |= connectionFlag.usedTmsi;
  }
  /** The TMSI that it named itself by in an area that is nobody's so far, or -1. */
  areaTmsi(i: number): number {
    const isNone = this.cold[i | 8] === noTmsi || (this.hot[i | 7] & connectionFlag.usedTmsi) !== 0;
    return isNone ? -1 : this.cold[i | 8] >>> 0;
  }
  setAreaTmsi(i: number, tmsi: number): void {
    this.cold[i | 8] = tmsi;
    this.hot[i | 7] &= ~connectionFlag.usedTmsi;
  }
  newTmsi(i: number): number {
    return this.cold[i | 9] >>> 0;
  }
  setNewTmsi(i: number, tmsi: number): void {
    this.cold[i | 9] = tmsi;
    this.hot[i | 7] |= connectionFlag.newTmsi;
  }

  /** CI that came without a LAC, or -1. */
  bareCi(i: number): number {
    return this.cold[i | 11];
  }
  setBareCi(i: number, ci: number): void {
    this.cold[i | 11] = ci;
  }

  /** Target of a handover as the message named it: LAC and CI, -1 for what it left out. */
  targetLac(i: number): number {
    return this.hot[i | 7] & connectionFlag.targetLac ? this.cold[i | 12] >>> 16 : -1;
  }
  targetCi(i: number): number {
    return this.hot[i | 7] & connectionFlag.targetCi ? this.cold[i | 12] & 0xffff : -1;
  }
  setTarget(i: number, timeUs: number, lac: number, ci: number): void {
    const named = (lac >= 0 ? connectionFlag.targetLac : 0) | (ci >= 0 ? connectionFlag.targetCi : 0);
    this.hot[i | 7] = (this.hot[i | 7] & ~(connectionFlag.targetLac | connectionFlag.targetCi)) | named;
    this.coldWide[(i >> 1) | 1] = timeUs;
    this.cold[i | 12] = (lac << 16) | (ci & 0xffff);
  }

  /** Handover: serving cell that HANDOVER REQUEST named. */
  servingCell(i: number): number {
    return this.cold[i | 13];
  }
  setServingCell(i: number, cell: number): void {
    this.cold[i | 13] = cell;
  }

  /** Place in the joiner's list, and the other connection of the handover. */
  pending(i: number): number {
    return this.cold[i | 14];
  }
  setPending(i: number, at: number): void {
    this.cold[i | 14] = at;
  }
  partner(i: number): number {
    return this.cold[i | 15];
  }
  setPartner(i: number, other: number): void {
    this.cold[i | 15] = other;
  }
}
