import { afterEach, expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { type FeedToHub, noCounters } from '../../server/events/feed-messages.ts';
import type { FeedPosition } from '../../server/events/feed-position.ts';
import { FeedHub } from '../../server/events/hub.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { regionOf, SmallCity } from '../occupancy/small-city.ts';
import { newPosition, noPast, sortingSink } from '../tools/sorting-sink.ts';

const config = makeConfig({ where: 'test', settings: { reorderWindowMs: 10_000 } });
const hourS = 3600;
const hubs: FeedHub[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.stop()));
});

class FakeFeed implements FeedPort {
  private listener: (message: FeedToHub) => void = () => undefined;
  private newCells = ['460-00-1-1'];
  post(): void {}
  onMessage(listener: (message: FeedToHub) => void): void {
    this.listener = listener;
  }
  async close(): Promise<void> {}
  say(message: FeedToHub): void {
    this.listener(message);
  }
  /** Sightings in the one cell, `[time in s, subscriber]`. */
  rows(rows: [timeS: number, subscriber: number][]): void {
    const batch = new EventBatch(rows.length);
    for (const [timeS, subscriber] of rows) batch.push(timeS * 1e6, subscriber, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    const at = { clockUs: rows.at(-1)![0] * 1e6, nextUs: 0, progress: 0, counters: noCounters(), note: '' };
    this.say({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells: this.newCells.splice(0), at });
  }
}

/** Who is present by the engine behind a hub of feeds, of which those of `past` were given to an earlier one. */
function counting(feeds: { identity: string; live?: boolean }[], past: FeedPosition[] = []) {
  const city = new SmallCity({ regions: [regionOf('A', ['*'])], everyUs: 60e6 });
  const cell = city.registry.idOf('460-00-1-1');
  const ports = feeds.map(() => new FakeFeed());
  let feedClocks: number[] = [];
  const sink = sortingSink({
    ...{ latenessUs: config.latenessMs * 1000, rowsMax: config.reorderRowsMax, cellIdOf: () => cell },
    onRows: (batch, from, to) => city.engine.apply(batch, from, to),
    onClock: (us, clocksUs) => {
      feedClocks = Array.from(clocksUs, (clockUs) => clockUs / 1e6);
      city.engine.advance(us, clocksUs);
    },
  });
  const hub = new FeedHub({
    ...{ config, clock: { nowUs: () => 0, monotonicMs: () => 0 }, log: () => undefined, speed: 0, sink },
    feeds: feeds.map(({ identity, live }, i) => {
      const position = { ...newPosition(past.length + i), identity };
      return { id: `f${i}`, uri: identity, port: ports[i], position, ...(live && { live }) };
    }),
    past: { ...noPast(), positions: past },
    ...{ room: () => null, onFailed: () => undefined },
  });
  hubs.push(hub);
  const started = hub.start();
  for (const port of ports) port.say({ k: 'open', firstUs: 1e6 });
  return { ports, started, feedClocks: () => feedClocks, present: () => city.engine.view.present };
}

/** A hundred phones, each seen once within the first hour. */
const crowd = Array.from({ length: 100 }, (_, i): [number, number] => [1 + i * 30, i + 1]);

/** Who is present at the end of each second hour, when one phone goes on for twenty. */
function goOn(port: FakeFeed, present: () => number): number[] {
  const told: number[] = [];
  for (let s = hourS; s <= 20 * hourS; s += 600) {
    port.rows([[s, 999]]);
    if (s % (2 * hourS) === 0) told.push(present());
  }
  return told;
}

/** Their time, of two hours, ends with the third hour. */
const asOneFile = [101, 1, 1, 1, 1, 1, 1, 1, 1, 1];

test('people of a recording that goes on in another file are present as long as if it were one', async () => {
  const one = counting([{ identity: 'pcap:1-a' }]);
  await one.started;
  one.ports[0].rows(crowd);
  expect(goOn(one.ports[0], one.present)).toEqual(asOneFile);

  for (const identity of ['pcap:1-a', 'xdr:1-a:460-00:480', 'sim:event-day']) {
    const two = counting([{ identity }, { identity: 'pcap:2-b' }]);
    await two.started;
    two.ports[0].rows(crowd);
    two.ports[0].say({ k: 'end', early: null });
    expect(goOn(two.ports[1], two.present)).toEqual(asOneFile);
  }
});

const kept = 86_400;
const live = { identity: 'pcap+tcp://10.0.0.5:5555', live: true };
test.each([
  ['a live feed that has ended', live, (port: FakeFeed) => port.say({ k: 'end', early: null })],
  [
    'a recording that broke off',
    { identity: 'pcap:1-a' },
    (port: FakeFeed) => port.say({ k: 'failed', message: 'no disk' }),
  ],
])('the clock of %s stands, but not for more than a day of the others’ time', async (_, feed, end) => {
  const { ports, started, feedClocks } = counting([feed, { identity: 'pcap:2-b' }]);
  await started;
  ports[0].rows([[100, 1]]);
  end(ports[0]);
  ports[1].rows([[80_000, 2]]);
  expect(feedClocks()).toEqual([expect.toSatisfy((clockS) => clockS <= 100), 79_990]);
  ports[1].rows([[400_000_000, 2]]);
  expect(feedClocks()).toEqual([400_000_000 - 10 - kept, 399_999_990]);
});

test.each([
  ['a recording goes on as if it were in the next one', 'pcap:1-a', 0],
  ['standard input stands for a day', 'pcap:-', kept],
  ['a probe stands for a day', 'pcap+listen://0.0.0.0:5555', kept],
  ['an acknowledged feed stands for a day', 'push:north', kept],
])('of the feeds of an earlier start %s', async (_, identity, behindS) => {
  const past = { ...newPosition(0), identity, seq: 1, eventUs: 100e6, clockUs: 100e6, firstUs: 0 };
  const { ports, started, feedClocks } = counting([{ identity: 'pcap:2-b' }], [past]);
  await started;
  ports[0].rows([[400_000, 2]]);
  expect(feedClocks()).toEqual([399_990 - behindS, 399_990]);
});
