/** What upkeep asks of the catalogue, and what it writes down of itself (table `meta`, see sql/004). */
import type pg from 'pg';
import { timestampUs } from './connection.ts';
import type { KeptTable } from './periods.ts';
import type { Span } from './refresh-windows.ts';

export interface Chunk extends Span {
  readonly chunk: string;
  readonly compressed: boolean;
}

/** A chunk whose time is a date has its range at midnight UTC. */
const chunkQuery = `
  select coalesce(a.view_name, c.hypertable_name) as name, format('%I.%I', c.chunk_schema, c.chunk_name) as chunk,
    c.range_start as "fromUs", c.range_end as "toUs", c.is_compressed as compressed
  from timescaledb_information.chunks c
  left join timescaledb_information.continuous_aggregates a
    on a.materialization_hypertable_schema = c.hypertable_schema
      and a.materialization_hypertable_name = c.hypertable_name`;

/** Chunks of a hypertable or aggregate that overlap the span, by ascending time. */
export async function chunksOf(pool: pg.Pool, name: string, span: Span): Promise<Chunk[]> {
  const { rows } = await pool.query<Chunk>(
    `${chunkQuery} where coalesce(a.view_name, c.hypertable_name) = $1
       and c.range_end > $2::timestamptz and c.range_start < $3::timestamptz
     order by c.range_start`,
    [name, timestampUs(span.fromUs), timestampUs(span.toUs)],
  );
  return rows;
}

/** All chunks that end at or before `untilUs`, by hypertable or aggregate, each by ascending time. */
export async function allChunks(pool: pg.Pool, untilUs: number): Promise<Map<string, Chunk[]>> {
  const { rows } = await pool.query<Chunk & { name: string }>(
    `${chunkQuery} where c.range_end <= $1::timestamptz order by c.range_start`,
    [timestampUs(untilUs)],
  );
  const chunks = new Map<string, Chunk[]>();
  for (const { name, ...chunk } of rows) chunks.set(name, [...(chunks.get(name) ?? []), chunk]);
  return chunks;
}

/** Drops the chunks that end at `untilUs` or before; of a table whose time is a date that must be a midnight UTC. */
export async function dropChunks(pool: pg.Pool, { name, byDate }: KeptTable, untilUs: number): Promise<void> {
  const until = byDate ? `($2::timestamptz at time zone 'UTC')::date` : '$2::timestamptz';
  await pool.query(`select drop_chunks($1::regclass, older_than => ${until})`, [name, timestampUs(untilUs)]);
}

/** Of the table without a hypertable that grows only when something is wrong. */
export async function dropRefused(pool: pg.Pool, untilUs: number): Promise<void> {
  await pool.query('delete from refused_row where stored_at < $1', [timestampUs(untilUs)]);
}

const doneKey = 'traffic_done_us';
const droppedPrefix = 'dropped.';

export async function readUpkeep(pool: pg.Pool): Promise<{ trafficDoneUs: number; dropped: Map<string, Span> }> {
  const { rows } = await pool.query<{ key: string; value: string }>('select key, value from meta');
  const dropped = new Map<string, Span>();
  let trafficDoneUs = -1;
  for (const { key, value } of rows) {
    if (key === doneKey) trafficDoneUs = Number(value);
    if (!key.startsWith(droppedPrefix)) continue;
    const [fromUs, toUs] = value.split(' ').map(Number);
    dropped.set(key.slice(droppedPrefix.length), { fromUs, toUs });
  }
  return { trafficDoneUs, dropped };
}

export function saveTrafficDone(pool: pg.Pool, us: number): Promise<void> {
  return save(pool, doneKey, String(us));
}

export function saveDropped(pool: pg.Pool, table: string, { fromUs, toUs }: Span): Promise<void> {
  return save(pool, droppedPrefix + table, `${fromUs} ${toUs}`);
}

async function save(pool: pg.Pool, key: string, value: string): Promise<void> {
  await pool.query(
    'insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
    [key, value],
  );
}

/** Traffic of the span is unknown, but for the hours that have some. */
export async function markUnknown(pool: pg.Pool, { fromUs, toUs }: Span): Promise<void> {
  await pool.query(
    `update city_gauge set events_kept = false
     where ts >= $1::timestamptz and ts < $2::timestamptz
       and not exists (select from cell_traffic_1h t where t.bucket = time_bucket(interval '1 hour', ts))`,
    [timestampUs(fromUs), timestampUs(toUs)],
  );
}
