import { expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { LiveEstimates } from '../../server/estimate/live-estimates.ts';
import { parseShares } from '../../server/estimate/shares.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

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
