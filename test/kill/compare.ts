/** Holds what the tables say, as `held.ts` reads them, to what an oracle has counted. */
import { originClasses } from '../../shared/protocol.ts';
import type { Held } from './held.ts';
import { type Counted, names, type Rows } from './oracle.ts';

/** How many figures of every interval that was stored have been compared, and one line on each kind that differs. */
export interface Comparison {
  intervals: number;
  figures: number;
  /** Of the figures, by table: those that are not 0. */
  told: Record<string, number>;
  differences: string[];
}

type Tables = 'region_gauge' | 'cell_gauge' | 'city_gauge' | 'region_flow' | 'region_dwell' | 'origin_gauge';
export type Counters = Pick<Held['counters'], Tables | 'cell_traffic_1m'>;

/** What a table's newest row of an area says of an interval in which it has none: who was there still is. */
function carried(before: readonly number[] | undefined): number[] {
  const [present = 0, fresh5 = 0] = before ?? [];
  return [present, fresh5, 0, 0, 0, 0, present];
}

/** Holds the counters in the tables to those by definition. */
export function compareWith(counted: Counted, { counters }: { counters: Counters }): Comparison {
  const { areas, everyS, figures, first, last } = counted;
  const city = new Map(counters.city_gauge.map((line) => line.split(' ').map(Number)).map(([at, , n]) => [at, n]));
  const starts = [...city.keys()].sort((a, b) => a - b);
  const tally = new Tally();
  const isWhole = starts.every((start, i) => start === first + i * everyS);
  if (!isWhole || starts.at(-1) !== last)
    tally.differences.push(
      `city_gauge: ${starts.length} intervals from ${starts[0]} to ${starts.at(-1)}, not each from ${first} to ${last}`,
    );
  for (const table of ['region_gauge', 'cell_gauge'] as const) {
    const told = new Map<string, number[]>();
    for (const line of counters[table]) {
      const [start, area, , ...row] = line.split(' ');
      told.set(`${start} ${area}`, row.map(Number));
    }
    for (const key of told.keys())
      if (!areas[table].includes(key.slice(key.indexOf(' ') + 1)))
        tally.differences.push(`${table}: ${key} is no area`);
    for (const area of areas[table]) {
      let before: number[] | undefined;
      for (const start of starts) {
        const want = figures.get(`${start} ${area}`) ?? {};
        before = told.get(`${start} ${area}`) ?? carried(before);
        for (const [i, name] of names.entries())
          tally.compare(table, name, `${area} at ${start}`, before[i], want[name] ?? 0);
      }
    }
  }
  for (const start of starts) {
    const sum = areas.cell_gauge.reduce((all, cell) => all + (figures.get(`${start} ${cell}`)?.present ?? 0), 0);
    tally.compare('city_gauge', 'present', `${start}`, city.get(start)!, sum);
  }
  const isTold = (key: string) => Number(key.slice(0, key.indexOf(' '))) <= last;
  // `seconds from to every count`, `seconds region every bucket observed upper`, `seconds cell units … detaches`
  tally.rows('region_flow', ['count'], rowsOf(counters.region_flow, [0, 1, 2], [4]), counted.flows, isTold);
  const dwell = rowsOf(counters.region_dwell, [0, 1, 3], [4, 5]);
  tally.rows('region_dwell', ['observed', 'upper'], dwell, counted.dwell, isTold);
  const traffic = rowsOf(counters.cell_traffic_1m, [0, 1], [2, 11]);
  tally.rows('cell_traffic_1m', ['units', 'detaches'], traffic, counted.traffic, () => true);
  tally.rows('origin_gauge', ['present'], originsOf(counters.origin_gauge, starts), counted.origins, isTold);
  return { intervals: starts.length, ...tally.result() };
}

function rowsOf(lines: readonly string[], key: readonly number[], figures: readonly number[]): Rows {
  return new Map(
    lines.map((line) => {
      const words = line.split(' ');
      return [key.map((i) => words[i]).join(' '), figures.map((i) => Number(words[i]))];
    }),
  );
}

/** Countries by MCC, ITU-T E.212 annex. */
const countries: Record<number, string> = { 0: '', 310: 'US', 454: 'HK', 455: 'MO', 460: 'CN' };

/** Five bits a letter. */
function countryOf(packed: number): string {
  return packed === 0 ? '' : String.fromCharCode(64 + (packed >> 5), 64 + (packed % 32));
}

/**
 * Rows of origins say what has changed: `seconds region every class country mcc present`, `?` for the region of the whole
 * city. In between they are as before.
 */
function originsOf(lines: readonly string[], starts: readonly number[]): Rows {
  const told = new Map<string, Map<number, number>>();
  for (const line of lines) {
    const words = line.split(' ');
    const [start, region] = [Number(words[0]), words[1] === '?' ? 'city' : words[1]];
    const [number, country, mcc, present] = words.slice(-4).map(Number);
    const name = number === 0 ? 'unknown' : originClasses[number - 1];
    const isRight = countryOf(country) === countries[mcc];
    const key = `${region} ${name.replace(' ', '_')} ${mcc}${isRight ? '' : ` of ${countryOf(country)}`}`;
    if (!told.has(key)) told.set(key, new Map());
    told.get(key)!.set(start, present);
  }
  const rows: Rows = new Map();
  for (const [key, changes] of told) {
    let present = 0;
    for (const start of starts) {
      present = changes.get(start) ?? present;
      if (present > 0) rows.set(`${start} ${key}`, [present]);
    }
  }
  return rows;
}

class Tally {
  readonly differences: string[] = [];
  readonly #wrong = new Map<string, string[]>();
  readonly #told: Record<string, number> = {};
  #figures = 0;

  compare(table: string, name: string, at: string, got: number, want: number): void {
    this.#figures++;
    if (want !== 0) this.#told[table] = (this.#told[table] ?? 0) + 1;
    const what = `${table}.${name}`;
    if (got === want) return;
    if (!this.#wrong.has(what)) this.#wrong.set(what, []);
    this.#wrong.get(what)!.push(`${at} is ${got}, by the oracle ${want}`);
  }

  /** Rows that are not there are 0. @param isTold whether the interval of a key was stored */
  rows(table: string, columns: readonly string[], got: Rows, want: Rows, isTold: (key: string) => boolean): void {
    for (const key of new Set([...want.keys(), ...got.keys()])) {
      if (!isTold(key) && !got.has(key)) continue;
      for (const [i, name] of columns.entries())
        this.compare(table, name, key, got.get(key)?.[i] ?? 0, want.get(key)?.[i] ?? 0);
    }
  }

  result(): Omit<Comparison, 'intervals'> {
    for (const [what, places] of this.#wrong) this.differences.push(`${what}: ${places.length} differ; ${places[0]}`);
    return { figures: this.#figures, told: this.#told, differences: this.differences };
  }
}
