/**
 * What the counters must be, asked of the raw events in the database: from the definitions in DESIGN §2, nothing of
 * server/. Each step is one pass, so that a million events take no longer than a minute; `../tools/counters-sql.ts` goes
 * through them slowly, and `oracle.test.ts` holds this one to it.
 */
import type { OriginClass } from '../../shared/protocol.ts';
import {
  dwellSql,
  figuresSql,
  heldSql,
  memberSql,
  originsSql,
  placeSql,
  staySql,
  tables,
  trafficSql,
  tripsSql,
} from './oracle-sql.ts';

/** A micro-region of listed cells, or of what their names begin with (`…*`). */
export interface OracleRegion {
  readonly id: string;
  readonly cells: readonly string[];
}

/** By which settings is counted, µs. */
export interface Settings {
  everyUs: number;
  ttlUs: number;
  holdDownUs: number;
  tripUs: number;
  /** Later than that behind the newest event that came before, a row moves nobody; null: all is put in order first. */
  reorderUs: number | null;
  regions: readonly OracleRegion[];
  /** The home network, and area codes of the city and of the other cities of its province. */
  home: { plmns: readonly string[]; city: readonly number[]; province: readonly number[] };
}

/** Figures of an area in an interval, in the order of the tables. */
export const names = ['present', 'fresh5', 'entries', 'exits', 'appeared', 'vanished', 'visitors'] as const;
type Figures = Partial<Record<(typeof names)[number], number>>;
/** By `seconds key …`, the start of the interval first. What is not there is 0. */
export type Rows = Map<string, number[]>;

export interface Counted {
  /** By `seconds area`: the start of the interval, and a region's or cell's name. What is not there is 0. */
  figures: Map<string, Figures>;
  areas: Record<'region_gauge' | 'cell_gauge', string[]>;
  /** `seconds from to`: trips. */
  flows: Rows;
  /** `seconds region bucket`: ended stays by observed dwell and by its upper bound. */
  dwell: Rows;
  /** `seconds region class mcc`, blanks in the class as `_`; the region of the whole city is `city`: who is present. */
  origins: Rows;
  /** `seconds cell`: procedures of a minute, and detaches among them. */
  traffic: Rows;
  /** Starts of the first interval and of the last one that is final once all events have come, s. */
  first: number;
  last: number;
  everyS: number;
}

/** Asks a database: every statement commits by itself. */
export type Ask = <T>(sql: string) => Promise<T[]>;

/** Counts in tables of its own, which go again. */
export async function countBySql(ask: Ask, settings: Settings): Promise<Counted> {
  try {
    for (const sql of [memberSql(settings), placeSql(settings), heldSql(settings), staySql]) await ask(sql);
    for (const table of tables) await ask(`analyze ${table}`);
    const rows = await ask<{ area: string; start: number; figures: Figures }>(figuresSql(settings));
    const areas = await ask<{ layer: number; area: string }>(
      'select distinct layer, area from oracle_member order by 1, 2',
    );
    const [span] = await ask<{ first: number; newest: number }>(
      'select extract(epoch from min(ts))::float8 as first, extract(epoch from max(ts))::float8 as newest from event',
    );
    const of = (layer: number) => areas.filter((each) => each.layer === layer).map(({ area }) => area);
    const byKey = async (sql: string): Promise<Rows> => {
      const found = await ask<{ key: string; figures: number[] }>(sql);
      return new Map(found.map(({ key, figures }) => [key, figures]));
    };
    return {
      figures: new Map(rows.map(({ area, start, figures }) => [`${start} ${area}`, figures])),
      areas: { region_gauge: of(1), cell_gauge: of(2) },
      flows: await byKey(tripsSql(settings)),
      dwell: await byKey(dwellSql(settings)),
      origins: originsOf(await ask(originsSql(settings)), settings),
      traffic: await byKey(trafficSql),
      ...spanOf(span, settings),
    };
  } finally {
    await ask(`drop table if exists ${tables.join(', ')}`);
  }
}

/**
 * The end of a file ends what is open. An acknowledged feed has no end: what is within the window waits, and an interval
 * until its crossings have held.
 */
function spanOf(
  { first, newest }: { first: number; newest: number },
  { everyUs, holdDownUs, reorderUs }: Settings,
): Pick<Counted, 'first' | 'last' | 'everyS'> {
  const everyS = everyUs / 1e6;
  const startOf = (s: number) => Math.floor(s / everyS) * everyS;
  const last = reorderUs === null ? startOf(newest) : startOf(newest - (reorderUs + holdDownUs) / 1e6) - everyS;
  return { first: startOf(first), last, everyS };
}

interface Present {
  area: string;
  home: number;
  start: number;
  n: number;
}

function originsOf(rows: readonly Present[], settings: Settings): Rows {
  const origins: Rows = new Map();
  for (const { area, home, start, n } of rows) {
    const { name, mcc } = originOf(home, settings.home);
    const key = `${start} ${area || 'city'} ${name.replace(' ', '_')} ${mcc}`;
    const row = origins.get(key) ?? [0];
    row[0] += n;
    origins.set(key, row);
  }
  return origins;
}

/** A home has 10 bits of MCC, one that says whether its MNC has three digits, 10 of MNC; above them 10 of an area. */
function originOf(home: number, { city, plmns, province }: Settings['home']): { name: OriginClass; mcc: number } {
  const [area, plmn] = [Math.floor(home / 2 ** 21), home % 2 ** 21];
  const mcc = Math.floor(plmn / 2 ** 11);
  const mnc = String(plmn % 2 ** 10).padStart(plmn % 2 ** 11 >= 2 ** 10 ? 3 : 2, '0');
  const of = (name: OriginClass) => ({ name, mcc });
  if (mcc === 0) return of('unknown');
  if (plmns.includes(`${mcc}-${mnc}`)) {
    // Of a machine, or where nobody knows, the network alone tells.
    if (area === 0 || area === 1023 || city.length === 0 || city.includes(area)) return of('local');
    return of(province.includes(area) ? 'other city' : 'other province');
  }
  if (plmns.some((each) => each.startsWith(`${mcc}-`))) return of('other network');
  return of([454, 455, 466].includes(mcc) ? '港澳台' : 'international');
}
