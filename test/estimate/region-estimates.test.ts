import { expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { RegionEstimates } from '../../server/estimate/region-estimates.ts';
import { parseShares } from '../../server/estimate/shares.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import type { OriginClass } from '../../shared/protocol.ts';

const startUs = Date.parse('2026-10-17T18:00:00+08:00') * 1000;
const region = (id: string, capacity: number | null): Region => ({
  id,
  name: id,
  kind: 'venue',
  capacity,
  polygons: null,
  cells: [`460-00-1-${id.length}`],
});

/** A view at a minute with so many devices in each region, all of one class. */
function viewAt(minute: number, devices: number[], origin: OriginClass = 'local', machines = 0): LiveView {
  const row = (present: number) => [{ class: origin, country: 'CN', mcc: '460', present, machines }];
  return {
    clockUs: startUs + minute * minuteUs,
    regionCount: devices.length,
    regionOrigins: (i: number) => row(devices[i]),
  } as unknown as LiveView;
}

const gateAt = (minute: number, people: number, error = 0.02) => {
  return { timeUs: startUs + minute * minuteUs, region: 'hall', people, error };
};

function estimates(capacity = 10_000) {
  const registry = new CellRegistry();
  registry.idOf('460-00-1-4');
  registry.idOf('460-00-1-5');
  return new RegionEstimates({
    shares: parseShares('s.csv', 'origin,share,error,heard,heardError\nlocal,0.4,0.02,1,0\n'),
    regions: new RegionIndex([region('hall', capacity), region('plaza', null)], registry, () => undefined),
    registry,
    subscribersMax: 1_000,
    periodicUs: 60 * minuteUs,
    present: { usualUs: 120 * minuteUs, of: () => 120 * minuteUs },
    gatePastUs: 60 * minuteUs,
  });
}

test('follows each region to its share of capacity and the time until it is full', () => {
  const all = estimates();
  for (let minute = 0; minute <= 20; minute++) all.update(viewAt(minute, [1_000 + 40 * minute, 50]));
  const [hall, plaza] = all.update(viewAt(21, [1_840, 50]));
  expect(hall?.people.people).toBeCloseTo(4_600, 0);
  expect(hall?.devices).toBe(1_840);
  expect(hall?.capacity).toMatchObject({ level: 0 });
  expect(hall?.capacity?.share).toBeCloseTo(0.46, 3);
  // 100 people a minute more: 3,400 are missing to 80 %, 5,400 to all.
  expect(hall!.toFirstAlertUs! / minuteUs).toBeCloseTo(34, 1);
  expect(hall!.toCapacityUs! / minuteUs).toBeCloseTo(54, 1);
  expect(plaza).toMatchObject({ capacity: null, toFirstAlertUs: null, toCapacityUs: null });
});

test('is drawn to the gates from the moment that they have counted, in their region alone', () => {
  const all = estimates();
  expect(all.update(viewAt(0, [1_000, 1_000])).map((each) => each?.factor)).toEqual([1, 1]);
  const gate = { timeUs: startUs + 5 * minuteUs, region: 'hall', people: 2_750, error: 0.01 };
  expect(all.read(viewAt(5, [1_000, 1_000]), gate)).toBeNull();
  const [hall, plaza] = all.update(viewAt(5, [1_000, 1_000]));
  expect(hall?.factor).toBeGreaterThan(1.07);
  expect(hall?.people.people).toBeLessThan(2_750);
  expect(plaza?.people.people).toBeCloseTo(2_500, 6);
});

test('a gate count moves the estimate and nobody: the inflow stays, and so does the time until it is full', () => {
  const all = estimates(30_000);
  for (let s = 0; s <= 20 * 4; s++) all.update(viewAt(s / 4, [8_000, 50]));
  expect(all.read(viewAt(20.3, [8_000, 50]), gateAt(20.3, 22_000, 0.01))).toBeNull();
  for (let minute = 21; minute <= 35; minute++) {
    const [hall] = all.update(viewAt(minute, [8_000, 50]));
    expect(hall!.people.people).toBeGreaterThan(21_000);
    expect(hall).toMatchObject({ inflow: 0, toFirstAlertUs: null, toCapacityUs: null });
  }
  // What does come counts by the factor.
  for (let minute = 36; minute <= 50; minute++) all.update(viewAt(minute, [8_000 + 40 * (minute - 35), 50]));
  const [hall] = all.update(viewAt(51, [8_640, 50]));
  expect(hall!.inflow! * minuteUs).toBeCloseTo(100 * hall!.factor, 6);
});

test.each([0.25, 1, 2.5, 11])('knows the inflow by event time, though it is asked only each %f min', (step) => {
  const all = estimates(30_000);
  const of = (minute: number) => viewAt(minute, [4_000 + 40 * minute, 50]);
  let asked = 0;
  for (let s = 0; s <= 120 * 4; s++) {
    all.reach(of(s / 4), startUs + (s / 4) * minuteUs);
    if (s / 4 < asked + step) continue;
    asked = s / 4;
    all.update(of(asked));
  }
  expect(all.update(of(121))[0]!.inflow! * minuteUs).toBeCloseTo(100, 6);
});

test.each([
  ['a nought too many', 8_000, 200_000, /^200000 is far above all .*correct it.*larger error/],
  ['a nought too few', 8_000, 2_000, /^2000 is far below all .*correct it.*larger error/],
])('refuses a gate count with %s, and can be made to take it by a larger error', (_, devices, people, why) => {
  const all = estimates(30_000);
  const view = viewAt(1, [devices, 50]);
  expect(all.read(view, gateAt(1, people))).toMatch(why);
  expect(all.update(viewAt(61, [devices, 50]))[0]).toMatchObject({ factor: 1, people: { people: 20_000 } });
  expect(all.read(view, gateAt(1, people, 1))).toBeNull();
});

test('takes one that is as far off as shares may be, and such as say nothing, for so few', () => {
  const all = estimates(30_000);
  expect(all.read(viewAt(0.5, [8_000, 50]), gateAt(0.5, 0))).toMatch(/^0 is far below/);
  expect(all.read(viewAt(1, [8_000, 50]), gateAt(1, 23_500))).toBeNull();
  expect(all.update(viewAt(2, [8_000, 50]))[0]!.factor).toBeGreaterThan(1.1);
  expect(all.read(viewAt(3, [5, 50]), gateAt(3, 0))).toBeNull();
  expect(all.update(viewAt(4, [8_000, 50]))[0]!.factor).toBeGreaterThan(1.1);
});

test('refuses gate counts of a time at which presence was filling up still', () => {
  const all = estimates(30_000);
  const filling = (minute: number, devices: number) =>
    Object.assign(viewAt(minute, [devices, 50]), { wholeFromUs: startUs + 120 * minuteUs });
  expect(all.read(filling(30, 1_600), gateAt(30, 20_000, 1))).toMatch(/presence was not complete.*count again later/);
  for (let minute = 0; minute <= 130; minute++) all.update(filling(minute, Math.min(8_000, 67 * minute)));
  expect(all.readPast(filling(130, 8_000), gateAt(100, 20_000, 1))).toMatch(/no heads are kept.*count again/);
  expect(all.update(filling(131, 8_000))[0]!.factor).toBe(1);
  expect(all.readPast(filling(131, 8_000), gateAt(125, 21_000))).toBeNull();
  expect(all.update(filling(132, 8_000))[0]!.factor).toBeGreaterThan(1.01);
});

test('knows no inflow while presence fills up: whoever is seen first has not come', () => {
  const all = estimates(30_000);
  const inflowAt = (minute: number) => {
    const view = viewAt(minute, [60 * Math.min(minute, 120), 50]);
    return all.update(Object.assign(view, { wholeFromUs: startUs + 120 * minuteUs }))[0]!.inflow;
  };
  for (let minute = 0; minute < 125; minute++) expect(inflowAt(minute), `${minute}`).toBeNull();
  for (let minute = 125; minute < 140; minute++) expect(inflowAt(minute), `${minute}`).toBeCloseTo(0, 6);
});

test('is unknown while somebody of a class without a share is there', () => {
  const all = estimates();
  expect(all.update(viewAt(0, [10, 0], 'international'))).toEqual([null, expect.objectContaining({ devices: 0 })]);
});

test('looks again after ten seconds of event time, not before', () => {
  const all = estimates();
  const first = all.update(viewAt(0, [10, 10]));
  expect(all.update(viewAt(0.1, [99, 99]))).toBe(first);
  expect(all.update(viewAt(0.2, [99, 99]))).not.toBe(first);
});

test('machines are devices and no heads', () => {
  const [hall] = estimates().update(viewAt(0, [1_000, 500], 'local', 200));
  expect(hall?.devices).toBe(800);
  expect(hall?.people.people).toBeCloseTo(2_000, 6);
});

test('where nobody is seen, nobody is estimated, and the interval says how many that may hide', () => {
  const cell = region('a', null);
  const registry = new CellRegistry();
  const estimates = new RegionEstimates({
    ...{ shares: parseShares('shares.csv', 'origin,share,error\n*,0.4,0.01\n'), registry },
    regions: new RegionIndex([cell], registry, () => undefined),
    ...{ subscribersMax: 10, periodicUs: minuteUs, present: {} as never, gatePastUs: minuteUs },
  });
  const [estimate] = estimates.update(viewAt(1, [0]));
  expect(estimate!.people).toMatchObject({ people: 0, low: 0 });
  expect(Math.round(estimate!.people.high)).toBe(6);
});
