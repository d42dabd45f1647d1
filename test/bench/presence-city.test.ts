import { expect, test } from 'vitest';
import { createCitySimulation } from '../../fixtures/make/city/index.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { CityEvents, regionCount } from './presence-city.ts';
import { CitySightings, SightingCounter, type SightingStatistics } from './sighting-statistics.ts';

const share = (counts: SightingStatistics, of: keyof SightingStatistics) => counts[of] / counts.sightings;

/** The regions of a cell, as `regionList` lays them. */
function regionsOf(cell: number): number[] {
  const last = Math.floor(cell / 10);
  return [last - 1, last].filter((region) => region >= 0 && region < regionCount);
}

test.each([2_000, 20_000])('the stream of %i subscribers is like the simulated city by day', (subscribers) => {
  const simulation = createCitySimulation({
    ...{ seed: 1, population: 3_000, date: '2026-11-21', from: '04:00', venueLac: 'own' },
  });
  const city = new CitySightings(simulation);
  city.hours(3);
  const day = city.hours(21);
  const counter = new SightingCounter(regionsOf);
  const source = new CityEvents(subscribers * 8, subscribers);
  let made = 0;
  let beganUs = 0;
  let timeUs = 0;
  for (let began = false; source.next(); ) {
    const { batch } = source;
    for (let i = 0; i < batch.n; i++, made++) {
      // Two hours after everybody has been seen nothing is as it was at the start.
      if (made >= subscribers * 4 && !began) {
        began = true;
        counter.take();
        beganUs = batch.timeUs[i];
      }
      timeUs = batch.timeUs[i];
      counter.see(batch.subLo[i], batch.cell[i], timeUs, (batch.flags[i] & eventFlag.detach) !== 0);
    }
  }
  const stream = counter.take();
  const perPhoneAndHour = (stream.sightings / subscribers / (timeUs - beganUs)) * 3_600e6;
  expect(perPhoneAndHour / day.perPhoneAndHour).toBeGreaterThan(0.9);
  expect(perPhoneAndHour / day.perPhoneAndHour).toBeLessThan(1.15);
  expect(Math.abs(share(stream, 'moves') - share(day, 'moves'))).toBeLessThan(0.03);
  expect(Math.abs(share(stream, 'crossings') - share(day, 'crossings'))).toBeLessThan(0.03);
  expect(Math.abs(share(stream, 'appearances') - share(day, 'appearances'))).toBeLessThan(0.003);
  expect(Math.abs(share(stream, 'detaches') - share(day, 'detaches'))).toBeLessThan(0.003);
  // Nobody who is on is silent for longer than T3212.
  expect(share(stream, 'appearances')).toBeLessThan(0.004);
  expect(share(stream, 'periodic')).toBeGreaterThan(0.1);
});
