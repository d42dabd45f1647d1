import { storeOffset } from '../../server/cli/open-log.ts';
import type { Config } from '../../server/config.ts';
import { beginRun, positionOf } from '../../server/core/begin-run.ts';
import { Core } from '../../server/core/core.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import { LogWriter } from '../../server/core/log-writer.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { StoreReader } from '../../server/core/store-reader.ts';
import { errorOf, heardElsewhere } from '../../server/errors.ts';
import type { FeedPosition } from '../../server/events/feed-position.ts';
import { FeedHub } from '../../server/events/hub.ts';
import type { HubFeed } from '../../server/events/hub-feed.ts';
import { Journal } from '../../server/journal/journal.ts';
import type { Log } from '../../server/log.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { openPool } from '../../server/store/connection.ts';
import { DatabaseStore } from '../../server/store/database-store.ts';
import type { SimDatabase } from './database.ts';
import type { Machine } from './disk.ts';
import { syncing } from './fake-files.ts';
import type { Follower } from './follower.ts';
import { type Chance, Life, type Schedule, type WorldClock } from './schedule.ts';

export interface ServerOptions {
  schedule: Schedule;
  machine: Machine;
  database: SimDatabase;
  clock: WorldClock;
  chance: Chance;
  config: Config;
  regions: Region[];
  speed: number;
  segmentBytes: number;
  journalBytesMax: number;
  follower: Follower;
  /** The feeds of a run, which has come as far as `positionOf` tells. */
  feeds(life: Life, positionOf: (identity: string) => FeedPosition): HubFeed[];
  /** It has ended by itself, for a reason from outside: somebody starts it again. */
  onEnded(server: Server): void;
}

/** Codes of failures that the world itself has brought about. */
const expected = /^(EIO|ENOSPC|ECONN\w+|JOURNAL_FAILED|JOURNAL_CLOSED|DATABASE_IN_USE|53200)$|^no answer within/;
/** What the log may never say here: nothing is damaged, and nobody changes a setting. */
const alarming = /warms up again|the database is of before|the database is empty|refused|can't be used|are given up/;

let nextServer = 0;

