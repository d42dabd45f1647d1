import type { EventBatch } from '../../server/events/event-batch.ts';
import type { CellInfo } from '../../server/reference/cell-registry.ts';
import { type Bench, type Figure, quantile } from './bench.ts';
import { cellsInTree } from './city-tree.ts';
import {
  CityEvents,
  cellCount,
  cityEngine,
  type Restlessness,
  regionCount,
  regionsOfCells,
  streams,
} from './presence-city.ts';
import { MapPresence } from './presence-map.ts';

/** Three hours of a day; the last two are measured. */
const eventsPerSubscriber = 6;

interface Measured {
  eventsPerS: number;
  /** Wall time of each batch, those that fill the table too. */
  batchMs: number[];
  /** Longest of them in CPU time: on a busy machine the wall's longest is somebody else's. */
  longestCpuMs: number;
}

function measure(
  events: number,
  subscribers: number,
  apply: (batch: EventBatch) => void,
  stream: Restlessness = streams.day,
): Measured {
  const source = new CityEvents(events, subscribers, stream);
  const batchMs: number[] = [];
  let longestUs = 0;
  let spentUs = 0;
  let measured = 0;
  let made = 0;
  while (source.next()) {
    const startedMs = performance.now();
    const before = process.cpuUsage();
    apply(source.batch);
    const { user, system } = process.cpuUsage(before);
    batchMs.push(performance.now() - startedMs);
    longestUs = Math.max(longestUs, user + system);
    made += source.batch.n;
    // The first third fills the table; what counts is how it goes on.
    if (made < events / 3) continue;
    // CPU time, so that a busy machine doesn't decide; it holds the garbage collector's threads too. Of taking the batch
    // alone: making it costs a quarter as much again.
    spentUs += user + system;
    measured += source.batch.n;
  }
  return { eventsPerS: (measured / spentUs) * 1e6, batchMs, longestCpuMs: longestUs / 1000 };
}

function measureEngine(
  events: number,
  subscribers: number,
  regionStays: boolean,
  stream?: Restlessness,
  cells?: CellInfo[],
) {
  const engine = cityEngine(regionStays, () => undefined, cells);
  let known = 1;
  const apply = (batch: EventBatch) => {
    engine.apply(batch, 0, batch.n);
    known = Math.max(known, engine.limits.subscribers);
  };
  const measured = measure(events, subscribers, apply, stream);
  // Memory follows the most that were known at once.
  const { limits } = engine;
  return {
    ...measured,
    tableBytes: limits.subscriberBytes / known,
    bytes: (limits.subscriberBytes + limits.crossingBytes) / known,
    stayBytes: limits.stayBytes / known,
    rssMib: process.memoryUsage().rss / 2 ** 20,
  };
}

function measureMap(events: number, subscribers: number): Measured {
  const map = new MapPresence(cellCount, regionCount, regionsOfCells(), {
    ...{ ttlUs: 7_200e6, holdDownUs: 60e6, everyUs: 60e6, windowUs: 900e6, onInterval: () => undefined },
  });
  return measure(events, subscribers, (batch) => map.apply(batch));
}

/** Tables beyond a million in the default form: what an event costs there, and what the process takes. */
function large(name: string, subscribers: number): Figure[] {
  const events = subscribers * eventsPerSubscriber;
  const { eventsPerS, bytes, rssMib, stayBytes } = measureEngine(events, subscribers, true);
  return [
    { key: `presence.eventsPerSAt${name}`, value: eventsPerS, unit: 'events/s' },
    { key: `presence.bytesPerSubscriberAt${name}`, value: bytes, unit: 'bytes' },
    { key: `presence.stayBytesPerSubscriberAt${name}`, value: stayBytes, unit: 'bytes of dwell and trips' },
    { key: `presence.processMibAt${name}`, value: rssMib, unit: 'MiB' },
  ];
}

export const presenceBench: Bench = {
  name: 'presence',
  meaning: 'events per second through presence and occupancy, against the same rules on a Map of objects',
  async run(scale) {
    const subscribers = scale === 'full' ? 1_000_000 : 5_000;
    const events = subscribers * eventsPerSubscriber;
    // The first run compiles the code.
    measureEngine(Math.min(events, 300_000), Math.min(subscribers, 50_000), false);
    // The peer's rules; then with dwell and trips, which it does not count, as is the default.
    const engine = measureEngine(events, subscribers, false);
    measureEngine(Math.min(events, 300_000), Math.min(subscribers, 50_000), true);
    const whole = measureEngine(events, subscribers, true);
    const restless = measureEngine(events, subscribers, true, streams.restless);
    const kickOff = measureEngine(events, subscribers, true, streams.kickOff);
    const fewPhones = measureEngine(Math.min(events, 1_000_000), 100, true, streams.fewPhones);
    const withTree = measureEngine(events, subscribers, true, streams.day, cellsInTree());
    const figures: Figure[] = [
      { key: 'presence.subscribers', value: subscribers, unit: 'subscribers' },
      { key: 'presence.eventsPerS', value: whole.eventsPerS, unit: 'events/s with dwell and trips' },
      { key: 'presence.restlessEventsPerS', value: restless.eventsPerS, unit: 'events/s, twice the crossings' },
      { key: 'presence.kickOffEventsPerS', value: kickOff.eventsPerS, unit: 'events/s, the hour before kick-off' },
      { key: 'presence.fewPhonesEventsPerS', value: fewPhones.eventsPerS, unit: 'events/s of 100 phones' },
      { key: 'presence.withTreeEventsPerS', value: withTree.eventsPerS, unit: 'events/s, with the region tree' },
      { key: 'presence.withoutStaysEventsPerS', value: engine.eventsPerS, unit: 'events/s without dwell and trips' },
      { key: 'presence.stayBytesPerSubscriber', value: whole.stayBytes, unit: 'bytes of dwell and trips' },
      { key: 'presence.tableBytesPerSubscriber', value: engine.tableBytes, unit: 'bytes' },
      { key: 'presence.bytesPerSubscriber', value: engine.bytes, unit: 'bytes with pending crossings' },
      { key: 'presence.batchP99Ms', value: quantile(whole.batchMs, 0.99), unit: 'ms per 8,192 rows' },
      { key: 'presence.batchMaxMs', value: Math.max(...whole.batchMs), unit: 'ms per 8,192 rows' },
      { key: 'presence.longestBatchCpuMs', value: whole.longestCpuMs, unit: 'ms CPU per 8,192 rows' },
    ];
    measureMap(Math.min(events, 300_000), Math.min(subscribers, 50_000));
    const map = measureMap(events, subscribers);
    figures.push(
      { key: 'presence.mapEventsPerS', value: map.eventsPerS, unit: 'events/s' },
      { key: 'presence.timesMap', value: engine.eventsPerS / map.eventsPerS, unit: '×' },
    );
    // Last: what they leave of the heap would help the Map.
    if (scale === 'full') {
      figures.push(...large('5M', 5_000_000));
      figures.push(...large('15M', 15_000_000));
    }
    return figures;
  },
};
