import { createHash } from 'node:crypto';
import { type Comparison, compareWith } from './compare.ts';
import { type Load, spanMs, startUs } from './load.ts';
import { openHeld } from './open-held.ts';
import { type Ask, type Counted as ByOracle, countBySql, type Settings } from './oracle.ts';

/** Tables of counters and facts, and their columns in words that do not depend on surrogates. */
const figures = 'every_ms, present, fresh5, entries, exits, appeared, vanished, visitors';
const regionOf = (column: string) => `(select id from micro_region where micro_region.region_id = each.${column})`;
const region = regionOf('region_id');
const second = 'extract(epoch from ts)::bigint';
const cellOf = (column: string) => `(select cgi from cell where cell.cell_id = each.${column})`;
const cgi = cellOf('cell_id');
const sub = 'sub::text';
const calls = 'call_ms, mo_calls, mt_calls, mo_sms, mt_sms';
const bucket = 'extract(epoch from bucket)::bigint';
const gauges = 'present, present_max, entries, exits, appeared, vanished';
const outcomes = 'kind, unknown, rejected, failed, unanswered, dropped';
const traffic = `units, location_updates, mo_calls, mt_calls, emergency_calls, mo_sms, mt_sms, supplementary_services,
  handovers, detaches, data, others, unsuccessful, call_ms, bytes`;
const counted = {
  region_gauge: `${second}, ${region}, ${figures}`,
  cell_gauge: `${second}, ${cgi}, ${figures}`,
  city_gauge: `${second}, every_ms, present`,
  region_flow: `${second}, ${regionOf('from_region')}, ${regionOf('to_region')}, every_ms, count`,
  region_dwell: `${second}, ${region}, every_ms, bucket, observed, upper`,
  origin_gauge: `${second}, ${region}, every_ms, class, country, mcc, present`,
  origin_place: `${second}, ${region}, every_ms, class, country, mcc, plmn, area, present`,
  region_gauge_1m: `${bucket}, ${region}, ${gauges}`,
  region_gauge_15m: `${bucket}, ${region}, ${gauges}`,
  region_gauge_1h: `${bucket}, ${region}, ${gauges}`,
  cell_gauge_1m: `${bucket}, ${cgi}, ${gauges}`,
  cell_gauge_15m: `${bucket}, ${cgi}, ${gauges}`,
  cell_gauge_1h: `${bucket}, ${cgi}, ${gauges}`,
  origin_gauge_1m: `${bucket}, ${region}, class, country, mcc, present, present_max`,
  origin_gauge_15m: `${bucket}, ${region}, class, country, mcc, present, present_max`,
  origin_gauge_1h: `${bucket}, ${region}, class, country, mcc, present, present_max`,
  origin_place_1h: `${bucket}, ${region}, class, country, mcc, plmn, area, present, present_max`,
  cell_traffic_1m: `${bucket}, ${cgi}, ${traffic}`,
  cell_traffic_1h: `${bucket}, ${cgi}, ${traffic}`,
  event_traffic_15m: `${bucket}, ${cgi}, ${traffic}`,
  cell_outcome_1m: `${bucket}, ${cgi}, ${outcomes}`,
  event_outcome_15m: `${bucket}, ${cgi}, ${outcomes}`,
  event_outcome_1h: `${bucket}, ${cgi}, ${outcomes}`,
  event: `bytes, ts, ${sub}, ${cgi}, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags,
    peer::text, area, peer_class, country`,
  stay: `first_in, last_in, first_out, ${sub}, plmn, events, ${cgi}, coalesce(${cellOf('to_cell')}, to_cell::text)`,
  day_cell: `day, ${sub}, ${cgi}, half_hours, observed_ms, held_ms`,
  day_seen: `day, ${sub}, first_seen, last_seen, half_hours, plmn`,
  subscriber_day: `day, ${sub}, first_seen, last_seen, ${calls}, bytes, off_net, detaches, peers`,
  subscriber_day_area: `day, ${sub}, country, area_code, calls, sms, call_ms`,
  peer_month: `month, ${sub}, peer::text, peer_class, ${calls}`,
  identity_interval: `${sub}, plmn, type_allocation_code, first_seen, last_seen`,
  serving_interval: `${sub}, plmn, network, country, kind, valid_from, valid_to`,
} as const;
type Counted = keyof typeof counted;

