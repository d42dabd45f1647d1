import { Draws } from '../../fixtures/make/city/hash.ts';
import { createCitySimulation } from '../../fixtures/make/city/index.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { calibrate, type GateReading } from '../../server/estimate/calibration.ts';
import {
  type DeviceCount,
  estimateOf,
  headsOf,
  type Nowcast,
  type PeopleEstimate,
} from '../../server/estimate/people.ts';
import { RegionEstimates } from '../../server/estimate/region-estimates.ts';
import type { Share, Shares } from '../../server/estimate/shares.ts';
import { SilenceWatch } from '../../server/estimate/silence.ts';
import { Surroundings } from '../../server/estimate/surroundings.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import type { Bench, Figure } from './bench.ts';
import { cityPipeline } from './city-pipeline.ts';

const minuteUs = 60_000_000;
const marketShare = 0.4;
/** Heads asked in the survey that the share comes from, and phones looked at for whether they are on. */
const asked = 1_500;
const lookedAt = 600;
/** Relative standard error of the turnstiles. */
const gateError = 0.015;

/** From two hours before the first minute that is looked at. */
const warmUpMinutes = 120;
const dayOf = (seed: number, population: number, venueLac: 'own' | 'shared') => ({
  ...{ seed, population, venueLac, marketShare },
  date: '2026-10-17',
  from: '15:30',
  hours: 8,
  lostDetaches: 0.3,
});

/** A minute of the event day: what the estimator is given, and the truth, which only scores it. */
interface Minute {
  timeUs: number;
  heads: number;
  counts: DeviceCount[];
  nowcast: Nowcast;
}

/** The stadium from two hours before kick-off to the end of the emptying, behind a warm-up of two hours. */
export async function stadiumMinutes(
  seed: number,
  population: number,
  venueLac: 'own' | 'shared',
  machines = 0,
): Promise<Minute[]> {
  const feed = openSimulation({ ...dayOf(seed, population, venueLac), machines, map: false });
  const { simulation, startUs } = feed;
  const { stadium, regions } = simulation.city;
  // T3212 of the simulated phones is 60 min.
  let watch: SilenceWatch | undefined;
  const way = cityPipeline(feed, { seed, venueLac, onRows: (batch, from, to) => watch?.apply(batch, from, to) });
  const surroundings = new Surroundings(way.regions, way.registry, stadium);
  watch = new SilenceWatch({
    placeOf: (cell) => surroundings.of(cell),
    subscribersMax: population,
    periodicUs: 60 * minuteUs,
  });
  const heads = new Uint32Array(regions.length);
  const minutes: Minute[] = [];
  for (let minute = 1; minute < 8 * 60; minute++) {
    const timeUs = startUs + minute * minuteUs;
    await way.runTo(timeUs);
    if (minute < warmUpMinutes) continue;
    simulation.countPeople(timeUs, heads);
    minutes.push({
      timeUs,
      heads: heads[stadium],
      counts: way.engine.view.regionOrigins(stadium).map((row) => ({ ...row, machines: row.machines ?? 0 })),
      nowcast: watch.nowcast(timeUs),
    });
  }
  await way.close();
  return minutes;
}

interface EstimateError {
  filling: boolean;
  error: number;
  covered: boolean;
  width: number;
}

/**
 * The same day through {@link RegionEstimates}, as the wall asks for it each minute, without gate counts: what each of
 * many surveys makes of it. All surveys share the silent phones that one of them follows.
 */
export async function stadiumErrors(
  seed: number,
  population: number,
  venueLac: 'own' | 'shared',
  surveys: number,
): Promise<EstimateError[]> {
  const feed = openSimulation({ ...dayOf(seed, population, venueLac), machines: 0, map: false });
  const { simulation, startUs } = feed;
  const { stadium } = simulation.city;
  let first: RegionEstimates | undefined;
  const way = cityPipeline(feed, { seed, venueLac, onRows: (batch, from, to) => first?.apply(batch, from, to) });
  const on = phonesOn(seed, population);
  const { registry } = way;
  // The stadium alone: the other regions' silent phones would be followed, too.
  const regions = new RegionIndex([way.regions.regions[stadium]], registry, () => undefined);
  const { view } = way.engine;
  const ownView = Object.create(view, {
    regionCount: { value: 1 },
    regionOrigins: { value: () => view.regionOrigins(stadium) },
  }) as LiveView;
  const asks = Array.from({ length: surveys }, (_, survey): RegionEstimates => {
    const shares: Shares = new Map([['*', surveyOf(new Draws(seed * 1_000 + survey), on)]]);
    const options = { shares, regions, registry, subscribersMax: population, periodicUs: 60 * minuteUs };
    const estimates = new RegionEstimates(options, first);
    first ??= estimates;
    return estimates;
  });
  const heads = new Uint32Array(simulation.city.regions.length);
  const truths: number[] = [];
  const told: (PeopleEstimate | undefined)[][] = [];
  for (let minute = 1; minute < 8 * 60; minute++) {
    const timeUs = startUs + minute * minuteUs;
    await way.runTo(timeUs);
    if (minute < warmUpMinutes) continue;
    simulation.countPeople(timeUs, heads);
    truths.push(heads[stadium]);
    told.push(asks.map((each) => each.update(ownView)[0]?.people));
  }
  await way.close();
  const peak = Math.max(...truths);
  const peakAt = truths.indexOf(peak);
  return truths.flatMap((truth, at) => {
    if (truth < peak / 100) return [];
    return told[at].map((people) => errorOf(at <= peakAt, truth, people!));
  });
}

