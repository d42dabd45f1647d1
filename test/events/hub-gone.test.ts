import { afterEach, expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { type FeedToHub, noCounters } from '../../server/events/feed-messages.ts';
import type { FeedPosition } from '../../server/events/feed-position.ts';
import { FeedHub, type HubPast } from '../../server/events/hub.ts';
import { regionOf, SmallCity } from '../occupancy/small-city.ts';
import { newPosition, noPast, sortingSink } from '../tools/sorting-sink.ts';

const config = makeConfig({ where: 'test', settings: { staleMs: 15_000 } });
const [hourS, dayS, windowS] = [3600, 86_400, config.reorderWindowMs / 1000];
/** Behind any other time, so that all that the feeds tell is believed. */
const wallUs = 1e15;
const hubs: FeedHub[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.stop()));
});

type City = Pick<SmallCity, 'engine' | 'registry'>;
const newCity = () => new SmallCity({ regions: [regionOf('A', ['460-00-1-1'])], everyUs: 600e6 });

/** A hub of two probes before an engine. @param past what an earlier one has left */
async function probes(city: City = newCity(), past: HubPast = noPast()) {
  const positions = new Map([...past.positions].map((position) => [position.number, position]));
  const cell = city.registry.idOf('460-00-1-1');
  const listeners: ((message: FeedToHub) => void)[] = [];
  const lines: string[] = [];
  const moves: number[] = [];
  let [nowMs, frames] = [0, 0];
  let clocks = { releaseUs: past.releaseUs, feedClocksUs: past.feedClocksUs };
  const sorting = sortingSink({
    ...{ latenessUs: config.latenessMs * 1000, rowsMax: config.reorderRowsMax, cellIdOf: () => cell },
    onRows: (batch, from, to) => city.engine.apply(batch, from, to),
    onClock: (us, own) => city.engine.advance(us, own),
  });
  const hub = new FeedHub({
    ...{ config, speed: 1, room: () => null, onFailed: () => undefined, past },
    clock: { nowUs: () => wallUs, monotonicMs: () => nowMs },
    log: (_, line) => lines.push(line),
    feeds: [0, 1].map((i) => ({
      ...{ id: `f${i}`, uri: `test:${i}`, live: true, position: positions.get(i) ?? newPosition(i) },
      port: { post: () => undefined, onMessage: (listener) => listeners.push(listener), close: async () => undefined },
    })),
    sink: {
      ...sorting,
      batch: (position: FeedPosition, batch) => {
        positions.set(position.number, position);
        return sorting.batch(position, batch);
      },
      clock: (releaseUs, own, readUs) => {
        expect(releaseUs).toBeGreaterThanOrEqual(clocks.releaseUs);
        for (const [i, us] of own.entries()) expect(us).toBeGreaterThanOrEqual(clocks.feedClocksUs[i]);
        if (own[1] !== clocks.feedClocksUs[1]) moves.push(releaseUs / 1e6);
        clocks = { releaseUs, feedClocksUs: own };
        sorting.clock(releaseUs, own, readUs);
      },
    },
  });
  hubs.push(hub);
  const started = hub.start();
  for (const listener of listeners) listener({ k: 'open', firstUs: -1 });
  await started;
  /** A probe tells of one subscriber, an hour or so after the last word by the wall. */
  const see = async (feed: number, timeS: number, subscriber: number, passedMs = hourS * 1000) => {
    nowMs += passedMs;
    const batch = new EventBatch(1);
    batch.push(timeS * 1e6, subscriber, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    const newCells = positions.get(feed)?.seq ? [] : ['460-00-1-1'];
    const counters = { ...noCounters(), frames: ++frames };
    const at = { clockUs: timeS * 1e6, nextUs: 0, progress: -1, counters, note: '' };
    listeners[feed]({ k: 'batch', buffer: batch.buffer, rows: 1, newCells, at });
    // Its credit is given: it is not held back.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    ...{ see, moves, present: () => city.engine.view.present },
    behindS: () => (clocks.releaseUs - clocks.feedClocksUs[1]) / 1e6,
    told: () => lines.filter((line) => line.includes('silent, and a day behind')),
    left: (): HubPast => {
      const feedClocksUs = noPast().feedClocksUs;
      feedClocksUs.set(clocks.feedClocksUs);
      return { positions: positions.values(), releaseUs: clocks.releaseUs, feedClocksUs, finished: false };
    },
  };
}

/** One feed goes on, hour by hour; the other one has said its last at `fromS`. */
async function goOn({ see }: Awaited<ReturnType<typeof probes>>, fromS: number, hours: [from: number, to: number]) {
  for (let hour = hours[0]; hour <= hours[1]; hour++) await see(0, fromS + hour * hourS, 1);
}

test('who was seen last by a probe that has gone for good is present for a day and their own time', async () => {
  const it = await probes();
  await it.see(0, 10_000, 1, 0);
  await it.see(1, 10_000, 2, 0);
  await goOn(it, 10_000, [1, 24]);
  expect(it.present()).toBe(2);
  await goOn(it, 10_000, [25, 28]);
  expect(it.present()).toBe(1);
  expect(it.told()).toEqual([expect.stringMatching(/^feed test:1: silent, and a day behind/)]);
  await it.see(1, 10_000 + 28 * hourS, 2);
  await goOn(it, 10_000, [29, 29]);
  expect(it.present()).toBe(2);
});

test.each([5, 40])('a restart %i hours after the last word of a probe changes nothing of it', async (hours) => {
  const city = newCity();
  const before = await probes(city);
  await before.see(0, 10_000, 1, 0);
  await before.see(1, 10_000, 2, 0);
  await goOn(before, 10_000, [1, hours]);
  const it = await probes(city, before.left());
  await goOn(it, 10_000, [hours + 1, 24]);
  expect(it.present()).toBe(hours < 24 ? 2 : 1);
  await goOn(it, 10_000, [Math.max(hours + 1, 25), 50]);
  expect(it.behindS()).toBe(dayS);
  expect(it.present()).toBe(1);
});

test('the clock of a probe that has gone moves a minute at a time, and single words from long ago are not told of', async () => {
  const it = await probes();
  await it.see(0, 10_000, 1, 0);
  await it.see(1, 10_000, 2, 0);
  await goOn(it, 10_000, [1, 30]);
  const fromS = 10_000 + 30 * hourS;
  it.moves.splice(0);
  // Each move has all looked at again whom the probe saw last.
  for (let s = 1; s <= 300; s++) await it.see(0, fromS + s, 1, 1000);
  expect(it.moves).toEqual([60, 120, 180, 240, 300].map((s) => fromS + s - windowS));
  for (let i = 1; i <= 10; i++) {
    await it.see(1, 10_000 + i, 2, 0);
    await it.see(0, fromS + 300 + i * 20, 1, 20_000);
  }
  expect(it.told()).toHaveLength(1);
});
