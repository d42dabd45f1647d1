import { createCitySimulation } from '../../fixtures/make/city/index.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { Bench, Figure } from './bench.ts';
import { cityPipeline } from './city-pipeline.ts';

const minuteUs = 60_000_000;

interface Course {
  /** Mean absolute percentage error over the minutes with at least 1 % of the crowd present. */
  mapePercent: number;
  fillingPercent: number;
  emptyingPercent: number;
  minutes: number;
}

function mape(pairs: [truth: number, counted: number][]): number {
  return (pairs.reduce((sum, [truth, counted]) => sum + Math.abs(counted - truth) / truth, 0) / pairs.length) * 100;
}

/**
 * The stadium's present count through an event day, minute by minute, beside the simulator's true one: a presence
 * warm-up of two hours, then from two hours before kick-off to the end of the emptying.
 */
async function stadiumCourse(population: number, venueLac: 'own' | 'shared', hours: number): Promise<Course> {
  const warmUpHours = 2;
  const options = { seed: 1, population, venueLac, date: '2026-10-17', from: '15:30', hours: warmUpHours + hours };
  // A second world without signalling tells the truth: itineraries are functions of seed, phone and date.
  const truthWorld = createCitySimulation({ ...options });
  const startUs = truthWorld.nowUs;
  const way = cityPipeline(openSimulation(options), { venueLac });
  const truth = new Uint32Array(truthWorld.city.regions.length);
  const pairs: { minute: number; truth: number; counted: number }[] = [];
  let peak = { minute: 0, truth: 0 };
  for (let minute = warmUpHours * 60; minute < (warmUpHours + hours) * 60; minute++) {
    const untilUs = startUs + minute * minuteUs;
    await way.runTo(untilUs);
    truthWorld.advance(untilUs, () => undefined);
    truthWorld.countRegions(truth);
    const here = {
      minute,
      truth: truth[truthWorld.city.stadium],
      counted: way.engine.view.regionPresent[truthWorld.city.stadium],
    };
    pairs.push(here);
    if (here.truth > peak.truth) peak = here;
  }
  await way.close();
  const counted = pairs.filter((pair) => pair.truth >= peak.truth / 100);
  const half = (part: typeof pairs) => mape(part.map((pair) => [pair.truth, pair.counted]));
  return {
    mapePercent: half(counted),
    fillingPercent: half(counted.filter(({ minute }) => minute <= peak.minute)),
    emptyingPercent: half(counted.filter(({ minute }) => minute > peak.minute)),
    minutes: counted.length,
  };
}

export const accuracyBench: Bench = {
  name: 'accuracy',
  meaning:
    'the stadium’s present count beside the simulator’s true one, minute by minute through filling and emptying (mean absolute percentage error)',
  async run(scale): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const venueLac of ['own', 'shared'] as const) {
      const course =
        scale === 'full' ? await stadiumCourse(200_000, venueLac, 6) : await stadiumCourse(1_000, venueLac, 6);
      const name = venueLac === 'own' ? 'ownLac' : 'sharedLac';
      figures.push(
        { key: `accuracy.${name}MapePercent`, value: course.mapePercent, unit: '%' },
        { key: `accuracy.${name}FillingMapePercent`, value: course.fillingPercent, unit: '%' },
        { key: `accuracy.${name}EmptyingMapePercent`, value: course.emptyingPercent, unit: '%' },
        { key: `accuracy.${name}Minutes`, value: course.minutes, unit: 'minutes' },
      );
    }
    return figures;
  },
};
