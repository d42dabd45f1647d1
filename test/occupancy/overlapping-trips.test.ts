import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { type OracleSighting, tripsByDefinition, tripTable } from './oracle.ts';
import { base, membersOf, type Scenario, scenario, secondUs, settingsOf, sightingsOf, ttlOf } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

const minuteUs = 60 * secondUs;
/** Cells by where they lie: in A alone, in A and B, in B alone, in D alone, in S within D, and in none. */
const cellNamed = new Map(['a', 'ab', 'b', 'd', 's', 'o'].map((name, i) => [name, `001-01-100-${i + 1}`]));
const over = (...names: string[]) => names.map((name) => cellNamed.get(name)!);
const regions = [
  regionOf('B', over('ab', 'b')),
  regionOf('A', over('a', 'ab')),
  regionOf('D', over('d', 's')),
  regionOf('S', over('s')),
];

/** What one subscriber did: `way` tells the minutes at which it is seen, in which cell, and where it is switched `off`. */
function seenOn(way: string, subscriber = 'one'): OracleSighting[] {
  return way.split(', ').map((seen) => {
    const [minute, cell, off] = seen.split(' ');
    const timeUs = base + Number(minute) * minuteUs;
    return { timeUs, subscriber, cell: cellNamed.get(cell)!, detach: off === 'off' };
  });
}

/** Trips, each with the minute in which it counts. */
function toldBy(city: SmallCity): string[] {
  city.engine.finish();
  const told = city.gauges.flatMap(({ endUs, flows }, interval) =>
    Array.from({ length: flows?.n ?? 0 }, (_, i) => {
      const { from, to, count } = flows!;
      const name = (region: number) => city.regionIds[interval][region];
      const minute = (endUs - base) / minuteUs - 1;
      return `${name(from[i])}>${name(to[i])} ${minute}${count[i] === 1 ? '' : ` × ${count[i]}`}`;
    }),
  );
  return told.sort();
}

function tripsOf(way: string, settings: Record<string, unknown> = {}): string[] {
  const city = new SmallCity({ regions, everyUs: minuteUs, settings });
  city.see(...seenOn(way));
  return toldBy(city);
}

