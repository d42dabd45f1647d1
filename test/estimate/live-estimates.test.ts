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
    present: { usualUs: 120 * minuteUs, of: () => 120 * minuteUs },
    gatePastUs: 0,
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
    present: { usualUs: 120 * minuteUs, of: () => 120 * minuteUs },
    gatePastUs: 180 * minuteUs,
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

/** The hall through the counters, so that presence, clock and minutes are theirs; half of the heads carry a device. */
function hallOf(list: GateCount[], told: string[]) {
  // Who has been seen once stays for five minutes, and after as long presence is complete.
  const config = makeConfig({ where: 'test', settings: { presenceTtlMs: 300_000 } });
  const state = new LogState();
  state.apply({ k: 'cells', listed: false, cells: [{ id: 0, cell: unheardOf('460-00-1-4') }] }, 0);
  const hall = { id: 'hall', name: 'hall', kind: 'venue', capacity: 1_000, polygons: null, cells: ['460-00-1-4'] };
  state.apply({ k: 'regions', regions: [hall] } as never, 0);
  let gates = list;
  let share = 0.5;
  let live: LiveEstimates | null = null;
  const follow = (of: Counting) => {
    live = new LiveEstimates({
      shares: parseShares('s.csv', `origin,share,error\n*,${share},0.05\n`),
      ...{ gates, regions: () => of.regions, registry: state.registry, subscribersMax: 1_000 },
      ...{
        periodicUs: 60 * minuteUs,
        present: { usualUs: 120 * minuteUs, of: () => 120 * minuteUs },
        gatePastUs: 120 * minuteUs,
      },
      log: (_: string, line: string) => told.push(line),
    });
    return live;
  };
  let counting = new Counting(config, state, () => undefined, follow);
  return {
    take: (gate: GateCount) => live!.take(counting.engine.view, [gate])[0],
    now: () => live!.update(counting.engine.view)[0]!,
    /** Each row is a device of its own, or one that is seen again; the clock is let go to the end. */
    feed(rows: readonly (readonly [timeUs: number, sub: number])[], toUs: number) {
      const batch = new EventBatch(rows.length);
      for (const [timeUs, sub] of rows)
        batch.push(timeUs, sub, 1, 0, 0, kindCode.sighting, 0, 0, eventFlag.sighting, 0, 0, 0);
      for (const _ of counting.applying({ k: 'batch', batch } as never));
      for (const _ of counting.applying({ k: 'clock', releaseUs: toUs } as never));
    },
    restart(withGates: GateCount[], withShare = share) {
      const saved = new MemoryState();
      for (const _ of counting.save(saved));
      gates = withGates;
      share = withShare;
      counting = Counting.restore(config, state, () => undefined, saved, follow);
    },
  };
}

/** Ten devices more each minute, all of them seen each other minute. */
const filling = (fromMin: number, toMin: number) => {
  const rows: [number, number][] = [];
  for (let minute = fromMin; minute < toMin; minute++) {
    for (let sub = 1; sub <= 10 * (minute + 1); sub++) {
      if (sub > 10 * minute) rows.push([(minute + (sub - 10 * minute - 0.5) / 10) * minuteUs, sub]);
      else if (sub % 2 === minute % 2) rows.push([(minute + (sub + 0.5) / (10 * (minute + 1))) * minuteUs, sub]);
    }
  }
  return rows.sort((a, b) => a[0] - b[0]);
};
/** What the estimate itself says of a minute of it. */
const estimated = (minute: number) => (10 * minute) / (0.5 * 0.97);
const countOf = (minute: number, people: number, error = 0.01): GateCount => {
  return { timeUs: minute * minuteUs, region: 'hall', people: Math.round(people), error };
};

test('counting stops at each gate count, however much is released at once, and keeps what was read in its snapshots', () => {
  // Forty devices at the first gate, a hundred and eighty at the second: one release brings all of them.
  const list = [
    { timeUs: 400 * secondUs, region: 'hall', people: 100, error: 0.01 },
    { timeUs: 580 * secondUs, region: 'hall', people: 450, error: 0.01 },
  ];
  const told: string[] = [];
  const hall = hallOf(list, told);
  const rows = Array.from({ length: 200 }, (_, i): [number, number] => {
    return [(i === 0 ? 0 : i < 40 ? 300 + i : 400 + i) * secondUs, i + 1];
  });
  hall.feed(rows, 590 * secondUs);
  expect(told).toEqual([]);
  expect(hall.now().factor).toBeGreaterThan(1.15);
  const before = hall.now();
  hall.restart(list);
  expect(hall.now()).toEqual(before);
});

test.each([
  ['none', []],
  ['an older one', [countOf(10, estimated(10))]],
])('a count of a time that is over, given at a restart behind %s, is set beside the heads of then', (_, before) => {
  const told: string[] = [];
  const hall = hallOf(before, told);
  hall.feed(filling(0, 60), 60 * minuteUs);
  // The turnstiles agree with what was estimated then: there is nothing to mend.
  hall.restart([...before, countOf(30, estimated(30))]);
  hall.feed(filling(60, 63), 63 * minuteUs);
  expect(told).toEqual([]);
  expect(hall.now().factor).toBeGreaterThan(0.98);
  expect(hall.now().factor).toBeLessThan(1.02);
  expect(hall.now().people.people / estimated(63)).toBeCloseTo(1, 1);
  hall.restart([...before, countOf(30, 1.2 * estimated(30))]);
  expect(hall.now().factor).toBeGreaterThan(1.1);
});

