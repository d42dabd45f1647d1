import type { Learnt } from './learnt.ts';

/**
 * The other side of an event: who was called or written to (or did it), or the foreign network of a `roam-…` row. All
 * zero: there is none, or nothing is known of it.
 */
export interface Peer {
  /** First 64 bits of the keyed pseudonym of the number in international form. */
  peerLo: number;
  peerHi: number;
  /** Code of `peerClasses`. */
  peerClass: number;
  /** Country of the number or network, ISO 3166-1 as `packIso` packs it. */
  country: number;
  /**
   * In China: the first seven digits of a mobile number (its segment), or the area code of another one without its
   * zero, 10 … 999. Of `roam-…` rows: the PLMN of the foreign network as `packPlmn` packs it.
   */
  area: number;
}

const noPeer: Peer = { peerLo: 0, peerHi: 0, peerClass: 0, country: 0, area: 0 };

/**
 * Located events as a struct of arrays on one buffer: what correlate hands on, and everything behind
 * it (presence, occupancy, store) reads. It holds no plain identity: `subLo`/`subHi` are the first 64 bits of the
 * subscriber's keyed pseudonym (both 0: unresolved).
 *
 * Ownership: whoever holds a batch owns its buffer.
 */
export interface EventRow extends Peer {
  /** Event time, integer microseconds since the epoch. */
  timeUs: number;
  subLo: number;
  subHi: number;
  /** Feed-local cell symbol in a worker's batch; surrogate `cell_id` after the hub has mapped it. {@link noCell}: unknown. */
  cell: number;
  /** Home PLMN of the subscriber as {@link packPlmn} packs it; 0: unknown. */
  plmn: number;
  kind: number;
  outcome: number;
  /** Why it ended so: list of causes and value, as `cause.ts` packs them; {@link noCause}: none was told. */
  cause: number;
  flags: number;
  durationMs: number;
  /** First 8 (or only 6) digits of the IMEI as an integer; 0: unknown. */
  typeAllocationCode: number;
  bytes: number;
}

/** Value of the `cell` column where no cell is known. */
export const noCell = 0xffffffff;
/** Of a stay that was cut off: where it led to is not known. */
export const unknownCell = 0xfffffffe;

/** Value of the `cause` column where none was told: 0 is a cause of BSSMAP (3GPP TS 48.008 §3.2.2.5). */
export const noCause = 0xffff;

const bytesPerRow = 2 * 8 + 9 * 4 + 2 * 2 + 5;

export class EventBatch {
  readonly capacity: number;
  readonly buffer: ArrayBuffer;
  n = 0;
  readonly timeUs: Float64Array;
  readonly bytes: Float64Array;
  readonly subLo: Uint32Array;
  readonly subHi: Uint32Array;
  readonly cell: Uint32Array;
  readonly plmn: Uint32Array;
  readonly durationMs: Uint32Array;
  readonly typeAllocationCode: Uint32Array;
  readonly peerLo: Uint32Array;
  readonly peerHi: Uint32Array;
  readonly area: Uint32Array;
  readonly country: Uint16Array;
  readonly cause: Uint16Array;
  readonly peerClass: Uint8Array;
  readonly kind: Uint8Array;
  readonly outcome: Uint8Array;
  readonly flags: Uint8Array;
  /** Number of the feed the row came from; set by the hub. */
  readonly feed: Uint8Array;

