/**
 * Makes rows of the journal's records and collects them in batches: one that the database takes, and one that grows
 * meanwhile. It is full at a bound and then takes no record; the journal holds what comes.
 */
import { type Clock, minuteUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { assertInvariant } from '../errors.ts';
import { isEventTime } from '../events/feed-position.ts';
import { eventFlag } from '../events/kinds.ts';
import { isLearnt } from '../events/learnt.ts';
import { type OptedOut, saysNothing, withheld } from '../events/opted-out.ts';
import type { BatchRecord, GaugesRecord, LogRecord, RegionsRecord } from '../journal/records.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import { CopyPool, type RegionsSet, type StoreBatch } from './batch.ts';
import { ActivityCounts, eventsOneIn, keepsEventsOf } from './facts-activity.ts';
import { hourOf } from './facts-dirty.ts';
import { writeLearnt } from './learnt-rows.ts';
import type { LedgerRow } from './ledger.ts';
import {
  unknownRegion,
  writeCity,
  writeDwell,
  writeEvent,
  writeFlows,
  writeGauge,
  writeOrigins,
  writePlaces,
  writeStay,
} from './rows.ts';

/** A batch is closed when the database is free and it has so many rows, or is so old. */
const batchRowsMin = 5_000;
const batchAgeMsMax = 1_000;
/** One without a row says that nothing came, or holds counts of 10 s: that is not urgent. */
const emptyAgeMsMax = 10_000;
/** With so many rows in the open batch no record is taken; a record brings a few thousand more at most. */
const batchRowsMax = 24_576;

export class Intake {
  /** Rows that can't be stored: at no time of this world, or refused by their table and set aside. */
  droppedRows = 0;
  /** Cells known: ids are below it. */
  cellCount = 0;
  /** Surrogates in the database of the micro-regions that it knows. */
  readonly regionIds = new Map<string, number>();
  readonly #clock: Clock;
  readonly #eventsOneIn: number;
  /** Nothing of theirs is stored, whatever the journal may still hold. */
  readonly #optedOut: OptedOut | null;
  /** Traffic of the open batch where not all events are stored. */
  readonly #activity = new ActivityCounts();
  readonly #pool = new CopyPool();
  #open: StoreBatch | null = null;
  /** Closed, and not stored yet. */
  #sealed: StoreBatch | null = null;
  /** The open batch is closed as soon as it can be. */
  #hurried = false;
  /** The ledger as it is once all that was taken is stored. */
  #ledger: LedgerRow = { batch: 0, journal: '', offset: 0, eventUs: -1 };
  /** Event rows in the journal up to there; -1: no batch has told yet. */
  #events = -1;
  #clockUs = -1;
  /** An interval of gauges lasts at most so long, and closes so long behind its newest event, µs. */
  readonly #openUs: number;
  /** Newest event time before a hole, µs, until the first record behind it has come; -1: there is none. */
  #holeFromUs = -1;
  /** Event time before which a row says nothing of where a hole ends, µs, until one does; -1: none is looked for. */
  #holeToUs = -1;
  /** The first interval behind a hole is still to come. */
  #behindHole = false;

  /** @param optedOut null: nobody has */
  constructor(config: Config, clock: Clock, optedOut: OptedOut | null = null) {
    this.#optedOut = optedOut;
    this.#eventsOneIn = eventsOneIn(config.keepEvents);
    this.#clock = clock;
    this.#openUs = config.reorderWindowMs * 1000 + Math.max(minuteUs, config.gaugeEveryMs * 1000);
  }

  /**
   * @param ledger as it stands in the database, but for the journal that comes from here on
   * @param behindHole what lies between the newest row stored and what comes is lost
   */
  begin(ledger: LedgerRow, behindHole = false): void {
    assertInvariant(this.rows === 0, 'rows of another journal wait');
    this.#ledger = { ...ledger };
    this.#holeFromUs = behindHole ? ledger.eventUs : -1;
    this.#holeToUs = this.#holeFromUs;
    this.#behindHole = this.#holeFromUs >= 0;
  }

  /** Rows that wait for the database. */
  get rows(): number {
    return (this.#open?.rows ?? 0) + this.#activity.rows + (this.#sealed?.rows ?? 0);
  }

  /** Whether anything waits, if only the news that the journal has gone on. */
  get waits(): boolean {
    return this.#open !== null || this.#sealed !== null;
  }

  /** Event rows in the journal up to the newest batch taken; -1: none was. */
  get events(): number {
    return this.#events;
  }

  /** The records' event clock, µs; -1: none was told. */
  get clockUs(): number {
    return this.#clockUs;
  }

  /** Every record that ends at or before it has been taken. */
  get offset(): number {
    return this.#ledger.offset;
  }

  /** Whether a set of micro-regions waits. */
  get holdsRegions(): boolean {
    return (this.#sealed?.regions ?? this.#open?.regions ?? null) !== null;
  }

  /** Whether the next record may be taken. */
  get ready(): boolean {
    // Gauges behind new regions need the surrogates that these get when they are stored.
    // Rows that may be told again are not in one batch with those that then stand in their place.
    return (
      !this.holdsRegions &&
      !this.#open?.foretold &&
      (this.#open === null || this.#open.rows + this.#activity.rows < batchRowsMax)
    );
  }

  /** Takes the record that ends at `to`; only when {@link ready}. */
  take(record: LogRecord, to: number): void {
    this.#open ??= this.#pool.open(this.#clock.monotonicMs());
    const open = this.#open;
    if (this.#holeFromUs >= 0) this.#beginHole(open);
    switch (record.k) {
      case 'batch':
        this.#takeEvents(open, record);
        break;
      case 'gauges':
        this.#takeGauges(open, record);
        break;
      case 'stays':
        this.#takeStays(open, record.stays);
        break;
      case 'cells':
        for (const { id, cell } of record.cells) {
          this.cellCount = Math.max(this.cellCount, id + 1);
          open.cells.push({ id, cell });
        }
        break;
      case 'regions':
        open.regions = this.#setOf(record);
        this.#hurried = true;
        break;
      case 'clock':
        if (record.releaseUs > this.#clockUs) this.#clockUs = record.releaseUs;
        break;
      case 'run':
      case 'finish':
      case 'leave':
        break;
    }
    this.#ledger.offset = to;
  }

  /** Closes the open batch as soon as the database is free. */
  hurry(): void {
    this.#hurried = this.#open !== null;
  }

  /** What is to be stored next; the same until {@link done}. */
  head(): StoreBatch | null {
    if (this.#sealed === null && this.#open !== null && this.#due(this.#open)) {
      if (this.#activity.rows > 0) this.#activity.drain(this.#open.copies.activity);
      this.#ledger.batch++;
      this.#open.ledger = { ...this.#ledger };
      this.#open.clockUs = this.#clockUs;
      this.#sealed = this.#open;
      this.#open = null;
      this.#hurried = false;
    }
    return this.#sealed;
  }

  /** The head has been stored, but for so many rows that were refused. */
  done(refused: number): void {
    const batch = this.#sealed;
    assertInvariant(batch !== null, 'no batch is waiting');
    this.#sealed = null;
    this.droppedRows += refused;
    this.#pool.giveBack(batch);
  }

  #due(open: StoreBatch): boolean {
    if (this.#hurried || open.rows + this.#activity.rows >= batchRowsMin) return true;
    const ageMs = this.#clock.monotonicMs() - open.openedMs;
    return ageMs >= (open.rows > 0 ? batchAgeMsMax : emptyAgeMsMax);
  }

  #takeEvents(open: StoreBatch, { batch: told, position, rowsBefore }: BatchRecord): void {
    const batch = withheld(told, this.#optedOut);
    open.positions.set(position.identity, position);
    this.#events = rowsBefore + batch.n;
    const oneIn = this.#eventsOneIn;
    const { event } = open.copies;
    const { timeUs, flags, subLo, subHi } = batch;
    let newestUs = this.#ledger.eventUs;
    let oldestUs = open.eventMinUs;
    let hour = -1;
    for (let i = 0; i < batch.n; i++) {
      const us = timeUs[i];
      if (!isEventTime(us)) {
        this.droppedRows++;
        continue;
      }
      if (us > newestUs) newestUs = us;
      if (this.#holeToUs >= 0 && us > this.#holeToUs) this.#endHole(open, us);
      if (saysNothing(flags[i])) continue;
      if (isLearnt(batch.kind[i])) {
        writeLearnt(open.copies, batch, i);
        continue;
      }
      let stored = flags[i];
      if (oneIn !== 1) {
        if ((stored & eventFlag.traffic) !== 0) {
          this.#countActivity(open, batch, i);
          stored ^= eventFlag.traffic | eventFlag.sampledTraffic;
        }
        if (!keepsEventsOf(subLo[i], subHi[i], oneIn)) continue;
      }
      if (us < oldestUs) oldestUs = us;
      writeEvent(event, batch, i, stored);
      if (hourOf(us) !== hour) {
        hour = hourOf(us);
        open.eventHours.add(hour);
      }
    }
    this.#ledger.eventUs = newestUs;
    open.eventMinUs = oldestUs;
  }

  #countActivity(open: StoreBatch, batch: BatchRecord['batch'], i: number): void {
    const us = batch.timeUs[i];
    if (us < open.activityMinUs) open.activityMinUs = us;
    this.#activity.add(us, batch.cell[i], batch.kind[i], batch.outcome[i], batch.durationMs[i], batch.bytes[i]);
  }

  #takeGauges(open: StoreBatch, { gauges, regionIds, foretold, again }: GaugesRecord): void {
    const { startUs, endUs, cells, regions, present, origins, places, flows, dwell } = gauges;
    if (!isEventTime(startUs)) {
      this.droppedRows += cells.n + regions.n;
      return;
    }
    const everyMs = (endUs - startUs) / 1000;
    const write = (
      table: 'cell_gauge' | 'region_gauge',
      rows: IntervalGauges['cells'],
      idOf: (id: number) => number,
    ) => {
      for (let i = 0; i < rows.n; i++) {
        const id = idOf(rows.id[i]);
        if (id !== unknownRegion) writeGauge(open.copies[table], startUs, everyMs, id, rows, i);
      }
    };
    write('cell_gauge', cells, (id) => id);
    const idOf = (region: number) => this.#regionId(regionIds[region]);
    write('region_gauge', regions, idOf);
    if (origins !== undefined) writeOrigins(open.copies.origin_gauge, startUs, everyMs, origins, idOf);
    if (places !== undefined) writePlaces(open.copies.origin_place, startUs, everyMs, places, idOf);
    if (flows !== undefined) writeFlows(open.copies.region_flow, startUs, everyMs, flows, idOf);
    if (dwell !== undefined) writeDwell(open.copies.region_dwell, startUs, everyMs, dwell, idOf);
    writeCity(open.copies.city_gauge, startUs, everyMs, present, this.#eventsOneIn, !this.#behindHole);
    this.#behindHole = false;
    if (startUs < open.gaugeMinUs) open.gaugeMinUs = startUs;
    if (again) open.toldAgainUs.push(startUs);
    if (foretold) {
      open.foretold = true;
      this.#hurried = true;
    }
  }

  /**
   * Whatever bucket reaches into the hole has an interval in it whose traffic is not known. Those that were open at its
   * beginning have rows and no gauge: they get one of no length, so that nothing else takes it for counted. So does the
   * time of the first row behind it. All of it goes with the first records behind the hole: once they are stored nobody
   * could tell any more that there was one.
   */
  #beginHole(open: StoreBatch): void {
    for (let us = this.#holeFromUs; us > this.#holeFromUs - this.#openUs; us -= minuteUs) this.#mark(open, us);
    this.#holeFromUs = -1;
  }

  #endHole(open: StoreBatch, us: number): void {
    this.#mark(open, us);
    this.#holeToUs = -1;
  }

  #mark(open: StoreBatch, us: number): void {
    writeCity(open.copies.city_gauge, us, 0, 0, this.#eventsOneIn, false);
  }

  #takeStays(open: StoreBatch, stays: StayColumns): void {
    const optedOut = this.#optedOut?.none === false ? this.#optedOut : null;
    for (let i = 0; i < stays.n; i++) {
      if (optedOut?.has(stays.subLo[i], stays.subHi[i])) continue;
      if (isEventTime(stays.firstOutUs[i])) writeStay(open.copies.stay, stays, i);
      else this.droppedRows++;
    }
  }

  #setOf({ regions, version = -1, edit }: RegionsRecord): RegionsSet {
    if (edit === undefined) return { regions, version, members: null, fromUs: -1 };
    // The records' own clock tells where between the rows the edit stands; before the first row it holds for all.
    const before = this.#ledger.eventUs >= 0 ? edit.fromUs : Number.NEGATIVE_INFINITY;
    return { regions, version, members: edit.members, fromUs: this.#clockUs >= 0 ? this.#clockUs : before };
  }

  #regionId(id: string): number {
    const surrogate = this.regionIds.get(id);
    // A database that begins anew gets gauges of the journal's whole life, and only the regions that are left.
    return surrogate ?? unknownRegion;
  }
}
