import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

export const cellCount = 10_012;
export const regionCount = 500;
const spanS = 3 * 3600;
const startUs = 1_700_000_000_000_000;
const batchRows = 8192;

/** Prime to any count of subscribers here: everybody is first seen once, in no order that memory could follow. */
const firstSeenStep = 7919;

/** xorshift32: the same events in each run. */
function randomOf(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 4294967296;
  };
}

function mix(x: number): number {
  let y = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  y = Math.imul(y ^ (y >>> 13), 0xc2b2ae35);
  return (y ^ (y >>> 16)) >>> 0;
}

/** How restless a stream of events is: the share that moves to another cell, and how many cells on at most. */
export interface Restlessness {
  readonly moves: number;
  readonly stepsMax: number;
}

/**
 * What `fixtures/make/city` says of itself (seed 1, 100,000 people, Saturday 2026-11-21, after three hours; sightings of
 * procedures, handovers and ends of calls), and a stream that crosses as many borders of regions:
 *
 * | | sightings elsewhere than before | crossings a sighting | sightings a phone and hour |
 * | --- | --- | --- | --- |
 * | the whole day | 31 % | 0.14 | 1.7 |
 * | 06–07 h, 18:30–19:30 without the match | 20–39 % | 0.08–0.12 | 2.0 |
 * | the hour before kick-off | 58 % | 0.36 | 3.2 |
 */
export const streams = {
  /** 0.14 crossings an event. */
  day: { moves: 0.31, stepsMax: 8 },
  /** The hour before kick-off, of the whole city: 0.36. */
  kickOff: { moves: 0.58, stepsMax: 12 },
  /** What this bench measured before it asked the simulated city: 0.26. */
  restless: { moves: 0.35, stepsMax: 14 },
} as const satisfies Record<string, Restlessness>;

/**
 * Three hours of a city: each subscriber is seen once, then anybody at random, so that no event finds in a cache what one
 * before has left there. One in 128 is a detach.
 */
export class CityEvents {
  readonly batch = new EventBatch(batchRows);
  private readonly home: Uint16Array;
  private readonly random = randomOf(20_261_121);
  private readonly events: number;
  private readonly restlessness: Restlessness;
  private made = 0;

  constructor(events: number, subscribers: number, restlessness: Restlessness = streams.day) {
    this.events = events;
    this.restlessness = restlessness;
    this.home = new Uint16Array(subscribers);
    for (let i = 0; i < subscribers; i++) this.home[i] = Math.floor(this.random() * cellCount);
  }

  next(): boolean {
    const { batch, home, random } = this;
    const { moves, stepsMax } = this.restlessness;
    batch.n = 0;
    while (batch.n < batchRows && this.made < this.events) {
      const sub =
        this.made < home.length ? (this.made * firstSeenStep) % home.length : Math.floor(random() * home.length);
      const draw = random();
      if (draw < moves) home[sub] = (home[sub] + 1 + Math.floor((draw / moves) * stepsMax)) % cellCount;
      const detach = draw > 1 - 1 / 128;
      const timeUs = startUs + Math.floor((this.made * spanS * 1e6) / this.events);
      const flags = eventFlag.sighting | eventFlag.traffic | (detach ? eventFlag.detach : 0);
      const kind = detach ? kindCode.detach : kindCode['location update'];
      batch.push(timeUs, mix(sub + 1), mix(sub ^ 0x5bd1e995), home[sub], homePlmn, kind, 1, 0, flags, 0, 0, 0);
      this.made++;
    }
    return batch.n > 0;
  }
}

const homePlmn = packPlmn(460, 0, 2);

/** Regions of 20 cells each that overlap by half: each cell lies in two of about 500 regions, or none. */
export function regionList(): Region[] {
  return Array.from({ length: regionCount }, (_, i) => ({
    id: `r${i}`,
    name: `r${i}`,
    kind: 'venue',
    capacity: null,
    polygons: null,
    cells: Array.from({ length: 20 }, (_, k) => cgiOf(i * 10 + k)),
  }));
}

export const cgiOf = (cell: number) => `460-00-${40_000 + (cell >> 8)}-${cell}`;

/** An engine of the city with minute gauges of cells and regions, whose intervals go nowhere; with dwell and trips or without. */
export function cityEngine(regionStays = true): Engine {
  const registry = new CellRegistry();
  for (let cell = 0; cell < cellCount; cell++) registry.idOf(cgiOf(cell));
  return new Engine({
    config: makeConfig({ where: 'bench', settings: { regionStays: regionStays ? 'on' : 'off' } }),
    registry,
    regions: new RegionIndex(regionList(), registry, () => undefined),
    everyUs: 60e6,
    onInterval: () => undefined,
  });
}
