import { expect, test } from 'vitest';
import { type HealthSources, healthOf } from '../../server/api/health.ts';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { type FeedCounters, type FeedToHub, noCounters } from '../../server/events/feed-messages.ts';
import { FeedHub } from '../../server/events/hub.ts';
import { newPosition, noPast } from '../tools/sorting-sink.ts';

interface Health {
  status: string;
  optedOut: object;
  feeds: Record<string, unknown>[];
}

/** The feeds as health tells of them, with what their threads have counted. */
async function feedsOf(minCount: number, ...counted: Partial<FeedCounters>[]): Promise<Record<string, unknown>[]> {
  return (await healthWith(minCount, counted)).feeds;
}

/** @param offsUs of live feeds: what each of their newest times is ahead of wall time, a second apart */
async function healthWith(
  minCount: number,
  counted: Partial<FeedCounters>[],
  offsUs?: number[],
  storeState = 'up',
): Promise<Health> {
  const config = makeConfig({ where: 'test', settings: {} });
  let ms = 0;
  const clock = { nowUs: () => 1e15 + ms * 1000, monotonicMs: () => ms };
  const ports: ((message: FeedToHub) => void)[] = [];
  const feeds = counted.map((_, i) => ({
    id: `feed-${i + 1}`,
    uri: `test:${i}`,
    live: offsUs !== undefined,
    position: newPosition(i),
    port: {
      post: () => undefined,
      onMessage: (listener: (message: FeedToHub) => void) => void ports.push(listener),
      close: () => Promise.resolve(),
    },
  }));
  const nothing = () => undefined;
  const hub = new FeedHub({
    config,
    clock,
    log: nothing,
    feeds,
    speed: 0,
    past: noPast(),
    sink: { cellIdOf: () => 0, batch: () => Promise.resolve(), clock: nothing, finish: nothing },
    room: () => null,
    onFailed: nothing,
  });
  const started = hub.start();
  counted.forEach((changes, i) => {
    ports[i]!({ k: 'open', firstUs: 1 });
    const counters: FeedCounters = { ...noCounters(), frames: 10, ...changes };
    ports[i]!({ k: 'clock', at: { clockUs: 2, nextUs: 0, progress: -1, counters, note: '' } });
  });
  await started;
  for (const offUs of offsUs ?? []) {
    ms += 1000;
    const at = {
      clockUs: clock.nowUs() + offUs,
      nextUs: 0,
      progress: -1,
      counters: { ...noCounters(), frames: 10 + ms },
      note: '',
    };
    for (const say of ports) say({ k: 'clock', at });
  }
  await hub.stop();
  const state = new LogState();
  const counting = new Counting(config, state, nothing);
  const status = { state: storeState, lagMs: 0, queuedRows: 0, droppedRows: 0, error: '' };
  const ledger = { offset: 0 };
  const store = { status, version: 'none', ledger, durable: -1 } as unknown as HealthSources['store'];
  const journal = { bytes: 0, base: 0, next: 0, committed: 0, full: false, failed: null };
  const core = { applied: 0, snapshotMs: 0, counting, state };
  return healthOf({ minCount, clock, startedMs: 0, hub, store, journal, core, optedOut: () => 7 }) as Health;
}

const counted: Partial<FeedCounters> = {
  unhandled: { 'M3UA ASPAC': 3 },
  evicted: { SCTP: 2 },
  coverage: { understood: 97, unhandled: 2, malformed: 1, 'without signalling': 50 },
  roaming: { out: { JP: 4 }, in: { '454-12': 9 } },
};

test('health tells of each feed what was not understood, what was dropped, and who roams', async () => {
  const [first, second] = await feedsOf(0, counted, {});
  expect(first).toMatchObject({ id: 'feed-1', frames: 10, understoodShare: 0.97, ...counted });
  expect(second).toMatchObject({ id: 'feed-2', understoodShare: null, evicted: {}, roaming: { out: {}, in: {} } });
});

test('where small figures are hidden health keeps counters and roamers back, and tells how much was understood', async () => {
  const [feed] = await feedsOf(20, counted);
  expect(feed).toMatchObject({ id: 'feed-1', understoodShare: 0.97 });
  for (const counter of ['roaming', 'unhandled', 'coverage', 'correlation']) expect(feed).not.toHaveProperty(counter);
});

test('a live feed whose clock is off makes the status degraded until it is right again', async () => {
  const off = Array.from({ length: 7 }, () => -60e6);
  const right = off.map(() => 0);
  const statuses = [right, off, [...off, ...right]].map(async (offsUs) => (await healthWith(0, [{}], offsUs)).status);
  expect(await Promise.all(statuses)).toEqual(['ok', 'degraded', 'ok']);
});

test.each([
  ['up', 'ok'],
  ['slow', 'degraded'],
  ['away', 'degraded'],
  ['held', 'degraded'],
])('a store that is %s makes the status %s', async (state, status) => {
  expect((await healthWith(0, [{}], [], state)).status).toBe(status);
});

test('health tells how many identities have opted out unless they are few, and of their events only where all is told', async () => {
  expect((await healthWith(0, [{}])).optedOut).toEqual({ identities: 7, events: 0 });
  expect((await healthWith(20, [{}])).optedOut).toEqual({ identities: null });
  expect((await healthWith(0, [{}])).feeds[0]).toMatchObject({ optedOut: 0 });
});
