import { expect, test } from 'vitest';
import type { ExactCrowd } from '../../server/access/crowd.ts';
import { FigureExit } from '../../server/access/exit.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame, encodeFrame } from '../../shared/codec.ts';
import { hiddenCount } from '../../shared/protocol.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, TestClock } from '../tools/push-server.ts';

const today = { day: '2026-10-17', subscribers: 99, lasting: 0, crowd: null };
const roles = { ...today, residents: 31, workers: 7, visitors: 44, passersBy: 0, undetermined: 17 };
const exact = (id: string, crowd: number | null, changes: Partial<ExactCrowd> = {}): ExactCrowd => ({
  ...{ id, atUs: 60_000_000, present: 100, crowd, roles },
  ...changes,
});

function setUp(minCount = 0) {
  const parts = { view: new FakeView(3, 2), layout: fakeLayout(3, 2), crowds: new Map<string, ExactCrowd>() };
  const frames = new FrameSource({
    view: () => parts.view,
    layout: () => parts.layout,
    status: fakeStatus,
    crowds: () => parts.crowds,
    exit: new FigureExit(minCount),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
  const wall = new WallState();
  const take = (bytes: Uint8Array) => {
    const frame = decodeFrame(bytes);
    expect(wall.apply(frame)).toBe('applied');
    return frame;
  };
  frames.tick(false);
  take(frames.snapshot());
  return { parts, frames, wall, next: () => take(frames.tick(true)!.bytes), again: () => take(frames.snapshot()) };
}

test('a crowd comes with the delta after it was counted, alone, and stays on a screen that joins later', () => {
  const { parts, wall, next, again } = setUp();
  expect('crowd' in next()).toBe(false);
  parts.crowds.set('r1', exact('r1', 62));
  expect(next().crowd).toHaveLength(1);
  expect(wall.crowd.get(1)).toEqual({
    ...{ region: 1, atUs: 60_000_000, crowd: 62 },
    roles: { residents: 31, workers: 7, visitors: 44, passersBy: 0, undetermined: 17 },
  });
  expect('crowd' in next()).toBe(false);
  parts.crowds.set('r0', exact('r0', null, { roles: null }));
  expect(next().crowd).toEqual([{ region: 0, atUs: 60_000_000, crowd: null, roles: null }]);
  expect(again().crowd).toHaveLength(2);
  expect([...wall.crowd.keys()].sort()).toEqual([0, 1]);
});

test('a crowd that is known no more is unknown on the screens', () => {
  const { parts, wall, next } = setUp();
  parts.crowds.set('r1', exact('r1', 62));
  next();
  parts.crowds.delete('r1');
  next();
  expect(wall.crowd.get(1)).toEqual({ region: 1, atUs: 60_000_000, crowd: null, roles: null });
  expect('crowd' in next()).toBe(false);
});

test('replaced regions have no crowd until it is counted of them', () => {
  const { parts, frames, wall } = setUp();
  parts.crowds.set('r1', exact('r1', 62));
  frames.tick(true);
  const layout = fakeLayout(3, 2);
  parts.layout = { ...layout, revision: layout.revision + 1, regions: [...layout.regions].reverse() };
  parts.crowds.clear();
  const frame = decodeFrame(frames.tick(true)!.bytes);
  expect(frame.k).toBe('snapshot');
  wall.apply(frame);
  expect(wall.crowd.size).toBe(0);
});

test('small figures are hidden, others rounded, and they move with hysteresis', () => {
  const { parts, wall, next } = setUp(20);
  parts.crowds.set('r1', exact('r1', 62));
  next();
  expect(wall.crowd.get(1)).toMatchObject({
    crowd: 60,
    roles: { residents: 30, workers: hiddenCount, visitors: 40, passersBy: 0, undetermined: hiddenCount },
  });
  for (const [crowd, shown] of [
    [67, 60],
    [69, 70],
    [19, hiddenCount],
    [26, hiddenCount],
  ]) {
    parts.crowds.set('r1', exact('r1', crowd));
    next();
    expect(wall.crowd.get(1)!.crowd).toBe(shown);
  }
});

test('rows without their regions are no frame', () => {
  const { frames } = setUp();
  const frame = decodeFrame(frames.snapshot());
  expect(() => decodeFrame(encodeFrame({ ...frame, crowd: [{}] } as never))).toThrow(/crowd/);
});
