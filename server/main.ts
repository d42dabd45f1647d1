import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeCity } from '../fixtures/make/city/index.ts';
import { healthOf } from './api/health.ts';
import { layoutMaker } from './api/layout.ts';
import { startServer } from './api/server.ts';
import { type FeedSpec, parseFeedUri } from './capture/feed-uri.ts';
import { startFeedThread } from './cli/feed-thread.ts';
import { scheduleSim } from './cli/sim-schedule.ts';
import { type Clock, formatTimeUs } from './clock.ts';
import type { Config } from './config.ts';
import { messageOf, UserError } from './errors.ts';
import { FeedHub, type HubFeed } from './events/hub.ts';
import type { Log } from './log.ts';
import { Engine } from './occupancy/engine.ts';
import { loadOrCreateKey } from './privacy/key-file.ts';
import { CellRegistry } from './reference/cell-registry.ts';
import { readCells } from './reference/read-cells.ts';
import { type Region, readRegions } from './reference/read-regions.ts';
import { RegionIndex } from './reference/region-index.ts';
import { projectRoot } from './root.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/types.ts';

export interface ServeOptions {
  feeds: string[];
  /** Event seconds per wall second; absent: 60 for a simulation, else 1. */
  speed?: number;
  cellsFile?: string;
  regionsFile?: string;
  host: string;
  port: number;
  dataDir: string;
  databaseUrl?: string;
  config: Config;
}

export interface Running {
  address: string;
  /** Resolves with the error that ends the server from inside: no feed is left to read, or an invariant broke. */
  failed: Promise<Error>;
  stop(): Promise<void>;
}

function networkOf(specs: FeedSpec[]): 'sim' | 'live' {
  const simulated = specs.filter(({ kind }) => kind === 'sim').length;
  if (simulated > 0 && simulated < specs.length) {
    throw new UserError(
      'FEED_MIX',
      'the simulated city and real feeds do not mix on one wall; start them apart, with --data DIR each',
    );
  }
  if (simulated > 1) throw new UserError('FEED_MIX', 'one sim: feed at a time; its options set population and seed');
  return simulated > 0 ? 'sim' : 'live';
}

/** What the feed's thread is to do: a simulation starts earlier than the wall joins it, so that presence warms up. */
function plan(spec: FeedSpec, storedUs: number, config: Config, log: Log): { spec: FeedSpec; joinUs?: number } {
  if (spec.kind !== 'sim') {
    if (storedUs >= 0)
      log('info', `${spec.uri}: events up to ${formatTimeUs(storedUs)} are stored already and are not stored again`);
    return { spec };
  }
  const { options, joinUs, resumed } = scheduleSim(spec.options, storedUs, config.presenceTtlMs * 1000);
  const join = formatTimeUs(joinUs);
  log(
    'info',
    resumed
      ? `The simulated day goes on after ${join}; presence warms up again`
      : `The wall joins the simulated day at ${join}; presence warms up first`,
  );
  return { spec: { ...spec, options }, joinUs };
}

/** Changes with every build: screens that see another one reload themselves. */
function buildId(): string {
  const parts = ['server/signalwall.js', 'web/index.html'].map(
    (file) => statSync(join(projectRoot, 'dist', file)).mtimeMs,
  );
  return createHash('sha256').update(parts.join()).digest('hex').slice(0, 12);
}

/** One line each ten per cent of a warm-up. */
function warmUpReporter(hub: FeedHub, log: Log): () => void {
  const told = new Map<string, number>();
  return () => {
    for (const { id, state, progress, clockUs } of hub.status()) {
      const tenth = Math.floor(progress * 10);
      if (state !== 'warming up' || told.get(id) === tenth) continue;
      told.set(id, tenth);
      log('info', `Warming up: ${Math.round(progress * 100)} %, event time ${formatTimeUs(clockUs)}`);
    }
  };
}

/** What the network consists of, before the first event: cells, micro-regions, base map. */
async function loadReference(options: ServeOptions, specs: FeedSpec[], store: Store, log: Log) {
  const registry = new CellRegistry();
  const stored = await store.loadCells();
  registry.load(
    stored.map(({ cell }) => cell),
    { ids: stored.map(({ id }) => id) },
  );
  const sim = specs.find((spec) => spec.kind === 'sim');
  const city = sim === undefined ? null : makeCity(sim.options.seed ?? 1, sim.options.venueLac ?? 'own');
  if (city !== null) registry.load(city.cells);
  if (options.cellsFile !== undefined) registry.load(await readCells(options.cellsFile));
  let regionList: Region[] = city?.regions ?? [];
  if (options.regionsFile !== undefined) regionList = await readRegions(options.regionsFile);
  const regions = new RegionIndex(regionList, registry, (line) => log('warn', line));
  await store.saveCells(Array.from({ length: registry.count }, (_, id) => ({ id, cell: registry.info(id) })));
  await store.saveRegions(regionList, (region) => regions.cellsOf(region));
  registry.onAdded((id) => store.addCell(id, registry.info(id)));
  log('info', `Reference: ${registry.count.toLocaleString('en')} cells, ${regionList.length} micro-regions`);
  return { registry, regions, schematic: city?.schematic ?? null };
}

