import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { CountBySql, type CountRow } from './count-sql.ts';
import { countRows, countText, expectSameRows, groups, writeRegions } from './counted-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-truth-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plan = { population: 12_000, date: '2026-10-17', from: '18:30', hours: 1 };
const endUs = Date.UTC(2026, 9, 17, 11, 30) * 1000;
/**
 * Whose connection is open when the feed ends may not have shown yet, though the simulator knows that it will: that
 * concerns what comes within so long of the end, and crossings that wait for `holdDown` then.
 */
const openUs = 10e6;
const holdDownUs = 60e6;
const isSettled = ({ time }: CountRow) => Date.parse(time) * 1000 <= endUs - openUs - holdDownUs;

/** The simulator's list of the sightings that an observer can know, and how many are in each location area. */
async function sightingsOf(seed: number): Promise<{ csv: string; areas: Map<string, number> }> {
  const rows = ['timeUs,imsi,cell,what'];
  const areas = new Map<string, number>();
  const feed = openSimulation(
    { ...plan, seed },
    {
      truth: (simulation) => ({
        sighting(timeUs, phone, cell, what, known) {
          if (!known) return;
          const { cgi } = simulation.city.cells[cell];
          const area = cgi.slice(0, cgi.lastIndexOf('-'));
          areas.set(area, (areas.get(area) ?? 0) + 1);
          rows.push(`${timeUs},${simulation.imsi(phone)},${cgi},${what}`);
        },
      }),
    },
  );
  const nowhere = { frame() {}, flush() {} };
  while ((await feed.read(nowhere, Number.POSITIVE_INFINITY, 4096)) !== 'end');
  await feed.close();
  return { csv: rows.join('\n'), areas };
}

it.each([
  { seed: 3, ttlS: 7_200, vanishes: 4 },
  { seed: 11, ttlS: 600, vanishes: 2_000 },
])(
  'the evening of seed $seed has the counters of its own list of sightings, gone after $ttlS s of silence',
  async ({ seed, ttlS, vanishes }) => {
    const { csv, areas } = await sightingsOf(seed);
    const busiest = [...areas].sort(([, a], [, b]) => b - a).map(([area]) => `${area}-*`);
    const regions = groups({
      everything: ['*'],
      ...Object.fromEntries(busiest.slice(0, 6).map((area, i) => [`area-${i}`, [area]])),
      pair: busiest.slice(0, 2),
      nested: busiest.slice(0, 4),
      overlapping: busiest.slice(3, 8),
    });
    writeRegions(folder, regions);
    const feed = `sim:event-day?seed=${seed}&${new URLSearchParams({ ...plan, hours: `${plan.hours}`, population: `${plan.population}` })}`;
    const got = countRows(
      await countText(folder, feed, '--every', '60s', '--set', `presenceTtlMs=${ttlS * 1000}`),
    ).filter(isSettled);

    const sql = await CountBySql.open();
    try {
      await sql.loadTruth(csv);
      const counted = await sql.count({ regions, everyUs: 60e6, ttlUs: ttlS * 1e6, holdDownUs });
      expectSameRows(got, counted.filter(isSettled));
    } finally {
      await sql.close();
    }
    const sum = (figure: 'entries' | 'exits' | 'vanished') => got.reduce((all, row) => all + row[figure], 0);
    expect(got.length).toBe(10 * 58);
    expect(Math.max(...got.map(({ present }) => present))).toBeGreaterThan(4_000);
    expect(sum('entries')).toBeGreaterThan(1_000);
    expect(sum('exits')).toBeGreaterThan(1_000);
    expect(sum('vanished')).toBeGreaterThan(vanishes);
  },
);
