import { expect, test } from 'vitest';
import { packPlmn, placedHome } from '../../server/events/plmn.ts';
import { formatIso } from '../../server/reference/country-codes.ts';
import { originClasses } from '../../shared/protocol.ts';
import { MemoryState } from '../tools/memory-state.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const startUs = Date.UTC(2026, 5, 1, 12) * 1000;
const regions = [regionOf('a', ['001-01-100-*']), regionOf('b', ['001-01-100-3', '001-01-200-*'])];
const cells = ['001-01-100-1', '001-01-100-3', '001-01-200-1'];
const home = packPlmn(460, 0, 2);
const homes = [
  placedHome(home, 10),
  placedHome(home, 20),
  placedHome(home, 30),
  packPlmn(460, 2, 2),
  packPlmn(310, 410, 3),
];

function cityOf(settings: Record<string, string>): SmallCity {
  const city = new SmallCity({ regions, everyUs: 10 * secondUs, settings });
  for (const cell of cells) city.registry.idOf(cell);
  return city;
}

/** A sighting each second from `from` on. */
function walk(city: SmallCity, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const subscriber = `s${(i * 7) % 40}`;
    const cell = cells[(i * 11) % cells.length];
    const batch = city.batch([{ timeUs: startUs + i * secondUs, subscriber, cell }], {
      plmn: homes[((i * 7) % 40) % 5],
    });
    city.engine.apply(batch, 0, 1);
  }
}

function originsOf({ engine: { view } }: SmallCity) {
  return [view.origins, view.regionOrigins(0), view.regionOrigins(1)];
}

/** Present by region and origin as told, where nothing is told carried on. */
function toldBy(...cities: SmallCity[]): Record<string, number> {
  const present = new Map<string, number>();
  for (const { origins } of cities.flatMap(({ gauges }) => gauges))
    for (let i = 0; i < (origins?.n ?? 0); i++) {
      const { region, class: kinds, country, mcc, present: counts } = origins!;
      const kind = kinds[i] === 0 ? 'unknown' : originClasses[kinds[i] - 1];
      present.set(`${region[i]} ${kind} ${formatIso(country[i])} ${mcc[i]}`, counts[i]);
    }
  return Object.fromEntries([...present].filter(([, n]) => n > 0).sort());
}

test('state that is restored under other origins counts everybody by those, and tells what has changed', () => {
  const before: Record<string, string> = { homePlmns: '460-00' };
  const others: Record<string, string>[] = [
    { homePlmns: '460-00', homeAreas: '20', provinceAreas: '10' },
    { homePlmns: '460-00', homeAreas: '20' },
    { homePlmns: '460-00,460-02' },
    { homePlmns: '310-410' },
    before,
  ];
  for (const after of others) {
    const first = cityOf(before);
    walk(first, 0, 95);
    const kept = MemoryState.of(first.engine);
    const second = cityOf(after);
    second.engine.restore(kept);
    const straight = cityOf(after);
    walk(straight, 0, 95);
    expect(originsOf(second)).toEqual(originsOf(straight));
    expect(second.engine.view.origins.reduce((sum, { present }) => sum + present, 0)).toBe(40);
    walk(second, 95, 130);
    walk(straight, 95, 130);
    expect(originsOf(second)).toEqual(originsOf(straight));
    second.engine.finish();
    straight.engine.finish();
    expect(toldBy(first, second)).toEqual(toldBy(straight));
  }
});
