import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import type { FeedToHub } from '../../server/events/feed-messages.ts';
import { type CellInfo, unheardOf } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { checkWorld } from './checks.ts';
import { Client } from './client.ts';
import type { Path } from './coverage.ts';
import { SimDatabase } from './database.ts';
import { Machine } from './disk.ts';
import { Follower } from './follower.ts';
import { Quarantine } from './quarantine.ts';
import { Chance, Schedule, WorldClock } from './schedule.ts';
import { aheadS, batchBehind, oldS, type Script, writeScripts } from './script.ts';
import { Server } from './server.ts';
import { installTimers } from './timers.ts';
import { troubles } from './troubles.ts';

/** All is in order again from the end of the troubles on; so long may it take until all is where it belongs, ms. */
const healMs = 90_000;

/** What came of a seed. */
export interface Outcome {
  failure: string | null;
  hash: number;
  steps: number;
  virtualMs: number;
  restarts: number;
  met: ReadonlyMap<Path, number>;
}

export function regionOf(id: string, cells: string[]): Region {
  return { id, name: id, kind: 'venue', capacity: null, polygons: null, cells };
}

/** Room for two files of rows set aside. */
export const littleAside = 65_536;

/** So long may it take to put a batch's rows on a slow disk. */
const slowestMs = 3_000;

/** Around the limits of what is taken time may have gone on while rows are set aside, µs. */
const limitUs = 20_000_000;

/** Up to where in the journal upkeep has been done in a store, and event time then, µs. */
const noUpkeep = { to: -1, us: Number.NEGATIVE_INFINITY, store: null as Server['store'] };

/** One simulated world: a server with its disk, database, feeds and their clients, and all that happens to it. */
export class World {
  readonly schedule: Schedule;
  readonly clock: WorldClock;
  readonly machine: Machine;
  readonly database: SimDatabase;
  readonly follower: Follower;
  readonly chance: Chance;
  readonly scripts: Script[];
  readonly clients: Client[] = [];
  readonly quarantine: Quarantine;
  readonly regions: Region[];
  readonly cells: readonly string[];
  /** The cell list, with places in the region tree; null: cells are known as they turn up. */
  readonly listed: readonly CellInfo[] | null;
  /** Regions that the server has told to have taken, by version. */
  readonly edits = new Map<number, readonly Region[]>();
  /** Rows that a batch of an acknowledged feed was taken with, by feed and batch: one list for each time. */
  readonly pushed = new Map<string, Map<number, string[]>>();
  readonly settings: Record<string, unknown>;
  readonly config: ReturnType<typeof makeConfig>;
  readonly speed: number;
  /** Nothing goes wrong from then on. */
  readonly calmMs: number;
  /** When wall time was set last. */
  clockSetMs = Number.NEGATIVE_INFINITY;
  server: Server | null = null;
  /** What was taken is being stored, or upkeep is being done. */
  #finishing = false;
  #kept = noUpkeep;
  restarts = 0;
  #givesAll = false;
  /** Where the database stood when the journal was lost: commits, and how many parts of each feed it held. */
  lost: { commits: number; parts: ReadonlyMap<string, number> } | null = null;
  readonly #seed: number;
  /** Never where journal or disk are small, which would be full of the list. */
  readonly listGrows: boolean;
  /** More may go wrong in it. */
  readonly hasMore: boolean;
  /** Files of the journal go, or are damaged. */
  readonly hasDamage: boolean;

