/** Removes what is stored of subscribers who ask for it: of every table that holds a pseudonym of them. */
import type pg from 'pg';
import { UserError } from '../errors.ts';

/** Whose rows go: pseudonyms as the database has them, in decimal digits. */
export interface Erased {
  readonly subscribers: readonly string[];
  /** Of telephone numbers, as an other party and as a subscriber's own. */
  readonly peers: readonly string[];
  readonly numbers: readonly string[];
}

/** What one table has lost. */
export interface ErasedRows {
  readonly table: string;
  readonly removed: number;
  /** Rows that stay, as nobody's. */
  readonly anonymous: number;
}

interface Step {
  readonly by: keyof Erased;
  /** The column that it goes by. */
  readonly column: string;
  readonly text: string;
  /** The rows stay, without the pseudonym. */
  readonly keeps?: true;
}

const among = (column: string) => `${column} = any ($1::bigint[])`;
const remove = (table: string, column: string, by: keyof Erased): Step => ({
  ...{ by, column },
  text: `delete from ${table} where ${among(column)}`,
});
const ofSubscriber = (table: string): Step[] => [remove(table, 'sub', 'subscribers')];
const ofBoth = (table: string): Step[] => [...ofSubscriber(table), remove(table, 'peer', 'peers')];

/**
 * By table, those first from which others are made. Of an event that was traffic what a cell's traffic is counted by
 * stays, as `events/opted-out.ts` has it (flag 16): aggregates that are worked out anew stay what they are. What others
 * have called loses the number.
 */
export const erasedTables: Readonly<Record<string, readonly Step[]>> = {
  event: [
    {
      ...{ by: 'subscribers', column: 'sub', keeps: true },
      text: `update event set sub = 0, peer = 0, peer_class = 0, area = 0, country = 0, plmn = 0, type_allocation_code = 0,
        flags = (flags & 12) | 16 where ${among('sub')} and flags & 12 <> 0`,
    },
    ...ofSubscriber('event'),
    {
      ...{ by: 'peers', column: 'peer', keeps: true },
      text: `update event set peer = 0, area = 0 where ${among('peer')}`,
    },
  ],
  stay: ofSubscriber('stay'),
  stay_queue: ofSubscriber('stay_queue'),
  refused_row: (['subscribers', 'peers', 'numbers'] as const).map((by) => ({
    ...{ by, column: 'copied' },
    text: 'delete from refused_row where exists (select from unnest($1::bigint[]) n where position(int8send(n) in copied) > 0)',
  })),
  identity_told: [...ofSubscriber('identity_told'), remove('identity_told', 'value', 'numbers')],
  serving_told: ofSubscriber('serving_told'),
  serving_event: ofSubscriber('serving_event'),
  subscriber_hour: ofSubscriber('subscriber_hour'),
  peer_hour: ofBoth('peer_hour'),
  subscriber_day: ofSubscriber('subscriber_day'),
  subscriber_day_area: ofSubscriber('subscriber_day_area'),
  day_cell: ofSubscriber('day_cell'),
  day_seen: ofSubscriber('day_seen'),
  identity_month: ofSubscriber('identity_month'),
  peer_month: ofBoth('peer_month'),
};

/**
 * Erases in one transaction a table, chunks that are compressed among them. A server may write meanwhile; who is to stay
 * erased has opted out before.
 *
 * @param client without a deadline
 * @throws UserError SCHEMA_OLD where a table is missing; nothing has been removed
 */
export async function erase(client: pg.ClientBase, erased: Erased): Promise<ErasedRows[]> {
  const tables = Object.keys(erasedTables);
  const { rows: missing } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) name where to_regclass(name) is null',
    [tables],
  );
  if (missing.length > 0) {
    const what = `the database lacks the table ${missing[0].name}: start the server once, which brings its schema up to date`;
    throw new UserError('SCHEMA_OLD', what);
  }
  const told: ErasedRows[] = [];
  for (const [table, steps] of Object.entries(erasedTables)) told.push(await eraseFrom(client, table, steps, erased));
  return told;
}

async function eraseFrom(
  client: pg.ClientBase,
  table: string,
  steps: readonly Step[],
  erased: Erased,
): Promise<ErasedRows> {
  const rows = { removed: 0, anonymous: 0 };
  await client.query('begin');
  try {
    // Of a compressed chunk all that is found is unpacked; by default no more than 100,000 rows may be.
    await client.query('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
    for (const { by, text, keeps } of steps) {
      if (erased[by].length === 0) continue;
      const { rowCount } = await client.query(text, [erased[by]]);
      rows[keeps ? 'anonymous' : 'removed'] += rowCount ?? 0;
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  return { table, ...rows };
}
