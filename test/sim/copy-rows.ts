import type { Commit } from './database.ts';

const postgresEpochUs = 946_684_800_000_000n;
const headBytes = 19;

export type Field = number | boolean | null;

/** Rows of a table in the order in which they were stored, fields in the order of the COPY; ts as µs since 1970. */
export function rowsOf(commits: readonly Commit[], table: string): Field[][] {
  let rows: Field[][] = [];
  for (const { copies, deletes } of commits) {
    for (const { ts } of deletes.filter((one) => one.table === table)) rows = rows.filter(([us]) => timeOf(us) !== ts);
    for (const copy of copies) if (copy.table === table) readRows(Buffer.from(copy.bytes), rows);
  }
  return rows;
}

function readRows(bytes: Buffer, out: Field[][]): void {
  let at = headBytes;
  for (;;) {
    const fields = bytes.readInt16BE(at);
    at += 2;
    if (fields < 0) return;
    const row: Field[] = [];
    for (let i = 0; i < fields; i++) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(readField(bytes, at, length));
      at += Math.max(0, length);
    }
    out.push(row);
  }
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
