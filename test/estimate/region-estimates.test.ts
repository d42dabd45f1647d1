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

function estimates() {
  const registry = new CellRegistry();
  registry.idOf('460-00-1-4');
  registry.idOf('460-00-1-5');
  return new RegionEstimates({
    shares: parseShares('s.csv', 'origin,share,error,heard,heardError\nlocal,0.4,0.02,1,0\n'),
    regions: new RegionIndex([region('hall', 10_000), region('plaza', null)], registry, () => undefined),
    registry,
    subscribersMax: 1_000,
    periodicUs: 60 * minuteUs,
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
