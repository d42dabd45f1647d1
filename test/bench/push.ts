import { FigureExit } from '../../server/access/exit.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame } from '../../shared/codec.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, TestClock } from '../tools/push-server.ts';

export interface PushFigures {
  /** Frames of the city: 10,012 cells, 50 regions, 120 sparkline points, 40 origins; a delta of 800 changed cells. */
  snapshotBytes: number;
  deltaBytes: number;
  /** Medians, µs: exit, comparison and encoding of one tick; encoding of a snapshot; decoding and applying a delta. */
  tickUs: number;
  snapshotUs: number;
  applyUs: number;
}

const cells = 10_012;
const regions = 50;
const changedCells = 800;

/** Sizes and times of frames of a whole city, over `rounds` ticks. */
export function benchPush(rounds = 200): PushFigures {
  const view = new FakeView(cells, regions);
  const layout = fakeLayout(cells, regions);
  view.origins = Array.from({ length: 40 }, (_, i) => ({
    class: 'international' as const,
    country: `C${i}`,
    mcc: String(200 + i),
    present: 1_000 + i,
  }));
  for (let cell = 0; cell < cells; cell++) view.cellPresent[cell] = (cell * 7919) % 400;
  for (let i = 0; i < 120; i++) {
    view.nextMinute();
    view.closeInterval();
  }
  const frames = new FrameSource({
    view: () => view,
    layout: () => layout,
    status: fakeStatus,
    exit: new FigureExit(0),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
  const state = new WallState();
  state.apply(decodeFrame(frames.snapshot()));
  const times = { tick: [] as number[], snapshot: [] as number[], apply: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < changedCells; i++) view.cellPresent[(round * 31 + i * 12) % cells]!++;
    for (let region = 0; region < regions; region++) view.regionPresent[region]!++;
    const frame = timed(times.tick, () => frames.tick(true)!);
    timed(times.snapshot, () => frames.snapshot());
    timed(times.apply, () => state.apply(decodeFrame(frame.bytes)));
  }
  return {
    snapshotBytes: frames.stats.snapshotBytes,
    deltaBytes: frames.stats.deltaBytes,
    tickUs: medianUs(times.tick),
    snapshotUs: medianUs(times.snapshot),
    applyUs: medianUs(times.apply),
  };
}

function timed<T>(into: number[], work: () => T): T {
  const from = performance.now();
  const result = work();
  into.push(performance.now() - from);
  return result;
}

function medianUs(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[sorted.length >> 1]! * 1000);
}
