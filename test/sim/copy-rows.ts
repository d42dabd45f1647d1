import type { Commit } from './tables.ts';

const postgresEpochUs = 946_684_800_000_000n;
const headBytes = 19;

export type Field = number | boolean | null;

/** Rows of a table in the order in which they were stored, fields in the order of the COPY; ts as in a row. */
export function rowsOf(commits: readonly Commit[], table: string): Field[][] {
  let rows: Field[][] = [];
  for (const { copies, deletes } of commits) {
    for (const { ts } of deletes.filter((one) => one.table === table)) rows = rows.filter(([us]) => timeOf(us) !== ts);
    for (const copy of copies) if (copy.table === table) rows.push(...rowsIn(copy.bytes));
  }
  return rows;
}

/** Rows of a binary COPY. */
export function rowsIn(given: Uint8Array): Field[][] {
  return rangesOf(given).map(({ from, to }) => readRow(given.subarray(from, to)));
}

/** Where each row of a binary COPY lies. */
export function rangesOf(given: Uint8Array): { from: number; to: number }[] {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  const ranges: { from: number; to: number }[] = [];
  for (let at = headBytes; ; ) {
    const from = at;
    const fields = bytes.readInt16BE(at);
    if (fields < 0) return ranges;
    at += 2;
    for (let i = 0; i < fields; i++) at += 4 + Math.max(0, bytes.readInt32BE(at));
    ranges.push({ from, to: at });
  }
}

/** One row, from its number of fields on. */
export function readRow(given: Uint8Array): Field[] {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
  const row: Field[] = [];
  let at = 2;
  for (let fields = bytes.readInt16BE(0); fields > 0; fields--) {
    const length = bytes.readInt32BE(at);
    at += 4;
    row.push(readField(bytes, at, length));
    at += Math.max(0, length);
  }
  return row;
}

function readField(bytes: Buffer, at: number, length: number): Field {
  if (length === 8) return Number(bytes.readBigInt64BE(at));
  if (length === 4) return bytes.readInt32BE(at);
  if (length === 2) return bytes.readInt16BE(at);
  if (length === 1) return bytes[at] === 1;
  return null;
}

/** A timestamp of a row as µs since 1970. */
export function timeOf(field: Field): number {
  return Number(BigInt(field as number) + postgresEpochUs);
}

/** The same the other way round. */
export function fieldOf(us: number): number {
  return Number(BigInt(us) - postgresEpochUs);
}
