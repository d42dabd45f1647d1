import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame } from '../../shared/codec.ts';
import { type Layout, regionColumns, sparkPointsMax, unknownCount } from '../../shared/protocol.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, TestClock } from '../tools/push-server.ts';

interface Bench {
  view: FakeView;
  layout: Layout;
  frames: FrameSource;
  storedUs?: number;
}

function bench(cells: number, regions: number): Bench {
  const it = { view: new FakeView(cells, regions), layout: fakeLayout(cells, regions) } as Bench;
  it.frames = new FrameSource({
    view: () => it.view,
    layout: () => it.layout,
    status: () => ({ ...fakeStatus(), ...(it.storedUs !== undefined && { storedUs: it.storedUs }) }),
    exit: new FigureExit(0),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
  return it;
}

/** One thing that happens to the engine between two ticks. */
type Step =
  | { do: 'cells'; changes: [number, number][] }
  | { do: 'region'; region: number; column: number; value: number }
  | { do: 'interval'; count: number }
  | { do: 'append'; count: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('cells' as const),
    changes: fc.array(fc.tuple(fc.nat(30), fc.nat(5_000)), { maxLength: 10 }),
  }),
  fc.record({ do: fc.constant('region' as const), region: fc.nat(3), column: fc.nat(5), value: fc.nat(90_000) }),
  fc.record({ do: fc.constant('interval' as const), count: fc.integer({ min: 1, max: 130 }) }),
  fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3 }) }),
);

function take(it: Bench, step: Step): void {
  const { view } = it;
  if (step.do === 'cells') {
    for (const [cell, count] of step.changes) view.cellPresent[cell % view.cellCount] = count;
  } else if (step.do === 'region') {
    const columns = [
      view.regionPresent,
      view.regionFresh5,
      view.regionFresh30,
      view.regionInflow,
      view.regionOutflow,
      view.regionVisitors,
    ];
    columns[step.column]![step.region % view.regionCount] = step.value;
  } else if (step.do === 'interval') {
    for (let i = 0; i < step.count; i++) {
      view.nextMinute();
      view.closeInterval();
    }
  } else {
    view.cellCount += step.count;
    it.layout = fakeLayout(view.cellCount, view.regionCount, it.layout.revision + 1);
  }
}

function expectSame(state: WallState, { view, layout, frames }: Bench): void {
  expect(state.seq).toBe(frames.seq);
  expect(state.layout).toBe(layout.revision);
  expect([...state.cellPresent]).toEqual([...view.cellPresent.subarray(0, view.cellCount)]);
  expect([...state.regions.present]).toEqual([...view.regionPresent.subarray(0, view.regionCount)]);
  expect([...state.regions.fresh5]).toEqual([...view.regionFresh5.subarray(0, view.regionCount)]);
  expect([...state.regions.fresh30]).toEqual([...view.regionFresh30.subarray(0, view.regionCount)]);
  expect([...state.regions.inflow]).toEqual([...view.regionInflow.subarray(0, view.regionCount)]);
  expect([...state.regions.outflow]).toEqual([...view.regionOutflow.subarray(0, view.regionCount)]);
  expect([...state.regions.visitors]).toEqual([...view.regionVisitors.subarray(0, view.regionCount)]);
  const points = Math.min(view.intervals, sparkPointsMax);
  expect(state.sparkPoints).toBe(points);
  expect([...state.spark]).toEqual([...view.spark(points)]);
  expect(state.sparkEndUs).toBe(view.intervalEndUs);
}

test('a snapshot and the deltas after it give exactly the engine’s state, whatever happens in between', () => {
  fc.assert(
    fc.property(fc.array(fc.array(steps, { maxLength: 4 }), { minLength: 1, maxLength: 8 }), (ticks) => {
      const it = bench(20, 3);
      const early = new WallState();
      early.apply(decodeFrame(it.frames.snapshot()));
      for (const tick of ticks) {
        for (const step of tick) take(it, step);
        const frame = it.frames.tick(true)!;
        expect(frame.whole).toBe(false);
        expect(early.apply(decodeFrame(frame.bytes))).toBe('applied');
        expectSame(early, it);
        const joined = new WallState();
        joined.apply(decodeFrame(it.frames.snapshot()));
        expectSame(joined, it);
      }
    }),
    { numRuns: 60 },
  );
});

test('a delta holds only the cells and regions that changed', () => {
  const it = bench(100, 5);
  it.frames.snapshot();
  it.view.cellPresent[7] = 3;
  it.view.cellPresent[70] = 4;
  it.view.regionInflow[2] = 9;
  const state = new WallState();
  state.apply(decodeFrame(it.frames.snapshot()));
  const frame = decodeFrame(it.frames.tick(true)!.bytes);
  expect(frame.k).toBe('delta');
  expect(frame.spark).toBeUndefined();
  state.apply(frame);
  expect([...state.changedCells]).toEqual([7, 70]);
  expect(frame.regions.index.byteLength).toBe(4);
  expect(decodeFrame(it.frames.tick(true)!.bytes).cells.index.byteLength).toBe(0);
});

test('ticks without a screen are counted, and the next delta is made against the newest of them', () => {
  const it = bench(10, 1);
  const state = new WallState();
  state.apply(decodeFrame(it.frames.snapshot()));
  it.view.cellPresent[1] = 5;
  expect(it.frames.tick(false)).toBeNull();
  it.view.cellPresent[2] = 6;
  const frame = decodeFrame(it.frames.tick(true)!.bytes);
  expect(state.apply(frame)).toBe('gap');
  expect(frame.cells.index.byteLength).toBe(4);
});

test('cells of the layout that the engine does not know yet are unknown, not zero', () => {
  const it = bench(10, 1);
  it.layout = fakeLayout(12, 1, 2);
  const state = new WallState();
  state.apply(decodeFrame(it.frames.snapshot()));
  expect([...state.cellPresent.subarray(9)]).toEqual([0, unknownCount, unknownCount]);
});

test('replaced regions make the tick’s frame a snapshot', () => {
  const it = bench(10, 2);
  it.frames.tick(true);
  const view = new FakeView(10, 4);
  view.regionPresent.set([1, 2, 3, 4]);
  it.view = view;
  it.layout = { ...fakeLayout(10, 4), revision: 2 };
  const frame = it.frames.tick(true)!;
  expect(frame.whole).toBe(true);
  const state = new WallState();
  state.apply(decodeFrame(frame.bytes));
  expect([...state.regions.present]).toEqual([1, 2, 3, 4]);
  for (const column of regionColumns) expect(state.regions[column].length).toBe(4);
  expect(it.frames.tick(true)!.whole).toBe(false);
});

test('the status says from when counts are complete, and what earlier runs had stored', () => {
  const it = bench(1, 1);
  const statusOf = () => decodeFrame(it.frames.tick(true)!.bytes).status;
  expect(statusOf()).toMatchObject({ warmingUp: false, wholeFromUs: -1, storedUs: null });
  Object.assign(it.view, { warmingUp: true, wholeFromUs: 7_200_000_000 });
  it.storedUs = 5_000_000;
  expect(statusOf()).toMatchObject({ warmingUp: true, wholeFromUs: 7_200_000_000, storedUs: 5_000_000 });
});