test('a count that comes after its time calibrates the present, once however often it is told, and over a restart', () => {
  const told: string[] = [];
  const hall = hallOf([], told);
  hall.feed(filling(0, 60), 60 * minuteUs);
  const late = countOf(45.5, 1.2 * estimated(45.5));
  expect(hall.take(late)).toEqual({ state: 'used' });
  const { factor, people } = hall.now();
  expect(factor).toBeGreaterThan(1.1);
  expect(factor).toBeLessThan(1.2);
  expect(hall.take(late)).toEqual({ state: 'used' });
  expect(hall.now()).toMatchObject({ factor, people });
  hall.restart([]);
  expect(hall.now()).toMatchObject({ factor, people });
  hall.restart([late]);
  expect(hall.now()).toMatchObject({ factor, people });
  expect(hall.take(late)).toEqual({ state: 'used' });
  expect(hall.now()).toMatchObject({ factor, people });
  // One that is refused changes nothing; another figure of the same time stands in its place.
  expect(hall.take(countOf(45.5, 12 * estimated(45.5)))).toMatchObject({ state: 'refused' });
  expect(hall.now()).toMatchObject({ factor, people });
  expect(hall.take(countOf(45.5, estimated(45.5)))).toEqual({ state: 'used' });
  expect(hall.now().factor).toBeCloseTo(1, 2);
  expect(told).toEqual([expect.stringContaining('is far above')]);
});

test('a count of the last minute, and one whose time is to come, count by the heads of their moment', () => {
  const told: string[] = [];
  const hall = hallOf([], told);
  hall.feed(filling(0, 40), 40 * minuteUs);
  hall.feed(filling(40, 41), 40.6 * minuteUs);
  expect(hall.take(countOf(40.5, estimated(40.5), 0))).toEqual({ state: 'used' });
  expect(hall.now().factor).toBeCloseTo(1, 2);
  const ahead = countOf(50.5, 1.2 * estimated(50.5));
  expect(hall.take(ahead)).toEqual({ state: 'waiting' });
  hall.feed(filling(41, 60), 60 * minuteUs);
  expect(hall.now().factor).toBeGreaterThan(1.05);
  expect(hall.take(ahead)).toEqual({ state: 'used' });
  expect(told).toEqual([]);
});

test('says of a count that can\u2019t be used why, and what to do', () => {
  const told: string[] = [];
  const hall = hallOf([], told);
  hall.feed(filling(0, 200), 200 * minuteUs);
  const why = (gate: GateCount) => hall.take(gate);
  expect(why({ ...countOf(190, 1), region: 'gone' })).toMatchObject({
    state: 'refused',
    why: expect.stringMatching(/no micro-region/),
  });
  expect(why(countOf(60, 1_000))).toMatchObject({
    state: 'refused',
    why: expect.stringMatching(/over for more than 120 min.*count again/),
  });
  expect(why(countOf(321, 1_000))).toMatchObject({
    state: 'refused',
    why: expect.stringMatching(/more than 120 min ahead.*mend it/),
  });
  const typo = countOf(190, 10 * estimated(190));
  expect(why(typo)).toMatchObject({ state: 'refused', why: expect.stringMatching(/far above.*larger error/) });
  expect(why(typo)).toMatchObject({ state: 'refused' });
  expect(hall.now().factor).toBe(1);
  expect(told).toHaveLength(5);
  expect(told[3]).toMatch(/^The gate count of hall at .* can't be used: \d+ is far above/);
  hall.restart([countOf(5, 100), countOf(60, 1_000), typo]);
  expect(told.slice(5)).toEqual([
    expect.stringContaining('is far above'),
    expect.stringMatching(/^2 gate counts are passed over: heads are kept since/),
  ]);
  // By a larger error it counts all the same.
  expect(why({ ...typo, error: 0.8 })).toEqual({ state: 'used' });
  expect(hall.now().factor).toBeGreaterThan(1);
});

test('by other market shares than before nothing counts that gates had taught by those, and that is said', () => {
  const told: string[] = [];
  const hall = hallOf([], told);
  hall.feed(filling(0, 60), 60 * minuteUs);
  const count = countOf(45, 1.2 * estimated(45));
  hall.take(count);
  expect(hall.now().factor).toBeGreaterThan(1.1);
  // The survey was wrong, and the gates right: a share of 0.5 ÷ 1.2.
  hall.restart([count], 0.5 / 1.2);
  expect(hall.now()).toMatchObject({ factor: 1, inflow: null });
  expect(hall.now().people.people / (1.2 * estimated(60))).toBeCloseTo(1, 1);
  expect(told).toEqual([
    expect.stringMatching(/^The market shares are others/),
    expect.stringMatching(/^The gate count of hall at .* can't be used: no heads are kept of then/),
  ]);
  hall.feed(filling(60, 70), 70 * minuteUs);
  expect(hall.take(countOf(65, 1.2 * estimated(65)))).toEqual({ state: 'used' });
  expect(hall.now().factor).toBeCloseTo(1, 2);
});
