/** How far a stream is stored: the row of table `ledger` that is written in the transaction of the stream's rows. */
import type pg from 'pg';

export interface LedgerRow {
  /** Transactions of the stream so far. */
  batch: number;
  /** Event rows before it are stored, µs; -1: none. */
  eventUs: number;
  /** Of the rows at `eventUs`, so many. */
  eventRows: number;
  /** End of the newest gauge interval stored, µs; -1: none. */
  gaugeUs: number;
  /** Newest end of a stay stored, µs; -1: none. */
  stayUs: number;
}

export const emptyLedger: Readonly<LedgerRow> = { batch: 0, eventUs: -1, eventRows: 0, gaugeUs: -1, stayUs: -1 };

const columns =
  'stream, batch, event_us as "eventUs", event_rows as "eventRows", gauge_us as "gaugeUs", stay_us as "stayUs"';

export async function readLedger(client: pg.ClientBase | pg.Pool): Promise<Map<string, LedgerRow>> {
  const { rows } = await client.query<{ stream: string } & LedgerRow>(`select ${columns} from ledger`);
  return new Map(rows.map(({ stream, ...row }) => [stream, row]));
}

export async function readLedgerRow(client: pg.ClientBase, stream: string): Promise<LedgerRow> {
  const { rows } = await client.query<{ stream: string } & LedgerRow>(
    `select ${columns} from ledger where stream = $1`,
    [stream],
  );
  return rows[0] ?? { ...emptyLedger };
}

/**
 * Moves the stream's row on from transaction `from`; false when it does not stand there (another transaction has
 * moved it: an own one whose commit was not heard of, or another server's).
 */
export async function moveLedger(client: pg.ClientBase, stream: string, from: number, to: LedgerRow): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into ledger as l (stream, batch, event_us, event_rows, gauge_us, stay_us)
     select $1::text, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint
     where $2::bigint = 0 or exists (select from ledger where stream = $1)
     on conflict (stream) do update set
       batch = excluded.batch, event_us = excluded.event_us, event_rows = excluded.event_rows,
       gauge_us = excluded.gauge_us, stay_us = excluded.stay_us
     where l.batch = $2`,
    [stream, from, to.batch, to.eventUs, to.eventRows, to.gaugeUs, to.stayUs],
  );
  return rowCount === 1;
}