  /** @param capacity rows; rounded up to a multiple of 8 so that every column is aligned */
  constructor(capacity: number, buffer?: ArrayBuffer) {
    const rows = (capacity + 7) & ~7;
    this.capacity = rows;
    this.buffer = buffer ?? new ArrayBuffer(rows * bytesPerRow);
    let at = 0;
    const column = <T>(type: new (buffer: ArrayBuffer, offset: number, length: number) => T, width: number): T => {
      const view = new type(this.buffer, at, rows);
      at += rows * width;
      return view;
    };
    this.timeUs = column(Float64Array, 8);
    this.bytes = column(Float64Array, 8);
    this.subLo = column(Uint32Array, 4);
    this.subHi = column(Uint32Array, 4);
    this.cell = column(Uint32Array, 4);
    this.plmn = column(Uint32Array, 4);
    this.durationMs = column(Uint32Array, 4);
    this.typeAllocationCode = column(Uint32Array, 4);
    this.peerLo = column(Uint32Array, 4);
    this.peerHi = column(Uint32Array, 4);
    this.area = column(Uint32Array, 4);
    this.country = column(Uint16Array, 2);
    this.cause = column(Uint16Array, 2);
    this.peerClass = column(Uint8Array, 1);
    this.kind = column(Uint8Array, 1);
    this.outcome = column(Uint8Array, 1);
    this.flags = column(Uint8Array, 1);
    this.feed = column(Uint8Array, 1);
  }

  get full(): boolean {
    return this.n === this.capacity;
  }

  /** Appends one row by columns; the caller has checked {@link full}. */
  push(
    timeUs: number,
    subLo: number,
    subHi: number,
    cell: number,
    plmn: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    typeAllocationCode: number,
    bytes: number,
    peer: Readonly<Peer> = noPeer,
  ): void {
    const i = this.n++;
    this.timeUs[i] = timeUs;
    this.bytes[i] = bytes;
    this.subLo[i] = subLo;
    this.subHi[i] = subHi;
    this.cell[i] = cell;
    this.plmn[i] = plmn;
    this.durationMs[i] = durationMs;
    this.typeAllocationCode[i] = typeAllocationCode;
    this.peerLo[i] = peer.peerLo;
    this.peerHi[i] = peer.peerHi;
    this.area[i] = peer.area;
    this.country[i] = peer.country;
    this.peerClass[i] = peer.peerClass;
    this.kind[i] = kind;
    this.outcome[i] = outcome;
    this.cause[i] = cause;
    this.flags[i] = flags;
    this.feed[i] = 0;
  }

  /** Copies row `from` of `source` behind the last row. */
  copyRow(source: EventBatch, from: number): void {
    this.push(
      source.timeUs[from],
      source.subLo[from],
      source.subHi[from],
      source.cell[from],
      source.plmn[from],
      source.kind[from],
      source.outcome[from],
      source.cause[from],
      source.flags[from],
      source.durationMs[from],
      source.typeAllocationCode[from],
      source.bytes[from],
    );
    const i = this.n - 1;
    this.peerLo[i] = source.peerLo[from];
    this.peerHi[i] = source.peerHi[from];
    this.area[i] = source.area[from];
    this.country[i] = source.country[from];
    this.peerClass[i] = source.peerClass[from];
    this.feed[i] = source.feed[from];
  }

  /** Copies rows `from` … `to − 1` of `source` over those from `at` on, a column at a time. */
  copyRange(source: EventBatch, from: number, to: number, at: number): void {
    copyColumn(source.timeUs, from, to, this.timeUs, at);
    copyColumn(source.bytes, from, to, this.bytes, at);
    copyColumn(source.subLo, from, to, this.subLo, at);
    copyColumn(source.subHi, from, to, this.subHi, at);
    copyColumn(source.cell, from, to, this.cell, at);
    copyColumn(source.plmn, from, to, this.plmn, at);
    copyColumn(source.durationMs, from, to, this.durationMs, at);
    copyColumn(source.typeAllocationCode, from, to, this.typeAllocationCode, at);
    copyColumn(source.peerLo, from, to, this.peerLo, at);
    copyColumn(source.peerHi, from, to, this.peerHi, at);
    copyColumn(source.area, from, to, this.area, at);
    copyColumn(source.country, from, to, this.country, at);
    copyColumn(source.peerClass, from, to, this.peerClass, at);
    copyColumn(source.kind, from, to, this.kind, at);
    copyColumn(source.outcome, from, to, this.outcome, at);
    copyColumn(source.cause, from, to, this.cause, at);
    copyColumn(source.flags, from, to, this.flags, at);
    copyColumn(source.feed, from, to, this.feed, at);
  }

