import { expect, test } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { cityPipeline } from '../bench/city-pipeline.ts';

test('when one simulated day ends the next one begins, with its own match, through the whole way', async () => {
  const population = 1_500;
  const feed = openSimulation({ seed: 3, population, date: '2026-10-17', from: '17:30' });
  const way = cityPipeline(feed);
  const { stadium } = feed.simulation.city;
  const at = (time: string) => Date.parse(`${time}+08:00`) * 1000;
  const present = async (time: string) => {
    await way.runTo(at(time));
    return way.engine.view.regionPresent[stadium];
  };
  expect(await present('2026-10-17T20:00:00')).toBeGreaterThan(population / 5);
  expect(await present('2026-10-18T03:00:00')).toBeLessThan(population / 50);
  expect(await present('2026-10-18T20:00:00')).toBeGreaterThan(population / 5);
  expect(Object.values(way.pipeline.counters().faults)).toEqual([]);
  await way.close();
});
