import { setTimeout as pause } from 'node:timers/promises';
import { makeConfig } from '../../server/config.ts';
import { type Bench, type Figure, median } from './bench.ts';
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

const kinds = ['rss', 'heapUsed', 'arrayBuffers', 'tables', 'notes'] as const;
type Sample = { hours: number } & Record<(typeof kinds)[number], number>;

/**
 * What batches and frames on their way take comes and goes by tens of MiB: of all samples in five minutes of event time
 * the middle one counts.
 */
const stretchHours = 1 / 12;

function stretches(samples: readonly Sample[], kind: (typeof kinds)[number]): [hours: number[], mebibytes: number[]] {
  const by = new Map<number, number[]>();
  for (const sample of samples) {
    const stretch = Math.floor(sample.hours / stretchHours);
    by.set(stretch, [...(by.get(stretch) ?? []), sample[kind] / 2 ** 20]);
  }
  return [[...by.keys()].map((stretch) => stretch * stretchHours), [...by.values()].map(median)];
}

function figuresOf(samples: readonly Sample[]): Figure[] {
  const endHours = samples.at(-1)!.hours;
  const slopeIn = (kind: (typeof kinds)[number], fromHours: number, toHours: number) =>
    slope(
      ...stretches(
        samples.filter(({ hours }) => hours >= fromHours && hours < toHours),
        kind,
      ),
    );
  const hours = Array.from({ length: Math.floor(endHours) }, (_, hour) => hour);
  return [
    ...kinds.flatMap((kind) => [
      { key: `memory.${kind}MiB`, value: stretches(samples, kind)[1].at(-1)!, unit: 'MiB' },
      { key: `memory.${kind}Slope`, value: slopeIn(kind, endHours - 1, Infinity), unit: 'MiB/h in the last hour' },
    ]),
    ...hours.map((hour) => ({
      key: `memory.rssSlopeOfHour${hour + 1}`,
      value: slopeIn('rss', hour, hour + 1),
      unit: 'MiB/h',
    })),
  ];
}

export const memoryBench: Bench = {
  name: 'memory',
  meaning:
    'memory of the whole server over three hours of 50,000 events a second and a million subscribers, replayed as fast as it goes for six minutes at most: its slope in the last hour, in MiB an hour of event time; of the tables that grow with the subscribers, and of the notes of where they have been, which grow until each has one (16 octets)',
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
    const samples: Sample[] = [];
    const startMs = performance.now();
    try {
      const { firstUs } = await firstTold(server);
      for (let us = 0; us < untilUs && performance.now() - startMs < wallMsMax[scale]; ) {
        await Promise.race([server.failed, pause(full ? 500 : 20)]);
        // The screen keeps what it is told, which is no memory of the server.
        server.client.messages.length = 0;
        us = server.view().clockUs - firstUs;
        const { subscriberBytes: tables, stayBytes: notes } = server.limits();
        samples.push({ hours: us / 3600e6, ...process.memoryUsage(), tables, notes });
      }
    } finally {
      await server.close();
    }
    return [
      { key: 'memory.eventHours', value: samples.at(-1)!.hours, unit: 'h' },
      { key: 'memory.wallS', value: (performance.now() - startMs) / 1000, unit: 's' },
      ...figuresOf(samples),
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
