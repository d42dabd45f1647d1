import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { listenAddress } from './api/guard.ts';
import { healthOf, journalStatus } from './api/health.ts';
import { layoutMaker } from './api/layout.ts';
import { refuseTakenPort } from './api/listen.ts';
import { startServer } from './api/server.ts';
import { type FeedSpec, isLive, parseFeedUri } from './capture/feed-uri.ts';
import { readEstimateInput } from './cli/estimate-input.ts';
import { checkFeeds, networkOf } from './cli/feed-checks.ts';
import { planFeeds, takenInOf } from './cli/feed-plan.ts';
import { startFeedThread } from './cli/feed-thread.ts';
import { GateKeeper } from './cli/gate-keeper.ts';
import { cellsOfRegions, clearUnfinished, hasRun, openLog, refuseShortJournal, storeOffset } from './cli/open-log.ts';
import { OptOutKeeper } from './cli/opt-out-keeper.ts';
import { openProbeAside } from './cli/probe-aside.ts';
import { openPushFeed } from './cli/push-feeds.ts';
import { readReference } from './cli/reference-input.ts';
import { counted } from './cli/words.ts';
import { type Clock, formatTimeUs, type Timers, within } from './clock.ts';
import type { Config } from './config.ts';
import { beginRun, refuseOtherCells } from './core/begin-run.ts';
import type { FollowerMaker } from './core/counting.ts';
import { inSlices } from './core/in-slices.ts';
import { LogWriter } from './core/log-writer.ts';
import { RegionEditor } from './core/region-editor.ts';
import { staysStored } from './core/stays-stored.ts';
import { StoreReader } from './core/store-reader.ts';
import { makeDataFolder } from './data-folder.ts';
import { errorOf, heardElsewhere, UserError } from './errors.ts';
import { LiveEstimates } from './estimate/live-estimates.ts';
import { FeedHub } from './events/hub.ts';
import type { PushFeed } from './events/push-feed.ts';
import { nodeDisk } from './journal/disk.ts';
import type { Log } from './log.ts';
import { LacTtls } from './occupancy/cell-ttls.ts';
import { loadOrCreateKey, receiverOf } from './privacy/key-file.ts';
import { areaNames, areaTables } from './reference/home-areas.ts';
import type { NumberSegments } from './reference/number-segments.ts';
import { projectRoot } from './root.ts';
import { LateStore } from './store/late-store.ts';
import { openStore } from './store/open-store.ts';
import { lateReachUs } from './store/periods.ts';
import { saysAway } from './store/real-database.ts';
import type { Store } from './store/types.ts';

/** At the end the database is given this long to take what is in the journal; the next start goes on with the rest. */
const drainMs = 3_000;
/** And the disk this long to take what has not been acknowledged yet: one that is full does not. */
const lastCommitMs = 1_000;

export interface ServeOptions {
  feeds: string[];
  /** Event seconds per wall second; absent: 60 for a simulation, else 1. */
  speed?: number;
  cellsFile?: string;
  regionsFile?: string;
  /** Market shares, without which no people are estimated, and gate counts. */
  sharesFile?: string;
  gatesFile?: string;
  host: string;
  port: number;
  dataDir: string;
  databaseUrl?: string;
  /** Where numbers and SIMs are at home, as imported; null or absent: nobody has told. */
  segments?: NumberSegments | null;
  config: Config;
}

