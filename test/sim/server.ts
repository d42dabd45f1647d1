import { cellsOfRegions, refuseShortJournal, storeOffset } from '../../server/cli/open-log.ts';
import { openPushFeed } from '../../server/cli/push-feeds.ts';
import type { Config } from '../../server/config.ts';
import { beginRun, positionOf, refuseOtherCells } from '../../server/core/begin-run.ts';
import { Core } from '../../server/core/core.ts';
import { EventLog } from '../../server/core/event-log.ts';
import { LogState } from '../../server/core/log-state.ts';
import { LogWriter } from '../../server/core/log-writer.ts';
import { RegionEditor } from '../../server/core/region-editor.ts';
import { Snapshots } from '../../server/core/snapshots.ts';
import { StoreReader } from '../../server/core/store-reader.ts';
import { errorOf, heardElsewhere, UserError } from '../../server/errors.ts';
import type { FeedToHub } from '../../server/events/feed-messages.ts';
import type { FeedPosition } from '../../server/events/feed-position.ts';
import { FeedHub } from '../../server/events/hub.ts';
import type { HubFeed } from '../../server/events/hub-feed.ts';
import type { PushFeed } from '../../server/events/push-feed.ts';
import { Journal } from '../../server/journal/journal.ts';
import type { Log } from '../../server/log.ts';
import type { CellInfo } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { openPool } from '../../server/store/connection.ts';
import { DatabaseStore } from '../../server/store/database-store.ts';
import { LateStore } from '../../server/store/late-store.ts';
import { saysAway } from '../../server/store/real-database.ts';
import { refusals, type SimDatabase } from './database.ts';
import type { Machine } from './disk.ts';
import type { Follower } from './follower.ts';
import { Gate } from './gate.ts';
import { FilePort, watched } from './ports.ts';
import { Chance, Life, type Schedule, type WorldClock } from './schedule.ts';
import { behindS, type Script } from './script.ts';

export interface ServerOptions {
  schedule: Schedule;
  machine: Machine;
  database: SimDatabase;
  clock: WorldClock;
  chance: Chance;
  config: Config;
  regions: Region[];
  /** The cell list; null: there is none. */
  listed: readonly CellInfo[] | null;
  speed: number;
  segmentBytes: number;
  journalBytesMax: number;
  follower: Follower;
  scripts: readonly Script[];
  /** Seed of the chance of its file feeds. */
  seed: number;
  /** Gets every batch of an acknowledged feed on its way to the hub. */
  /** @param countsFromUs what lies before it was to be set aside */
  onPushed(script: Script, message: Extract<FeedToHub, { k: 'batch' }>, countsFromUs: number): void;
  /** Senders may come. */
  onOpen(gate: Gate): void;
  /** It has ended by itself, for a reason from outside: somebody starts it again. */
  onEnded(server: Server): void;
}

/** Codes of failures that the world itself has brought about. */
const expected = new RegExp(
  `^(EIO|ENOSPC|ECONN\\w+|JOURNAL_FAILED|JOURNAL_CLOSED|JOURNAL_UNREADABLE|DATABASE_BEHIND|DATABASE_IN_USE|${refusals.join('|')})$|^no answer within`,
);
/** What the log may never say here: nothing is damaged, and nobody changes a setting. */
const alarming =
  /warms up again|the database is of before|the database is empty|refused|can't be used|are given up|the log from \d+ to \d+ is missing/;

let nextServer = 0;

/** Nobody has a plain identity here. */
const pseudonymKey = new Uint8Array(32);