  constructor(seed: number, print: ((line: string) => void) | null) {
    this.#seed = seed;
    this.listGrows = seed % 24 === 7;
    this.hasDamage = seed % 16 === 8;
    this.hasMore = seed % 5 === 2 && !this.listGrows && !this.hasDamage;
    const chance = new Chance(seed, 0);
    this.chance = chance;
    this.schedule = new Schedule(print);
    this.clock = new WorldClock(this.schedule, new Chance(seed, 1));
    this.clock.slowMs = chance.once(3) ? 2 : 0.05;
    this.machine = new Machine(this.schedule, new Chance(seed, 2));
    this.database = new SimDatabase(this.schedule, new Chance(seed, 3), chance.once(2));
    this.follower = new Follower(this.schedule);
    this.quarantine = new Quarantine(this.machine.disk, this.clients, this.schedule);
    // Some databases were filled from another journal, which is no more.
    if (chance.once(4)) this.database.begin({ batch: 3, journal: 'f'.repeat(32), offset: 5_000, eventUs: -1 });
    this.speed = [30, 60, 120][chance.below(3)];
    this.clock.speed = this.speed;
    // Most are small, so that there are more of them in the same time; some faults show only where much is under way.
    const isLarge = this.hasMore || this.hasDamage || new Chance(seed, 6).once(5);
    this.calmMs = isLarge ? chance.between(1_000, 3_000) : chance.between(600, 1_800);
    const spanS = Math.ceil((this.speed * this.calmMs) / 1000);
    const { scripts, cells } = writeScripts(
      new Chance(seed, 4),
      spanS,
      isLarge ? { from: 20, to: 90 } : { from: 8, to: 40 },
    );
    this.scripts = scripts;
    const some = () => cells.filter(() => chance.once(2));
    this.regions = Array.from({ length: 1 + chance.below(3) }, (_, i) => regionOf(`r${i}`, [cells[0], ...some()]));
    this.cells = cells;
    // Those without a parent at some level stand in none there.
    const parents = (i: number) => [`b${i % 2}`, `m${i % 3}`, 'a', ''].slice(0, chance.below(4));
    this.listed = chance.once(3) ? cells.map((cgi, i) => ({ ...unheardOf(cgi), parents: parents(i) })) : null;
    if (chance.once(3)) this.database.poison = chance.below(1_000);
    this.settings = {
      subscribersMax: 1_000,
      crossingsMax: 10_000,
      reorderRowsMax: 1_000,
      reorderWindowMs: [1_000, 5_000, 20_000][chance.below(3)],
      latenessMs: 60_000,
      presenceTtlMs: chance.once(3) ? 60_000 : 900_000,
      holdDownMs: [0, 10_000, 60_000][chance.below(3)],
      gaugeEveryMs: [10_000, 30_000, 60_000][chance.below(3)],
      staleMs: chance.once(3) ? 1_000 : 15_000,
      journalCommitMs: [0, 2, 5, 20][chance.below(4)],
      recordsKeptBytesMax: chance.once(2) ? 65_536 : 64 << 20,
      snapshotEveryMs: [150, 400, 1_500][chance.below(3)],
      // Looking for refused rows takes many statements.
      databaseDeadlineMs: this.database.poison < 0 ? 1_000 : 10_000,
      storeRowsMax: 10_000,
      pushBatchesMax: 1 + chance.below(4),
      liveAheadMs: aheadS * 1000,
      pushAgeMaxMs: oldS * 1000,
      // By the seed, not by chance: what else happens in a world stays as it is.
      // Nothing may change, one record may, and not to its end; or all.
      snapshotKeptBytesMax: [0, 1][seed % 5] ?? 1 << 29,
      pushAsideBytesMax: chance.once(4) ? littleAside : 1 << 26,
      keepEvents: ['all', 'all', '1/2', 'off'][chance.below(4)],
    };
    this.config = makeConfig({ where: 'simulation', settings: this.settings });
    scripts.forEach((script, i) => {
      if (script.kind !== 'push') return;
      const options = { schedule: this.schedule, chance: new Chance(seed, 20 + i), script, speed: this.speed };
      this.clients.push(new Client({ ...options, id: `feed-${i}` }));
    });
  }