export interface Running {
  address: string;
  /** Resolves with the error that ends the server from inside: a feed's thread broke by a bug. */
  failed: Promise<Error>;
  stop(): Promise<void>;
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

/**
 * The whole server: joins the stages in the order of the data and starts them.
 *
 * @param signal ends the start between two of its steps
 * @throws UserError in one line for whatever the person at the keyboard can mend; the signal's reason when it ended
 */
export async function startSignalwall(
  options: ServeOptions,
  { clock, timers }: { clock: Clock; timers: Timers },
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
  const estimateInput = await readEstimateInput(options, reference.regions, log);
  const folder = join(options.dataDir, network);
  await clearUnfinished(folder);
  makeDataFolder(options.dataDir);
  signal.throwIfAborted();
  const key = loadOrCreateKey(join(options.dataDir, 'keys'));
  const optOuts = new OptOutKeeper({ dataDir: options.dataDir, key, timers, log });
  const { list: optedOut } = optOuts;
  const { segments = null } = options;
  const areas = segments && areaTables(segments.rows);

  // What is undone at the end, from the last to the first.
  const closing: (() => Promise<void>)[] = [];
  const stop = async () => {
    while (closing.length > 0) await closing.pop()!();
  };

  try {
    // The database: history, and how far the journal stands in it. Where it is away, what has run before goes on.
    const storeOptions = {
      ...(options.databaseUrl !== undefined && { databaseUrl: options.databaseUrl }),
      dataDir: options.dataDir,
      network,
      // What comes as it happens is kept by wall time, what is read from files by its own.
      mode: specs.some(isLive) ? ('live' as const) : ('replay' as const),
      segments,
      optedOut,
      config,
      clock,
      log,
      signal,
      progress: (line: string) => log('info', line),
    };
    const open = (again: boolean) => openStore({ ...storeOptions, again, onBehind: (why) => store.goBack(why) });
    const first = await open(false).catch((why: Error) => {
      signal.throwIfAborted();
      if (!saysAway(why) || !hasRun(folder)) throw why;
      log('warn', `${why.message}; counting goes on from journal and snapshot, and the database is tried again`);
      return why;
    });
    const opened = first instanceof Error ? null : first;
    const store: LateStore = new LateStore({ open: () => open(true), first, clock, log, onFailed: fail });
    closing.push(() => store.close());
    signal.throwIfAborted();

    // The journal, and the counters as its records have made them: presence and occupancy.
    const cells = opened === null ? [] : await opened.loadCells();
    const gates =
      estimateInput && (await GateKeeper.open(join(folder, 'gate-counts.json'), nodeDisk, estimateInput.gates));
    let estimates: LiveEstimates | null = null;
    const follow: FollowerMaker = (counting, registry) => {
      estimates =
        gates &&
        new LiveEstimates({
          ...{ ...estimateInput!, gates: gates.counts, regions: () => counting.regions, registry, log },
          ...{ subscribersMax: config.silentPhonesMax, periodicUs: config.t3212Ms * 1000 },
          gatePastUs: config.gatePastMs * 1000,
          present: new LacTtls(config, registry),
        });
      return estimates;
    };
    const { journal, records, core, close } = await openLog({
      ...{ folder, config, clock, timers, log, store, cells, signal, follow, optedOut, onFailed: fail },
    });
    closing.push(close);
    const { held } = store;
    const endAtStart = journal.committed;
    const isFirst = core.state.fingerprint === '';
    if (isFirst && store.why !== null) throw store.why;
    const storeFrom = opened === null ? -1 : storeOffset(journal, core, opened, log);
    const taken = isFirst ? takenInOf(held) : { positions: core.state.positions, clockUs: core.state.releaseUs };
    const planned = planFeeds(firstUs, network, taken, held.earlier.keys(), options, log);
    core.start();
    // The store gets what the last records give: it ends behind the counters.
    let storeReader: StoreReader | null = null;
    closing.push(async () => storeReader?.stop(store.status.state === 'up' ? drainMs : 0));
    closing.push(() => core.stop());

    // What this start brings becomes records too; then the database learns of cells and regions.
    const isNew = held.row.batch === 0 && held.earlier.size === 0;
    const warmsUp = simulated && planned[0].position.eventUs < 0;
    await beginRun(core, records, clock, log, {
      stored: cells,
      positions: [...taken.positions.values()],
      after: isNew ? null : held.row.journal,
      cells: reference.cells,
      regions: reference.regions,
      feeds: planned.map(({ position }) => position),
      // Until a simulation is joined its presence table only fills up: those figures are nobody's history.
      historyFromUs: warmsUp ? planned[0].joinUs! : core.state.historyFromUs,
    });
    const { state, counting } = core;
    const { registry } = state;
    const { length: nodes } = counting.regions.nodes;
    const tree = nodes === 0 ? '' : `, ${counted(nodes, 'node')} of the region tree`;
    log(
      'info',
      `Reference: ${counted(registry.count, 'cell')}, ${counted(state.regions.length, 'micro-region')}${tree}`,
    );
    const storedUs = Math.max(held.row.eventUs, ...held.earlier.values());
    signal.throwIfAborted();

    // The store learns of cells and regions, and reads the journal behind the counters.
    const writer = new LogWriter({ clock, journal, records, state });
    const cellsOf = cellsOfRegions(core, journal, store);
    const onHeld = (why: string) => store.hold(why);
    const joinStore = async (store: Store, from: number) => {
      storeReader?.leave();
      await store.saveCells(Array.from({ length: registry.count }, (_, id) => ({ id, cell: registry.info(id) })));
      // A set made by edits that the database lacks is dated by their own records.
      const onTheWay = state.editedTo > Math.max(from, state.broughtTo);
      await store.saveRegions(counting.regions.regions, cellsOf, state.regionsVersion, onTheWay, state.releaseUs);
      store.begin(journal.id, from, () => writer);
      storeReader = new StoreReader({ clock, timers, records, store, onHeld, onFailed: fail }, from);
      storeReader.start();
    };
    if (opened !== null) await joinStore(opened, storeFrom);
    store.start(
      () => writer,
      async (again) => {
        refuseShortJournal(journal.id, storeReader === null ? endAtStart : journal.committed, again.held.row);
        refuseOtherCells(state, await again.loadCells());
        await joinStore(again, storeOffset(journal, core, again, log));
      },
    );

    // Programs send their events to some feeds; these are read here, and acknowledged once they are in the journal.
    const pushFeeds = new Map<string, PushFeed>();
    const full = () => journal.full || journal.failed !== null;
    const asideFolder = join(options.dataDir, 'quarantine');
    const countsFromUs = () => state.releaseUs - lateReachUs;
    for (const { spec, position } of planned)
      if (spec.kind === 'push')
        pushFeeds.set(
          spec.id,
          openPushFeed(spec, position, {
            ...{ config, key, areas, clock, timers, full, log },
            ...{ disk: nodeDisk, asideFolder, optedOut, countsFromUs },
          }),
        );

    const probeAside = (spec: FeedSpec) =>
      isLive(spec) && spec.kind !== 'push'
        ? openProbeAside(spec, { config, disk: nodeDisk, asideFolder, optedOut, timers, log })
        : null;

    // The feeds, each other in a thread of its own; the hub decides when the clock moves, and all of it goes into the journal.
    const hub = new FeedHub({
      config,
      clock,
      log,
      feeds: planned.map(({ spec, position, known, joinUs }, i) => ({
        id: `feed-${i + 1}`,
        uri: specs[i].uri,
        port:
          spec.kind === 'push'
            ? pushFeeds.get(spec.id)!
            : startFeedThread({ spec, config, key, known, areas }, fail, probeAside(spec)),
        position,
        ...(joinUs !== undefined && { joinUs }),
        live: isLive(spec),
        ...(spec.kind === 'push' && spec.waitMs !== undefined && { staleMs: spec.waitMs }),
      })),
      past: { ...state, positions: state.positions.values() },
      speed,
      sink: writer,
      optedOut,
      room: (live) => {
        if (!journal.room) return journal.whenRoom();
        if (records.committed - core.applied > config.recordsKeptBytesMax / 2)
          return core.whenApplied(records.committed);
        return live || store.room ? null : store.whenRoom();
      },
      onFailed: fail,
    });
    // Whatever the feeds have said is on disk before those who read it end; why it can't be has been told.
    closing.push(async () => {
      await within(timers, lastCommitMs, journal.whenCommitted(journal.next)).catch(heardElsewhere);
    });
    closing.push(() => hub.stop());
    optOuts.start({ core, records, journal, store }, fail);
    closing.push(() => optOuts.stop());

    // push: the wall and the API.
    const build = buildId();
    const layout = layoutMaker({
      config,
      registry,
      regions: () => counting.regions,
      regionsVersion: () => state.regionsVersion,
      schematic: reference.schematic,
      build,
      clock,
      title: simulated ? '广州 · 天河体育中心 保障大屏' : 'Signalwall',
    });
    const health = {
      minCount: config.minCount,
      clock,
      startedMs,
      hub,
      store,
      journal,
      core,
      optedOut: () => optedOut.identities,
    };
    const server = await startServer({
      host: options.host,
      port: options.port,
      config,
      clock,
      log,
      webRoot: join(projectRoot, 'dist', 'web'),
      build,
      view: () => counting.engine.view,
      people: () => estimates?.update(counting.engine.view) ?? null,
      layout,
      status: () => ({
        feeds: hub.status(),
        store: store.status,
        journal: journalStatus(journal, core, clock),
        ...(opened !== null && { storedUs }),
        unknownCells: registry.listLoaded ? registry.unknownCells : 0,
        eventsPerS: hub.eventsPerS,
      }),
      health: () => healthOf(health),
      store,
      areaNames: areaNames(segments?.rows ?? []),
      editor: new RegionEditor({ core, records, journal, clock, timers, config }),
      cellsOf: (region) => counting.regions.cellsOf(region),
      openStays: (cells) => inSlices(counting.engine.openStays(cells), timers),
      staysStored: () =>
        staysStored({
          waiting: () => (counting.engine.stays?.n ?? 0) > 0,
          derivedTo: () => core.derivedTo,
          journal: journal.id,
          ledger: () => store.ledger,
          timers,
        }),
      gates: gates && ((counts) => gates.take(counts, () => ({ estimates: estimates!, view: counting.engine.view }))),
      pushFeeds,
      receiver: receiverOf(key),
      crowds: { timers, failed: fail },
    });
    closing.push(() => server.close());
    const address = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${server.port}/`;
    log('info', `Wall: ${address}`);

    const ticker = setInterval(() => server.publish(), config.tickMs);
    const reporter = setInterval(warmUpReporter(hub, log), 1000);
    closing.push(async () => {
      clearInterval(ticker);
      clearInterval(reporter);
    });

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
