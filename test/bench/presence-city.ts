import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import type { IntervalTaker } from '../../server/occupancy/gauge-book.ts';
import { type CellInfo, CellRegistry, unheardOf } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

export const cellCount = 10_012;
export const regionCount = 500;
const startUs = 1_700_000_000_000_000;
const batchRows = 8192;

/** Prime to any count of subscribers here: everybody is first seen once, in no order that memory could follow. */
export const firstSeenStep = 7919;

/** xorshift32: the same events in each run. */
export function randomOf(seed: number): () => number {
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

/** How restless a stream of events is. */
export interface Restlessness {
  /** Share of events that are from another cell than the subscriber's before, and how many cells on at most. */
  readonly moves: number;
  readonly stepsMax: number;
  readonly perPhoneAndHour: number;
}

/**
 * What `fixtures/make/city` says of itself (seed 1, 100,000 people, Saturday 2026-11-21 from 04:00; sightings of
 * procedures, handovers and ends of calls: `sighting-statistics.ts`), and the streams made like it. A test holds the
 * stream of a day to the city.
 *
 * | | elsewhere than before | crossings a sighting | sightings a phone and hour |
 * | --- | --- | --- | --- |
 * | 07:00 – 04:00 | 33 % | 0.15 | 1.9 |
 * | 07:00 – 17:00 | 22–45 % | 0.09–0.15 | 1.8–2.1 |
 * | 18:00 – 19:00, before kick-off | 58 % | 0.31 | 3.4 |
 *
 * Few come or go: 0.3 % of the sightings are detaches, 0.3 % of phones that were off; 0.03 % follow a gap of presenceTtl
 * (2 h) or more, because T3212 (60 min) lets a phone that is on be silent for no longer (36 % of all gaps are just that).
 */
export const streams = {
  /** 0.15 crossings an event. */
  day: { moves: 0.33, stepsMax: 8, perPhoneAndHour: 2 },
  /** More than the hour before kick-off of the whole city: 0.36. */
  kickOff: { moves: 0.58, stepsMax: 12, perPhoneAndHour: 3.4 },
  /** What this bench measured before it asked the simulated city: 0.26. */
  restless: { moves: 0.35, stepsMax: 14, perPhoneAndHour: 2 },
  /** No city's: a hundred phones that are anywhere two hundred times a second, so that each has thousands of crossings. */
  fewPhones: { moves: 1, stepsMax: cellCount - 1, perPhoneAndHour: 720_000 },
} as const satisfies Record<string, Restlessness>;

const t3212S = 3600;
const detaches = 0.003;
const off = 0xffffffff;
const unlisted = 0xffffffff;

/**
 * A city whatever its size: each subscriber is seen once, then anybody at random, so that no event finds in a cache what
 * one before has left there (in the simulated city a sixth come within two minutes of the subscriber's one before). Whoever
 * has not been seen for {@link t3212S} is seen then, unless it has detached.
 */
export class CityEvents {
  readonly batch = new EventBatch(batchRows);
  private readonly home: Uint16Array;
  /** Second of the newest sighting from the start on; {@link off}: it has detached, or has never been seen. */
  private readonly seenS: Uint32Array;
  /** Who is looked at when T3212 may have run out: by second, each subscriber in one list or in none. Index + 1. */
  private readonly heads = new Uint32Array(2 * t3212S);
  private readonly following: Uint32Array;
  private lookedS = 0;
  private readonly random = randomOf(20_261_121);
  private readonly events: number;
  private readonly restlessness: Restlessness;
  private readonly perEventUs: number;
  private made = 0;
  private readonly homeOf: (sub: number) => number;

  /** @param homeOf where the subscriber of a number comes from; all are of the home network unless told */
  constructor(
    events: number,
    subscribers: number,
    restlessness: Restlessness = streams.day,
    homeOf: (sub: number) => number = () => homePlmn,
  ) {
    this.events = events;
    this.homeOf = homeOf;
    this.restlessness = restlessness;
    this.perEventUs = 3_600e6 / (subscribers * restlessness.perPhoneAndHour);
    this.home = new Uint16Array(subscribers);
    this.seenS = new Uint32Array(subscribers).fill(off);
    this.following = new Uint32Array(subscribers).fill(unlisted);
    for (let i = 0; i < subscribers; i++) this.home[i] = Math.floor(this.random() * cellCount);
  }

  next(): boolean {
    const { batch, home, random } = this;
    const { moves, stepsMax } = this.restlessness;
    batch.n = 0;
    while (batch.n < batchRows && this.made < this.events) {
      const sinceUs = Math.floor(this.made * this.perEventUs);
      const sub = this.nextSubscriber(Math.floor(sinceUs / 1e6));
      const draw = random();
      if (draw < moves) home[sub] = (home[sub] + 1 + Math.floor((draw / moves) * stepsMax)) % cellCount;
      const detach = draw > 1 - detaches;
      this.note(sub, Math.floor(sinceUs / 1e6), detach);
      const timeUs = startUs + sinceUs;
      pushSeen(batch, timeUs, sub, home[sub], detach, this.homeOf(sub));
      this.made++;
    }
    return batch.n > 0;
  }

  private nextSubscriber(nowS: number): number {
    const { home, made } = this;
    if (made < home.length) return (made * firstSeenStep) % home.length;
    const silent = this.nextSilent(nowS);
    return silent >= 0 ? silent : Math.floor(this.random() * home.length);
  }

  /** Somebody whose T3212 has run out; -1: nobody any more. */
  private nextSilent(nowS: number): number {
    const { heads, following, seenS } = this;
    for (; this.lookedS <= nowS; this.lookedS++) {
      const at = this.lookedS % heads.length;
      for (let head = heads[at]; head !== 0; head = heads[at]) {
        const sub = head - 1;
        heads[at] = following[sub];
        following[sub] = unlisted;
        if (seenS[sub] === off) continue;
        if (seenS[sub] + t3212S <= nowS) return sub;
        this.list(sub, seenS[sub] + t3212S);
      }
    }
    return -1;
  }

  private note(sub: number, nowS: number, detach: boolean): void {
    this.seenS[sub] = detach ? off : nowS;
    if (!detach && this.following[sub] === unlisted) this.list(sub, nowS + t3212S);
  }

  private list(sub: number, dueS: number): void {
    const { following, heads } = this;
    const at = dueS % heads.length;
    following[sub] = heads[at];
    heads[at] = sub + 1;
  }
}

const homePlmn = packPlmn(460, 0, 2);

/** A row: the subscriber of this number is seen in a cell, or detaches there. */
export function pushSeen(
  batch: EventBatch,
  timeUs: number,
  sub: number,
  cell: number,
  detach: boolean,
  home = homePlmn,
): void {
  const flags = eventFlag.sighting | eventFlag.traffic | (detach ? eventFlag.detach : 0);
  const kind = detach ? kindCode.detach : kindCode['location update'];
  batch.push(timeUs, mix(sub + 1), mix(sub ^ 0x5bd1e995), cell, home, kind, 1, 0, flags, 0, 0, 0);
}

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

/** Of each cell the places of its regions in the list. */
export function regionsOfCells(): number[][] {
  const regionsOf: number[][] = Array.from({ length: cellCount }, () => []);
  for (let region = 0; region < regionCount; region++)
    for (let k = 0; k < 20; k++) regionsOf[region * 10 + k].push(region);
  return regionsOf;
}

export const cgiOf = (cell: number) => `460-00-${40_000 + (cell >> 8)}-${cell}`;

/** The city's cells with nothing known of them. */
export const plainCells = (): CellInfo[] => Array.from({ length: cellCount }, (_, cell) => unheardOf(cgiOf(cell)));

/**
 * An engine of the city with minute gauges of cells and regions, with dwell and trips or without, and with the nodes of the
 * tree that its cells are in.
 */
export function cityEngine(
  regionStays = true,
  onInterval: IntervalTaker = () => undefined,
  cells: CellInfo[] = plainCells(),
): Engine {
  const registry = new CellRegistry();
  registry.load(cells);
  return new Engine({
    config: makeConfig({ where: 'bench', settings: { regionStays: regionStays ? 'on' : 'off' } }),
    registry,
    regions: new RegionIndex(regionList(), registry, () => undefined, undefined, true),
    everyUs: 60e6,
    onInterval,
  });
}
