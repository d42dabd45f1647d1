import { setTimeout as pause } from 'node:timers/promises';
import { makeConfig } from '../../server/config.ts';
import type { Bench, Figure } from './bench.ts';
import { startMadeFeed } from './made-feed.ts';
import { movesOf } from './made-rows.ts';
import { regionList } from './presence-city.ts';
import { startWhole } from './whole-server.ts';

const perSecond = 50_000;
/** Longest run, whatever event time it has reached by then. */
const wallMsMax = { full: 360_000, small: 15_000 };

/** Change of `y` in one unit of `x`, by least squares. */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const above = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
  const below = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

const kinds = ['rss', 'heapUsed', 'arrayBuffers'] as const;

export const memoryBench: Bench = {
  name: 'memory',
  meaning:
    'memory of the whole server over three hours of 50,000 events a second and a million subscribers, replayed as fast as it goes for six minutes at most: the slope of the later two thirds, in MiB an hour of event time',
  async run(scale): Promise<Figure[]> {
    const full = scale === 'full';
    const settings = { keepEvents: 'off', reorderWindowMs: full ? 10_000 : 200 };
    const config = makeConfig({ where: 'bench', settings });
    const subscribers = full ? 1_000_000 : 20_000;
    const made = { subscribers, moves: movesOf(subscribers, perSecond), perSecond, pacePerS: 0 };
    const server = await startWhole({
      ...{ config, cells: null, regions: regionList() },
      feed: { start: (fail) => startMadeFeed(made, fail), threads: ['made'] },
    });
    const untilUs = (full ? 3 * 3600 : 4) * 1e6;
    const samples: ({ hours: number } & Record<(typeof kinds)[number], number>)[] = [];
    const startMs = performance.now();
    try {
      const { firstUs } = await firstTold(server);
      for (let us = 0; us < untilUs && performance.now() - startMs < wallMsMax[scale]; ) {
        await Promise.race([server.failed, pause(full ? 500 : 20)]);
        us = server.view().clockUs - firstUs;
        const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
        samples.push({ hours: us / 3600e6, rss, heapUsed, arrayBuffers });
      }
    } finally {
      await server.close();
    }
    const later = samples.slice(Math.floor(samples.length / 3));
    const hours = later.map((sample) => sample.hours);
    const mebibytes = (kind: (typeof kinds)[number]) => later.map((sample) => sample[kind] / 2 ** 20);
    return [
      { key: 'memory.eventHours', value: samples.at(-1)!.hours, unit: 'h' },
      { key: 'memory.wallS', value: (performance.now() - startMs) / 1000, unit: 's' },
      ...kinds.flatMap((kind) => [
        { key: `memory.${kind}MiB`, value: mebibytes(kind).at(-1)!, unit: 'MiB' },
        { key: `memory.${kind}Slope`, value: slope(hours, mebibytes(kind)), unit: 'MiB/h' },
      ]),
    ];
  },
};

/** The event clock when it first stands somewhere. */
async function firstTold(server: Awaited<ReturnType<typeof startWhole>>): Promise<{ firstUs: number }> {
  for (;;) {
    const { clockUs } = server.view();
    if (clockUs > 0) return { firstUs: clockUs };
    await Promise.race([server.failed, pause(5)]);
  }
}
