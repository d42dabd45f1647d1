/**
 * Columns of an event batch in a record. Each column is written in the shortest of few forms that a single pass over
 * it tells: one value that all rows share, narrow differences to its least value, or as it is.
 */
import { EventBatch } from '../events/event-batch.ts';
import type { PayloadReader, PayloadWriter } from './payload.ts';

const doubles = ['timeUs', 'bytes'] as const;
const words = [
  'subLo',
  'subHi',
  'cell',
  'plmn',
  'durationMs',
  'typeAllocationCode',
  'peerLo',
  'peerHi',
  'area',
] as const;
const halves = ['country', 'cause'] as const;
const octets = ['peerClass', 'kind', 'outcome', 'flags', 'feed'] as const;
const columns = doubles.length + words.length + halves.length + octets.length;

/** How a column is written. Never renumbered: journals outlive versions. */
const form = { asIs: 0, shared: 1, narrow: 2 } as const;

/** Widest difference that narrow forms hold: 32 bits of a double, 16 of a word. */
const differenceMax = { double: 0xffff_ffff, word: 0xffff } as const;

export function writeBatch(to: PayloadWriter, batch: EventBatch): void {
  const { n } = batch;
  const forms = new Uint8Array(columns);
  to.column(forms);
  let at = 0;
  for (const name of doubles) forms[at++] = writeDoubles(to, batch[name], n);
  for (const name of words) forms[at++] = writeWords(to, batch[name], n);
  for (const name of halves) forms[at++] = writeSmall(to, batch[name], n);
  for (const name of octets) forms[at++] = writeSmall(to, batch[name], n);
}

export function readBatch(from: PayloadReader, rows: number): EventBatch {
  const batch = new EventBatch(rows);
  batch.n = rows;
  const forms = from.column(Uint8Array, columns);
  let at = 0;
  for (const name of doubles) readDoubles(from, forms[at++], batch[name], rows);
  for (const name of words) readWords(from, forms[at++], batch[name], rows);
  for (const name of halves) {
    const how = forms[at++];
    if (how === form.shared) batch[name].fill(from.double(), 0, rows);
    else if (how === form.asIs) batch[name].set(from.column(Uint16Array, rows));
    else from.fail(`column form ${how}`);
  }
  for (const name of octets) {
    const how = forms[at++];
    if (how === form.shared) batch[name].fill(from.double(), 0, rows);
    else if (how === form.asIs) batch[name].set(from.column(Uint8Array, rows));
    else from.fail(`column form ${how}`);
  }
  return batch;
}

/** Whether all are the first one, to the bit (a double's NaN is not). */
function allShared(column: Float64Array | Uint32Array | Uint16Array | Uint8Array, n: number): boolean {
  const first = column[0];
  for (let i = 1; i < n; i++) if (column[i] !== first) return false;
  return n > 0;
}

function writeDoubles(to: PayloadWriter, column: Float64Array, n: number): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let whole = n > 0;
  for (let i = 0; i < n; i++) {
    const value = column[i];
    // Zero has two signs, and only one of them would come back.
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) whole = false;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!whole || most - least > differenceMax.double) {
    to.column(column.subarray(0, n));
    return form.asIs;
  }
  to.doubles(least);
  if (most === least) return form.shared;
  const differences = new Uint32Array(n);
  for (let i = 0; i < n; i++) differences[i] = column[i] - least;
  to.column(differences);
  return form.narrow;
}

function readDoubles(from: PayloadReader, how: number, out: Float64Array, n: number): void {
  if (how === form.asIs) {
    out.set(from.column(Float64Array, n));
    return;
  }
  const least = from.double();
  if (how === form.shared) {
    out.fill(least, 0, n);
    return;
  }
  if (how !== form.narrow) from.fail(`column form ${how}`);
  const differences = from.column(Uint32Array, n);
  for (let i = 0; i < n; i++) out[i] = least + differences[i];
}

function writeWords(to: PayloadWriter, column: Uint32Array, n: number): number {
  let least = 0xffff_ffff;
  let most = 0;
  // Pseudonyms show at once that nothing is gained.
  for (let i = 0; i < n && (most < least || most - least <= differenceMax.word); i++) {
    const value = column[i];
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (n === 0 || most - least > differenceMax.word) {
    to.column(column.subarray(0, n));
    return form.asIs;
  }
  to.doubles(least);
  if (most === least) return form.shared;
  const differences = new Uint16Array(n);
  for (let i = 0; i < n; i++) differences[i] = column[i] - least;
  to.column(differences);
  return form.narrow;
}

function readWords(from: PayloadReader, how: number, out: Uint32Array, n: number): void {
  if (how === form.asIs) {
    out.set(from.column(Uint32Array, n));
    return;
  }
  const least = from.double();
  if (how === form.shared) {
    out.fill(least, 0, n);
    return;
  }
  if (how !== form.narrow) from.fail(`column form ${how}`);
  const differences = from.column(Uint16Array, n);
  for (let i = 0; i < n; i++) out[i] = least + differences[i];
}

function writeSmall(to: PayloadWriter, column: Uint16Array | Uint8Array, n: number): number {
  if (allShared(column, n)) {
    to.doubles(column[0]);
    return form.shared;
  }
  to.column(column.subarray(0, n));
  return form.asIs;
}