/** One run of the server: what `main.ts` joins, in the same order, on the world's disk, database, clock and feeds. */
export class Server {
  readonly life: Life;
  core: Core | null = null;
  journal: Journal | null = null;
  /** The one that is there and has joined. */
  store: DatabaseStore | null = null;
  reader: StoreReader | null = null;
  hub: FeedHub | null = null;
  editor: RegionEditor | null = null;
  running = false;
  readonly #options: ServerOptions;
  /** A file of the journal was missing then: it may be told when the file has long come back. */
  readonly #beganWithout: boolean;
  #closing: (() => Promise<void>)[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    this.life = new Life(options.schedule);
    this.#beganWithout = options.machine.missing;
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
    const isDue =
      (this.#beganWithout && /the log from \d+ to \d+ is missing/.test(line)) ||
      (this.#options.machine.rotten && /^the snapshot .* can't be used: /.test(line)) ||
      (this.#options.database.refusedRows > 0 && /rows were refused and set aside/.test(line)) ||
      // On a full disk: sent again, they are taken when there is room.
      /^feed .* are refused, for quarantine\/.* has no room: /.test(line);
    if (level !== 'info' && !isDue && alarming.test(line)) schedule.fail(`the server says: ${line}`);
    if (line.startsWith('no snapshot could be written')) void this.#nothingIsLeft();
  };

  /** What is half written would take room that the journal may need. */
  async #nothingIsLeft(): Promise<void> {
    const { machine, schedule } = this.#options;
    const left = (await machine.disk.list('snapshots')).filter((name) => name.endsWith('.tmp'));
    if (left.length > 0) schedule.fail(`a snapshot that could not be written is left: ${left}`);
  }

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
    const onBehind = (why: Error) => {
      this.store = null;
      store.goBack(why);
    };
    const open = () => this.#openStore(onBehind);
    const first = await open().catch((why) => this.#whyLater(errorOf(why)));
    const opened = first instanceof Error ? null : first;
    const store: LateStore = new LateStore({ open, first, clock, log, onFailed });
    this.#closing.push(() => store.close());
    const { held } = store;
    const cells = opened === null ? [] : await opened.loadCells();
    const disk = machine.of(this.life);
    const journal = await Journal.open({
      ...{ disk, folder: 'journal', timers, log, newId: () => chance.hex(32) },
      ...{ segmentBytes: this.#options.segmentBytes, bytesMax: this.#options.journalBytesMax },
      ...{ freeBytesMin: 2_000, commitMs: config.journalCommitMs, onFailed },
      provenTo: (id) => (held.row.journal === id ? held.row.offset : 0),
    });
    this.journal = journal;
    await follower.follow(journal);
    const records = new EventLog(journal, config.recordsKeptBytesMax);
    const snapshots = await Snapshots.open(disk, 'snapshots', journal, log, timers);
    // What was before the journal's base only a snapshot tells then.
    if (store.why !== null && snapshots.newest < 0 && (journal.base > 0 || journal.committed === 0)) throw store.why;
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
    const endAtStart = journal.committed;
    const isFirst = core.state.fingerprint === '';
    if (isFirst && store.why !== null) throw store.why;
    const storeFrom = opened === null ? -1 : storeOffset(journal, core, opened, log);
    const positions = new Map(isFirst ? held.positions.map((each) => [each.identity, each]) : core.state.positions);
    core.start();
    this.#closing.push(async () => this.reader?.stop(3_000));
    this.#closing.push(() => core.stop());
    const pushFeeds = new Map<string, PushFeed>();
    const feeds = this.#options.scripts.map((script, i) => {
      const position = positionOf(positions, script.identity);
      positions.set(script.identity, position);
      return this.#feedOf(script, i, position, pushFeeds);
    });
    await beginRun(core, records, clock, log, {
      stored: cells,
      positions: [...positions.values()],
      after: held.row.batch === 0 ? null : held.row.journal,
      cells: this.#options.listed,
      regions: this.#options.regions,
      feeds: feeds.map(({ position }) => position),
      historyFromUs: core.state.historyFromUs,
    });
    const { state, counting } = core;
    const { registry } = state;
    const cellsOf = cellsOfRegions(core, journal, store);
    const writer = new LogWriter({ clock, journal, records, state });
    const join = async (opened: DatabaseStore, from: number) => {
      this.reader?.leave();
      await opened.saveCells(Array.from({ length: registry.count }, (_, id) => ({ id, cell: registry.info(id) })));
      const onTheWay = state.editedTo > Math.max(from, state.broughtTo);
      await opened.saveRegions(counting.regions.regions, cellsOf, state.regionsVersion, onTheWay, state.releaseUs);
      opened.begin(journal.id, from, () => writer);
      const onHeld = (why: string) => store.hold(why);
      this.reader = new StoreReader({ clock, timers, records, store: opened, onHeld, onFailed }, from);
      this.reader.start();
      this.store = opened;
    };
    if (opened !== null) await join(opened, storeFrom);
    store.start(
      () => writer,
      async (opened) => {
        const isLate = this.reader === null;
        refuseShortJournal(journal.id, isLate ? endAtStart : journal.committed, opened.held.row);
        refuseOtherCells(state, await opened.loadCells());
        await join(opened as DatabaseStore, storeOffset(journal, core, opened, log));
        schedule.coverage.meet(isLate ? 'a database that comes late' : 'a database opened anew');
      },
    );
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
    this.editor = new RegionEditor({ core, records, journal, clock, timers, config });
    const gate = new Gate({ feeds: pushFeeds, config, life: this.life, onFailed });
    this.#closing.push(() => gate.close());
    this.#options.onOpen(gate);
    this.running = true;
    schedule.note('the server runs');
  }

