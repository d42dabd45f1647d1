import { type EventBatch, noCause, noCell } from './event-batch.ts';
import { isEventTime } from './feed-position.ts';
import { eventFlag, eventKinds, outcomes, peerClasses } from './kinds.ts';
import { isMap, type MsgpackMap, type MsgpackValue } from './msgpack-reader.ts';
import { type PushIdentities, pushBytesOfEventMax } from './push-fields.ts';
import { badBatch, badField } from './push-refusal.ts';
import { defaultFlags, flagsFault, outcomeUntold, peerClassUntold } from './push-row.ts';

/** Octets of a value in each column; values are little-endian, as in every machine that this runs on. */
const widths = {
  timeUs: 8,
  bytes: 8,
  imsi: 8,
  subscriber: 8,
  peer: 8,
  cell: 4,
  plmn: 4,
  durationMs: 4,
  typeAllocationCode: 4,
  area: 4,
  country: 2,
  cause: 2,
  kind: 1,
  outcome: 1,
  peerClass: 1,
  flags: 1,
} as const;
type ColumnName = keyof typeof widths;

/** Columns whose values are those of an event batch, and the largest one. */
const plain = {
  plmn: 0x1f_ffff,
  durationMs: 0xffff_ffff,
  typeAllocationCode: 99_999_999,
  area: 9_999_999,
  country: 0x3ff,
  kind: eventKinds.length - 1,
  outcome: outcomes.length - 1,
  peerClass: peerClasses.length - 1,
  flags: eventFlag.sighting | eventFlag.detach | eventFlag.traffic,
} as const;
const plainNames = Object.keys(plain) as (keyof typeof plain)[];

/** Checked columns of a message: views of its octets. */
export interface PushColumns {
  readonly rows: number;
  readonly at: ReadonlyMap<ColumnName, Uint8Array>;
}

/** @throws PushRefusal where a column is unknown, missing or as long as none other */
export function readColumns(value: MsgpackValue | undefined): PushColumns {
  const at = new Map<ColumnName, Uint8Array>();
  if (value === undefined) return { rows: 0, at };
  if (!isMap(value)) throw badBatch("'columns' must be a map of binaries");
  for (const [name, column] of Object.entries(value as MsgpackMap)) {
    if (!Object.hasOwn(widths, name))
      throw badBatch(`a column has no known name; there are ${Object.keys(widths).join(', ')}`);
    if (!(column instanceof Uint8Array)) throw badBatch(`column '${name}' must be a binary`);
    at.set(name as ColumnName, column);
  }
  const rows = (at.get('timeUs')?.length ?? 0) / widths.timeUs;
  if (!at.has('timeUs') || !at.has('kind')) throw badBatch("'columns' must hold timeUs and kind");
  if (at.has('imsi') && at.has('subscriber')) throw badBatch("'columns' may hold one of imsi and subscriber");
  for (const [name, column] of at) {
    if (column.length === rows * widths[name]) continue;
    throw badBatch(`column '${name}' must have ${widths[name]} octets for each of ${rows} rows`);
  }
  return { rows, at };
}

/**
 * Writes the columns as the batch's first rows. A column at a time: what is a column of ours is copied as it is. It yields
 * after some thousand IMSIs, which cost most, and before what is looked at by rows.
 *
 * @param symbols of the cells that the column `cell` names by their place
 * @throws PushRefusal naming the first row of a wrong value
 */
export function* writeColumns(
  columns: PushColumns,
  symbols: Uint32Array,
  batch: EventBatch,
  identities: PushIdentities,
): Generator<void> {
  const { rows: n, at } = columns;
  batch.n = n;
  if (n === 0) return;
  copyOctets(at.get('timeUs')!, batch.timeUs);
  for (let i = 0; i < n; i++)
    if (!isWholeTime(batch.timeUs[i])) throw wrong(i, 'timeUs', 'whole microseconds since 1970, from the year 1990 on');
  const bytes = at.get('bytes');
  if (bytes !== undefined) copyOctets(bytes, batch.bytes);
  for (let i = 0; bytes !== undefined && i < n; i++)
    if (!isWholeBytes(batch.bytes[i])) throw wrong(i, 'bytes', 'a whole number up to 2^50');
  for (const name of plainNames) {
    const column = at.get(name);
    if (column !== undefined) copyOctets(column, batch[name]);
    const i = column === undefined ? -1 : firstAbove(batch[name], n, plain[name]);
    if (i >= 0) throw wrong(i, name, `at most ${plain[name]}`);
  }
  writeCauses(at.get('cause'), batch);
  writeCells(at.get('cell'), symbols, batch);
  writeWords(at.get('subscriber'), batch.subLo, batch.subHi, n);
  writeWords(at.get('peer'), batch.peerLo, batch.peerHi, n);
  writeUntold(at, batch);
  yield;
  const imsi = at.get('imsi');
  if (imsi !== undefined) yield* writeImsis(imsi, batch, identities);
  writeFlags(at.has('flags'), batch);
}

