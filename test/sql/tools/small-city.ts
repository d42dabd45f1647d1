/** Sixty days of a few people in a small city, as stays: made by plain rules, the same at every run. */
import { dayUs, hourUs, minuteUs, secondUs } from '../../../server/clock.ts';
import { timestampUs } from '../../../server/store/connection.ts';
import type { PlainDatabase } from '../../store/tools/plain-database.ts';

export interface Stay {
  sub: number;
  cell: number;
  firstIn: number;
  lastIn: number;
  firstOut: number;
  /** Cell of the next sighting; -1: vanished. */
  to: number;
  events: number;
}

/** Local midnight of 2026-09-01 in China, µs: a Tuesday; 调休 on 20 September and 10 October, holidays 1–7 October. */
export const cityStartUs = Date.UTC(2026, 7, 31, 16) * 1000;
export const cityDays = 60;
const ttlUs = 2 * hourUs;
const cells = 40;

export function dateOf(us: number): string {
  return new Date(us / 1000 + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** Days that the little city works on. */
export function isWorkingDay(day: number): boolean {
  const date = dateOf(cityStartUs + day * dayUs);
  if (date === '2026-09-20' || date === '2026-10-10') return true;
  if (date >= '2026-10-01' && date <= '2026-10-07') return false;
  if (date >= '2026-09-25' && date <= '2026-09-27') return false;
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

type Sighting = [us: number, cell: number];

/** A subscriber's sightings by kind of life: at home in a region, at work there, on the way through, at random. */
function sightings(sub: number, random: () => number): Sighting[] {
  const seen: Sighting[] = [];
  const home = sub % 4 === 0 ? 10 + (sub % 3) : Math.floor(random() * cells);
  const office = sub % 4 === 1 ? 11 + (sub % 3) : Math.floor(random() * cells);
  for (let day = 0; day < cityDays; day++) {
    const atUs = cityStartUs + day * dayUs;
    const at = (hours: number, cell: number) =>
      seen.push([Math.round(atUs + hours * hourUs + random() * minuteUs), cell]);
    if (random() < 0.1) continue;
    for (let hour = 0; hour < 8; hour++) at(hour + 0.3 * random(), home + (random() < 0.3 ? 1 : 0));
    if (isWorkingDay(day)) for (let hour = 9; hour < 18; hour++) at(hour + 0.5 * random(), office);
    if (sub % 4 === 2) {
      at(8.3, 12);
      // To the next cell and back within a minute: no crossing that holds.
      const [us] = seen.at(-1)!;
      seen.push([us + 20 * secondUs, 30], [us + 45 * secondUs, 13], [us + 5 * minuteUs, 31]);
    }
    for (let i = 0; i < 4; i++) if (random() < 0.4) at(18 + i * 1.2, Math.floor(random() * cells));
    at(23, home);
  }
  return seen.sort((a, b) => a[0] - b[0]);
}

/** Sightings → stays, as DESIGN §2 says; a stay of a day or more is cut at the next sighting in its cell. */
function staysOf(sub: number, seen: readonly Sighting[]): Stay[] {
  const stays: Stay[] = [];
  let open: Stay | null = null;
  for (const [us, cell] of seen) {
    if (open !== null && us - open.lastIn >= ttlUs) {
      stays.push({ ...open, firstOut: open.lastIn + ttlUs, to: -1 });
      open = null;
    }
    if (open !== null && (cell !== open.cell || us - open.firstIn >= dayUs)) {
      stays.push({ ...open, firstOut: us, to: cell });
      open = null;
    }
    if (open === null) open = { sub, cell, firstIn: us, lastIn: us, firstOut: us, to: -1, events: 0 };
    open.lastIn = us;
    open.events++;
  }
  if (open !== null) stays.push({ ...open, firstOut: open.lastIn + ttlUs, to: -1 });
  return stays;
}

export function makeCityStays(subscribers: number): Stay[] {
  let state = 20_260_901;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: subscribers }, (_, i) => staysOf(i + 1, sightings(i, random))).flat();
}

/** Puts them where the store does: into the stays, and into the queue of upkeep. */
export async function fillStays(store: PlainDatabase, stays: readonly Stay[]): Promise<void> {
  const column = (of: (stay: (typeof stays)[number]) => unknown) => stays.map(of);
  for (const table of ['stay', 'stay_queue']) {
    await store.sql(
      `insert into ${table} (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
       select first_out, first_in, last_in, sub, cell_id, 942080, events, to_cell
       from unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], $6::integer[],
         $7::integer[]) as s (first_out, first_in, last_in, sub, cell_id, events, to_cell)`,
      [
        column((stay) => timestampUs(stay.firstOut)),
        column((stay) => timestampUs(stay.firstIn)),
        column((stay) => timestampUs(stay.lastIn)),
        column((stay) => stay.sub),
        column((stay) => stay.cell),
        column((stay) => stay.events),
        column((stay) => stay.to),
      ],
    );
  }
}

/** Counted each quarter of an hour of the time: an interval of a minute. */
export async function fillCounted(store: PlainDatabase, fromUs: number, toUs: number): Promise<void> {
  await store.sql(
    `insert into city_gauge (ts, every_ms, present, events_kept)
     select t, 60000, 1, true from generate_series($1::timestamptz, $2::timestamptz, interval '15 minutes') t`,
    [timestampUs(fromUs), timestampUs(toUs - 1)],
  );
}
