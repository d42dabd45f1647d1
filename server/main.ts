import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeCity } from '../fixtures/make/city/index.ts';
import type { Schematic } from '../shared/protocol.ts';
import { listenAddress } from './api/guard.ts';
import { healthOf } from './api/health.ts';
import { layoutMaker } from './api/layout.ts';
import { refuseTakenPort } from './api/listen.ts';
import { startServer } from './api/server.ts';
import { streamIdentity } from './capture/feed-identity.ts';
import { type FeedSpec, isLive, parseFeedUri } from './capture/feed-uri.ts';
import { checkFeeds, networkOf, refuseStoredElsewhere, refuseTooOld } from './cli/feed-checks.ts';
import { startFeedThread } from './cli/feed-thread.ts';
import { scheduleSim } from './cli/sim-schedule.ts';
import { counted } from './cli/words.ts';
import { type Clock, formatTimeUs } from './clock.ts';
import type { Config } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { errorOf, UserError } from './errors.ts';
import { FeedHub } from './events/hub.ts';
import type { HubFeed } from './events/hub-feed.ts';
import type { Log } from './log.ts';
import { Engine } from './occupancy/engine.ts';
import { loadOrCreateKey } from './privacy/key-file.ts';
import { type CellInfo, CellRegistry } from './reference/cell-registry.ts';
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
  /** Resolves with the error that ends the server from inside: a feed's thread broke by a bug. */
  failed: Promise<Error>;
  stop(): Promise<void>;
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

interface Reference {
  /** A cell list, from `--cells` or the simulated city; null: cells are known as they turn up. */
  cells: CellInfo[] | null;
  regions: Region[];
  regionsFile: string | undefined;
  schematic: Schematic | null;
}

/** What the network consists of: read and checked before the database is opened. */
async function readReference(options: ServeOptions, specs: FeedSpec[], log: Log): Promise<Reference> {
  const sim = specs.find((spec) => spec.kind === 'sim');
  const city = sim === undefined ? null : makeCity(sim.options.seed ?? 1, sim.options.venueLac ?? 'own');
  const listed = options.cellsFile === undefined ? null : await readCells(options.cellsFile);
  const cells = city === null ? listed : [...city.cells, ...(listed ?? [])];
  const regions =
    options.regionsFile === undefined
      ? (city?.regions ?? [])
      : await readRegions(options.regionsFile, (line) => log('warn', line));
  // A region that names an unlisted cell is refused here already.
  const registry = new CellRegistry();
  if (cells !== null) registry.load(cells);
  new RegionIndex(regions, registry, () => undefined, options.regionsFile);
  return { cells, regions, regionsFile: options.regionsFile, schematic: city?.schematic ?? null };
}

/** The cells that the store knows, with their ids, then the list; and the regions over them. */
async function loadReference(reference: Reference, store: Store, log: Log) {
  const registry = new CellRegistry();
  const stored = await store.loadCells();
  registry.load(
    stored.map(({ cell }) => cell),
    { ids: stored.map(({ id }) => id) },
  );
  if (reference.cells !== null) registry.load(reference.cells);
  const regions = new RegionIndex(reference.regions, registry, (line) => log('warn', line), reference.regionsFile);
  await store.saveCells(Array.from({ length: registry.count }, (_, id) => ({ id, cell: registry.info(id) })));
  await store.saveRegions(reference.regions, (region) => regions.cellsOf(region));
  registry.onAdded((id) => store.addCell(id, registry.info(id)));
  log('info', `Reference: ${counted(registry.count, 'cell')}, ${counted(reference.regions.length, 'micro-region')}`);
  return { registry, regions };
}

/**
 * The whole server: joins the stages in the order of the data and starts them.
 *
 * @param signal ends the start between two of its steps
 * @throws UserError in one line for whatever the person at the keyboard can mend; the signal's reason when it ended
 */
