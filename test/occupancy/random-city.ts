/** Random cities for what must hold in all of them: regions that overlap, a region tree, disorder, traffic, origins. */
import fc from 'fast-check';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { machineHome, packPlmn } from '../../server/events/plmn.ts';
import { Sorter } from '../../server/events/sorter.ts';
import { regionOf, SmallCity } from './small-city.ts';

export const secondUs = 1_000_000;
export const base = Date.UTC(2026, 9, 17, 11) * 1000;
export const everyUs = 60 * secondUs;
const homes = [packPlmn(460, 0, 2), packPlmn(454, 0, 2), machineHome(packPlmn(460, 0, 2)), 0];
const traffic = ['mo call', 'location update', 'data'] as const;

export interface Seen {
  atS: number;
  /** Later than it happened, below the reorder window unless somebody makes it more. */
  delayS: number;
  /** −1: whose it is is not known; −2: of one who has opted out. */
  subscriber: number;
  cell: number;
  kind: number;
}
export interface City {
  cells: string[];
  parents: Record<string, string[]>;
  /** Cells of each micro-region: overlapping, nested, equal or none. */
  regions: number[][];
  holdDownS: number;
  ttlS: number;
  seen: Seen[];
}

export const city: fc.Arbitrary<City> = fc.integer({ min: 2, max: 9 }).chain((count) => {
  const cells = Array.from({ length: count }, (_, i) => `001-01-${100 + (i % 3)}-${i}`);
  const name = fc.constantFrom('一', '二', '三');
  return fc.record({
    cells: fc.constant(cells),
    parents: fc
      .array(fc.tuple(name, name, name, name), { minLength: count, maxLength: count })
      .map((all) => Object.fromEntries(cells.map((cell, i) => [cell, all[i] as string[]]))),
    regions: fc.array(fc.uniqueArray(fc.nat({ max: count - 1 })), { maxLength: 4 }),
    holdDownS: fc.constantFrom(0, 10, 60, 150),
    ttlS: fc.constantFrom(60, 120, 600),
    seen: fc.array(
      fc.record({
        atS: fc.oneof(fc.nat({ max: 400 }), fc.constantFrom(0, 60, 120, 180)),
        delayS: fc.nat({ max: 9 }),
        subscriber: fc.nat({ max: 3 }),
        cell: fc.nat({ max: count - 1 }),
        kind: fc.nat({ max: traffic.length - 1 }),
      }),
      { minLength: 20, maxLength: 80 },
    ),
  });
});

/** In order of (time, arrival), as the counters must take them. */
export const inOrder = (seen: readonly Seen[]) =>
  [...seen].sort((a, b) => a.atS + a.delayS - (b.atS + b.delayS)).sort((a, b) => a.atS - b.atS);

/**
 * @param options.isOwn which rows a partition takes; its clock goes by all
 * @param options.settings beside those of the city
 */
export function run(
  given: City,
  options: {
    seen?: readonly Seen[];
    untilS?: number;
    isOwn?: (seen: Seen) => boolean;
    settings?: Record<string, unknown>;
  } = {},
): SmallCity {
  const { seen = given.seen, untilS = 1100, isOwn = () => true, settings = {} } = options;
  const small = new SmallCity({
    regions: given.regions.map((of, i) => regionOf(`r${i}`, [...of.map((cell) => given.cells[cell]), '001-01-999-1'])),
    parents: { ...given.parents, '001-01-999-1': ['无', '无', '无', '无'] },
    everyUs,
    settings: {
      holdDownMs: given.holdDownS * 1000,
      presenceTtlMs: given.ttlS * 1000,
      homePlmns: '460-00',
      ...settings,
    },
  });
  const sorter = new Sorter({
    latenessUs: 600 * secondUs,
    rowsMax: 10_000,
    onRows: (batch, from, to) => small.engine.apply(batch, from, to),
    onLate: (batch, from, to) => small.engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  for (const one of [...seen].sort((a, b) => a.atS + a.delayS - (b.atS + b.delayS))) {
    if (isOwn(one)) sorter.push(rowOf(small, given, one));
    sorter.release(base + (one.atS + one.delayS - 10) * secondUs);
    if (sorter.releasedUs > 0) small.engine.advance(sorter.releasedUs);
  }
  sorter.release(base + untilS * secondUs);
  small.engine.advance(base + untilS * secondUs);
  return small;
}

function rowOf(small: SmallCity, given: City, { atS, cell, kind, subscriber }: Seen): EventBatch {
  const batch = new EventBatch(1);
  const isKnown = subscriber >= 0;
  const flags = eventFlag.traffic | (isKnown ? eventFlag.sighting : subscriber === -2 ? eventFlag.optedOut : 0);
  const [lo, hi, home] = isKnown ? [subscriber + 1, 9, homes[subscriber % homes.length]] : [0, 0, 0];
  const at = small.registry.find(given.cells[cell]);
  batch.push(base + atS * secondUs, lo, hi, at, home, kindCode[traffic[kind]], 1, 0, flags, 1000, 0, 0);
  return batch;
}
