import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OracleRow, OracleSighting } from './oracle.ts';
import { regionOf, SmallCity } from './small-city.ts';

/** A feed whose clock stands keeps its people present while another one's clock goes on, by years where it jumps. */
const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const hourUs = 60 * minuteUs;
const yearUs = 365 * 24 * hourUs;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-200-1'];
const standing = 1;

interface Scenario {
  sightings: { atS: number; subscriber: number; cell: number; feed: number }[];
  jumpUs: number;
  behindS: number;
}

function city(settings: Record<string, unknown> = {}): SmallCity {
  return new SmallCity({
    regions: [regionOf('venue', ['001-01-100-*']), regionOf('all', ['*'])],
    everyUs: minuteUs,
    settings: { presenceTtlMs: 600_000, presenceTtlByLac: '200=1800000', ...settings },
  });
}

/**
 * Plays the sightings, lets the clock of the running feed go on in steps of `stepUs`, and has somebody seen behind.
 * The standing feed's clock stays where it was.
 */
function play(given: Scenario, stepUs: number): SmallCity {
  const played = city();
  const clocks = Float64Array.of(base, base);
  let lastUs = base;
  for (const { atS, subscriber, cell, feed } of given.sightings.toSorted((a, b) => a.atS - b.atS)) {
    lastUs = base + atS * secondUs;
    const seen: OracleSighting = { timeUs: lastUs, subscriber: `s${subscriber}`, cell: cells[cell], detach: false };
    played.engine.apply(played.batch([seen], { feed }), 0, 1);
  }
  const untilUs = lastUs + given.jumpUs;
  for (let us = lastUs; us < untilUs; ) {
    us = Math.min(us + stepUs, untilUs);
    clocks[0] = us;
    played.engine.advance(us, clocks);
  }
  const behind = { timeUs: untilUs + given.behindS * secondUs, subscriber: 's0', cell: cells[0], detach: false };
  played.engine.apply(played.batch([behind], { feed: 0 }), 0, 1);
  played.engine.finish();
  return played;
}

/** The rows of every minute, carried on over those that were passed over. */
function everyMinute(played: SmallCity, untilUs: number): Record<string, OracleRow>[] {
  const table = played.table();
  const rows: Record<string, OracleRow>[] = [];
  let held: Record<string, OracleRow> = {};
  for (let endUs = Math.floor(base / minuteUs + 1) * minuteUs; endUs <= untilUs; endUs += minuteUs) {
    const told = table.get(endUs);
    held =
      told !== undefined
        ? Object.fromEntries(told)
        : Object.fromEntries(
            Object.entries(held).map(([area, { present, fresh5 }]) => [
              area,
              { present, fresh5, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: present },
            ]),
          );
    rows.push(held);
  }
  return rows;
}

test('a jump by a thousand years closes no more intervals than the presence of running feeds lasts', () => {
  const played = city({ presenceTtlMs: 7_200_000 });
  const seen = { timeUs: base, subscriber: 'a', cell: cells[0], detach: false };
  played.engine.apply(played.batch([seen], { feed: standing }), 0, 1);
  played.engine.apply(played.batch([{ ...seen, timeUs: base + 1, subscriber: 'b' }], { feed: 0 }), 0, 1);
  const untilUs = base + 1000 * yearUs;
  played.engine.advance(untilUs, Float64Array.of(untilUs, base));
  const { view } = played.engine;
  expect(played.gauges.length).toBeLessThan(130);
  expect(view.intervals).toBe((1000 * yearUs) / minuteUs);
  expect(view.intervalEndUs).toBe(untilUs);
  expect(view).toMatchObject({ present: 1, vanished: 1, fresh5: 0, fresh30: 0 });
  expect([...view.spark(3)]).toEqual([1, 1, 1, 1, 1, 1]);
});

test('rows that jump cost as little as the clock', () => {
  const played = city();
  const clocks = Float64Array.of(base, base);
  played.engine.advance(base, clocks);
  const seen = { timeUs: base, subscriber: 'a', cell: cells[0], detach: false };
  played.engine.apply(played.batch([seen], { feed: standing }), 0, 1);
  played.engine.advance(base + 1, clocks);
  for (let year = 1; year <= 20; year++) {
    played.engine.apply(played.batch([{ ...seen, timeUs: base + year * yearUs, subscriber: 'b' }], { feed: 0 }), 0, 1);
  }
  expect(played.gauges.length).toBeLessThan(20 * 70);
  expect(played.engine.view.present).toBe(2);
});

test('gives the same figures of every minute whether the clock jumps or goes step by step', () => {
  const scenario: fc.Arbitrary<Scenario> = fc.record({
    sightings: fc.array(
      fc.record({
        atS: fc.nat({ max: 3000 }),
        subscriber: fc.nat({ max: 4 }),
        cell: fc.nat({ max: cells.length - 1 }),
        feed: fc.nat({ max: 1 }),
      }),
      { minLength: 1, maxLength: 30 },
    ),
    jumpUs: fc.integer({ min: 1, max: 6 * 60 }).map((minutes) => minutes * minuteUs + 7 * secondUs),
    behindS: fc.nat({ max: 200 }),
  });
  fc.assert(
    fc.property(scenario, (given) => {
      const jumped = play(given, Number.POSITIVE_INFINITY);
      const stepped = play(given, 5 * minuteUs);
      const untilUs = jumped.engine.view.intervalEndUs;
      expect(stepped.engine.view.intervalEndUs).toBe(untilUs);
      expect(jumped.engine.view.intervals).toBe(stepped.engine.view.intervals);
      expect(everyMinute(jumped, untilUs)).toEqual(everyMinute(stepped, untilUs));
      expect([...jumped.engine.view.spark(120)]).toEqual([...stepped.engine.view.spark(120)]);
      expect([...jumped.engine.view.regionVisitors]).toEqual([...stepped.engine.view.regionVisitors]);
      const places = ({ stays }: SmallCity) => stays.map((stay) => JSON.stringify(stay)).sort();
      expect(places(jumped)).toEqual(places(stepped));
    }),
    { numRuns: 150, seed: 5 },
  );
});