export async function startSignalwall(
  options: ServeOptions,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<Running> {
  const { config } = options;
  const startedMs = clock.monotonicMs();
  const specs = options.feeds.map((uri) => parseFeedUri(uri, config.homePlmns.split(',')[0]));
  const network = networkOf(specs);
  const simulated = network !== 'live';
  const speed = options.speed ?? (simulated ? 60 : 1);
  let bug: Error | null = null;
  let tellFailed: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    tellFailed = resolve;
  });
  const fail = (error: unknown) => {
    bug ??= errorOf(error);
    tellFailed(bug);
  };

  listenAddress(options.host);
  await refuseTakenPort(options.host, options.port);
  const firstUs = await checkFeeds(specs);
  const reference = await readReference(options, specs, log);
  makeDataFolder(options.dataDir);
  signal.throwIfAborted();

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
    signal.throwIfAborted();
    const { registry, regions } = await loadReference(reference, store, log);
    signal.throwIfAborted();
    // A simulated city is one stream, from whatever time it is joined.
    const stream = simulated ? network : streamIdentity(specs);
    if (!simulated) await refuseStoredElsewhere(store, specs, stream);
    const storedUs = await store.position(stream);
    if (!simulated && storedUs < 0) await refuseTooOld(store, firstUs, options.dataDir);
    store.begin(stream);

    const planned = specs.map((spec) => ({ uri: spec.uri, ...plan(spec, storedUs, config, log) }));
    // A day that goes on behind what is stored is whole again there: no minute between is left out.
    const { joinUs = storedUs } = planned[0];
    const historyFromUs = joinUs > storedUs ? joinUs : Number.NEGATIVE_INFINITY;

    // presence and occupancy: rows in order → counters → gauges and stays for the store.
    const engine = new Engine({
      config,
      registry,
      regions,
      everyUs: config.gaugeEveryMs * 1000,
      // Until a simulation is joined its presence table only fills up: those figures are nobody's history.
      onInterval: (gauges) => {
        if (gauges.startUs >= historyFromUs) store.gauges(gauges);
      },
      onStays: (stays) => store.stays(stays),
    });

    // The feeds, each in a thread of its own, brought together and put in order by the hub.
    const hub = new FeedHub({
      config,
      clock,
      log,
      feeds: planned.map(
        ({ uri, spec, joinUs }, i): HubFeed => ({
          id: `feed-${i + 1}`,
          uri,
          port: startFeedThread({ spec, config, key }, fail),
          ...(joinUs !== undefined && { joinUs }),
          live: isLive(spec),
        }),
      ),
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
      // The last intervals would wait for events that never come.
      onEnd: () => engine.finish(),
    });
    closing.push(() => hub.stop());

    // push: the wall and the API.
    const build = buildId();
    const layout = layoutMaker({
      config,
      registry,
      regions,
      schematic: reference.schematic,
      build,
      clock,
      title: simulated ? '广州 · 天河体育中心 保障大屏' : 'Signalwall',
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
        storedUs,
        unknownCells: registry.listLoaded ? registry.unknownCells : 0,
        eventsPerS: hub.eventsPerS,
      }),
      health: () => healthOf({ minCount: config.minCount, clock, startedMs, hub, store, engine, registry }),
      store,
    });
    closing.push(() => server.close());
    const address = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${server.port}/`;
    log('info', `Wall: ${address}`);

    const ticker = setInterval(() => server.publish(), config.tickMs);
    closing.push(async () => clearInterval(ticker));
    const reporter = setInterval(warmUpReporter(hub, log), 1000);
    closing.push(async () => clearInterval(reporter));

    signal.throwIfAborted();
    await hub.start();
    // A thread that broke by a bug is no feed that could not be opened.
    if (bug !== null) throw bug;
    if (hub.allDone && hub.failures.length > 0) throw new UserError('FEED_FAILED', hub.failures.join('; '));
    for (const failure of hub.failures) log('error', failure);
    return { address, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
