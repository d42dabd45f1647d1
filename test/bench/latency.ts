import { setTimeout as pause } from 'node:timers/promises';
import { makeConfig } from '../../server/config.ts';
import { decodeFrame } from '../../shared/codec.ts';
import { type Bench, type Figure, quantile } from './bench.ts';
import { startMadeFeed } from './made-feed.ts';
import { movesOf } from './made-rows.ts';
import { regionList } from './presence-city.ts';
import { startWhole } from './whole-server.ts';

const perSecond = 50_000;
/** How often it is looked whether a frame has come. */
const lookEveryMs = 5;

export const latencyBench: Bench = {
  name: 'latency',
  meaning:
    'milliseconds from the decision that releases rows out of the reorder window to the frame that counts them on a screen, by way of the journal, at 50,000 events/s and one frame a second',
  async run(scale): Promise<Figure[]> {
    const full = scale === 'full';
    // The window is no part of the figure: in the tests it is short, so that something comes out of it soon.
    const settings = { keepEvents: 'off', reorderWindowMs: full ? 10_000 : 200 };
    const config = makeConfig({ where: 'bench', settings });
    const released: [releaseUs: number, atMs: number][] = [];
    const subscribers = full ? 1_000_000 : 20_000;
    const pace = { subscribers, moves: movesOf(subscribers, perSecond), perSecond };
    const server = await startWhole({
      ...{ config, cells: null, regions: regionList() },
      feed: { start: (fail) => startMadeFeed({ ...pace, pacePerS: perSecond }, fail), threads: ['made'] },
      onRelease: (releaseUs) => released.push([releaseUs, performance.now()]),
    });
    const latenciesMs: number[] = [];
    try {
      const { messages } = server.client;
      const startMs = performance.now();
      const endMs = startMs + (full ? 75_000 : 1_200);
      // Until the window is full and the code compiled.
      const warmMs = startMs + (full ? 15_000 : 300);
      for (
        let seen = 0;
        performance.now() < endMs || latenciesMs.length === 0;
        await Promise.race([server.failed, pause(lookEveryMs)])
      ) {
        const nowMs = performance.now();
        for (; seen < messages.length; seen++) {
          const { eventUs } = decodeFrame(messages[seen]).status;
          while (released.length > 0 && released[0][0] <= eventUs) {
            const [, atMs] = released.shift()!;
            if (atMs > warmMs) latenciesMs.push(nowMs - atMs);
          }
        }
      }
    } finally {
      await server.close();
    }
    return [
      { key: 'latency.p50Ms', value: quantile(latenciesMs, 0.5), unit: 'ms' },
      { key: 'latency.p99Ms', value: quantile(latenciesMs, 0.99), unit: 'ms' },
      { key: 'latency.maxMs', value: Math.max(...latenciesMs), unit: 'ms' },
      { key: 'latency.tickMs', value: config.tickMs, unit: 'ms' },
    ];
  },
};
