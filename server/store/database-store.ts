/** The store over an opened database. */
import type pg from 'pg';
import type { RegionHistory, RegionPast, StoreStatus } from '../../shared/protocol.ts';
import { formatTimeUs } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { LogRecord } from '../journal/records.ts';
import type { StoreBatch } from './batch.ts';
import { loadCells, saveCells } from './cells.ts';
import { cutConnections, type Database, transaction } from './connection.ts';
import { DurableOffset } from './durable-offset.ts';
import type { EmbeddedDatabase } from './embedded/embedded-database.ts';
import { readRegionHistory } from './history.ts';
import { Intake } from './intake.ts';
import { emptyLedger, type Ledger, type LedgerRow, readLedger } from './ledger.ts';
import { Maintenance } from './maintenance.ts';
import { pause } from './pause.ts';
import type { Jobs } from './policies.ts';
import { type DayFigure, readDayFigures } from './region-expected.ts';
import { type PastQuestion, readRegionPast } from './region-past.ts';
import { goneRegions, loadRegionIds, saveMembership, saveRegions } from './regions.ts';
import type { CellsOfRegion, Store, StoredCell, StoredRegion, StoreOptions } from './types.ts';
import { Writer } from './writer.ts';

interface Parts extends StoreOptions {
  readonly database: Database;
  readonly version: string;
  readonly embedded: EmbeddedDatabase | null;
  /** For upkeep and reference data. */
  readonly pool: pg.Pool;
  /** For who asks: however many do, upkeep has its own connections. */
  readonly readers: pg.Pool;
  /** Of the embedded database's files; null: a real one. */
  readonly folder: string | null;
  readonly jobs: Jobs;
}

const tickMs = 500;
/** A transaction that takes longer is told of, ms: it is given up only when its deadline is over. */
const slowMs = 5000;
/** At the end a database has so long to answer, ms; then its connections are cut. */
const endMsMax = 1500;

/** What an operator must know as long as this server runs. */
function holeNote(fromUs: number): string {
  const since = fromUs < 0 ? 'the first rows' : `the rows behind ${formatTimeUs(fromUs)}`;
  return `${since} are missing up to the oldest that the journal still held: the database is of before them (a backup?). Figures of that time are of what is left, and traffic is told as unknown`;
}

export class DatabaseStore implements Store {
  readonly version: string;
  held: Ledger = { row: { ...emptyLedger }, positions: [], earlier: new Map() };
  readonly #parts: Parts;
  readonly #intake: Intake;
  readonly #writer: Writer;
  readonly #maintenance: Maintenance;
  readonly #durable: DurableOffset;
  #head: () => { rows: number; newestUs: number } = () => ({ rows: 0, newestUs: -1 });
  #waitingForRoom: (() => void)[] = [];
  #waitingToTake: (() => void)[] = [];
  /** After an outage: replays go on while the backlog is stored. */
  #catchingUp = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #cellsOf: CellsOfRegion | null = null;
  /** Surrogates of the regions of the newest stored set, and which set it is. */
  #regionIds: number[] = [];
  /** Those of the region tree's nodes, which stand behind every set of micro-regions. */
  #nodeIds: number[] = [];
  /** Regions and nodes of before, whose last cells are still to be taken from them. */
  #goneIds: number[] = [];
  #regionsVersion = 0;
  /** Event clock when the regions were brought, µs; negative: none ran. */
  #sinceUs = -1;
  /** Cells from this id on are new since the membership was last written. */
  #newFromId = 0;
  #membership: Promise<void> | null = null;
  #cellsAdded = false;
  /** Why the cells could not be stored when that was tried last; '': they could. */
  #fault = '';
  #note = '';

