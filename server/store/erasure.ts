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
  /** Of which rows, in SQL. */
  readonly where: string;
  /** The rows stay, with this set in place of what names somebody; absent: they go. */
  readonly set?: string;
}

const among = (column: string) => `${column} = any ($1::bigint[])`;
const remove = (column: string, by: keyof Erased): Step => ({ by, column, where: among(column) });
const ofSubscriber: Step[] = [remove('sub', 'subscribers')];
const ofBoth: Step[] = [...ofSubscriber, remove('peer', 'peers')];

/**
 * By table, those first from which others are made. Of an event that was traffic what a cell's traffic is counted by
 * stays, as `events/opted-out.ts` has it (flag 16): aggregates that are worked out anew stay what they are. What others
 * have called loses the number.
 */
export const erasedTables: Readonly<Record<string, readonly Step[]>> = {
  event: [
    {
      ...{ by: 'subscribers', column: 'sub', where: `${among('sub')} and flags & 12 <> 0` },
      set: `sub = 0, peer = 0, peer_class = 0, area = 0, country = 0, plmn = 0, type_allocation_code = 0,
        flags = (flags & 12) | 16`,
    },
    ...ofSubscriber,
    { by: 'peers', column: 'peer', where: among('peer'), set: 'peer = 0, area = 0' },
  ],
  stay: ofSubscriber,
  stay_queue: ofSubscriber,
  refused_row: (['subscribers', 'peers', 'numbers'] as const).map((by) => ({
    ...{ by, column: 'copied' },
    where: 'exists (select from unnest($1::bigint[]) n where position(int8send(n) in copied) > 0)',
  })),
  identity_told: [...ofSubscriber, remove('value', 'numbers')],
  serving_told: ofSubscriber,
  serving_event: ofSubscriber,
  subscriber_hour: ofSubscriber,
  peer_hour: ofBoth,
  subscriber_day: ofSubscriber,
  subscriber_day_area: ofSubscriber,
  day_cell: ofSubscriber,
  day_seen: ofSubscriber,
  identity_month: ofSubscriber,
  peer_month: ofBoth,
};

/** A chunk of a hypertable, or a table that is none. */
interface Part {
  readonly relation: string;
  readonly compressed: boolean;
}

const partsOf = `select format('%I.%I', chunk_schema, chunk_name) as relation, is_compressed as compressed
  from timescaledb_information.chunks where hypertable_schema = 'public' and hypertable_name = $1 order by range_start`;

/**
 * Erases, one transaction a chunk (a table that has none: the table): what is compressed is unpacked whole and packed again,
 * and a large table has no room for both. Begun and not ended, it may be run again. A server may write meanwhile; who is to
 * stay erased has opted out before.
 *
 * @param client without a deadline
 */
export async function erase(client: pg.ClientBase, erased: Erased): Promise<ErasedRows[]> {
  const told: ErasedRows[] = [];
  for (const [table, steps] of Object.entries(erasedTables)) {
    const { rows: chunks } = await client.query<Part>(partsOf, [table]);
    const parts = chunks.length > 0 ? chunks : [{ relation: table, compressed: false }];
    const sum = { table, removed: 0, anonymous: 0 };
    for (const part of parts) {
      const { removed, anonymous } = await eraseFrom(client, part, steps, erased);
      sum.removed += removed;
      sum.anonymous += anonymous;
    }
    told.push(sum);
  }
  return told;
}

/** Before anything is asked or removed. @throws UserError SCHEMA_OLD where a table is missing */
export async function refuseOldSchema(client: pg.ClientBase): Promise<void> {
  const { rows: missing } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) name where to_regclass(name) is null',
    [Object.keys(erasedTables)],
  );
  if (missing.length === 0) return;
  const what = `the database lacks the table ${missing[0].name}: start the server once, which brings its schema up to date`;
  throw new UserError('SCHEMA_OLD', what);
}

async function eraseFrom(client: pg.ClientBase, { relation, compressed }: Part, all: readonly Step[], erased: Erased) {
  const rows = { removed: 0, anonymous: 0 };
  const steps = all.filter(({ by }) => erased[by].length > 0);
  await client.query('begin');
  try {
    if (!compressed || (await isAnyIn(client, relation, steps, erased))) {
      if (compressed) await client.query('select decompress_chunk($1::regclass)', [relation]);
      for (const { by, where, set } of steps) {
        const what = set === undefined ? `delete from ${relation}` : `update ${relation} set ${set}`;
        const { rowCount } = await client.query(`${what} where ${where}`, [erased[by]]);
        rows[set === undefined ? 'removed' : 'anonymous'] += rowCount ?? 0;
      }
      if (compressed) await client.query('select compress_chunk($1::regclass)', [relation]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  return rows;
}

/** Reading is cheap, whatever is compressed. */
async function isAnyIn(
  client: pg.ClientBase,
  relation: string,
  steps: readonly Step[],
  erased: Erased,
): Promise<boolean> {
  for (const { by, where } of steps) {
    const { rows } = await client.query<{ any: boolean }>(
      `select exists (select from ${relation} where ${where}) as any`,
      [erased[by]],
    );
    if (rows[0].any) return true;
  }
  return false;
}
