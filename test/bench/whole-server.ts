/** The stages that `startSignalwall` joins, with a feed of the bench's own and an eye on each stage. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutMaker } from '../../server/api/layout.ts';
import { startServer } from '../../server/api/server.ts';
import { openLog, storeOffset } from '../../server/cli/open-log.ts';
import { systemClock as clock, systemTimers as timers } from '../../server/clock.ts';
import type { Config } from '../../server/config.ts';
import { beginRun, positionOf } from '../../server/core/begin-run.ts';
import { LogWriter } from '../../server/core/log-writer.ts';
import { RegionEditor } from '../../server/core/region-editor.ts';
import { StoreReader } from '../../server/core/store-reader.ts';
import { FeedHub } from '../../server/events/hub.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import type { HubSink } from '../../server/events/hub-sink.ts';
import type { Journal } from '../../server/journal/journal.ts';
import type { EngineLimits } from '../../server/occupancy/engine-limits.ts';
import type { LiveView } from '../../server/occupancy/view.ts';
import type { CellInfo } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { projectRoot } from '../../server/root.ts';
import { openStore } from '../../server/store/open-store.ts';
import type { Store } from '../../server/store/types.ts';
import { createDatabase } from '../kill/cluster.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { WsClient } from '../tools/ws-client.ts';
import { cutDatabase } from './cut-database.ts';
import { ThreadTimes } from './thread-times.ts';

export interface WholeOptions {
  config: Config;
  cells: readonly CellInfo[] | null;
  regions: readonly Region[];
  /** Starts the feed's threads, whose names are given in the order in which it makes them. */
  feed: { start(fail: (error: Error) => void): FeedPort; threads: string[] };
  /** The feed does not wait for the database, as a live one does not. */
  live?: boolean;
  /** Is told when the hub has decided that all rows before a time are released, µs. */
  onRelease?: (releaseUs: number) => void;
}

