import { expect, test } from 'vitest';
import { minuteUs, secondUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import type { GateCount } from '../../server/estimate/gates.ts';
import { LiveEstimates } from '../../server/estimate/live-estimates.ts';
import { parseShares } from '../../server/estimate/shares.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import { CellRegistry, unheardOf } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { MemoryState } from '../tools/memory-state.ts';

const registry = new CellRegistry();
registry.idOf('460-00-1-4');
const index = (...ids: string[]) =>
  new RegionIndex(
    ids.map((id) => ({ id, name: id, kind: 'venue', capacity: 1_000, polygons: null, cells: ['460-00-1-4'] })),
    registry,
    () => undefined,
  );

test('goes on with the regions that are counted, however often they are edited', () => {
  let regions = index('hall');
  const estimates = new LiveEstimates({
    shares: parseShares('s.csv', 'origin,share,error\n*,0.5,0.02\n'),
    gates: [],
    regions: () => regions,
    registry,
    subscribersMax: 1_000,
    periodicUs: 60 * minuteUs,
    log: () => undefined,
  });
  const view = {
    clockUs: minuteUs,
    get regionCount() {
      return regions.regions.length;
    },
    regionOrigins: () => [{ class: 'local', country: 'CN', mcc: '460', present: 97 }],
  } as unknown as LiveView;
  const first = estimates.update(view);
  expect(first.map((each) => each?.devices)).toEqual([97]);
  expect(first[0]?.people.people).toBeCloseTo(200, 6);
  expect(estimates.update(view)).toBe(first);
  regions = index('hall', 'plaza');
  expect(estimates.update(view)).toHaveLength(2);
});

/** Twenty counts of 20,000 heads at odd times, where 7,000 devices with a share of one half seem to be 14,000 and a few. */
const gates: GateCount[] = Array.from({ length: 20 }, (_, i) => {
  return { timeUs: (i + 1) * 10 * minuteUs + 7 * secondUs, region: 'hall', people: 20_000, error: 0.01 };
});

function gated(regionsOf: () => RegionIndex, told: string[] = [], list = gates): LiveEstimates {
  return new LiveEstimates({
    shares: parseShares('s.csv', 'origin,share,error\n*,0.5,0.1\n'),
    gates: list,
    regions: regionsOf,
    registry,
    subscribersMax: 1_000,
    periodicUs: 60 * minuteUs,
    log: (_, line) => told.push(line),
  });
}

const viewOf = (regionsOf: () => RegionIndex, present = 7_000) => {
  const view = {
    clockUs: 0,
    get regionCount() {
      return regionsOf().regions.length;
    },
    regionOrigins: () => [{ class: 'local', country: 'CN', mcc: '460', present }],
  };
  return { at: (timeUs: number) => Object.assign(view, { clockUs: timeUs }) as unknown as LiveView };
};

const rowAt = (timeUs: number, sub = 1) => {
  const batch = new EventBatch(1);
  batch.push(timeUs, sub, 1, 0, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  return batch;
};

test.each([5, 10, 20, 60, 300])('uses each gate count, though it is asked only each %i s of event time', (stepS) => {
  const told: string[] = [];
  const regions = index('hall');
  const estimates = gated(() => regions, told);
  const view = viewOf(() => regions);
  estimates.apply(rowAt(0), 0, 1);
  for (let timeUs = 0; timeUs <= 210 * minuteUs; timeUs += stepS * secondUs) estimates.update(view.at(timeUs));
  const [hall] = estimates.update(view.at(211 * minuteUs));
  expect(told).toEqual([]);
  expect(hall!.people.people / 20_000).toBeCloseTo(1, 2);
});

test('keeps readings, inflow and who is silent over edits of other regions; one with other cells begins anew', () => {
  let regions = index('hall');
  const estimates = gated(() => regions);
  const view = viewOf(() => regions);
  estimates.apply(rowAt(0), 0, 1);
  for (let minute = 0; minute <= 210; minute++) estimates.update(view.at(minute * minuteUs));
  const [before] = estimates.update(view.at(211 * minuteUs));
  regions = index('plaza', 'hall');
  const [plaza, hall] = estimates.update(view.at(211 * minuteUs));
  expect(hall).toEqual(before);
  expect(plaza!.factor).toBe(1);
  const hallOf = (cells: string[]) => ({ id: 'hall', name: 'hall', kind: 'venue', capacity: 1, polygons: null, cells });
  regions = new RegionIndex([hallOf(['460-00-1-4', '460-00-1-5'])], registry, () => undefined);
  expect(estimates.update(view.at(212 * minuteUs))[0]!.factor).toBe(1);
});

test('tells which gate counts it can\u2019t use, and why', () => {
  const told: string[] = [];
  const regions = index('hall');
  const list = [gates[0], gates[1], { ...gates[2], region: 'gone' }];
  const estimates = gated(() => regions, told, list);
  const view = viewOf(() => regions);
  estimates.reach(view.at(0), 25 * minuteUs);
  estimates.apply(rowAt(25 * minuteUs), 0, 1);
  estimates.update(view.at(60 * minuteUs));
  expect(told).toEqual([
    expect.stringMatching(/^The gate count of hall at .* and 1 more can't be used: no event had come by then$/),
    expect.stringMatching(/^The gate count of gone at .* can't be used: no micro-region with that id is counted$/),
  ]);
});

test('goes on after a restart as if there had been none', () => {
  const regions = index('hall');
  const estimates = gated(() => regions);
  const view = viewOf(() => regions);
  for (let minute = 0; minute <= 95; minute++) {
    estimates.apply(rowAt(minute * minuteUs, 1 + (minute % 40)), 0, 1);
    estimates.update(view.at(minute * minuteUs));
  }
  const state = new MemoryState();
  for (const _ of estimates.save(state));
  const again = gated(() => regions);
  again.restore(state);
  for (let minute = 96; minute <= 210; minute++) {
    for (const each of [estimates, again]) {
      each.apply(rowAt(minute * minuteUs, 1 + (minute % 40)), 0, 1);
      each.update(view.at(minute * minuteUs));
    }
  }
  const [hall] = estimates.update(view.at(211 * minuteUs));
  expect(again.update(view.at(211 * minuteUs))).toEqual([hall]);
  expect(hall!.factor).toBeGreaterThan(1.3);
});

test('counting stops at each gate count, however much is released at once, and keeps what was read in its snapshots', () => {
  const config = makeConfig({ where: 'test', settings: {} });
  const state = new LogState();
  const cell = unheardOf('460-00-1-4');
  state.apply({ k: 'cells', listed: false, cells: [{ id: 0, cell }] }, 0);
  const hall = { id: 'hall', name: 'hall', kind: 'venue', capacity: 1_000, polygons: null, cells: ['460-00-1-4'] };
  state.apply({ k: 'regions', regions: [hall] } as never, 0);
  // Forty devices at the first gate, two hundred at the second: one release brings all of them.
  const list = [
    { timeUs: 100 * secondUs, region: 'hall', people: 160, error: 0.01 },
    { timeUs: 300 * secondUs, region: 'hall', people: 800, error: 0.01 },
  ];
  let followed: LiveEstimates | null = null;
  const follow = (counting: Counting) => {
    followed = new LiveEstimates({
      shares: parseShares('s.csv', 'origin,share,error\n*,0.5,0.2\n'),
      ...{ gates: list, regions: () => counting.regions, registry: state.registry, subscribersMax: 1_000 },
      ...{ periodicUs: 60 * minuteUs, log: (_: string, line: string) => expect.unreachable(line) },
    });
    return followed;
  };
  const counting = new Counting(config, state, () => undefined, follow);
  const batch = new EventBatch(200);
  for (let i = 0; i < 200; i++) {
    const timeUs = (i < 40 ? i : 100 + i) * secondUs;
    batch.push(timeUs, i + 1, 1, 0, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
  }
  for (const _ of counting.applying({ k: 'batch', batch } as never));
  for (const _ of counting.applying({ k: 'clock', releaseUs: 310 * secondUs } as never));
  const told = (from: Counting) => followed!.update(from.engine.view)[0]!;
  expect(told(counting).factor).toBeGreaterThan(1.5);
  const saved = new MemoryState();
  for (const _ of counting.save(saved));
  const before = told(counting);
  const again = Counting.restore(config, state, () => undefined, saved, follow);
  expect(told(again)).toEqual(before);
});