/** The columns as words: what is null is one too. */
const lineOf = (columns: string) => `json_build_array(${columns})::text as line`;
const wordsOf = (line: string) => (JSON.parse(line) as unknown[]).map((each) => each ?? '?').join(' ');

/** What a data folder's database holds. */
export interface Held {
  events: number;
  /** Numbers of the load's events that are not there, and of those that are there more than once. */
  lost: number[];
  doubled: number[];
  /** Events at another time or in another cell than the load says. */
  wrong: number[];
  /** Rows of counters, in order. */
  counters: Record<Counted, string[]>;
  /** What the raw events come to by an oracle, and how the tables compare with it; null: nobody has asked for it. */
  byOracle: ByOracle | null;
  oracle: Comparison | null;
}

const pageRows = 50_000;

/**
 * @param databaseUrl absent: the embedded one of the folder
 * @param options.settings by which an oracle counts, too; absent: none does
 * @param options.plant a statement that does some damage first
 * @param options.before what it held before that: what its oracle has counted is not counted again
 */
export async function readHeld(
  load: Load,
  dataDir: string,
  databaseUrl?: string,
  { settings, plant, before }: { settings?: Settings; plant?: string; before?: Held } = {},
): Promise<Held> {
  const { ask, close } = await openHeld(dataDir, databaseUrl);
  try {
    if (plant !== undefined) await ask(plant);
    const counters = {} as Record<Counted, string[]>;
    for (const table of Object.keys(counted) as Counted[]) {
      const rows = await ask<{ line: string }>(`select ${lineOf(counted[table])} from ${table} each`);
      counters[table] = rows.map(({ line }) => wordsOf(line)).sort();
    }
    const held = { ...(await readEvents(load, ask)), counters };
    const byOracle = before?.byOracle ?? (settings === undefined ? null : await countBySql(ask, settings));
    return { ...held, byOracle, oracle: byOracle === null ? null : compareWith(byOracle, held) };
  } finally {
    await close();
  }
}

async function readEvents(load: Load, ask: Ask): Promise<Omit<Held, 'counters' | 'byOracle' | 'oracle'>> {
  const held = { events: 0, lost: [] as number[], doubled: [] as number[], wrong: [] as number[] };
  const cellRows = await ask<{ id: number; cgi: string }>('select cell_id as id, cgi from cell');
  const cells = new Map(cellRows.map(({ id, cgi }) => [id, cgi]));
  const times = new Uint8Array(load.events + 1);
  // By time, so that each page is a part of few chunks.
  const pages = Math.ceil(load.events / pageRows);
  for (let page = 0; page < pages; page++) {
    const bound = (at: number) => `'${new Date(startUs / 1000 + Math.floor((at * spanMs) / pages)).toISOString()}'`;
    const before = page === pages - 1 ? 'true' : `ts < ${bound(page + 1)}`;
    const after = page === 0 ? 'true' : `ts >= ${bound(page)}`;
    const rows = await ask<{ number: number; us: number; cell: number }>(
      `select bytes::float8 as number, extract(epoch from ts)::float8 * 1e6 as us, cell_id as cell
       from event where ${after} and ${before}`,
    );
    for (const { number, us, cell } of rows) {
      held.events++;
      if (times[number] === undefined || Math.abs(us - load.timeUs(number)) > 1 || cells.get(cell) !== load.cgi(number))
        held.wrong.push(number);
      else times[number]++;
    }
  }
  for (let number = 1; number <= load.events; number++) {
    if (times[number] === 0) held.lost.push(number);
    else if (times[number] > 1) held.doubled.push(number);
  }
  return held;
}

/** One line on each table that differs: how many rows, and the first that only one of them has. */
export function differences(want: Held, got: Held): string[] {
  return (Object.keys(counted) as Counted[]).flatMap((table) => {
    const [a, b] = [want.counters[table], got.counters[table]];
    if (digest(a) === digest(b)) return [];
    const [inA, inB] = [new Set(a), new Set(b)];
    const missing = a.filter((line) => !inB.has(line));
    const extra = b.filter((line) => !inA.has(line));
    const first = [missing[0] && `missing '${missing[0]}'`, extra[0] && `too many '${extra[0]}'`].filter(Boolean);
    return [
      `${table}: ${b.length} rows, not ${a.length}; ${missing.length} missing, ${extra.length} others; ${first.join(', ')}`,
    ];
  });
}

function digest(lines: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
}