describe('trips between regions that overlap', () => {
  test('through the overlap: counted at the exit from the first one, in its minute', () => {
    expect(tripsOf('0 o, 2 a, 5 ab, 9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOf('0 o, 2 b, 5 ab, 9 a, 30 a')).toEqual(['B>A 9']);
  });

  test('whether it appeared in the first one or came there, and however long it was in both', () => {
    expect(tripsOf('0 a, 5 ab, 9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOf('0 a, 60 ab, 120 ab, 180 ab, 240 b, 250 b', { tripMs: 60_000 })).toEqual(['A>B 240']);
    expect(tripsOf('0 a, 5 ab, 9 b, 30 b', { tripMs: 0 })).toEqual(['A>B 9']);
  });

  test('in one step and through the open, it counts at the entry as ever', () => {
    expect(tripsOf('0 a, 5 b, 30 b')).toEqual(['A>B 5']);
    expect(tripsOf('0 a, 5 o, 9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOf('0 d, 5 a, 5.3 ab, 9 b, 30 b')).toEqual(['A>B 9', 'D>A 5', 'D>B 5']);
    expect(tripsOf('0 a, 5 o, 9 ab, 30 ab')).toEqual(['A>B 9']);
    // Back in both at once: of the two it was A that it had left, and leaving it anew is no other passage.
    expect(tripsOf('0 a, 5 o, 9 ab, 20 b, 30 b')).toEqual(['A>B 9']);
  });

  test('none into what lies within, none back out of it', () => {
    expect(tripsOf('0 o, 2 d, 5 s, 9 d, 20 o, 30 o')).toEqual([]);
    expect(tripsOf('0 o, 2 d, 5 s, 9 o, 30 o')).toEqual([]);
    expect(tripsOf('0 a, 2 d, 5 s, 9 d, 20 b, 30 b')).toEqual(['A>D 2', 'A>S 5', 'D>B 20']);
  });

  test('none by leaving both at once, none between regions in which it appeared', () => {
    expect(tripsOf('0 a, 5 ab, 9 o, 30 o')).toEqual([]);
    expect(tripsOf('0 ab, 5 b, 9 ab, 30 ab')).toEqual([]);
    expect(tripsOf('0 o, 2 ab, 5 a, 30 a')).toEqual([]);
  });

  test('once for a passage, with whatever comes back and forth in the overlap', () => {
    expect(tripsOf('0 a, 3 ab, 6 a, 9 ab, 12 b, 30 b')).toEqual(['A>B 12']);
    expect(tripsOf('0 a, 3 ab, 6 b, 9 ab, 12 b, 30 b')).toEqual(['A>B 6']);
    expect(tripsOf('0 a, 3 ab, 6 b, 9 ab, 12 a, 30 a')).toEqual(['A>B 6', 'B>A 12']);
  });

  test('once for a passage of somebody who had left the first one before, and was there again', () => {
    // Where it is again it comes from when it leaves, not by the exit of before.
    expect(tripsOf('0 a, 2 o, 4 a, 6 ab, 9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOf('0 a, 2 o, 4 a, 6 ab, 9 a, 30 a')).toEqual([]);
  });

  test('ping-pong changes nothing: crossings that cancel neither begin nor end a stay', () => {
    // Half a minute out of B while A is left, and half a minute in B that held for nothing.
    expect(tripsOf('0 a, 3 ab, 6 a, 6.2 o, 6.4 b, 30 b')).toEqual(['A>B 6']);
    expect(tripsOf('0 a, 3 ab, 3.5 a, 9 o, 30 o')).toEqual([]);
    expect(tripsOf('0 a, 3 ab, 3.3 b, 3.6 a, 30 a')).toEqual([]);
    expect(tripsOf('0 a, 3 ab, 9 b, 9.5 ab, 30 ab')).toEqual([]);
    expect(tripsOf('0 d, 5 a, 5.3 ab, 9 b, 9.5 ab, 12 b, 30 b')).toEqual(['A>B 12', 'D>A 5', 'D>B 5']);
  });

  test('wherever it has gone by the time that the exit holds', () => {
    expect(tripsOf('0 a, 3 ab, 6 b, 6.5 o, 30 o')).toEqual(['A>B 6']);
    expect(tripsOf('0 a, 3 ab, 6 b, 6.5 o, 6.7 d, 30 d')).toEqual(['A>B 6', 'B>D 6']);
    expect(tripsOf('0 a, 3 ab, 6 b, 6.3 o, 6.6 b, 30 b')).toEqual(['A>B 6']);
    expect(tripsOf('0 a, 3 ab, 6 b, 6.2 b off, 6.4 ab, 30 ab')).toEqual(['A>B 6']);
    expect(tripsOf('0 a, 3 ab, 6 b off, 30 a')).toEqual(['A>B 6']);
  });

  test('none of a stay that a vanish ended', () => {
    expect(tripsOf('0 a, 3 ab, 6 ab off, 8 b, 30 b')).toEqual([]);
    expect(tripsOf('0 a, 3 ab off, 6 ab, 9 b, 30 b')).toEqual([]);
  });
});

test('an entry that was undone is none, whoever else leaves a region then', () => {
  const city = new SmallCity({ regions, everyUs: minuteUs });
  const both = [...seenOn('0 a, 6 o, 6.3 b, 6.6 o, 30 o'), ...seenOn('3 d, 6.8 o, 30 o', 'two')];
  city.see(...both.sort((x, y) => x.timeUs - y.timeUs));
  expect(toldBy(city)).toEqual([]);
});

describe('trips between regions that overlap, of which an edit draws one', () => {
  const [drawnB, drawnA] = regions;
  const larger = regionOf('B', over('ab', 'b', 'd'));

  /** The trips of one subscriber, with an edit in its way and a restart behind that. All are made behind both. */
  function tripsOver(before: Region[], way: string, after: Region[], on: string): string[] {
    const city = new SmallCity({ regions: before, everyUs: minuteUs });
    for (const cell of cellNamed.values()) city.registry.idOf(cell);
    city.see(...seenOn(way));
    city.engine.setRegions(new RegionIndex(after, city.registry, () => undefined));
    const restarted = new SmallCity({ regions: after, everyUs: minuteUs });
    for (const cell of cellNamed.values()) restarted.registry.idOf(cell);
    restarted.engine.restore(MemoryState.of(city.engine));
    for (const one of [city, restarted]) one.see(...seenOn(on));
    const told = toldBy(city);
    expect(toldBy(restarted)).toEqual(told);
    return told;
  }

  test('it is there since the stay in the cell began', () => {
    expect(tripsOver([drawnA], '0 a, 3 ab, 5 ab', [drawnB, drawnA], '9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOver([drawnA], '0 ab, 3 ab, 5 ab', [drawnB, drawnA], '9 b, 30 b')).toEqual([]);
    expect(tripsOver([drawnA], '0 a, 3 a, 5 a', [drawnA, drawnB], '7 ab, 9 b, 30 b')).toEqual(['A>B 9']);
    expect(tripsOver([drawnA, drawnB], '0 a, 3 ab, 5 ab', [drawnA], '9 b, 30 b')).toEqual([]);
  });

  test('what was under way into the one of before is forgotten', () => {
    expect(tripsOver([drawnA, drawnB], '0 a, 3 ab, 6 b', [drawnA, larger], '9 b, 30 b')).toEqual([]);
    expect(tripsOver([drawnA, drawnB], '0 a, 3 ab, 6 b, 6.3 o', [drawnA, larger], '9 o, 30 o')).toEqual([]);
    expect(tripsOver([drawnA, drawnB], '0 a, 3 ab, 6 b, 6.3 o', [drawnB, drawnA], '9 o, 30 o')).toEqual(['A>B 6']);
  });
});

/** Few cells and regions that overlap in all ways: nested, in part, in three, and with the same cells. */
const tangled = [
  regionOf('west', ['001-01-100-*']),
  regionOf('middle', ['001-01-100-2', '001-01-100-3', '001-01-200-1']),
  regionOf('east', ['001-01-100-3', '001-01-200-*']),
  regionOf('inner', ['001-01-100-2']),
  regionOf('twin', ['001-01-200-*', '001-01-100-3']),
];

/** Few who are switched off, so that ways are long. */
const restless = scenario.map((given) => ({
  ...{ ...given, ttlS: 600, ttl200S: 300 },
  steps: given.steps.map((one, i) => ({ ...one, subscriber: one.subscriber % 2, detach: one.detach && i % 16 === 0 })),
}));

function cityOf(given: Scenario, tripS: number): SmallCity {
  const settings = { ...settingsOf(given), tripMs: tripS * 1000 };
  return new SmallCity({ regions: tangled, everyUs: given.everyS * secondUs, settings });
}

describe('trips of random cities in which all regions overlap', () => {
  it('agree with the definition, wherever the clock was told', () => {
    let trips = 0;
    fc.assert(
      fc.property(restless, fc.constantFrom(0, 30, 600), (given, tripS) => {
        const sightings = sightingsOf(given);
        fc.pre(given.holdDownS > 0 || sightings.every(({ timeUs }, i) => timeUs !== sightings[i - 1]?.timeUs));
        const everyUs = given.everyS * secondUs;
        const heard = sightings.map(({ cell }) => cell);
        const areas = new Map(tangled.map(({ id, cells }) => [id, membersOf(cells!, heard)]));
        const options = { sightings, areas, everyUs, holdDownUs: given.holdDownS * secondUs, ttlUs: ttlOf(given) };
        const city = cityOf(given, tripS);
        sightings.forEach((sighting, i) => {
          if (given.steps[i].advance) city.engine.advance(sighting.timeUs);
          city.see(sighting);
        });
        city.engine.finish();
        const expected = tripsByDefinition(options, tripS * secondUs);
        expect(city.trips()).toEqual(tripTable(expected, everyUs));
        trips += expected.length;
      }),
      { numRuns: 400 },
    );
    expect(trips).toBeGreaterThan(500);
  });

  it('are the same over a restart at any row', () => {
    fc.assert(
      fc.property(restless, fc.nat({ max: 59 }), (given, cut) => {
        const sightings = sightingsOf(given);
        let index = 1 + (cut % sightings.length);
        while (index < sightings.length && sightings[index].timeUs === sightings[index - 1].timeUs) index++;
        const [one, other] = [cityOf(given, 600), cityOf(given, 600)];
        for (const { cell } of sightings) for (const { registry } of [one, other]) registry.idOf(cell);
        one.see(...sightings.slice(0, index));
        other.engine.restore(MemoryState.of(one.engine));
        const gauges = one.gauges.length;
        for (const city of [one, other]) {
          city.see(...sightings.slice(index));
          city.engine.finish();
        }
        expect(other.gauges).toEqual(one.gauges.slice(gauges));
      }),
      { numRuns: 100 },
    );
  });
});
