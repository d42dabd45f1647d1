import { expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { outcomeCode, outcomes } from '../../server/events/kinds.ts';
import type { AreaTraffic } from '../../server/occupancy/view.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { decodeFrame, encodeFrame, FrameError } from '../../shared/codec.ts';
import { hiddenCount, type ServerFrame } from '../../shared/protocol.ts';
import { type TrafficClass, type TrafficColumn, trafficClasses } from '../../shared/traffic.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus, jsonOf, request, startTestServer, TestClock } from '../tools/push-server.ts';

type Units = [area: number, kind: TrafficClass, outcome: (typeof outcomes)[number], units: number, ms?: number][];

/** Rows of a city and two regions. */
function trafficOf(view: FakeView, units: Units): AreaTraffic {
  const traffic = view.noTraffic(3);
  for (const [area, kind, outcome, n, ms = 0] of units) {
    const place = area * trafficClasses.length + trafficClasses.indexOf(kind);
    traffic.units[place * outcomes.length + outcomeCode[outcome]] += n;
    traffic.ms[place] += ms;
  }
  return traffic;
}

const units: Units = [
  [0, 'mo calls', 'success', 40, 90_000],
  [0, 'mo calls', 'failed', 3],
  [0, 'mo calls', 'dropped', 2],
  [0, 'mt calls', 'unanswered', 5],
  [2, 'mo calls', 'success', 30, 61_499],
  [2, 'mt sms', 'rejected', 10],
];

function bench(minCount = 0) {
  const view = new FakeView(3, 2);
  const layout = fakeLayout(3, 2);
  const frames = new FrameSource({
    view: () => view,
    layout: () => layout,
    status: fakeStatus,
    exit: new FigureExit(minCount),
    clock: new TestClock(),
    gaugeEveryMs: 60_000,
  });
  const show = (rows: Units) => {
    const traffic = trafficOf(view, rows);
    const { revision } = view.areaTraffic;
    Object.assign(view.areaTraffic, { fromUs: 60e6, toUs: 120e6, revision: revision + 1, window: () => traffic });
  };
  return { view, frames, show };
}

const shownAt = (wall: WallState, row: number, column: TrafficColumn, kind: TrafficClass) =>
  wall.traffic!.columns[column][row * trafficClasses.length + trafficClasses.indexOf(kind)];

test('traffic comes with a snapshot, and with a delta when it has changed', () => {
  const { frames, show } = bench();
  const wall = new WallState();
  const take = (bytes: Uint8Array) => {
    const frame = decodeFrame(bytes);
    expect(wall.apply(frame)).toBe('applied');
    return frame.traffic;
  };
  expect(take(frames.snapshot())).toBeUndefined();
  expect(wall.traffic).toBe(null);
  show(units);
  expect(take(frames.tick(true)!.bytes)).toMatchObject({ fromUs: 60e6, toUs: 120e6 });
  expect(take(frames.tick(true)!.bytes)).toBeUndefined();
  expect(shownAt(wall, 0, 'units', 'mo calls')).toBe(45);
  expect(shownAt(wall, 0, 'failed', 'mo calls')).toBe(3);
  expect(shownAt(wall, 0, 'dropped', 'mo calls')).toBe(2);
  expect(shownAt(wall, 0, 'unanswered', 'mt calls')).toBe(5);
  expect(shownAt(wall, 1, 'units', 'mo calls')).toBe(0);
  expect(shownAt(wall, 2, 'seconds', 'mo calls')).toBe(61);
  expect(shownAt(wall, 2, 'failed', 'mt sms')).toBe(10);

  const late = new WallState();
  late.apply(decodeFrame(frames.snapshot()));
  expect(late.traffic).toEqual(wall.traffic);
});

test('where small figures are hidden, so are few units and how long they talked', () => {
  const { frames, show } = bench(20);
  show(units);
  const wall = new WallState();
  wall.apply(decodeFrame(frames.snapshot()));
  expect(shownAt(wall, 0, 'units', 'mo calls')).toBe(50);
  expect(shownAt(wall, 0, 'failed', 'mo calls')).toBe(hiddenCount);
  expect(shownAt(wall, 2, 'units', 'mt sms')).toBe(hiddenCount);
  expect(shownAt(wall, 2, 'seconds', 'mt sms')).toBe(hiddenCount);
  show([[0, 'mo calls', 'success', 7, 600_000]]);
  wall.apply(decodeFrame(frames.tick(true)!.bytes));
  // Figures that are not exact change once a minute.
  expect(shownAt(wall, 0, 'units', 'mo calls')).toBe(50);
});

test('where small figures are hidden, how long people talked is told in tens of minutes, once it is enough', () => {
  const { frames, show } = bench(20);
  const secondsAfter = (ms: number) => {
    show([[0, 'mo calls', 'success', 50, ms]]);
    const wall = new WallState();
    frames.tick(true);
    wall.apply(decodeFrame(frames.snapshot()));
    return shownAt(wall, 0, 'seconds', 'mo calls');
  };
  expect(secondsAfter(3_662_000)).toBe(3_600);
  const little = bench(20);
  little.show([[0, 'mo calls', 'success', 50, 600_000]]);
  const wall = new WallState();
  wall.apply(decodeFrame(little.frames.snapshot()));
  expect(shownAt(wall, 0, 'units', 'mo calls')).toBe(50);
  expect(shownAt(wall, 0, 'seconds', 'mo calls')).toBe(hiddenCount);
});

test('a frame whose traffic is not as long as the regions is refused with nothing changed', () => {
  const { frames, show } = bench();
  show(units);
  const frame = decodeFrame(frames.snapshot());
  const short = { ...frame.traffic!, units: frame.traffic!.units.subarray(0, 4 * trafficClasses.length) };
  expect(() => decodeFrame(encodeFrame({ ...frame, traffic: short } as ServerFrame))).toThrow(FrameError);
  const rows = Object.fromEntries(
    Object.entries(frame.traffic!).map(([k, v]) => [k, typeof v === 'number' ? v : v.subarray(0, 8 * 11)]),
  );
  const wall = new WallState();
  const fewer = decodeFrame(encodeFrame({ ...frame, traffic: rows } as unknown as ServerFrame));
  expect(() => wall.apply(fewer)).toThrow('traffic is not as long as the regions');
  expect(wall.seq).toBe(-1);
});

test.each([0, 20])(
  'GET /api/traffic answers city, region and cell by class and outcome with minCount %i',
  async (minCount) => {
    const it = await startTestServer({ cells: 3, regions: 2, settings: { minCount } });
    const traffic = trafficOf(it.view, units);
    const cell = { ...it.view.noTraffic(1) };
    cell.units[trafficClasses.indexOf('data') * outcomes.length + outcomeCode.success] = 21;
    Object.assign(it.view.areaTraffic, {
      ...{ fromUs: 60e6, toUs: 120e6 },
      ...{ window: () => traffic, now: () => traffic, cellWindow: () => cell, cellNow: () => cell },
    });
    const get = async (query: string) =>
      jsonOf<Record<string, unknown>>(await request(it.server.port, `/api/traffic${query}`));
    const zero = { unknown: 0, success: 0, rejected: 0, failed: 0, unanswered: 0, dropped: 0, seconds: 0 };
    const region = await get('?region=r1');
    if (minCount === 0) {
      expect(region).toMatchObject({ of: 'r1', fromUs: 60e6, toUs: 120e6 });
      expect(region.window).toEqual({
        'mo calls': { ...zero, units: 30, success: 30, seconds: 61 },
        'mt sms': { ...zero, units: 10, rejected: 10 },
      });
      expect(region.open).toEqual(region.window);
      expect((await get('')).window).toMatchObject({ 'mo calls': { units: 45, failed: 3, dropped: 2 } });
      expect((await get('?cell=001-01-1-2')).window).toEqual({ data: { ...zero, units: 21, success: 21 } });
    } else {
      expect(region.window).toMatchObject({
        'mo calls': { units: 30 },
        'mt sms': { units: -1, rejected: -1, seconds: -1 },
      });
      expect(region.open).toBe(null);
    }
    expect((await request(it.server.port, '/api/traffic?region=r2')).status).toBe(404);
    expect((await request(it.server.port, '/api/traffic?cell=001-01-9-9')).status).toBe(404);
    await it.server.close();
  },
);