function errorOf(filling: boolean, truth: number, { people, low, high }: PeopleEstimate): EstimateError {
  return {
    filling,
    error: Math.abs(people - truth) / truth,
    covered: low <= truth && truth <= high,
    width: (high - low) / 2 / Math.max(people, 1),
  };
}

/** A survey's share, and how well it is known. */
function surveyOf(draws: Draws, on: number): Share {
  const shareError = Math.sqrt((marketShare * (1 - marketShare)) / asked);
  const heardError = Math.sqrt((on * (1 - on)) / lookedAt);
  return {
    share: marketShare + shareError * draws.normal(),
    error: shareError,
    heard: Math.min(1, on + heardError * draws.normal()),
    heardError,
  };
}

/** Share of phones that are on, as a survey of the city on the day before would find it. */
function phonesOn(seed: number, population: number): number {
  const eve = createCitySimulation({ seed, population, date: '2026-10-16', from: '19:00', venueLac: 'own' });
  const heads = new Uint32Array(eve.city.regions.length);
  const phones = new Uint32Array(heads.length);
  eve.countPeople(eve.nowUs, heads);
  eve.countRegions(phones);
  const sum = (column: Uint32Array) => column.reduce((a, b) => a + b, 0);
  return sum(phones) / sum(heads);
}

interface Score {
  mapePercent: number;
  fillingPercent: number;
  emptyingPercent: number;
  coveredPercent: number;
  /** The interval's half width, as a share of the estimate. */
  widthPercent: number;
}

/**
 * Scores estimates with shares from surveys that err as surveys do, each survey anew, over all minutes with at least
 * 1 % of the crowd present.
 *
 * @param gates minutes before (negative) and after kick-off at which turnstiles are read; later estimates are scored
 */
export function scoreOf(
  courses: { seed: number; on: number; minutes: Minute[] }[],
  surveys: number,
  gates: readonly number[] = [],
): Score {
  const errors: EstimateError[] = [];
  for (const { seed, on, minutes } of courses) {
    const peak = Math.max(...minutes.map(({ heads }) => heads));
    const peakAt = minutes.findIndex(({ heads }) => heads === peak);
    for (let survey = 0; survey < surveys; survey++) {
      const draws = new Draws(seed * 1_000 + survey);
      const share = surveyOf(draws, on);
      const shares: Shares = new Map([['*', share]]);
      const readings: GateReading[] = [];
      minutes.forEach(({ timeUs, heads: truth, counts, nowcast }, at) => {
        const heads = headsOf(counts, shares, nowcast);
        if (heads === null) throw new RangeError('every class has a share');
        // Kick-off is two hours behind the first minute.
        if (gates.includes(at - 120)) {
          const people = Math.round(truth * (1 + gateError * draws.normal()));
          readings.push({ gate: { timeUs, region: '', people, error: gateError }, heads });
        }
        if (truth < peak / 100 || (gates.length > 0 && readings.length === 0)) return;
        errors.push(errorOf(at <= peakAt, truth, estimateOf(heads, calibrate(readings, heads, timeUs))));
      });
    }
  }
  return scoreOfErrors(errors);
}

export function scoreOfErrors(errors: readonly EstimateError[]): Score {
  const mean = (list: number[]) => (list.reduce((a, b) => a + b, 0) / list.length) * 100;
  const half = (filling: boolean) => errors.filter((row) => row.filling === filling).map(({ error }) => error);
  return {
    mapePercent: mean(errors.map(({ error }) => error)),
    fillingPercent: mean(half(true)),
    emptyingPercent: mean(half(false)),
    coveredPercent: mean(errors.map(({ covered }) => (covered ? 1 : 0))),
    widthPercent: mean(errors.map(({ width }) => width)),
  };
}

export const estimateBench: Bench = {
  name: 'estimate',
  meaning:
    'heads in the stadium at 40 % market share beside the simulator’s true ones, with surveys and turnstiles that err: mean absolute percentage error, and how many true values the 90 % interval holds',
  async run(scale): Promise<Figure[]> {
    const figures: Figure[] = [];
    const [seeds, population, surveys] = scale === 'full' ? [[1, 2, 3, 4, 5, 6], 60_000, 200] : [[1], 4_000, 20];
    for (const venueLac of ['own', 'shared'] as const) {
      const courses = [];
      for (const seed of seeds) {
        const minutes = await stadiumMinutes(seed, population, venueLac);
        courses.push({ seed, on: phonesOn(seed, population), minutes });
      }
      for (const [suffix, gates] of [
        ['', []],
        ['Gates', [-60, -20, 10]],
      ] as const) {
        const score = scoreOf(courses, surveys, gates);
        for (const [name, value] of Object.entries(score)) {
          const key = `${name[0].toUpperCase()}${name.slice(1)}`;
          figures.push({ key: `estimate.${venueLac}Lac${suffix}${key}`, value, unit: '%' });
        }
      }
    }
    return figures;
  },
};