  #feedOf(script: Script, i: number, position: FeedPosition, pushFeeds: Map<string, PushFeed>): HubFeed {
    const { clock, config } = this.#options;
    const common = { id: `feed-${i}`, uri: script.identity, position };
    if (script.kind === 'file') {
      const chance = new Chance(this.#options.seed, i);
      const port = new FilePort(this.life, chance, script, position.seq);
      return { ...common, port, live: false, ...(position.eventUs >= 0 && { joinUs: position.clockUs }) };
    }
    // As it was told for the batch that was read last; they are read one after the other.
    let countsFromUs = Number.NEGATIVE_INFINITY;
    const feed = openPushFeed({ kind: 'push', id: common.id, uri: common.uri }, position, {
      ...{ config, key: pseudonymKey, areas: null, clock, timers: this.life, log: this.#log },
      ...{ disk: this.#options.machine.of(this.life), asideFolder: 'quarantine' },
      full: () => this.journal!.full || this.journal!.failed !== null,
      countsFromUs: () => {
        countsFromUs = this.core!.state.releaseUs - behindS * 1_000_000;
        return countsFromUs;
      },
    });
    pushFeeds.set(common.id, feed);
    const port = watched(feed, (message) => this.#options.onPushed(script, message, countsFromUs));
    return { ...common, port, live: true };
  }

  async #openStore(onBehind: (why: Error) => void): Promise<DatabaseStore> {
    const { clock, config, database } = this.#options;
    const folder = database.embedded ? `pg-${nextServer++}` : null;
    const { life } = this;
    const target = {
      config: { sim: { database, life } } as never,
      embedded: database.embedded,
      name: 'the simulated one',
    };
    const pool = openPool(target, config.databaseDeadlineMs, (line) => this.#log('info', line));
    const log = this.#log;
    const store = new DatabaseStore({
      ...{ dataDir: '', network: 'sim', config, clock, log, progress: () => undefined },
      ...{ database: target, version: '', embedded: null, pool, readers: pool, folder, onBehind },
      jobs: 'none',
    });
    await store.open();
    return store;
  }

  /** As where a server has run before: it goes on without its database. @throws why it could not be opened */
  async #whyLater(why: Error): Promise<Error> {
    const { machine, schedule } = this.#options;
    const told = new UserError('DATABASE_REFUSED', why.message, { cause: why });
    const names = await machine.disk.list('journal');
    if (!saysAway(told) || !names.includes('base.json')) throw why;
    schedule.coverage.meet('a start without the database');
    return why;
  }
}
