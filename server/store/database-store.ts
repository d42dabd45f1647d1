/** The store over an opened database. */
import type pg from 'pg';
import type { RegionHistory, StoreStatus } from '../../shared/protocol.ts';
import { messageOf } from '../errors.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import type { StoreBatch } from './batch.ts';
import { loadCells, saveCells } from './cells.ts';
import { type Database, transaction } from './connection.ts';
import type { EmbeddedDatabase } from './embedded/embedded-database.ts';
import { readRegionHistory } from './history.ts';
import { Intake } from './intake.ts';
import { emptyLedger, type LedgerRow } from './ledger.ts';
import { Maintenance } from './maintenance.ts';
import { pause } from './pause.ts';
import { saveMembership, saveRegions } from './regions.ts';
import type { Store, StoredCell, StoredRegion, StoreOptions } from './types.ts';
import { Writer } from './writer.ts';

interface Parts extends StoreOptions {
  readonly database: Database;
  readonly version: string;
  readonly embedded: EmbeddedDatabase | null;
  readonly pool: pg.Pool;
  readonly ledgers: Map<string, LedgerRow>;
}

/** Rows that may wait before the feeds are asked to; about a second of the embedded database's work. */
const roomRows = 65_536;
const tickMs = 500;
const flushOnCloseMs = 5_000;

