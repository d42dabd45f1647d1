import { createCitySimulation } from '../../fixtures/make/city/index.ts';
import type { Bench, Figure } from './bench.ts';

const hourUs = 3_600e6;

export const cityBench: Bench = {
  name: 'city',
  meaning: 'the simulated city: its construction, and procedures per second in the hour before kick-off',
  async run(scale): Promise<Figure[]> {
    const population = scale === 'full' ? 200_000 : 2_000;
    const startedMs = performance.now();
    const world = createCitySimulation({ seed: 1, population, date: '2026-11-21', from: '18:30', venueLac: 'own' });
    const builtMs = performance.now();
    let procedures = 0;
    world.advance(world.nowUs + hourUs, () => {
      procedures++;
    });
    const hourS = (performance.now() - builtMs) / 1000;
    return [
      { key: 'city.construction', value: builtMs - startedMs, unit: 'ms' },
      { key: 'city.busiest_hour', value: hourS, unit: 's' },
      { key: 'city.procedures', value: procedures / hourS, unit: 'procedures/s' },
    ];
  },
};
