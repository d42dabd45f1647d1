/**
 * Takes rows of one stream, writes them into batches, and holds the batches that wait for the database: bounded, and
 * without what the database already holds of the stream.
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { assertInvariant } from '../errors.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import { CopyPool, type StoreBatch } from './batch.ts';
import { CarriedGauges, type GaugeRows } from './carried-gauges.ts';
import { emptyLedger, type LedgerRow } from './ledger.ts';
import { writeCity, writeEvent, writeGauge, writeStay } from './rows.ts';
import type { StoredCell } from './types.ts';

/** A batch is closed at so many rows, or when its first row is so old. */
export const batchRowsMax = 8_192;
const batchAgeMsMax = 1_000;

/** Times outside are no event times (and would each make a chunk of their own): 1990 … 2150. */
const timeUsMin = 631_152_000_000_000;
const timeUsMax = 5_680_281_600_000_000;

const plausible = (us: number) => us >= timeUsMin && us < timeUsMax;

export class Intake {
  droppedRows = 0;
  /** While the database is away, and only then, rows beyond the limit are dropped (and counted). */
  away = false;
  /** Newest event time given, µs. */
  acceptedUs = -1;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #pool = new CopyPool();
  readonly #sealed: StoreBatch[] = [];
  #sealedRows = 0;
  #open: StoreBatch | null = null;
  #stream = '';
  /** Each stream's ledger as it is once everything given is stored. */
  readonly #given = new Map<string, LedgerRow>();
  /** The present stream's ledger, likewise, and as it was when the stream began. */
  #ledger: LedgerRow = { ...emptyLedger };
  #begun: LedgerRow = { ...emptyLedger };
  /** Event rows still to be skipped at `#begun.eventUs`; the skipping is over once a later row has come. */
  #skipRows = 0;
  #skipping = false;
  #clockUs = -1;
  #regionIds: readonly number[] = [];
  readonly #carriedCells = new CarriedGauges();
  readonly #carriedRegions = new CarriedGauges();
  #allCells = false;
  /** Cells known: ids are below it. */
  cellCount = 0;

  constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Rows that wait for the database. */
  get rows(): number {
    return this.#sealedRows + (this.#open?.rows ?? 0);
  }

  get clockUs(): number {
    return this.#clockUs;
  }