  async run(): Promise<Outcome> {
    const { schedule } = this;
    installTimers(schedule, () => this.server?.life ?? null);
    schedule.note(
      `seed ${this.#seed}: ${this.scripts.length} feeds, speed ${this.speed}, ${JSON.stringify(this.settings)}`,
    );
    this.start();
    troubles(this, new Chance(this.#seed, 5));
    await schedule.run(
      () => this.#settled,
      this.calmMs + healMs,
      () => this.#stuck(),
    );
    if (schedule.failure === null) checkWorld(this, await this.quarantine.files());
    const { failure, hash, steps, nowMs } = schedule;
    return { failure, hash, steps, virtualMs: nowMs, restarts: this.restarts, met: schedule.coverage.counts };
  }

  /** The list of a start. Now and then a later one has more cells than counters had room for, and nobody in them. */
  #listedNow(): readonly CellInfo[] | null {
    if (!this.listGrows || this.restarts === 0) return this.listed;
    const quiet = Array.from({ length: 1_030 }, (_, i) => unheardOf(`001-01-65000-${i}`));
    return [...(this.listed ?? this.cells.map(unheardOf)), ...quiet];
  }

  /** Starts a server; its number makes its chance. */
  start(): void {
    const { schedule, machine, database, clock, config, regions, speed, follower } = this;
    const listed = this.#listedNow();
    const server = new Server({
      ...{ schedule, machine, database, clock, config, regions, listed, speed, follower },
      chance: new Chance(this.#seed, 100 + this.restarts),
      segmentBytes: 3_000 + 1_500 * (this.#seed % 4),
      journalBytesMax: this.#seed % 3 === 0 ? 16_000 : 10_000_000,
      scripts: this.scripts.filter(({ later }) => !later || this.#givesAll),
      seed: 1_000_000 * this.#seed + 1_000 * this.restarts,
      onPushed: (script, message, countsFromUs) => this.#pushed(script, message, countsFromUs),
      onOpen: (gate) => {
        for (const client of this.clients) client.server = gate;
      },
      onEnded: (ended) => this.end(ended, 'process'),
    });
    this.server = server;
    this.#finishing = false;
    this.#kept = noUpkeep;
    this.restarts++;
    server.begin();
  }

  /** The server's process is gone at once, or the whole machine; somebody starts it again. */
  end(server: Server, what: 'process' | 'power'): void {
    if (this.server !== server || !server.life.alive) return;
    this.schedule.note(`--- the ${what} ends`);
    server.life.alive = false;
    server.running = false;
    this.server = null;
    for (const client of this.clients) client.server = null;
    this.machine.tear();
    this.database.processEnded();
    this.schedule.after(0.01, () => {
      this.machine.disk.kill();
      if (what === 'power') {
        this.machine.powerCut();
        if (this.database.embedded) this.database.powerCut();
      }
    });
    this.startLater();
  }

  /** The journal's folder goes, of a machine on which no server runs. */
  loseJournal(): void {
    const { clients, database, follower, machine } = this;
    this.schedule.note('--- the journal is lost');
    database.settle();
    const parts = new Map(
      this.scripts.map((script) => {
        const position = database.tables.positions.find(({ identity }) => identity === script.identity);
        if (position === undefined) return [script.identity, 0];
        return [script.identity, script.kind === 'file' ? position.seq : batchBehind(script, position)];
      }),
    );
    this.lost = { commits: database.commits.length, parts };
    follower.forget();
    this.quarantine.forget(parts);
    this.edits.clear();
    for (const client of clients) client.goBack(parts.get(client.script.identity)!);
    machine.loseFolder('journal');
  }

  /** As on SIGTERM, and it must be over within ten seconds. */
  stop(server: Server): void {
    this.schedule.note('--- SIGTERM');
    let over = false;
    this.schedule.after(10_000, () => {
      if (!over && server.life.alive) this.schedule.fail('the server does not end within 10 s');
    });
    const done = () => {
      over = true;
      if (this.server !== server || !server.life.alive) return;
      this.end(server, 'process');
    };
    server.stop().then(done, (error) => this.schedule.fail(`SIGTERM: ${error.stack}`));
  }

  /** Replaces the micro-regions while the server runs, as a user does. */
  edit(regions: readonly Region[]): void {
    const editor = this.server?.running ? this.server.editor : null;
    const life = this.server?.life;
    if (editor === null || life === undefined) return;
    editor.set(regions, 'an edit').then(
      ({ version }) => {
        if (life.alive) this.edits.set(version, regions);
        this.schedule.coverage.meet('an edit of the regions');
      },
      (error) => {
        const later = ['REGIONS_BUSY', 'JOURNAL_FULL', 'JOURNAL_FAILED', 'JOURNAL_CLOSED'].includes(error.code);
        if (life.alive && !later) this.schedule.fail(`an edit: ${error.stack}`);
      },
    );
  }

  /** What is left out of a batch must lie too far ahead or be too old, and what is taken must not. */
  #pushed(script: Script, { buffer, rows, place }: Extract<FeedToHub, { k: 'batch' }>, countsFromUs: number): void {
    const batch = batchBehind(script, place!) - 1;
    // Rows ahead are put on disk before the others are handed on: meanwhile the clock may have been set.
    const { nowMs } = this.schedule;
    const isSure = nowMs - Math.max(this.clockSetMs, this.machine.slowUntilMs) > slowestMs;
    const taken = EventBatch.adopt(buffer, rows);
    const ids = Array.from(taken.bytes.subarray(0, rows));
    const untilUs = this.clock.nowUs() + aheadS * 1_000_000;
    const fromUs = this.clock.nowUs() - oldS * 1_000_000;
    for (const { id, timeUs } of script.events.slice(script.cuts[batch], script.cuts[batch + 1])) {
      // How far the event clock was is known to the microsecond.
      if (timeUs < countsFromUs) {
        if (ids.includes(id)) this.schedule.fail(`${script.identity}: row ${id} is taken, far behind what is counted`);
        continue;
      }
      const isGood = timeUs >= fromUs && timeUs <= untilUs;
      const isClear = Math.min(Math.abs(timeUs - untilUs), Math.abs(timeUs - fromUs)) > limitUs;
      if (isSure && isClear && ids.includes(id) !== isGood)
        this.schedule.fail(`${script.identity}: row ${id} is ${isGood ? 'left out' : 'taken, far from the clock'}`);
    }
    const known = this.pushed.get(script.identity) ?? new Map<number, string[]>();
    this.pushed.set(script.identity, known);
    known.set(batch, [...(known.get(batch) ?? []), ids.join()]);
  }

  /** All files are given from the next start on, and that is at once. */
  giveAll(): void {
    if (this.#givesAll || !this.scripts.some(({ later }) => later)) return;
    this.schedule.note('--- another file is given');
    this.#givesAll = true;
    if (this.server?.running) {
      if (this.server.core!.state.finished) this.schedule.coverage.meet('events behind the end');
      this.stop(this.server);
    } else if (this.server !== null) this.end(this.server, 'process');
  }

  /** Event time up to which upkeep has been done when all was stored, µs. */
  get keptUs(): number {
    return this.#kept.us;
  }

  startLater(): void {
    this.schedule.after(this.chance.between(20, 800), () => {
      if (this.server === null) this.start();
    });
  }

  /** Whether all that was sent has come to where it belongs. */
  get #settled(): boolean {
    if (this.schedule.nowMs < this.calmMs || this.server === null || !this.server.running) return false;
    const { core, hub, journal, store } = this.server;
    if (!this.clients.every(({ done }) => done)) return false;
    const files = this.scripts.filter(({ kind }) => kind === 'file').map(({ identity }) => identity);
    if (hub!.status().some(({ uri, state }) => files.includes(uri) && state !== 'ended')) return false;
    if (journal!.committed !== journal!.next || core!.applied !== journal!.committed) return false;
    const { committed } = journal!;
    // It has not come yet.
    if (store === null) return false;
    if (store.ledger.offset === committed && this.#kept.to === committed && this.#kept.store === store) return true;
    if (this.#finishing) return false;
    // Nothing urgent waits for its time; and when all is stored, upkeep does not either.
    const us = core!.state.releaseUs;
    if (store.ledger.offset !== committed) this.#finish(store.flush(), () => undefined);
    else
      this.#finish(store.maintain(), () => {
        this.#kept = { to: committed, us, store };
      });
    return false;
  }

  #finish(work: Promise<void>, done: () => void): void {
    const { server } = this;
    this.#finishing = true;
    const end = () => {
      if (this.server === server) this.#finishing = false;
    };
    work.then(
      () => {
        if (this.server === server) done();
        end();
      },
      (error) => {
        this.schedule.note(`the store: ${error.message}`);
        end();
      },
    );
  }

  #stuck(): string {
    const { server } = this;
    if (server === null) return 'no server runs';
    const { core, hub, journal, store } = server;
    return `it does not come to an end: ${JSON.stringify({
      running: server.running,
      kept: this.clients.map(({ kept, script }) => [kept, script.cuts.length - 1]),
      feeds: hub?.status().map(({ state }) => state),
      journal: journal && { base: journal.base, committed: journal.committed, next: journal.next, room: journal.room },
      applied: core?.applied,
      stored: store && {
        ...store.ledger,
        state: store.status.state,
        error: store.status.error,
        durable: store.durable,
      },
    })}`;
  }
}