/**
 * The whole server: joins the stages in the order of the data and starts them.
 *
 * @throws UserError in one line for whatever the person at the keyboard can mend
 */
export async function startSignalwall(options: ServeOptions, clock: Clock, log: Log): Promise<Running> {
  const { config } = options;
  const startedMs = clock.monotonicMs();
  const specs = options.feeds.map((uri) => parseFeedUri(uri, config.homePlmns.split(',')[0]));
  const network = networkOf(specs);
  const speed = options.speed ?? (network === 'sim' ? 60 : 1);
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });

  // The database: history, cells, and how far this stream of events has been stored.
  const key = loadOrCreateKey(join(options.dataDir, 'keys'));
  const store = await openStore({
    ...(options.databaseUrl !== undefined && { databaseUrl: options.databaseUrl }),
    dataDir: options.dataDir,
    network,
    config,
    clock,
    log,
    progress: (line) => log('info', line),
  });
  const closing: (() => Promise<void>)[] = [() => store.close()];
  const stop = async () => {
    while (closing.length > 0) await closing.pop()!();
  };

  try {
    const { registry, regions, schematic } = await loadReference(options, specs, store, log);
    const stream = specs.map(({ uri }) => uri).join(' ');
    const storedUs = await store.position(stream);
    store.begin(stream);

    // presence and occupancy: rows in order → counters → gauges and stays for the store.
    const engine = new Engine({
      config,
      registry,
      regions,
      everyUs: config.gaugeEveryMs * 1000,
      onInterval: (gauges) => store.gauges(gauges),
      onStays: (stays) => store.stays(stays),
    });

    // The feeds, each in a thread of its own, brought together and put in order by the hub.
    const feeds = specs.map((spec, i): HubFeed => {
      const { spec: planned, joinUs } = plan(spec, storedUs, config, log);
      return {
        id: `feed-${i + 1}`,
        uri: spec.uri,
        port: startFeedThread({ spec: planned, config, key }, log),
        ...(joinUs !== undefined && { joinUs }),
      };
    });
    const hub = new FeedHub({
      config,
      clock,
      log,
      feeds,
      speed,
      cellIdOf: (cgi) => registry.idOf(cgi),
      onRows: (batch, from, to) => {
        engine.apply(batch, from, to);
        store.events(batch, from, to);
      },
      onLate: (batch, from, to) => {
        engine.applyLate(batch, from, to);
        store.events(batch, from, to);
      },
      onTooLate: (batch, from, to) => store.events(batch, from, to),
      onClock: (clockUs, feedClocksUs) => {
        engine.advance(clockUs, feedClocksUs);
        store.eventClock(clockUs);
      },
      room: () => (store.room ? null : store.whenRoom()),
    });

    // push: the wall and the API.
    const build = buildId();
    const layout = layoutMaker({
      config,
      registry,
      regions,
      schematic,
      build,
      clock,
      title: network === 'sim' ? '广州 · 天河体育中心 保障大屏' : 'Signalwall',
    });
    const server = await startServer({
      host: options.host,
      port: options.port,
      config,
      clock,
      log,
      webRoot: join(projectRoot, 'dist', 'web'),
      build,
      view: () => engine.view,
      layout,
      status: () => ({
        feeds: hub.status(),
        store: store.status,
        unknownCells: registry.listLoaded ? registry.unknownCells : 0,
        eventsPerS: hub.eventsPerS,
      }),
      health: () => healthOf({ clock, startedMs, hub, store, engine, registry }),
      store,
    });
    closing.push(() => server.close());
    closing.push(() => hub.stop());
    const address = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${server.port}/`;
    log('info', `Wall: ${address}`);

    const guard = (work: () => void) => () => {
      try {
        work();
      } catch (error) {
        fail(error instanceof Error ? error : new Error(messageOf(error)));
      }
    };
    const ticker = setInterval(
      guard(() => server.publish()),
      config.tickMs,
    );
    closing.push(async () => clearInterval(ticker));
    const reporter = setInterval(warmUpReporter(hub, log), 1000);
    closing.push(async () => clearInterval(reporter));

    await hub.start();
    if (hub.failure !== null && hub.allDone) throw new UserError('FEED_FAILED', hub.failure);
    return { address, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