export interface WholeServer {
  readonly journal: Journal;
  readonly store: Store;
  readonly hub: FeedHub;
  readonly client: WsClient;
  readonly threads: ThreadTimes;
  /** Milliseconds that feeds have been held back so far, by who had no room. */
  readonly heldBackMs: Record<'journal' | 'core' | 'store', number>;
  /** Milliseconds that committed records have waited for the store's next transaction. */
  readonly storeFullMs: () => number;
  /** Rows counted so far: they are in order, and in the counters. */
  readonly rows: () => number;
  readonly limits: () => EngineLimits;
  readonly view: () => LiveView;
  /** Snapshots of the counters that have been written so far. */
  readonly snapshots: () => number;
  /** Rejects when something of it breaks. */
  readonly failed: Promise<never>;
  /** The store can't reach its database until what this gives is called. */
  cutDatabase(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Starts a server on a new database: one of `DATABASE_URL`, else an embedded one. */
export async function startWhole(options: WholeOptions): Promise<WholeServer> {
  const { config } = options;
  const threads = await ThreadTimes.begin();
  const dataDir = mkdtempSync(join(tmpdir(), 'sw-whole-'));
  const database = await emptyDatabase();
  // Making the embedded database's tables is no part of any figure.
  if (database === null) await putDatabase(dataDir, 'sim');
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const log = () => undefined;
  const store = await openStore({
    ...(database !== null && { databaseUrl: database.url }),
    ...{ dataDir, network: 'sim', config, clock, log, progress: log },
  });
  threads.name('database');
  const { journal, records, core, close } = await openLog({
    ...{ folder: join(dataDir, 'sim'), config, clock, timers, log, store },
    ...{ cells: await store.loadCells(), signal: new AbortController().signal, onFailed: fail },
  });

  const storeFrom = storeOffset(journal, core, store, log);
  core.start();
  let { snapshotMs } = core;
  let snapshots = 0;
  const position = positionOf(core.state.positions, 'bench');
  await beginRun(core, records, clock, log, {
    ...{ stored: [], positions: [], after: null, cells: options.cells, regions: options.regions },
    ...{ feeds: [position], historyFromUs: null },
  });
  const { state, counting } = core;
  await store.saveRegions(state.regions, (region) => counting.regions.cellsOf(region));

  const writer = new LogWriter({ clock, journal, records, state });
  store.begin(journal.id, storeFrom, () => writer);
  let storeFullMs = 0;
  let cut: Promise<void> | null = null;
  const watched: Store = Object.create(store, {
    ready: { get: () => cut === null && store.ready },
    take: { value: store.take.bind(store) },
    flush: { value: store.flush.bind(store) },
    whenReady: {
      value: async () => {
        const sinceMs = clock.monotonicMs();
        await cut;
        await store.whenReady();
        storeFullMs += clock.monotonicMs() - sinceMs;
      },
    },
  });
  const onHeld = (why: string) => fail(new Error(why));
  const storeReader = new StoreReader({ clock, timers, records, store: watched, onHeld, onFailed: fail }, storeFrom);
  storeReader.start();
  const heldBackMs = { journal: 0, core: 0, store: 0 };
  let waiting = 0;
  let heldSinceMs = 0;
  const held = async (by: keyof typeof heldBackMs, room: Promise<void>) => {
    // Several credits of the feed may wait: the time counts once.
    if (waiting++ === 0) heldSinceMs = clock.monotonicMs();
    await room;
    if (--waiting === 0) heldBackMs[by] += clock.monotonicMs() - heldSinceMs;
  };
  const sink: HubSink = {
    cellIdOf: (cell) => writer.cellIdOf(cell),
    batch: (position, batch) => writer.batch(position, batch),
    clock: (releaseUs, feedClocksUs, readUs) => {
      options.onRelease?.(releaseUs);
      writer.clock(releaseUs, feedClocksUs, readUs);
    },
    finish: () => writer.finish(),
  };
  const port = options.feed.start(fail);
  const hub = new FeedHub({
    ...{ config, clock, log, speed: 0, sink, onFailed: fail },
    feeds: [{ id: 'feed-1', uri: 'bench', port, position }],
    past: { ...state, positions: state.positions.values() },
    room: () => {
      if (!journal.room) return held('journal', journal.whenRoom());
      if (records.committed - core.applied > config.recordsKeptBytesMax / 2)
        return held('core', core.whenApplied(records.committed));
      return options.live || store.room ? null : held('store', store.whenRoom());
    },
  });
  const server = await startServer({
    ...{
      host: '127.0.0.1',
      port: 0,
      config,
      clock,
      log,
      webRoot: join(projectRoot, 'dist', 'web'),
      build: 'bench',
      store,
    },
    view: () => counting.engine.view,
    layout: layoutMaker({
      ...{ clock, config, registry: state.registry, regions: () => counting.regions },
      regionsVersion: () => state.regionsVersion,
      ...{ title: 'bench', build: 'bench', schematic: null },
    }),
    status: () => ({
      feeds: hub.status(),
      store: store.status,
      unknownCells: 0,
      eventsPerS: hub.eventsPerS,
    }),
    health: () => ({}),
    editor: new RegionEditor({ core, records, journal, clock, timers, config }),
    cellsOf: (region) => counting.regions.cellsOf(region),
  });
  const ticker = setInterval(() => {
    server.publish();
    if (core.snapshotMs === snapshotMs) return;
    snapshots++;
    snapshotMs = core.snapshotMs;
  }, config.tickMs);
  const client = await WsClient.open(server.port, { origin: `http://127.0.0.1:${server.port}` });
  if (typeof client === 'string') throw new Error(`/ws refused: ${client}`);

  await hub.start();
  threads.name(...options.feed.threads);
  return {
    ...{ journal, store, hub, client, threads, heldBackMs, failed },
    storeFullMs: () => storeFullMs,
    rows: () => state.rows,
    limits: () => counting.engine.limits,
    view: () => counting.engine.view,
    snapshots: () => snapshots,
    cutDatabase: async () => {
      if (database !== null) return cutDatabase(process.env.DATABASE_URL!, database.url);
      // It is a part of this process: who reads the journal for it waits.
      let mend: () => void = () => undefined;
      cut = new Promise((resolve) => {
        mend = resolve;
      });
      return async () => {
        cut = null;
        mend();
      };
    },
    close: async () => {
      clearInterval(ticker);
      client.close();
      await server.close();
      await hub.stop();
      await journal.whenCommitted(journal.next);
      await core.stop();
      await storeReader.stop(1000);
      await close();
      await store.close();
      rmSync(dataDir, { recursive: true, force: true });
      await database?.drop();
    },
  };
}

let databases = 0;

/** null: the embedded one is used. */
function emptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> | null {
  const { DATABASE_URL: server } = process.env;
  return server ? createDatabase(server, `sw_bench_${process.pid}_${databases++}`) : null;
}