  set clockUs(us: number) {
    if (us > this.#clockUs) this.#clockUs = us;
  }

  /** Surrogates in the database by place in the region index. */
  set regionIds(ids: readonly number[]) {
    this.#regionIds = ids;
  }

  /** @param stored the stream's ledger in the database */
  begin(stream: string, stored: LedgerRow): void {
    this.seal();
    const ledger = this.#given.get(stream) ?? { ...stored };
    this.#given.set(stream, ledger);
    this.#stream = stream;
    this.#ledger = ledger;
    this.#begun = { ...ledger };
    this.#skipRows = ledger.eventRows;
    this.#skipping = ledger.eventUs >= 0;
    this.#allCells = ledger.gaugeUs >= 0;
  }

  addCell(id: number, cell: StoredCell): void {
    this.cellCount = Math.max(this.cellCount, id + 1);
    this.#opened().cells.push({ id, cell });
  }

  events(batch: EventBatch, from: number, to: number): void {
    const keep = this.#config.keepEvents !== 'off';
    for (let i = from; i < to; i++) {
      const us = batch.timeUs[i];
      if (this.#skipping && this.#stored(us)) continue;
      const isTime = plausible(us);
      if (isTime && us > this.acceptedUs) this.acceptedUs = us;
      if (!isTime || (keep && this.#full())) {
        this.droppedRows++;
        continue;
      }
      if (us > this.#ledger.eventUs) {
        this.#ledger.eventUs = us;
        this.#ledger.eventRows = 1;
      } else if (us === this.#ledger.eventUs) this.#ledger.eventRows++;
      if (!keep) continue;
      const open = this.#opened();
      writeEvent(open.copies.event, batch, i);
      if (us < open.eventMinUs) open.eventMinUs = us;
      if (open.copies.event.rows >= batchRowsMax) this.seal();
    }
  }

  /**
   * Stores every region, and the cells that changed; of the first interval after a restart every cell, because the
   * newest row of a cell is then an earlier run's.
   */
  gauges(gauges: IntervalGauges): void {
    this.#carriedCells.note(gauges.cells);
    this.#carriedRegions.note(gauges.regions);
    if (gauges.endUs <= this.#begun.gaugeUs) return;
    const cells = [gauges.cells];
    if (this.#allCells) cells.push(this.#carriedCells.others(this.cellCount));
    const regions = [gauges.regions, this.#carriedRegions.others(this.#regionIds.length)];
    if (!plausible(gauges.startUs) || this.#full()) {
      for (const { n } of [...cells, ...regions]) this.droppedRows += n;
      // Cells whose change is lost must be told again whole: a cell without a row is as its last row says.
      this.#allCells = true;
      return;
    }
    this.#allCells = false;
    const open = this.#opened();
    const everyMs = (gauges.endUs - gauges.startUs) / 1000;
    const write = (table: 'cell_gauge' | 'region_gauge', rows: GaugeRows, idOf: (id: number) => number) => {
      for (let i = 0; i < rows.n; i++) {
        writeGauge(open.copies[table], gauges.startUs, everyMs, idOf(rows.id[i]), rows, i);
      }
    };
    for (const rows of cells) write('cell_gauge', rows, (id) => id);
    for (const rows of regions) write('region_gauge', rows, (region) => this.#regionId(region));
    writeCity(open.copies.city_gauge, gauges.startUs, everyMs, gauges.present, this.#config.keepEvents !== 'off');
    if (gauges.startUs < open.gaugeMinUs) open.gaugeMinUs = gauges.startUs;
    if (gauges.endUs > this.#ledger.gaugeUs) this.#ledger.gaugeUs = gauges.endUs;
    this.#sealIfLarge();
  }

  /**
   * All of a call go into one batch: those of a step of the clock are not in order of their ends, and what is before
   * the ledger's newest end counts as stored after a restart.
   */
  stays(stays: StayColumns): void {
    for (let i = 0; i < stays.n; i++) {
      const us = stays.firstOutUs[i];
      if (us <= this.#begun.stayUs) continue;
      if (!plausible(us) || this.#full()) {
        this.droppedRows++;
        continue;
      }
      writeStay(this.#opened().copies.stay, stays, i);
      if (us > this.#ledger.stayUs) this.#ledger.stayUs = us;
    }
    this.#sealIfLarge();
  }

  /** Closes the open batch: nothing is added to it any more. */
  seal(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    this.#ledger.batch++;
    open.ledger = { ...this.#ledger };
    open.clockUs = this.#clockUs;
    this.#sealed.push(open);
    this.#sealedRows += open.rows;
  }

  /** The oldest closed batch, closing the open one if its time has come; it stays at the head until {@link done}. */
  head(): StoreBatch | null {
    if (this.#sealed.length === 0 && this.#open !== null) {
      if (this.#clock.monotonicMs() - this.#open.openedMs >= batchAgeMsMax) this.seal();
    }
    return this.#sealed[0] ?? null;
  }

  /** The head has been stored, or given up. */
  done(outcome: 'stored' | 'dropped'): void {
    const batch = this.#sealed.shift();
    assertInvariant(batch !== undefined, 'no batch is waiting');
    this.#sealedRows -= batch.rows;
    if (outcome === 'dropped') {
      this.droppedRows += batch.rows;
      this.#allCells = true;
    }
    this.#pool.giveBack(batch);
  }

  #opened(): StoreBatch {
    if (this.#open === null) {
      assertInvariant(this.#stream !== '', 'rows came before a stream was begun');
      this.#open = this.#pool.open(this.#stream);
      this.#open.openedMs = this.#clock.monotonicMs();
    }
    return this.#open;
  }

  #full(): boolean {
    return this.away && this.rows >= this.#config.storeRowsMax;
  }

  #regionId(region: number): number {
    const id = this.#regionIds[region];
    assertInvariant(id !== undefined, `region ${region} has gauges but was never saved`);
    return id;
  }

  #sealIfLarge(): void {
    if (this.#open !== null && this.#open.rows >= batchRowsMax) this.seal();
  }

  /** Whether an earlier run stored this event row: those before the ledger's time, and the first ones at it. */
  #stored(us: number): boolean {
    if (us < this.#begun.eventUs) return true;
    if (us === this.#begun.eventUs && this.#skipRows > 0) {
      this.#skipRows--;
      return true;
    }
    if (us > this.#begun.eventUs) this.#skipping = false;
    return false;
  }
}
