import { expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import type { Estimates } from '../../server/access/people.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame, encodeFrame } from '../../shared/codec.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, TestClock } from '../tools/push-server.ts';

const people = (n: number): Estimates => [
  null,
  {
    devices: n,
    people: { people: 2 * n, low: n, high: 3 * n },
    ...{ factor: 1, inflow: null, capacity: null, toFirstAlertUs: null, toCapacityUs: null },
  },
];

function source(estimates: () => Estimates): FrameSource {
  const parts = { view: new FakeView(3, 2), layout: fakeLayout(3, 2) };
  return new FrameSource({
    view: () => parts.view,
    layout: () => parts.layout,
    status: fakeStatus,
    people: estimates,
    exit: new FigureExit(0),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
}

test('estimates come with a snapshot, and with a delta when they have changed; a screen holds the newest', () => {
  let now = people(100);
  const frames = source(() => now);
  const wall = new WallState();
  const take = (bytes: Uint8Array) => {
    const frame = decodeFrame(bytes);
    expect(wall.apply(frame)).toBe('applied');
    return frame;
  };
  frames.tick(false);
  expect(take(frames.snapshot()).people).toHaveLength(1);
  expect(wall.people?.get(1)).toMatchObject({ people: 200, low: 100, high: 300 });
  expect(wall.people?.get(0)).toBeUndefined();
  expect(take(frames.tick(true)!.bytes).people).toBeUndefined();
  now = people(150);
  take(frames.tick(true)!.bytes);
  expect(wall.people?.get(1)?.people).toBe(300);
});

test('without shares no frame has estimates, and a screen knows of none', () => {
  const frames = source(() => null);
  const wall = new WallState();
  frames.tick(false);
  const frame = decodeFrame(frames.snapshot());
  expect('people' in frame).toBe(false);
  wall.apply(frame);
  expect(wall.people).toBeNull();
  expect(() => decodeFrame(encodeFrame({ ...frame, people: [{}] } as never))).toThrow(/people/);
});

test('operators and areas of guests come with a snapshot, and with a delta when they have changed', () => {
  const view = new FakeView(3, 2);
  const layout = fakeLayout(3, 2);
  const names = new Map([[755, { province: '广东', city: '深圳' }]]);
  const parts = { clock: new TestClock(), exit: new FigureExit(0, names), gaugeEveryMs: 60_000 };
  const frames = new FrameSource({ ...parts, view: () => view, layout: () => layout, status: fakeStatus });
  const wall = new WallState();
  const take = (bytes: Uint8Array) => {
    const frame = decodeFrame(bytes);
    expect(wall.apply(frame)).toBe('applied');
    return frame;
  };
  frames.tick(false);
  expect('places' in take(frames.snapshot())).toBe(false);
  const guest = { class: 'other province', country: 'CN', mcc: '460', plmn: 0, area: 755 } as const;
  view.originPlaces = [{ ...guest, present: 3 }];
  expect(take(frames.tick(true)!.bytes).places).toHaveLength(1);
  expect(wall.places).toMatchObject([{ operator: '', area: 755, province: '广东', city: '深圳', present: 3 }]);
  expect('places' in take(frames.tick(true)!.bytes)).toBe(false);
  view.originPlaces = [];
  expect(take(frames.tick(true)!.bytes).places).toEqual([]);
  expect(wall.places).toEqual([]);
  expect(() => decodeFrame(encodeFrame({ ...decodeFrame(frames.snapshot()), places: 1 } as never))).toThrow(/places/);
});
