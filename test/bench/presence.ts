import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { type Bench, type Figure, quantile } from './bench.ts';
import { MapPresence } from './presence-map.ts';

const cellCount = 10_012;
const regionCount = 500;
const spanS = 3 * 3600;
const startUs = 1_700_000_000_000_000;
const batchRows = 8192;

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

/** Three hours of a city: a third of the events move to a neighbouring cell, one in 128 is a detach. */
class CityEvents {
  readonly batch = new EventBatch(batchRows);
  private readonly home: Uint16Array;
  private readonly random = randomOf(20_261_121);
  private readonly events: number;
  private made = 0;

  constructor(events: number, subscribers: number) {
    this.events = events;
    this.home = new Uint16Array(subscribers);
    for (let i = 0; i < subscribers; i++) this.home[i] = Math.floor(this.random() * cellCount);
  }

  next(): boolean {
    const { batch, home, random } = this;
    batch.n = 0;
    while (batch.n < batchRows && this.made < this.events) {
      const sub = Math.floor(random() * home.length);
      const draw = random();
      if (draw < 0.35) home[sub] = (home[sub] + 1 + Math.floor(draw * 40)) % cellCount;
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
function regionList(): Region[] {
  return Array.from({ length: regionCount }, (_, i) => ({
    id: `r${i}`,
    name: `r${i}`,
    kind: 'venue',
    capacity: null,
    polygons: null,
    cells: Array.from({ length: 20 }, (_, k) => cgiOf(i * 10 + k)),
  }));
}

const cgiOf = (cell: number) => `460-00-${40_000 + (cell >> 8)}-${cell}`;

interface Measured {
  eventsPerS: number;
  batchMs: number[];
  bytes: number;
  present: number;
}

function measure(
  events: number,
  subscribers: number,
  apply: (batch: EventBatch) => void,
  bytes: () => number,
  present: () => number,
): Measured {
  const source = new CityEvents(events, subscribers);
  const batchMs: number[] = [];
  let spentUs = 0;
  let measured = 0;
  let made = 0;
  while (source.next()) {
    const startedMs = performance.now();
    const before = process.cpuUsage();
    apply(source.batch);
    const { user, system } = process.cpuUsage(before);
    const tookMs = performance.now() - startedMs;
    made += source.batch.n;
    // The first third fills the table; what counts is how it goes on.
    if (made < events / 3) continue;
    // CPU time, so that a busy machine doesn't decide; it holds the garbage collector's threads too.
    spentUs += user + system;
    measured += source.batch.n;
    batchMs.push(tookMs);
  }
  return { eventsPerS: (measured / spentUs) * 1e6, batchMs, bytes: bytes(), present: present() };
}

function measureEngine(events: number, subscribers: number, wholeCells: boolean): Measured & { perSubscriber: number } {
  const registry = new CellRegistry();
  for (let cell = 0; cell < cellCount; cell++) registry.idOf(cgiOf(cell));
  const regions = new RegionIndex(regionList(), registry, () => undefined);
  const config = makeConfig({ where: 'bench', settings: {} });
  const engine = new Engine({
    config,
    registry,
    regions,
    everyUs: 60e6,
    onInterval: () => undefined,
    cellGauges: wholeCells,
  });
  const measured = measure(
    events,
    subscribers,
    (batch) => engine.apply(batch, 0, batch.n),
    () => engine.limits.subscriberBytes,
    () => engine.view.present,
  );
  return { ...measured, perSubscriber: engine.limits.subscriberBytes / Math.max(1, engine.limits.subscribers) };
}

function measureMap(events: number, subscribers: number): Measured {
  const heapUsed = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heapUsed();
  const regionsOf: number[][] = Array.from({ length: cellCount }, () => []);
  for (let region = 0; region < regionCount; region++) {
    for (let k = 0; k < 20; k++) regionsOf[region * 10 + k].push(region);
  }
  const map = new MapPresence(regionsOf, { ttlUs: 7_200e6, holdDownUs: 60e6, everyUs: 60e6 });
  return measure(
    events,
    subscribers,
    (batch) => map.apply(batch),
    () => heapUsed() - before,
    () => map.present,
  );
}

export const presenceBench: Bench = {
  name: 'presence',
  meaning: 'events per second through presence and occupancy, against the same rules on a Map of objects',
  async run(scale) {
    const [events, subscribers] = scale === 'full' ? [9_000_000, 1_000_000] : [60_000, 5_000];
    // The first run compiles the code.
    measureEngine(Math.min(events, 300_000), 5_000, true);
    const engine = measureEngine(events, subscribers, true);
    measureMap(Math.min(events, 300_000), 5_000);
    const map = measureMap(events, subscribers);
    const figures: Figure[] = [
      { key: 'presence.subscribers', value: subscribers, unit: 'subscribers' },
      { key: 'presence.eventsPerS', value: engine.eventsPerS, unit: 'events/s' },
      { key: 'presence.mapEventsPerS', value: map.eventsPerS, unit: 'events/s' },
      { key: 'presence.timesMap', value: engine.eventsPerS / map.eventsPerS, unit: '×' },
      { key: 'presence.bytesPerSubscriber', value: engine.perSubscriber, unit: 'bytes' },
      { key: 'presence.batchP99Ms', value: quantile(engine.batchMs, 0.99), unit: 'ms per 8,192 rows' },
      { key: 'presence.batchMaxMs', value: Math.max(...engine.batchMs), unit: 'ms per 8,192 rows' },
    ];
    return figures;
  },
};