const wrong = (i: number, name: string, must: string) => badField(`row ${i + 1} of the columns`, name, must);
const isWholeTime = (us: number) => Math.floor(us) === us && isEventTime(us);
const isWholeBytes = (bytes: number) => Math.floor(bytes) === bytes && bytes >= 0 && bytes <= pushBytesOfEventMax;

function copyOctets(from: Uint8Array, to: Float64Array | Uint32Array | Uint16Array | Uint8Array): void {
  new Uint8Array(to.buffer, to.byteOffset, from.length).set(from);
}

function firstAbove(column: Uint32Array | Uint16Array | Uint8Array, n: number, max: number): number {
  for (let i = 0; i < n; i++) if (column[i] > max) return i;
  return -1;
}

function writeCauses(from: Uint8Array | undefined, { cause, n }: EventBatch): void {
  if (from === undefined) {
    cause.fill(noCause, 0, n);
    return;
  }
  copyOctets(from, cause);
  for (let i = 0; i < n; i++)
    if (cause[i] > 0x7fff && cause[i] !== noCause) throw wrong(i, 'cause', `below 32768, or ${noCause} for none`);
}

function writeCells(from: Uint8Array | undefined, symbols: Uint32Array, { cell, n }: EventBatch): void {
  if (from === undefined) {
    cell.fill(noCell, 0, n);
    return;
  }
  copyOctets(from, cell);
  for (let i = 0; i < n; i++) {
    const place = cell[i];
    if (place === noCell) continue;
    if (place >= symbols.length) throw wrong(i, 'cell', `a place in 'cells', from 0, or ${noCell} for none`);
    cell[i] = symbols[place];
  }
}

/** The first 64 bits of pseudonyms: eight octets each, in the order in which hexadecimal writes them. */
function writeWords(from: Uint8Array | undefined, lo: Uint32Array, hi: Uint32Array, n: number): void {
  if (from === undefined) return;
  const words = new Uint32Array(aligned(from), 0, 2 * n);
  for (let i = 0; i < n; i++) {
    lo[i] = words[2 * i];
    hi[i] = words[2 * i + 1];
  }
}

/** A copy: columns lie anywhere in their message. */
function aligned(from: Uint8Array): ArrayBuffer {
  return new Uint8Array(from).buffer;
}

/** Outcomes and classes of peers that no column tells, as rows have them. */
function writeUntold(at: PushColumns['at'], { n, kind, outcome, peerLo, peerHi, peerClass }: EventBatch): void {
  if (!at.has('outcome')) for (let i = 0; i < n; i++) outcome[i] = outcomeUntold(kind[i]);
  if (!at.has('peerClass')) for (let i = 0; i < n; i++) peerClass[i] = peerClassUntold(peerLo[i], peerHi[i]);
}

/** About a millisecond's. */
const sliceImsis = 4096;

/** IMSIs of 15 digits as doubles; 0: unknown. */
function* writeImsis(from: Uint8Array, batch: EventBatch, identities: PushIdentities): Generator<void> {
  const { n, subLo, subHi, plmn } = batch;
  const imsis = new Float64Array(aligned(from), 0, n);
  for (let i = 0; i < n; i++) {
    if (imsis[i] === 0) continue;
    if (!identities.imsiNumber(imsis[i])) throw wrong(i, 'imsi', 'an IMSI of 15 digits as a number, or 0 for none');
    subLo[i] = identities.lo;
    subHi[i] = identities.hi;
    if (plmn[i] === 0) plmn[i] = identities.plmn;
    if (i % sliceImsis === sliceImsis - 1) yield;
  }
}

function writeFlags(told: boolean, { n, flags, kind, subLo, subHi, cell }: EventBatch): void {
  for (let i = 0; i < n; i++) {
    const isKnown = (subLo[i] | subHi[i]) !== 0;
    const hasCell = cell[i] !== noCell;
    if (!told) {
      flags[i] = defaultFlags(kind[i], isKnown, hasCell);
      continue;
    }
    if (hasCell && (flags[i] & eventFlag.detach) !== 0) flags[i] |= eventFlag.sighting;
    const fault = flagsFault(flags[i], kind[i], isKnown, hasCell);
    if (fault !== '') throw wrong(i, 'flags', `such that ${fault.replace(' ', ' is ')}`);
  }
}
