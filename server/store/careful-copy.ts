/** Copies rows of which some are refused: those are set aside, each by itself, and all others are stored. */
import pg from 'pg';
import { copyHeaderBytes, copyTrailer } from './copy-buffer.ts';
import { type Copy, copyIn } from './copy-in.ts';

/** SQLSTATE classes that speak of values: data exception, integrity constraint violation. */
const ofValues = /^2[23]/;
/** With more rows refused in a batch it is not they that are wrong: the table is, and the batch waits for its mending. */
const refusedMax = 200;

/** Whether an error says that a row does not fit its table, as opposed to anything about the database. */
export function refusesRows(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && ofValues.test(error.code ?? '');
}

/** For one transaction: finds the refused rows by halving. */
export class CarefulCopy {
  /** Rows set aside so far. */
  refused = 0;
  readonly #client: pg.Client;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  /** @throws the database's error where it speaks of something else than rows, or of too many of them */
  async copy({ table, columns, rows: given }: Copy): Promise<void> {
    const rows = Buffer.from(given.buffer, given.byteOffset, given.length);
    const ends = rowEnds(rows);
    await this.#copyRange(table, columns, rows, ends, 0, ends.length - 1);
  }

  async #copyRange(table: string, columns: string, all: Buffer, ends: number[], from: number, to: number) {
    if (from === to) return;
    const client = this.#client;
    const rows = all.subarray(ends[from], ends[to]);
    await client.query('savepoint part');
    try {
      const part = Buffer.concat([all.subarray(0, copyHeaderBytes), rows, copyTrailer]);
      await copyIn(client, [{ table, columns, rows: part }]);
      await client.query('release savepoint part');
      return;
    } catch (error) {
      if (!refusesRows(error)) throw error;
      await client.query('rollback to savepoint part');
      await client.query('release savepoint part');
      if (to - from === 1) {
        if (++this.refused > refusedMax) throw error;
        await client.query('insert into refused_row (table_name, sqlstate, copied) values ($1, $2, $3)', [
          ...[table, error.code, rows],
        ]);
        return;
      }
    }
    const middle = (from + to) >> 1;
    await this.#copyRange(table, columns, all, ends, from, middle);
    await this.#copyRange(table, columns, all, ends, middle, to);
  }
}

/** Where the rows end, and first where they begin. */
function rowEnds(bytes: Buffer): number[] {
  let at = copyHeaderBytes;
  const ends = [at];
  for (let fields = bytes.readInt16BE(at); fields >= 0; fields = bytes.readInt16BE(at)) {
    at += 2;
    for (let field = 0; field < fields; field++) at += 4 + Math.max(0, bytes.readInt32BE(at));
    ends.push(at);
  }
  return ends;
}