/** One run of the server: what `main.ts` joins, in the same order, on the world's disk, database, clock and feeds. */
export class Server {
  readonly life: Life;
  core: Core | null = null;
  journal: Journal | null = null;
  store: DatabaseStore | null = null;
  reader: StoreReader | null = null;
  hub: FeedHub | null = null;
  running = false;
  readonly #options: ServerOptions;
  #closing: (() => Promise<void>)[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.life = new Life(options.schedule);
  }

  begin(): void {
    this.#start().catch((error) => this.#ended(error));
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    this.running = false;
    while (this.#closing.length > 0) await this.#closing.pop()!();
  }

  readonly #log: Log = (level, line) => {
    const { schedule } = this.#options;
    schedule.note(`${level} ${line}`);
    schedule.coverage.meetLine(line);
    if (level !== 'info' && alarming.test(line)) schedule.fail(`the server says: ${line}`);
  };

  #ended(thrown: unknown): void {
    if (!this.life.alive) return;
    const error = errorOf(thrown);
    const { code = error.message } = error as { code?: string };
    if (expected.test(code)) {
      this.#options.schedule.note(`the server ends: ${error.message}`);
      this.#options.onEnded(this);
    } else this.#options.schedule.fail(`the server ends: ${error.stack}`);
  }

  async #start(): Promise<void> {
    const { machine, clock, chance, config, follower, schedule } = this.#options;
    const log = this.#log;
    const timers = this.life;
    const onFailed = (error: unknown) => this.#ended(error);
    const store = await this.#openStore();
    const { held } = store;
    const cells = await store.loadCells();
    const disk = machine.of(this.life);
    const journal = await Journal.open({
      ...{ disk, folder: 'journal', timers, log, newId: () => chance.hex(32) },
      ...{ segmentBytes: this.#options.segmentBytes, bytesMax: this.#options.journalBytesMax },
      ...{ freeBytesMin: 2_000, commitMs: config.journalCommitMs, onFailed },
    });
    this.journal = journal;
    await follower.follow(journal);
    const records = new EventLog(journal, config.recordsKeptBytesMax);
    const snapshots = await Snapshots.open(disk, 'snapshots', journal, log);
    const storedTo = () => (store.ledger.journal === journal.id ? store.durable : -1);
    const known = new LogState();
    const core = await Core.open({
      ...{ config, clock, timers, log, journal, records, snapshots, known, storedTo, onFailed },
    });
    this.core = core;
    if (snapshots.newest > 0) schedule.coverage.meet('a restart by snapshot');
    else if (core.applied > 0) schedule.coverage.meet('a restart without snapshot');
    if (held.row.journal !== '' && held.row.journal !== journal.id)
      schedule.coverage.meet('the database of another journal');
    this.#closing.push(() => journal.close());
    const storeFrom = storeOffset(journal, core, store, log);
    const isFirst = core.state.fingerprint === '';
    const positions = new Map(isFirst ? held.positions.map((each) => [each.identity, each]) : core.state.positions);
    core.start();
    this.#closing.push(async () => this.reader?.stop(3_000));
    this.#closing.push(() => core.stop());
    const feeds = this.#options.feeds(this.life, (identity) => {
      const position = positionOf(positions, identity);
      positions.set(identity, position);
      return position;
    });
    await beginRun(core, records, clock, log, {
      stored: cells,
      positions: [...positions.values()],
      after: held.row.batch === 0 ? null : held.row.journal,
      cells: null,
      regions: this.#options.regions,
      feeds: feeds.map(({ position }) => position),
      historyFromUs: core.state.historyFromUs,
    });
    const { state, counting } = core;
    const { registry } = state;
    await store.saveCells(Array.from({ length: registry.count }, (_, id) => ({ id, cell: registry.info(id) })));
    await store.saveRegions(state.regions, (region) => counting.regions.cellsOf(region));
    const writer = new LogWriter({ clock, journal, records, state });
    store.begin(journal.id, storeFrom, () => writer);
    const reader = new StoreReader({ clock, timers, records, store, onFailed }, storeFrom);
    this.reader = reader;
    reader.start();
    const hub = new FeedHub({
      ...{ config, clock, log, feeds, speed: this.#options.speed, sink: writer, onFailed },
      past: { ...state, positions: state.positions.values() },
      room: (live) => {
        if (!journal.room) return journal.whenRoom();
        if (records.committed - core.applied > config.recordsKeptBytesMax / 2)
          return core.whenApplied(records.committed);
        return live || store.room ? null : store.whenRoom();
      },
    });
    this.#closing.push(() => journal.whenCommitted(journal.next).catch(heardElsewhere));
    this.#closing.push(() => hub.stop());
    this.hub = hub;
    await hub.start();
    if (!this.life.alive) return;
    this.running = true;
    schedule.note('the server runs');
  }

  async #openStore(): Promise<DatabaseStore> {
    const { clock, config, database } = this.#options;
    const folder = database.embedded ? `pg-${nextServer++}` : null;
    const { life } = this;
    if (folder !== null) {
      // Some hundred files, one behind the other.
      syncing.set(folder, () => {
        return new Promise((resolve) => {
          life.after(this.#options.chance.between(5, 300), () => {
            database.syncCheckpoint();
            resolve();
          });
        });
      });
    }
    const target = {
      config: { sim: { database, life } } as never,
      embedded: database.embedded,
      name: 'the simulated one',
    };
    const pool = openPool(target, config.databaseDeadlineMs, (line) => this.#log('info', line));
    const log = this.#log;
    const store = new DatabaseStore({
      ...{ dataDir: '', network: 'sim', config, clock, log, progress: () => undefined },
      ...{ database: target, version: '', embedded: null, pool, folder },
    });
    await store.open();
    this.#closing.push(() => store.close());
    this.store = store;
    return store;
  }
}
