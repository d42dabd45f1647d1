import { expect, test } from 'vitest';
import { staysByDefinition } from './oracle.ts';
import { SmallCity } from './small-city.ts';

const hourUs = 3_600_000_000;
const baseUs = Date.UTC(2015, 7, 2, 12) * 1000;
const home = '001-01-100-1';

test('a stay tells where it went, and one of 24 h or more is cut at the next sighting in the same cell', () => {
  const at = (hours: number, cell = home, detach = false) => ({
    timeUs: baseUs + hours * hourUs,
    subscriber: 's',
    cell,
    detach,
  });
  const sightings = [
    ...Array.from({ length: 60 }, (_, hour) => at(hour)),
    at(59.5, '001-01-100-2'),
    at(60, home),
    at(60.5, home, true),
    at(80, home),
  ];
  const city = new SmallCity({ everyUs: 60_000_000 });
  city.see(...sightings);
  city.engine.advance(baseUs + 90 * hourUs);
  const ttlUs = () => 2 * hourUs;
  const options = { sightings, areas: new Map<string, Set<string>>(), everyUs: 1, holdDownUs: 0, ttlUs };
  expect(city.stays).toEqual(staysByDefinition(options, baseUs + 90 * hourUs));
  expect(city.stays.map(({ firstInUs, toCell }) => [(firstInUs - baseUs) / hourUs, toCell])).toEqual([
    [0, home],
    [24, home],
    [48, '001-01-100-2'],
    [59.5, home],
    [60, null],
    [80, null],
  ]);
});
