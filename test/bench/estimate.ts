import type { PeopleEstimate } from '../../server/estimate/people.ts';
import type { RegionEstimate } from '../../server/estimate/region-estimates.ts';
import type { Bench, Figure } from './bench.ts';
import { emptyShare, type StadiumDay, stadiumDay } from './stadium-day.ts';

const minuteUs = 60_000_000;
/** The stadium counts as full from the first to the last minute with this share of the peak. */
const fullShare = 0.95;

export const phases = ['filling', 'full', 'emptying'] as const;
export type Phase = (typeof phases)[number];

export interface Score {
  /** Mean absolute percentage error. */
  readonly mapePercent: number;
  /** True values that the 90 % interval holds. */
  readonly coveredPercent: number;
  /** The interval's half width, as a share of the estimate. */
  readonly widthPercent: number;
  /** Standard error of the coverage as the days differ in it: all minutes of a day share its sampling. */
  readonly coveredError: number;
}

interface TimedError {
  day: number;
  phase: Phase;
  error: number;
  covered: boolean;
  width: number;
}

/** The 90 % interval of each estimate, made so many times as wide (in its logarithm): for tests of the score. */
type Stretch = number;

/** Who is scored: those without the turnstiles' counts, or those with them, from the first count on. */
export type Told = 'told' | 'gated';

/** Scores all minutes with at least 1 % of the day's peak present, all together and phase by phase. */
export function scoresOf(
  days: readonly StadiumDay[],
  who: Told = 'told',
  stretch: Stretch = 1,
): Record<Phase | 'all', Score> {
  const told = days.flatMap((day) => errorsOf(day, who, stretch));
  const of = (phase: Phase) => scoreOf(told.filter((each) => each.phase === phase));
  return { all: scoreOf(told), filling: of('filling'), full: of('full'), emptying: of('emptying') };
}

function errorsOf({ seed, minutes }: StadiumDay, who: Told, stretch: Stretch): TimedError[] {
  const peak = Math.max(...minutes.map(({ heads }) => heads));
  const full = minutes.filter(({ heads }) => heads >= fullShare * peak);
  const [from, to] = [full[0].minute, full[full.length - 1].minute];
  return minutes.flatMap((each) => {
    const { minute, heads } = each;
    if (heads < emptyShare * peak || (who === 'gated' && !each.gated.some(isGated))) return [];
    const phase = minute < from ? 'filling' : minute <= to ? 'full' : 'emptying';
    return each[who].map((estimate) => {
      if (estimate === null) throw new RangeError('every class has a share');
      return { day: seed, phase, ...errorOf(heads, stretched(estimate.people, stretch)) };
    });
  });
}

/** Whether gate counts are in it. */
function isGated(estimate: RegionEstimate | null): boolean {
  return estimate !== null && estimate.factor !== 1;
}

function stretched({ people, low, high }: PeopleEstimate, by: Stretch): PeopleEstimate {
  if (people === 0) return { people, low, high };
  return { people, low: people * (low / people) ** by, high: people * (high / people) ** by };
}

function errorOf(truth: number, { people, low, high }: PeopleEstimate) {
  return {
    error: Math.abs(people - truth) / truth,
    covered: low <= truth && truth <= high,
    width: (high - low) / 2 / Math.max(people, 1),
  };
}

function scoreOf(told: readonly TimedError[]): Score {
  const percent = (list: readonly number[]) => (list.reduce((a, b) => a + b, 0) / list.length) * 100;
  const covered = (list: readonly TimedError[]) => percent(list.map((each) => (each.covered ? 1 : 0)));
  const byDay = new Map<number, TimedError[]>();
  for (const each of told) {
    const day = byDay.get(each.day);
    if (day === undefined) byDay.set(each.day, [each]);
    else day.push(each);
  }
  const days = [...byDay.values()].map(covered);
  const mean = days.reduce((a, b) => a + b, 0) / days.length;
  const variance = days.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, days.length - 1);
  return {
    mapePercent: percent(told.map(({ error }) => error)),
    coveredPercent: covered(told),
    widthPercent: percent(told.map(({ width }) => width)),
    coveredError: Math.sqrt(variance / days.length),
  };
}

/**
 * By how much the moment is missed at which the capacity and 80 % of it are reached, so many minutes before: mean
 * absolute error, minutes. Where nothing is foretold, that counts as an hour.
 */
