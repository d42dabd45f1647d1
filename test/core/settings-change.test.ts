import { expect, test } from 'vitest';
import { type Config, makeConfig } from '../../server/config.ts';
import { Counting, type Derived } from '../../server/core/counting.ts';
import { changedBetween, fingerprintOf, goesOn, settingsOf } from '../../server/core/fingerprint.ts';
import { LogState } from '../../server/core/log-state.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { copyTable } from '../../server/journal/columns.ts';
import type { LogRecord } from '../../server/journal/records.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { MemoryDisk } from './tools/memory-disk.ts';
import { MemoryDatabase, run } from './tools/small-server.ts';

const usual = makeConfig({ where: 'test', settings: {} });
/** No snapshot but at the end of a run. */
const seldom = { snapshotEveryMs: 1e12 };

async function twoRuns(first: number, second: number, change: Partial<Config>) {
  const disk = new MemoryDisk();
  const database = new MemoryDatabase();
  const before = await run(disk, database, first, seldom);
  const stored = database.rows.length;
  const lines: string[] = [];
  const after = await run(disk, database, second, { ...seldom, ...change }, lines);
  return { disk, database, before, after, stored, lines };
}

test('a changed setting on which nothing depends that is kept drops no counter', async () => {
  const { database: want, after: wanted } = await twoRuns(20, 60, {});
  for (const change of [
    { provinceAreas: '20,755' },
    { homeAreas: '756', provinceAreas: '20' },
    { homePlmns: '460-01' },
    { latenessMs: 900_000 },
    { subscribersMax: usual.subscribersMax * 2, crossingsMax: usual.crossingsMax * 2, reorderRowsMax: 4_000_000 },
  ]) {
    const { database, after, lines } = await twoRuns(20, 60, change);
    const names = Object.keys(change).join(', ');
    expect(after.regions, names).toEqual(wanted.regions);
    expect(database.rows.toSorted(), names).toEqual(want.rows.toSorted());
    expect(lines.find((line) => line.startsWith('The counters go on'))).toBe(
      `The counters go on by other settings (${names})`,
    );
  }
});

test('where counters can not go on, the stays of everybody present are stored, and the log says what is dropped and why', async () => {
  const { database, before, stored, lines } = await twoRuns(40, 40, { holdDownMs: 20_000 });
  const cut = database.rows.slice(stored).filter((row) => row.startsWith('stay'));
  expect(before.present).toBeGreaterThan(30);
  expect(cut.length).toBe(before.present);
  expect(new Set(cut.map((row) => row.split(' ')[1])).size).toBe(before.present);
  expect(new Set(cut.map((row) => row.split(' ')[5])).size).toBe(1);
  expect(lines.filter((line) => line.startsWith('presence warms up again'))).toEqual([
    expect.stringMatching(
      new RegExp(
        `because of holdDownMs\\. Held rows are counted first; the stays of the ${before.present} present are`,
      ),
    ),
  ]);
});

test('a restart from before the change counts each record by the settings of its own run', async () => {
  for (const change of [{ holdDownMs: 20_000 }, { provinceAreas: '20' }]) {
    const straight = await twoRuns(30, 40, change);
    const third = await run(straight.disk, straight.database, 60, { ...seldom, ...change });
    const again = await twoRuns(30, 40, change);
    const names = (await again.disk.list('snapshots')).sort();
    expect(names.length).toBe(2);
    await again.disk.remove(`snapshots/${names[1]}`);
    expect(await run(again.disk, again.database, 60, { ...seldom, ...change })).toEqual(third);
    expect(again.database.rows.toSorted()).toEqual(straight.database.rows.toSorted());
  }
});

test('the rows that the reorder window holds are counted before the counters end', () => {
  const config = makeConfig({ where: 'test', settings: { gaugeEveryMs: 10_000 } });
  const startUs = Date.UTC(2026, 5, 1, 12) * 1000;
  const state = new LogState();
  const told: Derived[] = [];
  const counting = new Counting(config, state, (_, derived) =>
    told.push(derived.k === 'stays' ? { k: 'stays', stays: copyTable(derived.stays) } : derived),
  );
  const batch = new EventBatch(2);
  batch.push(startUs, 1, 1, 0, 0, 1, 0, 0, eventFlag.sighting, 0, 0, 0);
  batch.push(startUs + 5_000_000, 2, 1, 0, 0, 1, 0, 0, eventFlag.sighting, 0, 0, 0);
  const position = { number: 0, identity: 'f', epoch: 0, seq: 2, eventUs: 0, clockUs: 0, firstUs: 0 };
  const clocks = Float64Array.of(startUs + 1);
  const records: LogRecord[] = [
    { k: 'cells', listed: true, cells: [{ id: 0, cell: unheardOf('001-01-100-1') }] },
    { k: 'batch', position, rowsBefore: 0, batch },
    { k: 'clock', releaseUs: startUs + 1, wallUs: 0, feedClocksUs: clocks, readUs: clocks },
  ];
  for (const record of records) {
    state.apply(record);
    for (const _ of counting.applying(record));
  }
  expect(counting.sorter.stats.held).toBe(1);
  for (const _ of counting.ending());
  const stays = told.flatMap((one) => (one.k === 'stays' ? [one.stays] : []));
  expect(
    stays.map(({ n, subLo, firstOutUs }) => [n, [...subLo.subarray(0, n)], [...firstOutUs.subarray(0, n)]]),
  ).toEqual([[2, [1, 2], [startUs + 5_000_000, startUs + 5_000_000]]]);
});

test('a fingerprint gives its settings back, and tells which changes counters survive', () => {
  const config = makeConfig({ where: 'test', settings: { holdDownMs: 12_345, presenceTtlByLac: '7=3600000' } });
  const own = fingerprintOf(config);
  const other = makeConfig({ where: 'test', settings: { minCount: 5 } });
  expect(settingsOf(own, other)).toEqual({ ...config, minCount: 5 });
  expect(changedBetween(own, fingerprintOf(other))).toEqual(['presenceTtlByLac', 'holdDownMs']);
  const by = (settings: Partial<Config>) => goesOn(own, fingerprintOf({ ...config, ...settings }));
  expect(by({})).toBe(true);
  expect(by({ provinceAreas: '20' })).toBe(true);
  expect(by({ subscribersMax: config.subscribersMax + 1 })).toBe(true);
  expect(by({ subscribersMax: config.subscribersMax - 1 })).toBe(false);
  expect(by({ gaugeEveryMs: 30_000 })).toBe(false);
  const newer = own.replace(/^\[\d+/, '[999');
  expect(settingsOf(newer, config)).toBeNull();
  expect(changedBetween(own, newer)).toEqual(['version']);
  expect(settingsOf('none', config)).toBeNull();
});
