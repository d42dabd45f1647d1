import { makeConfig } from '../../server/config.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { checkWorld } from './checks.ts';
import { Client } from './client.ts';
import type { Path } from './coverage.ts';
import { SimDatabase } from './database.ts';
import { Machine } from './disk.ts';
import { syncing } from './fake-files.ts';
import { Follower } from './follower.ts';
import { AcknowledgedPort, FilePort } from './ports.ts';
import { beginUs, Chance, Schedule, WorldClock } from './schedule.ts';
import { type Script, writeScripts } from './script.ts';
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
  readonly regions: Region[];
  readonly settings: Record<string, unknown>;
  readonly config: ReturnType<typeof makeConfig>;
  readonly speed: number;
  /** Nothing goes wrong from then on. */
  readonly calmMs: number;
  server: Server | null = null;
  #flushed = false;
  restarts = 0;
  readonly #seed: number;

  constructor(seed: number, print: ((line: string) => void) | null) {
    this.#seed = seed;
    const chance = new Chance(seed, 0);
    this.chance = chance;
    this.schedule = new Schedule(print);
    this.clock = new WorldClock(this.schedule, new Chance(seed, 1));
    this.clock.slowMs = chance.once(3) ? 2 : 0.05;
    this.machine = new Machine(this.schedule, new Chance(seed, 2));
    this.database = new SimDatabase(this.schedule, new Chance(seed, 3), chance.once(2));
    this.follower = new Follower(this.schedule);
    // Some databases were filled from another journal, which is no more.
    if (chance.once(4)) this.database.begin({ batch: 3, journal: 'f'.repeat(32), offset: 5_000, eventUs: -1 });
    this.speed = [30, 60, 120][chance.below(3)];
    this.calmMs = chance.between(1_000, 3_000);
    const { scripts, cells } = writeScripts(new Chance(seed, 4), Math.ceil((this.speed * this.calmMs) / 1000));
    this.scripts = scripts;
    const some = () => cells.filter(() => chance.once(2));
    this.regions = Array.from({ length: 1 + chance.below(3) }, (_, i) => {
      return {
        id: `r${i}`,
        name: `r${i}`,
        kind: 'venue',
        capacity: null,
        polygons: null,
        cells: [cells[0], ...some()],
      };
    });
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
      databaseDeadlineMs: 1_000,
      storeRowsMax: 10_000,
    };
    this.config = makeConfig({ where: 'simulation', settings: this.settings });
    scripts.forEach((script, i) => {
      if (script.kind !== 'acknowledged') return;
      this.clients.push(new Client(this.schedule, new Chance(seed, 20 + i), script, this.speed));
    });
  }

  async run(): Promise<Outcome> {
    const { schedule } = this;
    syncing.clear();
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
    if (schedule.failure === null) checkWorld(this);
    const { failure, hash, steps, nowMs } = schedule;
    return { failure, hash, steps, virtualMs: nowMs, restarts: this.restarts, met: schedule.coverage.counts };
  }

  /** Starts a server; its number makes its chance. */
  start(): void {
    const { schedule, machine, database, clock, config, regions, speed, follower } = this;
    const server = new Server({
      ...{ schedule, machine, database, clock, config, regions, speed, follower },
      chance: new Chance(this.#seed, 100 + this.restarts),
      segmentBytes: 3_000 + 1_500 * (this.#seed % 4),
      journalBytesMax: this.#seed % 5 === 0 ? 20_000 : 10_000_000,
      feeds: (life, positionOf) =>
        this.scripts.map((script, i) => {
          const position = positionOf(script.identity);
          const common = { id: `feed-${i}`, uri: script.identity, position };
          if (script.kind === 'file') {
            const port = new FilePort(
              life,
              new Chance(this.#seed, 1000 * (i + 1) + this.restarts),
              script,
              position.seq,
            );
            return { ...common, port, live: false, ...(position.eventUs >= 0 && { joinUs: position.clockUs }) };
          }
          const client = this.clients.find((each) => each.script === script)!;
          const port = new AcknowledgedPort(life, position.seq, beginUs, client.hear);
          client.server = (first, events) => life.alive && port.receive(first, events);
          return { ...common, port, live: true };
        }),
      onEnded: (ended) => this.end(ended, 'process'),
    });
    this.server = server;
    this.#flushed = false;
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

  /** As on SIGTERM, and it must be over within ten seconds. */
  stop(server: Server): void {
    this.schedule.note('--- SIGTERM');
    let over = false;
    this.schedule.after(10_000, () => {
      if (!over && server.life.alive) this.schedule.fail('the server does not end within 10 s');
    });
    for (const client of this.clients) client.server = null;
    const done = () => {
      over = true;
      if (this.server !== server || !server.life.alive) return;
      this.end(server, 'process');
    };
    server.stop().then(done, (error) => this.schedule.fail(`SIGTERM: ${error.stack}`));
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
    if (store!.ledger.offset === journal!.committed) return true;
    // Nothing urgent waits for its time.
    if (!this.#flushed) void store!.flush();
    this.#flushed = true;
    return false;
  }

  #stuck(): string {
    const { server } = this;
    if (server === null) return 'no server runs';
    const { core, hub, journal, store } = server;
    return `it does not come to an end: ${JSON.stringify({
      running: server.running,
      kept: this.clients.map(({ kept, script }) => [kept, script.events.length]),
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