export class DatabaseStore implements Store {
  readonly version: string;
  readonly #parts: Parts;
  readonly #intake: Intake;
  readonly #writer: Writer;
  readonly #maintenance: Maintenance;
  readonly #roomMax: number;
  #waiting: (() => void)[] = [];
  #catchingUp = false;
  #timer: NodeJS.Timeout | undefined;
  /** Newest event time stored, µs. */
  #storedUs = -1;
  #cellsOf: ((region: number) => ArrayLike<number>) | null = null;
  #regionIds: number[] = [];
  /** Cells from this id on are new since the membership was last written. */
  #newFromId = 0;
  #membership: Promise<void> | null = null;
  #cellsAdded = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.version = parts.version;
    const { config, clock, log, database, pool, ledgers } = parts;
    this.#roomMax = Math.min(config.storeRowsMax / 2, roomRows);
    this.#intake = new Intake(config, clock);
    this.#writer = new Writer({
      database,
      intake: this.#intake,
      ledgers,
      deadlineMs: config.databaseDeadlineMs,
      clock,
      log,
      onStored: (batch) => this.#stored(batch),
      onChange: () => this.#changed(),
    });
    this.#maintenance = new Maintenance({
      pool,
      embedded: database.embedded,
      jobs: !database.embedded && parts.mode === 'live',
      clock,
      log,
      onChange: () => this.#changed(),
    });
  }

  async open(): Promise<void> {
    const { pool, ledgers } = this.#parts;
    const { rows } = await pool.query<{ next: number }>('select coalesce(max(cell_id) + 1, 0) as next from cell');
    this.#newFromId = rows[0].next;
    this.#intake.cellCount = rows[0].next;
    for (const ledger of ledgers.values()) this.#storedUs = Math.max(this.#storedUs, ledger.eventUs);
    await this.#maintenance.resume(this.#storedUs);
    await this.#writer.open();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  get status(): StoreStatus {
    const { rows, droppedRows, acceptedUs } = this.#intake;
    return {
      state: this.#writer.state,
      lagMs: rows === 0 ? 0 : Math.max(0, Math.round((acceptedUs - this.#storedUs) / 1000)),
      queuedRows: rows,
      droppedRows,
      error: this.#writer.error,
    };
  }

  loadCells(): Promise<{ id: number; cell: StoredCell }[]> {
    return loadCells(this.#parts.pool);
  }

  async saveCells(rows: { id: number; cell: StoredCell }[]): Promise<void> {
    await transaction(this.#parts.pool, (client) => saveCells(client, rows, this.#nowUs()));
    for (const { id } of rows) this.#intake.cellCount = Math.max(this.#intake.cellCount, id + 1);
  }

  addCell(id: number, cell: StoredCell): void {
    this.#intake.addCell(id, cell);
  }

  async saveRegions(regions: StoredRegion[], cellsOf: (region: number) => ArrayLike<number>): Promise<void> {
    const { pool } = this.#parts;
    this.#regionIds = await transaction(pool, (client) => saveRegions(client, regions));
    this.#intake.regionIds = this.#regionIds;
    this.#cellsOf = cellsOf;
    await this.#writeMembership();
  }

  async position(stream: string): Promise<number> {
    return this.#parts.ledgers.get(stream)?.eventUs ?? -1;
  }

  begin(stream: string): void {
    this.#intake.begin(stream, this.#parts.ledgers.get(stream) ?? emptyLedger);
  }

  events(batch: EventBatch, from: number, to: number): void {
    this.#intake.events(batch, from, to);
    this.#writer.wake();
  }

  gauges(gauges: IntervalGauges): void {
    this.#intake.gauges(gauges);
    this.#writer.wake();
  }

  stays(stays: StayColumns): void {
    this.#intake.stays(stays);
    this.#writer.wake();
  }

  get room(): boolean {
    if (this.#writer.state !== 'up') return true;
    const { rows, clockUs } = this.#intake;
    if (this.#maintenance.behind(clockUs)) return false;
    // After an outage the feeds go on while the backlog is stored, as long as there is space for more.
    return rows < (this.#catchingUp ? this.#parts.config.storeRowsMax * 0.9 : this.#roomMax);
  }

  whenRoom(): Promise<void> {
    if (this.room) return Promise.resolve();
    // Little may come while they wait: what is there is stored now, and upkeep gets on.
    this.#intake.seal();
    this.#writer.wake();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  eventClock(us: number): void {
    this.#intake.clockUs = us;
    if (this.#intake.rows === 0) this.#maintenance.advance(us);
  }

  regionHistory(id: string, fromUs: number, toUs: number, bucketS: number): Promise<RegionHistory> {
    const { pool } = this.#parts;
    return readRegionHistory(pool, id, fromUs, toUs, bucketS);
  }

  async sql<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const { rows } = await this.#parts.pool.query(text, values);
    return rows as T[];
  }

  async flush(): Promise<void> {
    const { signal } = new AbortController();
    this.#intake.seal();
    this.#writer.wake();
    while (this.#intake.rows > 0) await pause(5, signal);
  }

  async maintain(): Promise<void> {
    await this.flush();
    this.#maintenance.advance(this.#intake.clockUs);
    await this.#membership;
    if (this.#cellsAdded) await this.#writeMembership();
    await this.#maintenance.runNow();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { pool, embedded } = this.#parts;
    await this.#writer.close(flushOnCloseMs);
    await this.#maintenance.close();
    await this.#membership;
    await pool.end();
    await embedded?.close();
  }

  /** When a change of reference data takes effect: now by the event clock; before it runs, where the rows end. */
  #nowUs(): number {
    if (this.#intake.clockUs >= 0) return this.#intake.clockUs;
    return this.#storedUs >= 0 ? this.#storedUs : this.#parts.clock.nowUs();
  }

  #stored(batch: StoreBatch): void {
    if (batch.ledger !== null) this.#storedUs = Math.max(this.#storedUs, batch.ledger.eventUs);
    if (batch.cells.length > 0) this.#cellsAdded = true;
    if (batch.eventMinUs < Infinity) this.#maintenance.touched('event', batch.eventMinUs);
    if (batch.gaugeMinUs < Infinity) this.#maintenance.touched('gauge', batch.gaugeMinUs);
    this.#maintenance.advance(batch.clockUs);
  }

  #changed(): void {
    if (this.#writer.state !== 'up') this.#catchingUp = true;
    else if (this.#intake.rows < this.#roomMax) this.#catchingUp = false;
    this.#keepUp();
    if (!this.room) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
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
    if (!this.#cellsAdded || this.#membership !== null || this.#cellsOf === null) return;
    this.#membership = this.#writeMembership()
      .catch((error) => {
        this.#cellsAdded = true;
        this.#parts.log('warn', `database: the regions' cells could not be stored (${messageOf(error)}), trying again`);
      })
      .finally(() => {
        this.#membership = null;
      });
  }

  async #writeMembership(): Promise<void> {
    const cellsOf = this.#cellsOf;
    if (cellsOf === null) return;
    this.#cellsAdded = false;
    const newest = await transaction(this.#parts.pool, async (client) => {
      await saveMembership(client, this.#regionIds, cellsOf, this.#newFromId, this.#nowUs());
      const { rows } = await client.query<{ next: number }>('select coalesce(max(cell_id) + 1, 0) as next from cell');
      return rows[0].next;
    });
    this.#newFromId = newest;
  }
}
