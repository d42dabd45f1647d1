import { expect, test } from 'vitest';
import { base, secondUs } from './scenario.ts';
import { regionOf, SmallCity } from './small-city.ts';

test('a crossing is in the window wherever it falls within a second, though the window’s steps are no whole seconds', () => {
  const missed: number[] = [];
  for (let atUs = secondUs; atUs < 5 * secondUs; atUs += 100_000) {
    const city = new SmallCity({
      regions: [regionOf('here', ['001-01-100-1']), regionOf('there', ['001-01-100-2'])],
      settings: { flowWindowMs: 90_000, holdDownMs: 10_000 },
    });
    city.see(
      { timeUs: base, subscriber: 'a', cell: '001-01-100-1' },
      // Somebody else, so that the second has begun.
      { timeUs: base + Math.floor(atUs / secondUs) * secondUs, subscriber: 'b', cell: '001-01-200-1' },
      { timeUs: base + atUs, subscriber: 'a', cell: '001-01-100-2' },
    );
    city.engine.advance(base + 61 * secondUs);
    const { regionInflow, regionOutflow } = city.engine.view;
    if ([...regionOutflow, ...regionInflow].join() !== '1,0,0,1') missed.push(atUs);
  }
  expect(missed).toEqual([]);
});
