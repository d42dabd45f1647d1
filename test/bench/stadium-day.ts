import { Draws } from '../../fixtures/make/city/hash.ts';
import { createCitySimulation } from '../../fixtures/make/city/index.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { GateCount } from '../../server/estimate/gates.ts';
import { LiveEstimates } from '../../server/estimate/live-estimates.ts';
import type { RegionEstimate } from '../../server/estimate/region-estimates.ts';
import type { Share, Shares } from '../../server/estimate/shares.ts';
import { LacTtls } from '../../server/occupancy/cell-ttls.ts';
import type { LiveView, OriginCount } from '../../server/occupancy/view.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { cityConfig, cityPipeline } from './city-pipeline.ts';

const minuteUs = 60_000_000;
const marketShare = 0.4;
/** Of a network's SIMs so many are machines', unless told otherwise. */
const machineShare = 0.09;
/** Heads asked in the survey that the share comes from, and phones looked at for whether they are on. */
const asked = 1_500;
const lookedAt = 600;
/** Relative standard error of the turnstiles. */
const gateError = 0.015;
/**
 * The day is looked at from two hours before kick-off, behind a warm-up of two hours, until fewer people than this share of
 * the peak are there.
 */
export const emptyShare = 0.01;
const warmUpMinutes = 120;
const kickOffMinute = 240;
const endMinute = 480;
/** The stadium's capacity, as a share of the day's peak: both it and its first alert (80 % of it) are reached. */
const capacityShare = 0.9;

export interface DayOptions {
  seed: number;
  /** How many people the city has, machines included; a good quarter goes to the match. */
  population: number;
  venueLac: 'own' | 'shared';
  /** Each gives shares that err as surveys do, to estimates of their own. */
  surveys: number;
  /** Minutes before (negative) and after kick-off at which turnstiles are read: for {@link DayMinute.gated}. */
  gates?: readonly number[];
  /** Share of the phones that are machines (9 %), and whether the network knows them (it does). */
  machines?: number;
  machinesKnown?: boolean;
}

/** A minute of the event day: what the wall would be told by each survey's shares, and the truth, which only scores it. */
export interface DayMinute {
  readonly minute: number;
  readonly heads: number;
  /** Machines that were counted among the devices. */
  readonly machines: number;
  readonly told: readonly (RegionEstimate | null)[];
  /** What each survey's shares make of the network's phones that are there and on in truth. */
  readonly known: readonly number[];
  /** The same as `told` by those who are given the turnstiles' counts, too; nobody where none are read. */
  readonly gated: readonly (RegionEstimate | null)[];
}

export interface StadiumDay {
  readonly seed: number;
  readonly capacity: number;
  readonly minutes: readonly DayMinute[];
}

/**
 * The stadium through an event day, packets to people: {@link LiveEstimates}, from which the wall's figures come, are fed
 * and asked as the server does it, minute by minute, by as many surveys as are wanted.
 */
export async function stadiumDay(options: DayOptions): Promise<StadiumDay> {
  const { seed, population, venueLac, surveys, gates = [], machines = machineShare, machinesKnown = true } = options;
  const day = { date: '2026-10-17', from: '15:30', hours: 8, marketShare, lostDetaches: 0.3, map: false };
  /** Phones and machines that are on in the stadium, by minute. */
  const onAt = new Map<number, number>();
  const feed = openSimulation(
    { ...day, seed, population, venueLac, machines },
    { truth: ({ city }) => ({ positions: (timeUs, present) => onAt.set(timeUs, present[city.stadium]) }) },
  );
  const { simulation, startUs } = feed;
  const { stadium, regions } = simulation.city;
  const heads = new Uint32Array(regions.length);
  const truths = Array.from({ length: endMinute - warmUpMinutes }, (_, i) => {
    simulation.countPeople(startUs + (warmUpMinutes + i) * minuteUs, heads);
    return heads[stadium];
  });
  const peak = Math.max(...truths);
  const capacity = Math.round(capacityShare * peak);
  const gone = truths.findLastIndex((each) => each >= emptyShare * peak) + 1;
  const allShares: Share[] = [];
  const ungated: LiveEstimates[] = [];
  const gated: LiveEstimates[] = [];
  const way = cityPipeline(feed, {
    city: simulation.city,
    onRows: (batch, from, to) => {
      for (const each of [...ungated, ...gated]) each.apply(batch, from, to);
    },
  });
  const { registry, engine } = way;
  const region = { ...way.regions.regions[stadium], capacity };
  // The stadium alone: the other regions' silent phones would be followed, too.
  const index = new RegionIndex([region], registry, () => undefined);
  const on = phonesOn(seed, population);
  for (let survey = 0; survey < surveys; survey++) {
    const draws = new Draws(seed * 1_000 + survey);
    const share = surveyOf(draws, on);
    allShares.push(share);
    const shares: Shares = new Map([['*', share]]);
    const counted = gates.map(
      (minute): GateCount => ({
        timeUs: startUs + (kickOffMinute + minute) * minuteUs,
        region: region.id,
        people: Math.round(truths[kickOffMinute + minute - warmUpMinutes] * (1 + gateError * draws.normal())),
        error: gateError,
      }),
    );
    const estimates = (counts: readonly GateCount[]) =>
      new LiveEstimates({
        ...{ shares, registry, gates: counts, regions: () => index, log: () => undefined },
        ...{ subscribersMax: population, periodicUs: 60 * minuteUs, gatePastUs: 0 },
        present: new LacTtls(cityConfig, registry),
      });
    ungated.push(estimates([]));
    if (gates.length > 0) gated.push(estimates(counted));
  }
  const view = stadiumView(engine.view, stadium, machinesKnown);
  const minutes: DayMinute[] = [];
  for (let minute = warmUpMinutes; minute < warmUpMinutes + gone; minute++) {
    await way.runTo(startUs + minute * minuteUs);
    const toldBy = (estimates: readonly LiveEstimates[]) => estimates.map((each) => each.update(view)[0]);
    const counted = engine.view.regionMachines[stadium];
    const phones = onAt.get(startUs + minute * minuteUs)! - counted;
    minutes.push({
      minute,
      heads: truths[minute - warmUpMinutes],
      machines: counted,
      known: allShares.map(({ share, heard }) => phones / (share * heard)),
      told: toldBy(ungated),
      gated: toldBy(gated),
    });
  }
  await way.close();
  return { seed, capacity, minutes };
}

/** The view with one region, the stadium; all who ask at a time are told the same rows. */
function stadiumView(view: LiveView, stadium: number, machinesKnown: boolean): LiveView {
  let atUs = -1;
  let rows: readonly OriginCount[] = [];
  const origins = () => {
    if (atUs !== view.clockUs) {
      atUs = view.clockUs;
      rows = view.regionOrigins(stadium);
      if (!machinesKnown) rows = rows.map((row) => ({ ...row, machines: 0 }));
    }
    return rows;
  };
  return Object.create(view, { regionCount: { value: 1 }, regionOrigins: { value: origins } }) as LiveView;
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
