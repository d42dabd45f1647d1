/** How far the journal is stored: the row of table `ledger` that is written in the transaction of its rows. */
import type pg from 'pg';
import type { FeedPosition } from '../events/feed-position.ts';

export interface LedgerRow {
  /** Transactions so far. */
  batch: number;
  /** The journal's identity; '': nothing of a journal is stored. */
  journal: string;
  /** Every record that ends at or before it is stored. */
  offset: number;
  /** Newest event time stored, µs; -1: none. */
  eventUs: number;
}

export const emptyLedger: Readonly<LedgerRow> = { batch: 0, journal: '', offset: 0, eventUs: -1 };

/** What a database knows of what it holds. */
export interface Ledger {
  row: LedgerRow;
  /** Of every feed that is in it. */
  positions: FeedPosition[];
  /** Newest event time, µs, by stream, of rows that were stored before there was a journal. */
  earlier: Map<string, number>;
}

const stream = 'journal';
const columns = `batch, coalesce(journal, '') as journal, journal_offset as "offset", event_us as "eventUs"`;

export async function readLedger(client: pg.ClientBase | pg.Pool): Promise<Ledger> {
  const { rows } = await client.query<{ stream: string } & LedgerRow>(`select stream, ${columns} from ledger`);
  const own = rows.find((row) => row.stream === stream);
  const { rows: positions } = await client.query<FeedPosition>(
    `select number, identity, epoch, seq, event_us as "eventUs", clock_us as "clockUs", first_us as "firstUs"
     from feed_position order by number`,
  );
  return {
    row: own === undefined ? { ...emptyLedger } : ledgerRow(own),
    positions,
    earlier: new Map(rows.filter((row) => row !== own).map((row) => [row.stream, row.eventUs])),
  };
}

export async function readLedgerRow(client: pg.ClientBase): Promise<LedgerRow> {
  const { rows } = await client.query<LedgerRow>(`select ${columns} from ledger where stream = $1`, [stream]);
  return rows[0] === undefined ? { ...emptyLedger } : ledgerRow(rows[0]);
}

function ledgerRow({ batch, journal, offset, eventUs }: LedgerRow): LedgerRow {
  return { batch, journal, offset, eventUs };
}

/** Whether both are of the same transaction. */
export function isSameRow(one: LedgerRow, other: LedgerRow): boolean {
  return one.batch === other.batch && one.journal === other.journal && one.offset === other.offset;
}

/**
 * Moves the row on from `from`; false when it does not stand there (another transaction has moved it: an own one whose
 * commit was not heard of, or another server's).
 */
export async function moveLedger(client: pg.ClientBase, from: LedgerRow, to: LedgerRow): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into ledger as l (stream, batch, journal, journal_offset, event_us)
     select $1::text, $3::bigint, $4::text, $5::bigint, $6::bigint
     where $2::bigint = 0 or exists (select from ledger where stream = $1)
     on conflict (stream) do update set
       batch = excluded.batch, journal = excluded.journal, journal_offset = excluded.journal_offset,
       event_us = excluded.event_us
     where l.batch = $2 and coalesce(l.journal, '') = $7::text and l.journal_offset = $8::bigint`,
    [stream, from.batch, to.batch, to.journal, to.offset, to.eventUs, from.journal, from.offset],
  );
  return rowCount === 1;
}

/** Notes how far feeds are stored; in the transaction of their rows. */
export async function savePositions(client: pg.ClientBase, positions: Iterable<FeedPosition>): Promise<void> {
  await client.query(
    `insert into feed_position (identity, number, epoch, seq, event_us, clock_us, first_us)
     select identity, number, epoch, seq, "eventUs", "clockUs", "firstUs"
     from jsonb_to_recordset($1::jsonb) as p (identity text, number smallint, epoch bigint, seq bigint,
       "eventUs" bigint, "clockUs" bigint, "firstUs" bigint)
     on conflict (identity) do update set
       number = excluded.number, epoch = excluded.epoch, seq = excluded.seq, event_us = excluded.event_us,
       clock_us = excluded.clock_us, first_us = excluded.first_us`,
    [JSON.stringify([...positions])],
  );
}
