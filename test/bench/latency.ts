import { join } from 'node:path';
import { startServer } from '../../server/api/server.ts';
import { systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { projectRoot } from '../../server/root.ts';
import { decodeFrame } from '../../shared/codec.ts';
import { WsClient } from '../tools/ws-client.ts';
import { type Bench, type Figure, quantile } from './bench.ts';

const config = makeConfig({ where: 'bench', settings: {} });
const cells = 10_012;
const rowsPerBurst = 500;
const burstEveryMs = 10;

/** A layout of cells without names or positions: only their number matters here. */
const layout = {
  revision: 1,
  build: 'bench',
  title: 'bench',
  timeZone: 'UTC',
  flowWindowMs: config.flowWindowMs,
  gaugeEveryMs: config.gaugeEveryMs,
  minCount: 0,
  map: { kind: 'none' as const, url: '', attribution: '' },
  schematic: null,
  cells: Array.from({ length: cells }, (_, i) => ({
    cgi: `460-00-1-${i + 1}`,
    name: '',
    lon: null,
    lat: null,
    azimuth: null,
  })),
  regions: [],
};

const none = () => Promise.reject(new Error('the bench has none'));

export const latencyBench: Bench = {
  name: 'latency',
  meaning:
    'milliseconds from the release of an event out of the reorder window to the frame that counts it on a screen, at 50,000 events/s and one frame a second',
  async run(scale): Promise<Figure[]> {
    const registry = new CellRegistry();
    registry.load(layout.cells.map((cell) => ({ ...cell, radio: '', site: '' })));
    const engine = new Engine({
      config,
      registry,
      regions: new RegionIndex([], registry, () => undefined),
      everyUs: 60_000_000,
    });
    const server = await startServer({
      host: '127.0.0.1',
      port: 0,
      config,
      clock: systemClock,
      log: () => undefined,
      webRoot: join(projectRoot, 'dist', 'web'),
      build: 'bench',
      view: () => engine.view,
      layout: () => layout,
      status: () => ({
        feeds: [],
        store: { state: 'up', lagMs: 0, queuedRows: 0, droppedRows: 0, error: '' },
        unknownCells: 0,
        eventsPerS: 0,
      }),
      health: () => ({}),
      store: { regionHistory: none, regionPast: none },
      editor: { regions: [], set: none },
      cellsOf: () => [],
    });
    const ticker = setInterval(() => server.publish(), config.tickMs);
    const client = await WsClient.open(server.port, { origin: `http://127.0.0.1:${server.port}` });
    if (typeof client === 'string') throw new Error(`/ws refused: ${client}`);

    const pending: [eventUs: number, releasedMs: number][] = [];
    const latenciesMs: number[] = [];
    let seen = 0;
    let random = 1;
    const batch = new EventBatch(rowsPerBurst);
    const startedMs = performance.now();
    const endMs = startedMs + (scale === 'full' ? 20_000 : 2_500);
    await new Promise<void>((resolve) => {
      const pump = setInterval(() => {
        const nowMs = performance.now();
        for (; seen < client.messages.length; seen++) {
          const { eventUs } = decodeFrame(client.messages[seen]).status;
          while (pending.length > 0 && pending[0][0] < eventUs) latenciesMs.push(nowMs - pending.shift()![1]);
        }
        if (nowMs > endMs) {
          clearInterval(pump);
          resolve();
          return;
        }
        const eventUs = Math.round((1_800_000_000_000 + nowMs) * 1000);
        batch.n = 0;
        for (let i = 0; i < rowsPerBurst; i++) {
          random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
          batch.push(eventUs, random % 200_000, 1, (random >>> 8) % cells, 0, 0, 0, 0, 1, 0, 0, 0);
        }
        engine.apply(batch, 0, batch.n);
        engine.advance(eventUs + 1);
        pending.push([eventUs, nowMs]);
      }, burstEveryMs);
    });
    clearInterval(ticker);
    client.close();
    await server.close();
    return [
      { key: 'latency.p50Ms', value: quantile(latenciesMs, 0.5), unit: 'ms' },
      { key: 'latency.p99Ms', value: quantile(latenciesMs, 0.99), unit: 'ms' },
      { key: 'latency.tickMs', value: config.tickMs, unit: 'ms' },
    ];
  },
};
