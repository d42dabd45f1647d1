import type { MakeWords } from '../decode/ordinary-memory.ts';
import { ConnectionRecords, none } from './connection-records.ts';
import { ReferenceTable } from './reference-table.ts';

/**
 * The open SCCP connections, found by link, side and local reference.
 *
 * A local reference belongs to the side that chose it (ITU-T Q.713 §3.3) and stands in every message towards it, so
 * a connection is found under two keys: the initiator's reference, from CONNECTION REQUEST on, and the responder's, once
 * a message told it (CONNECTION CONFIRM, or any later one that carries both).
 *
 * Records are used from the bottom up, and the one given back last goes out first: so as few lines of memory as
 * possible are in use.
 */
export class Connections extends ConnectionRecords {
  open = 0;
  /** Records below this number have been used. */
  high = 0;
  readonly #byReference: ReferenceTable;
  #free = none;

  constructor(max: number, makeWords: MakeWords) {
    super(max, makeWords);
    this.#byReference = new ReferenceTable(makeWords);
  }

  get full(): boolean {
    return this.open === this.max;
  }

  /** State of the table of references, for WebAssembly. */
  get tableState(): Int32Array<ArrayBuffer> {
    return this.#byReference.state;
  }

  /** Bytes of the table of references. */
  get referenceBytes(): number {
    return this.#byReference.byteLength;
  }

  /** The connection that a reference of one side of a link (1: the lower one) belongs to, or {@link none}. */
  find(link: number, side: number, reference: number): number {
    const table = this.#byReference;
    const hash = table.hashOf(link, side, reference);
    // Two keys may share a hash; the record tells.
    for (let at = table.first(hash); at >= 0; at = table.next(at, hash)) {
      const i = table.handleAt(at);
      if (this.link(i) === link && this.referenceOf(i, side) === reference) return i;
    }
    return none;
  }

  /** A reference's hash, for {@link fetchSlots} and {@link fetchRecords}. */
  hashOf(link: number, side: number, reference: number): number {
    return this.#byReference.hashOf(link, side, reference);
  }

  /** Fetches the slots of the table of references. @returns something of them */
  fetchSlots(hashes: Int32Array, count: number): number {
    return this.#byReference.fetch(hashes, count);
  }

  /**
   * Fetches the records behind the slots.
   *
   * @param handles gets the connections, as far as their hash tells, or {@link none}
   * @param procedures gets the last procedure of each, or {@link none}
   */
  fetchRecords(hashes: Int32Array, count: number, handles: Int32Array, procedures: Int32Array): void {
    this.#byReference.guess(hashes, count, handles);
    for (let k = 0; k < count; k++) procedures[k] = handles[k] === none ? none : this.lastProcedure(handles[k]);
  }

  /** Starts a connection; the caller has seen to it that there is room and that the reference is free. */
  start(link: number, side: number, reference: number, timeUs: number): number {
    let i = this.#free;
    if (i === none) i = this.handleOf(this.high++);
    else this.#free = this.nextFree(i);
    this.open++;
    this.clear(i, link, side, reference, timeUs);
    this.#byReference.add(this.#byReference.hashOf(link, side, reference), i);
    return i;
  }

  /** Notes the responder's reference; one that it had before is forgotten. */
  bindResponder(i: number, reference: number): void {
    const side = this.initiatorSide(i) ^ 1;
    this.#forget(i, side, this.responderReference(i));
    this.setResponderReference(i, reference);
    this.#byReference.add(this.#byReference.hashOf(this.link(i), side, reference), i);
  }

  /** Gives the record back. */
  end(i: number): void {
    const side = this.initiatorSide(i);
    this.#forget(i, side, this.initiatorReference(i));
    this.#forget(i, side ^ 1, this.responderReference(i));
    this.setFree(i, this.#free);
    this.#free = i;
    this.open--;
  }

  #forget(i: number, side: number, reference: number): void {
    if (reference !== none) this.#byReference.delete(this.#byReference.hashOf(this.link(i), side, reference), i);
  }
}
