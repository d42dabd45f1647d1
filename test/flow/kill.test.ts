import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCampaign } from '../kill/campaign.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { temporaryFolder } from '../tools/serve.ts';

const folder = temporaryFolder('kill');
afterAll(() => folder.remove());

/** A column of each table in which one row is made wrong: who compares must tell. */
const spoilt = {
  ...{ cell_gauge: 'visitors', city_gauge: 'present', region_flow: 'count', region_dwell: 'upper' },
  ...{ origin_gauge: 'present', origin_place: 'present', day_cell: 'half_hours', day_seen: 'half_hours' },
  ...{ subscriber_day: 'peers', subscriber_day_area: 'calls', peer_month: 'call_ms' },
  ...{ identity_month: 'type_allocation_code', event: 'outcome', serving_event: 'network' },
};
/** Of a minute that no aggregate has taken in yet. */
const newest = 'order by ts desc';
const spoil = Object.entries(spoilt).map(
  ([table, column]) => `update ${table} set ${column} = ${column} + 1
    where (tableoid, ctid) = (select tableoid, ctid from ${table} ${table === 'event' ? newest : ''} limit 1)`,
);
/** By what is compared of them. */
const told: Record<string, string> = { identity_month: 'identity_interval', serving_event: 'serving_interval' };
/** A vanish is told from a stay of which nobody knows how it ended. */
const cut =
  'update stay set to_cell = null where (tableoid, ctid) = (select tableoid, ctid from stay where to_cell = -1 limit 1)';

test.each(['file', 'push'] as const)(
  'a server that is killed again and again counts and stores what one does that was left alone (%s)',
  async (over) => {
    const place = mkdtempSync(join(folder.path, over));
    // The other makes its own, and may be killed while it does.
    await putDatabase(join(place, 'calm'), 'live');
    const { differences, held, kills, planted, restartsMs } = await runCampaign({
      ...{ folder: place, kills: 3, events: 40_000, seed: 1, over },
      plant: `update region_gauge set entries = entries + 1 where ts = (select min(ts) + interval '10 minutes' from
        region_gauge) and region_id = (select min(region_id) from region_gauge); ${[...spoil, cut].join('; ')}`,
      say: () => undefined,
    });
    expect(kills.length).toBe(3);
    // Each while the load came in.
    for (const { come } of kills) expect(come).toEqual({ events: expect.any(Number), ended: false });
    expect(kills.at(-1)!.come.events).toBeGreaterThan(15_000);
    expect(restartsMs.length).toBeGreaterThanOrEqual(3);
    expect(held.events).toBe(40_000);
    const { lost, doubled, wrong } = held;
    expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: [] });
    expect(differences).toEqual([]);
    expect(held.counters.stay.length).toBeGreaterThan(5_000);
    // A file of decoded records tells of no other party, and its procedures all succeeded.
    const noneOfFiles = ['peer_month', 'subscriber_day_area', 'serving_event', 'serving_interval'];
    const noneInThem = ['origin_place', 'origin_place_1h', 'cell_outcome_1m', 'event_outcome_15m', 'event_outcome_1h'];
    const without = over === 'file' ? [...noneOfFiles, ...noneInThem] : [];
    for (const [table, rows] of Object.entries(held.counters))
      if (without.includes(table)) expect(rows, table).toEqual([]);
      // An hour is a row of each region, and of each origin in it.
      else expect(rows.length, table).toBeGreaterThan(/^(region|origin)_(gauge|place)_(15m|1h)$/.test(table) ? 7 : 50);
    // Of an hour, each minute: figures that are not 0, of eight regions and 200 cells, by trips, dwell and origin.
    expect(held.oracle!.intervals).toBeGreaterThan(55);
    const least = {
      ...{ region_gauge: 2500, cell_gauge: 40_000, city_gauge: 55, region_flow: 2000, region_dwell: 10_000 },
      ...{ cell_traffic_1m: 10_000, origin_gauge: over === 'file' ? 450 : 2000 },
    };
    for (const [table, n] of Object.entries(least)) expect(held.oracle!.told[table], table).toBeGreaterThan(n);
    for (const table of [...Object.keys(spoilt), 'stay'].map((each) => told[each] ?? each)) {
      const line = expect.stringMatching(new RegExp(`^${table}: \\d+ rows, .*1 missing, 1 others`));
      if (!without.includes(table)) expect(planted).toContainEqual(line);
    }
    expect(planted).toContainEqual(expect.stringMatching(/^region_gauge: \d+ rows, .*1 missing, 1 others/));
    const byOracle = ['region_gauge.entries', 'region_flow.count', 'region_dwell.upper', 'origin_gauge.present'];
    for (const what of byOracle)
      expect(planted).toContainEqual(
        expect.stringMatching(new RegExp(`^${what}: \\d+ differ; .* is \\d+, by the oracle`)),
      );
  },
);