export function capacityErrorMin(days: readonly StadiumDay[], before: number, who: Told = 'told'): number {
  const errors = days.flatMap(({ capacity, minutes }) =>
    [0.8, 1].flatMap((share) => {
      const reached = minutes.findIndex(({ heads }) => heads >= share * capacity);
      return minutes[reached - before][who].map((each) => {
        const us = share === 1 ? each?.toCapacityUs : each?.toFirstAlertUs;
        return us === null || us === undefined ? 60 : Math.min(60, Math.abs(us / minuteUs - before));
      });
    }),
  );
  return errors.reduce((a, b) => a + b, 0) / errors.length;
}

/**
 * Days that a city of some size is scored by; a tenth of its phones are machines. All minutes of a day share its sampling,
 * so that small cities take many. At 120,000 the surveys' error is nearly all of it, at 4,000 sampling is.
 */
const sizes = {
  full: [
    { people: 4_000, days: 36 },
    { people: 30_000, days: 8 },
    { people: 120_000, days: 1 },
  ],
  small: [{ people: 4_000, days: 1 }],
};
const surveys = 20;
/** No constant of the estimate was chosen by days from this seed on. */
const firstSeed = 201;
/** Minutes before and after kick-off at which turnstiles are read, where they are. */
export const gateMinutes = [-60, -20, 10];
const courses = [
  ['own', gateMinutes],
  ['shared', []],
] as const;

export const estimateBench: Bench = {
  name: 'estimate',
  meaning:
    'heads in the stadium at 40 % market share beside the simulator’s true ones, with surveys and turnstiles that err, by the size of the city: mean absolute percentage error, how many true values the 90 % interval holds while it fills, is full and empties, and by how many minutes the moment of reaching the capacity is missed; beside it the error of who knew each phone’s place all the time',
  async run(scale): Promise<Figure[]> {
    const figures: Figure[] = [];
    for (const { people, days: count } of sizes[scale]) {
      for (const [venueLac, gates] of courses) {
        const days: StadiumDay[] = [];
        for (let seed = firstSeed; seed < firstSeed + count; seed++) {
          days.push(await stadiumDay({ seed, population: Math.round(1.1 * people), venueLac, surveys, gates }));
        }
        const name = `estimate.${venueLac}Lac${people / 1_000}k`;
        figures.push(...figuresOf(name, days, 'told'));
        if (gates.length > 0) figures.push(...figuresOf(`${name}Gates`, days, 'gated'));
        else figures.push({ key: `${name}KnownMapePercent`, value: knownMapePercent(days), unit: '%' });
      }
    }
    return figures;
  },
};

/** What those would err by who counted the network's phones that are there, by the same surveys: sampling and survey alone. */
function knownMapePercent(days: readonly StadiumDay[]): number {
  const errors = days.flatMap(({ minutes }) => {
    const peak = Math.max(...minutes.map(({ heads }) => heads));
    return minutes.flatMap(({ heads, known }) =>
      heads < emptyShare * peak ? [] : known.map((each) => Math.abs(each - heads) / heads),
    );
  });
  return (errors.reduce((a, b) => a + b, 0) / errors.length) * 100;
}

function figuresOf(name: string, days: readonly StadiumDay[], who: Told): Figure[] {
  const scores = scoresOf(days, who);
  const figures: Figure[] = [
    { key: `${name}MapePercent`, value: scores.all.mapePercent, unit: '%' },
    { key: `${name}WidthPercent`, value: scores.all.widthPercent, unit: '%' },
    { key: `${name}CoveredPercent`, value: scores.all.coveredPercent, unit: '%' },
    { key: `${name}CoveredError`, value: scores.all.coveredError, unit: '%' },
  ];
  for (const phase of phases) {
    const part = `${phase[0].toUpperCase()}${phase.slice(1)}`;
    figures.push(
      { key: `${name}${part}MapePercent`, value: scores[phase].mapePercent, unit: '%' },
      { key: `${name}${part}CoveredPercent`, value: scores[phase].coveredPercent, unit: '%' },
    );
  }
  for (const before of [30, 15, 5]) {
    figures.push({
      key: `${name}ToCapacity${before}Min`,
      value: capacityErrorMin(days, before, who),
      unit: 'min',
    });
  }
  return figures;
}