  constructor(parts: Parts) {
    this.#parts = parts;
    this.version = parts.version;
    const { config, clock, log, database, pool } = parts;
    this.#intake = new Intake(config, clock, parts.optedOut);
    this.#writer = new Writer({
      database,
      intake: this.#intake,
      ledger: this.held.row,
      deadlineMs: config.databaseDeadlineMs,
      clock,
      log,
      onStored: (batch) => this.#stored(batch),
      beforeRegions: () => this.#membership ?? Promise.resolve(),
      onChange: () => this.#changed(),
      onBehind: (why) => parts.onBehind?.(why),
      // A copy that has taken over may lack the newest ones, and its ledger does not tell.
      onLost: () => {
        this.#cellsAdded = true;
      },
    });
    this.#maintenance = new Maintenance({
      pool,
      embedded: database.embedded,
      jobs: parts.jobs,
      timeZone: config.timeZone,
      clock,
      log,
      onChange: () => this.#changed(),
    });
    const stored = () => this.ledger.offset;
    const isSure = () => this.#writer.isSure;
    this.#durable = new DurableOffset({ pool, folder: parts.folder, stored, isSure, clock, log });
  }

  async open(): Promise<void> {
    const { pool } = this.#parts;
    // First nobody else may write: a commit of a server that has just been killed may still be under way.
    await this.#writer.open();
    try {
      await this.#look(pool);
    } catch (error) {
      await this.#writer.close();
      throw error;
    }
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** What the database holds. */
  async #look(pool: pg.Pool): Promise<void> {
    this.held = await readLedger(pool);
    this.#writer.begin(this.held.row);
    const { rows } = await pool.query<{ next: number }>('select coalesce(max(cell_id) + 1, 0) as next from cell');
    this.#newFromId = rows[0].next;
    this.#intake.cellCount = rows[0].next;
    for (const [id, key] of await loadRegionIds(pool)) this.#intake.regionIds.set(id, key);
    await this.#maintenance.resume(Math.max(this.held.row.eventUs, ...this.held.earlier.values()));
  }

  get status(): StoreStatus {
    const { rows, newestUs } = this.#head();
    const { eventUs } = this.ledger;
    const { events } = this.#intake;
    const factsLagMs = Math.round(this.#maintenance.factsBehindUs / 1000);
    const queuedRows = this.#intake.rows + (events < 0 ? 0 : Math.max(0, rows - events));
    return {
      state: this.#writer.state === 'up' && this.#writer.busyMs > slowMs ? 'slow' : this.#writer.state,
      lagMs: queuedRows === 0 ? 0 : Math.max(0, Math.round((newestUs - Math.max(0, eventUs)) / 1000)),
      queuedRows,
      droppedRows: this.#intake.droppedRows,
      error: this.#writer.error,
      ...(factsLagMs > 0 && { factsLagMs }),
      ...(this.#note !== '' && { note: this.#note }),
    };
  }

  get ledger(): LedgerRow {
    return this.#writer.ledger;
  }

  get durable(): number {
    return this.#durable.offset;
  }

  loadCells(): Promise<{ id: number; cell: StoredCell }[]> {
    return loadCells(this.#parts.pool);
  }

  async saveCells(rows: { id: number; cell: StoredCell }[]): Promise<void> {
    await transaction(this.#parts.pool, (client) => saveCells(client, rows, this.#nowUs()));
    for (const { id } of rows) this.#intake.cellCount = Math.max(this.#intake.cellCount, id + 1);
  }

  async saveRegions(
    regions: readonly StoredRegion[],
    cellsOf: CellsOfRegion,
    version = 0,
    onTheWay = false,
    sinceUs = -1,
  ): Promise<void> {
    const { pool } = this.#parts;
    // Of no set yet, then: once the newest edit is stored, the index speaks of what is stored.
    this.#regionsVersion = onTheWay ? -1 : version;
    this.#regionIds = await transaction(pool, (client) => saveRegions(client, regions));
    this.#nodeIds = this.#regionIds.filter((_, i) => regions[i].level !== undefined);
    this.#goneIds = await goneRegions(pool, this.#regionIds);
    this.#sinceUs = sinceUs;
    regions.forEach(({ id }, i) => {
      this.#intake.regionIds.set(id, this.#regionIds[i]);
    });
    this.#cellsOf = cellsOf;
    if (onTheWay) this.#cellsAdded = true;
    else await this.#writeMembership();
  }

  begin(journal: string, offset: number, head: () => { rows: number; newestUs: number }): void {
    this.#head = head;
    const { row } = this.held;
    const behindHole = row.journal === journal && row.offset < offset;
    if (behindHole) this.#note = holeNote(row.eventUs);
    this.#intake.begin({ ...this.ledger, journal, offset }, behindHole);
  }

  get ready(): boolean {
    return this.#intake.ready;
  }

  async whenReady(): Promise<void> {
    while (!this.ready) await new Promise<void>((resolve) => this.#waitingToTake.push(resolve));
  }

  take(record: LogRecord, to: number): void {
    this.#intake.take(record, to);
    this.#writer.wake();
  }

  get room(): boolean {
    if (this.#writer.state !== 'up') return true;
    if (this.#maintenance.behind(this.#intake.clockUs)) return false;
    return this.#catchingUp || this.status.queuedRows < this.#parts.config.storeRowsMax;
  }

  whenRoom(): Promise<void> {
    if (this.room) return Promise.resolve();
    // Little may come while they wait: what is there is stored now, and upkeep gets on.
    this.#hurry();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory> {
    const { readers } = this.#parts;
    return readRegionHistory(readers, id, fromUs, toUs, bucketS);
  }

  async regionPast(id: string, question: PastQuestion): Promise<RegionPast> {
    const { readers, config } = this.#parts;
    const asksRoles = question.parts.some((part) => part === 'roles' || part === 'crowd');
    const uncountedUs = asksRoles ? await this.#maintenance.uncountedFromUs() : Number.POSITIVE_INFINITY;
    return readRegionPast(readers, id, question, config, uncountedUs);
  }

  dayFigures(id: string, days: readonly string[], time: string): Promise<DayFigure[]> {
    const { readers, config } = this.#parts;
    return readDayFigures(readers, id, days, time, config.timeZone);
  }

  async sql<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const { rows } = await this.#parts.readers.query(text, values);
    return rows as T[];
  }

  async flush(): Promise<void> {
    const { signal } = new AbortController();
    for (; this.#intake.waits && !this.#closed; await pause(5, signal)) this.#hurry();
  }

  async maintain(): Promise<void> {
    await this.flush();
    this.#maintenance.advance(this.#intake.clockUs);
    await this.#membership;
    if (this.#cellsAdded) await this.#writeMembership();
    await this.#maintenance.runNow();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    const { database, embedded } = this.#parts;
    // One that hangs answers neither to what runs nor to a goodbye.
    const cut = setTimeout(() => cutConnections(database), endMsMax);
    await this.#endWork();
    clearTimeout(cut);
    // A goodbye that nobody hears keeps a socket, and it the process.
    cutConnections(database);
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    await embedded?.close();
  }

  async #endWork(): Promise<void> {
    await this.#writer.close();
    await this.#durable.close();
    await this.#maintenance.close();
    await this.#membership;
    const { pool, readers } = this.#parts;
    await Promise.all([pool.end(), readers.end()]);
  }

  /** When a change of reference data takes effect: now by the event clock; before it runs, where the rows end. */
  #nowUs(): number {
    if (this.#intake.clockUs >= 0) return this.#intake.clockUs;
    // The newest row is ahead of the clock: an edit that comes soon would be dated before it.
    if (this.#sinceUs >= 0) return this.#sinceUs;
    return this.ledger.eventUs >= 0 ? this.ledger.eventUs : this.#parts.clock.nowUs();
  }

  #stored(batch: StoreBatch): void {
    if (batch.cells.length > 0) this.#cellsAdded = true;
    if (batch.regions !== null && batch.regions.version > this.#regionsVersion) {
      this.#regionsVersion = batch.regions.version;
      const drawn = batch.regions.regions.map(({ id }) => this.#intake.regionIds.get(id)!);
      this.#regionIds = [...drawn, ...this.#nodeIds];
    } else if (batch.regions?.members != null) {
      // An edit of before the set that this start has brought: its cells stand there now.
      this.#cellsAdded = true;
    }
    if (batch.eventMinUs < Infinity) this.#maintenance.touched('event', batch.eventMinUs);
    if (batch.activityMinUs < Infinity) this.#maintenance.touched('activity', batch.activityMinUs);
    if (batch.gaugeMinUs < Infinity) this.#maintenance.touched('gauge', batch.gaugeMinUs);
    this.#maintenance.advance(batch.clockUs);
  }

  #changed(): void {
    if (this.#writer.state !== 'up') this.#catchingUp = true;
    else if (this.status.queuedRows < this.#parts.config.storeRowsMax) this.#catchingUp = false;
    this.#keepUp();
    if (this.ready) for (const resolve of this.#waitingToTake.splice(0)) resolve();
    if (this.room) for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  /** What was taken is stored as soon as the database is free. */
  #hurry(): void {
    this.#intake.hurry();
    this.#writer.wake();
  }

  /** Upkeep that is due; with nothing queued it may go as far as the clock given. */
  #keepUp(): void {
    if (this.#writer.state !== 'up') return;
    if (this.#intake.rows === 0) this.#maintenance.advance(this.#intake.clockUs);
    this.#maintenance.tick();
  }

  #tick(): void {
    this.#keepUp();
    if (this.#writer.state !== 'up') return;
    this.#durable.tick();
    if (!this.#cellsAdded || this.#intake.holdsRegions || this.#membership !== null || this.#cellsOf === null) return;
    this.#membership = this.#writeMembership()
      .then(() => {
        this.#fault = '';
      })
      .catch((error) => {
        this.#cellsAdded = true;
        const why = messageOf(error);
        if (why !== this.#fault)
          this.#parts.log('warn', `database: the regions' cells could not be stored (${why}), trying again`);
        this.#fault = why;
      })
      .finally(() => {
        this.#membership = null;
      });
  }

  async #writeMembership(): Promise<void> {
    const cellsOf = this.#cellsOf;
    if (cellsOf === null) return;
    const members = this.#regionIds.map((_, region) => cellsOf(region, this.#regionsVersion));
    // Another set counts by now, whose record tells its cells and is on the way; or the counters are behind.
    this.#cellsAdded = members.includes(null);
    if (this.#cellsAdded) return;
    const newest = await transaction(this.#parts.pool, async (client) => {
      const ids = [...this.#regionIds, ...this.#goneIds];
      await saveMembership(client, ids, (i) => members[i] ?? [], this.#newFromId, this.#nowUs());
      const { rows } = await client.query<{ next: number }>('select coalesce(max(cell_id) + 1, 0) as next from cell');
      return rows[0].next;
    });
    this.#newFromId = newest;
    this.#goneIds = [];
  }
}