  /** Replaces the rows by the first `n` that `rows` names of `source`, a column at a time. */
  gather(source: EventBatch, rows: Int32Array, n: number): void {
    this.n = n;
    gatherDoubles(source.timeUs, rows, n, this.timeUs);
    gatherDoubles(source.bytes, rows, n, this.bytes);
    gatherWords(source.subLo, rows, n, this.subLo);
    gatherWords(source.subHi, rows, n, this.subHi);
    gatherWords(source.cell, rows, n, this.cell);
    gatherWords(source.plmn, rows, n, this.plmn);
    gatherWords(source.durationMs, rows, n, this.durationMs);
    gatherWords(source.typeAllocationCode, rows, n, this.typeAllocationCode);
    gatherWords(source.peerLo, rows, n, this.peerLo);
    gatherWords(source.peerHi, rows, n, this.peerHi);
    gatherWords(source.area, rows, n, this.area);
    gatherHalves(source.country, rows, n, this.country);
    gatherBytes(source.peerClass, rows, n, this.peerClass);
    gatherBytes(source.kind, rows, n, this.kind);
    gatherBytes(source.outcome, rows, n, this.outcome);
    gatherHalves(source.cause, rows, n, this.cause);
    gatherBytes(source.flags, rows, n, this.flags);
    gatherBytes(source.feed, rows, n, this.feed);
  }

  /** One row as an object: for tests and the command line, never on a hot path. */
  row(i: number): EventRow {
    return {
      timeUs: this.timeUs[i],
      subLo: this.subLo[i],
      subHi: this.subHi[i],
      cell: this.cell[i],
      plmn: this.plmn[i],
      kind: this.kind[i],
      outcome: this.outcome[i],
      cause: this.cause[i],
      flags: this.flags[i],
      durationMs: this.durationMs[i],
      typeAllocationCode: this.typeAllocationCode[i],
      bytes: this.bytes[i],
      peerLo: this.peerLo[i],
      peerHi: this.peerHi[i],
      peerClass: this.peerClass[i],
      country: this.country[i],
      area: this.area[i],
    };
  }

  /** A batch over a received buffer that holds `n` rows. */
  static adopt(buffer: ArrayBuffer, n: number): EventBatch {
    const batch = new EventBatch(buffer.byteLength / bytesPerRow, buffer);
    batch.n = n;
    return batch;
  }
}

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

function copyColumn(from: Column, start: number, end: number, to: Column, at: number): void {
  to.set(from.subarray(start, end), at);
}

// One function for each kind of array: a shared one would ask at every element which kind it is.

function gatherDoubles(from: Float64Array, rows: Int32Array, n: number, to: Float64Array): void {
  for (let i = 0; i < n; i++) to[i] = from[rows[i]];
}

function gatherWords(from: Uint32Array, rows: Int32Array, n: number, to: Uint32Array): void {
  for (let i = 0; i < n; i++) to[i] = from[rows[i]];
}

function gatherHalves(from: Uint16Array, rows: Int32Array, n: number, to: Uint16Array): void {
  for (let i = 0; i < n; i++) to[i] = from[rows[i]];
}

function gatherBytes(from: Uint8Array, rows: Int32Array, n: number, to: Uint8Array): void {
  for (let i = 0; i < n; i++) to[i] = from[rows[i]];
}

/** Where correlate and the xDR reader put their rows. */
export interface EventSink {
  /**
   * Takes one row; same columns as {@link EventBatch.push}, but the cell as its CGI text (`460-00-42285-28831`)
   * or `''` where no cell is known.
   *
   * @param cellSymbol the sender's own small number for this CGI, where it has one: a sink with one sender may know the
   *   cell by it and leave the text alone
   * @param peer the sender's own record: read it during the call
   */
  event(
    timeUs: number,
    subLo: number,
    subHi: number,
    cgi: string,
    plmn: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    typeAllocationCode: number,
    bytes: number,
    cellSymbol?: number,
    peer?: Readonly<Peer>,
  ): void;

  /** Takes what was learnt of a subscriber; absent: nobody asks. @param learnt the sender's own record: read it during the call */
  learnt?(learnt: Readonly<Learnt>): void;
}
