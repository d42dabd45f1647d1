import { hourUs, secondUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { assertInvariant, UserError } from '../errors.ts';
import { type EventBatch, noCell } from '../events/event-batch.ts';
import { eventFlag, eventKinds } from '../events/kinds.ts';
import { isLearnt } from '../events/learnt.ts';
import { groupRows } from '../presence/group-loads.ts';
import { isSighting, Presence } from '../presence/presence.ts';
import { stageRows } from '../presence/row-kernel.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import { OriginClassifier } from '../reference/origin.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { toEnd } from '../to-end.ts';
import { LacTtls } from './cell-ttls.ts';
import type { EngineLimits } from './engine-limits.ts';
import { GaugeBook, type IntervalTaker, type OriginTeller } from './gauge-book.ts';
import { type EngineFigures, EngineView } from './live-view.ts';
import { Occupancy } from './occupancy.ts';
import { cuttingStays, type OpenStays, openStaysOf } from './open-stays.ts';
import { editOf, identityOf } from './region-edit.ts';
import { countUnit, hearCells, RowColumns } from './row-columns.ts';
import { StayBuffer } from './stays.ts';
import { Traffic } from './traffic.ts';
import type { LiveView, StayColumns } from './view.ts';

export interface EngineOptions {
  config: Config;
  registry: CellRegistry;
  regions: RegionIndex;
  /** Length of a gauge interval, µs. */
  everyUs: number;
  /** Takes each interval once it is final, in order; its arrays belong to the taker. See {@link GaugeBook}. */
  onInterval?: IntervalTaker;
  /** What each interval tells of origins; absent: those that have changed. */
  tellingOrigins?: OriginTeller;
  /** Takes ended stays; the columns are valid only during the call. */
  onStays?: (stays: StayColumns) => void;
  /** False spares crossings and visitors of single cells, where only regions are asked for. */
  cellGauges?: boolean;
}

/** What {@link Engine.save} puts down beside the arrays. */
type SavedFigures = Omit<EngineFigures, 'traffic' | 'heardUs'> & { turnUs: number; cells: number; regions: string[] };

/**
 * Sightings to counters: presence, occupancy, gauges. One event clock drives it; rows come in order of
 * (time, arrival), their `cell` column holding ids of the registry.
 */
export class Engine {
  readonly view: LiveView;
  private readonly registry: CellRegistry;
  private regions: RegionIndex;
  readonly presence: Presence;
  private readonly occupancy: Occupancy;
  private readonly traffic: Traffic;
  private readonly book: GaugeBook;
  /** Stays that have ended and are not handed on yet. */
  readonly stays: StayBuffer | null;
  private readonly figures: EngineFigures;
  /**
   * So long after the newest row whoever is still present is kept by a feed whose clock stands, and nobody's fix age
   * is counted by region: without a row nothing changes any more.
   */
  private readonly stillAfterUs: number;
  /** The next time at which something is due whether rows come or not. */
  private turnUs = 0;
  private readonly columns: RowColumns;
  private finished = false;

  constructor(options: EngineOptions) {
    const { config, registry, regions } = options;
    const ttls = new LacTtls(config, registry);
    const cellGauges = options.cellGauges ?? true;
    const holdDownUs = config.holdDownMs * 1000;
    this.registry = registry;
    this.regions = regions;
    this.stillAfterUs = Math.max(ttls.maxUs, hourUs);
    this.stays = options.onStays === undefined ? null : new StayBuffer(options.onStays);
    this.occupancy = new Occupancy({
      ...{ regions, places: config },
      classifier: new OriginClassifier(config.homePlmns, config.homeAreas, config.provinceAreas),
      holdDownUs,
      flowWindowUs: config.flowWindowMs * 1000,
      ttlMaxUs: ttls.maxUs,
      countsStays: config.regionStays === 'on',
      tripUs: config.tripMs * 1000,
      crossingsMax: config.crossingsMax,
      cellGauges,
      stays: this.stays,
      beforeHeld: (timeUs) => this.book.finalizeBefore(timeUs),
      beforeCutShort: (timeUs) => this.book.beforeCutShort(timeUs),
    });
    this.presence = new Presence({ subscribersMax: config.subscribersMax, ttls, sink: this.occupancy });
    this.occupancy.attach(this.presence);
    this.columns = new RowColumns(this.presence.table.memory);
    this.traffic = new Traffic({ regions, everyUs: options.everyUs, windowUs: config.flowWindowMs * 1000 });
    this.book = new GaugeBook({
      occupancy: this.occupancy,
      traffic: this.traffic,
      regions,
      everyUs: options.everyUs,
      holdDownUs,
      cellGauges,
      taker: options.onInterval ?? null,
      originTeller: options.tellingOrigins ?? null,
    });
    this.figures = {
      clockUs: 0,
      firstUs: -1,
      traffic: new Float64Array(eventKinds.length),
      ...{ resolvedEvents: 0, unresolvedEvents: 0, optedOutEvents: 0 },
      lateEvents: 0,
      heardUs: new Float64Array(0),
    };
    this.view = new EngineView({
      registry,
      occupancy: this.occupancy,
      book: this.book,
      figures: this.figures,
      present: () => this.presence.present,
      ttls,
      areaTraffic: this.traffic,
    });
    this.grow();
  }

  get limits(): EngineLimits {
    const { table } = this.presence;
    const { regionStays, notes, trail } = this.occupancy;
    return {
      subscribers: table.size,
      subscribersMax: table.capacity,
      subscribersRefused: table.refused,
      crossings: trail.size,
      crossingsForced: trail.forced,
      subscriberBytes: this.presence.byteLength,
      crossingBytes: trail.byteLength,
      stayBytes: regionStays.byteLength + notes.byteLength,
    };
  }

  /** Stays in these cells that last, looked for in slices of some milliseconds. */
  openStays(cells: ArrayLike<number>): Generator<void, OpenStays> {
    return openStaysOf(this.presence.table, cells);
  }

  /** Rows `from` … `to − 1`, none earlier than a row before or the clock of {@link advance}. */
  apply(batch: EventBatch, from: number, to: number): void {
    toEnd(this.applying(batch, from, to));
  }

  /**
   * The same, some milliseconds of work at a time, as all generators here. The view may be read in between, but
   * nothing else be asked until it has ended.
   */
  *applying(batch: EventBatch, from: number, to: number): Generator<void> {
    assertInvariant(!this.finished, 'an engine that has finished takes no rows');
    for (let at = from; at < to; at += groupRows) {
      if ((at - from) % stageRows === 0) this.presence.stage(batch, at, Math.min(at + stageRows, to));
      const end = Math.min(at + groupRows, to);
      this.presence.touch(batch, at, end);
      for (let row = this.applyUntilDue(batch, at, end); row < end; row = this.applyUntilDue(batch, row, end))
        yield* this.reaching(batch.timeUs[row]);
      if ((end - from) % stageRows === 0) yield;
    }
  }

  /** Late rows: traffic in the totals, nobody is moved. */
  applyLate(batch: EventBatch, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (isLearnt(batch.kind[i])) continue;
      this.figures.lateEvents++;
      if ((batch.flags[i] & eventFlag.traffic) === 0) continue;
      countUnit(this.figures, batch, i);
      const cell = this.placeOf(batch.cell[i]);
      this.traffic.countLate(batch.timeUs[i], cell, batch.kind[i], batch.outcome[i], batch.durationMs[i]);
    }
  }

  /**
   * All rows before `clockUs` have come: intervals close and become final, subscribers vanish.
   *
   * @param feedClocksUs clocks by feed number. The array is kept: update it in place before rows that the clocks have
   * passed are applied. A subscriber last seen by a feed does not vanish before that feed's clock.
   */
  advance(clockUs: number, feedClocksUs?: Float64Array): void {
    toEnd(this.advancing(clockUs, feedClocksUs));
  }

  *advancing(clockUs: number, feedClocksUs?: Float64Array): Generator<void> {
    if (feedClocksUs !== undefined) this.presence.setFeedClocks(feedClocksUs);
    const { figures } = this;
    if (figures.firstUs < 0 || clockUs < figures.clockUs) return;
    figures.clockUs = clockUs;
    yield* this.turning(clockUs);
    // Somebody whose presence ends at this very time has not been seen before it.
    yield* this.presence.expiringBefore(clockUs + 1);
    this.stays?.flush();
  }

  /**
   * The micro-regions are these from the clock's time on. One with the same id and the same cells is unchanged and keeps
   * everything, wherever it stands in the list. Every other one begins anew at the edit, from where everybody is: present
   * and origins are counted at once; whoever is in it is a visitor of the open interval and there since the first
   * sighting of the stay in its cell; entries, exits, appeared, vanished, flows and trips are counted from the edit on,
   * so that the open interval's row holds those since the edit.
   *
   * What the region was before ends with the edit: its crossings of closed intervals that are still pending count at
   * their own times (without trips), as at a vanish; stays of those who are inside are not ended and in no dwell. Closed
   * intervals that are not final yet keep the regions of their time: see {@link IntervalTaker}.
   */
  setRegions(regions: RegionIndex): void {
    toEnd(this.settingRegions(regions));
  }

  *settingRegions(regions: RegionIndex): Generator<void> {
    const { book, figures, occupancy } = this;
    if (figures.firstUs >= 0) {
      // Nobody whose presence is over is counted, and no crossing is cut short that has held.
      yield* this.presence.expiringBefore(figures.clockUs + 1);
      yield* this.settling(figures.clockUs);
    }
    const edit = editOf(this.regions, regions);
    yield;
    const recount = yield* occupancy.recounting(regions, edit);
    yield* book.settingRegions(regions, edit, occupancy.trail.editing(edit.placeOf, edit.after));
    // The view shows the ones before until here, and the others from here on.
    occupancy.setRegions(regions, edit, recount);
    this.regions = regions;
  }

  /** Hands on the stays that have ended so far. */
  flushStays(): void {
    this.stays?.flush();
  }

  /** Nothing comes any more: the open interval closes at its end and pending crossings count. No rows after it. */
  finish(): void {
    toEnd(this.finishing());
  }

  /** @param cut others count on who begin anew: open stays are cut off here, and the open interval is not told */
  *finishing(cut = false): Generator<void> {
    if (this.figures.firstUs < 0) return;
    this.finished = true;
    const { occupancy } = this;
    yield* cut ? cuttingStays(occupancy, this.presence.table, this.figures.clockUs) : this.closing();
    yield* this.settling(Number.POSITIVE_INFINITY);
    this.stays?.flush();
  }

  /**
   * Everything that what comes next depends on; nothing may be applied until it has ended. Cells are named by their ids
   * and regions by their places: whoever saves keeps the registry's cells and the regions with it.
   */
  *save(to: StateWriter): Generator<void> {
    // Of some cells that are known no row may have come yet; who restores this makes room for all of them.
    if (this.registry.count > this.figures.heardUs.length) this.grow();
    const { traffic, heardUs, ...figures } = this.figures;
    const regions = identityOf(this.regions);
    to.json('engine', { ...figures, turnUs: this.turnUs, cells: heardUs.length, regions });
    yield* saveBytes(to, 'engine.traffic', traffic);
    yield* saveBytes(to, 'engine.heardUs', heardUs);
    yield* this.presence.save(to);
    yield* this.occupancy.save(to);
    yield* this.book.save(to);
    yield* this.traffic.save(to);
    if (this.stays !== null) yield* this.stays.save(to);
  }

  /**
   * Goes on where the saved engine stood: the same rows give the same intervals and stays. Only on a fresh engine
   * with the same settings, regions and interval, whose registry gives the cells the same ids.
   *
   * @param feedClocksUs the array that {@link advance} will get, already filled: rows may come before it
   * @throws UserError when the snapshot is of other regions or a piece is missing
   */
  restore(from: StateReader, feedClocksUs?: Float64Array): void {
    const { cells, regions, turnUs, ...figures } = from.json<SavedFigures>('engine');
    const own = identityOf(this.regions);
    if (regions.length !== own.length || regions.some((id, i) => id !== own[i]))
      throw new UserError('SNAPSHOT_OTHER_REGIONS', 'the snapshot counts other regions than those that are loaded');
    this.turnUs = turnUs;
    Object.assign(this.figures, figures, { heardUs: new Float64Array(cells) });
    restoreBytes(from, 'engine.traffic', this.figures.traffic);
    restoreBytes(from, 'engine.heardUs', this.figures.heardUs);
    this.presence.restore(from);
    this.occupancy.restore(from);
    this.book.restore(from);
    this.traffic.growTo(this.occupancy.cellCapacity);
    this.traffic.restore(from);
    this.stays?.restore(from);
    if (feedClocksUs !== undefined) this.presence.setFeedClocks(feedClocksUs);
  }

  /** Applies rows up to one before which something is due; returns that one, or `to`. */
  private applyUntilDue(batch: EventBatch, from: number, to: number): number {
    const { columns, figures, occupancy, presence, traffic } = this;
    let end = this.look(from, to);
    if (columns.cellLimit > figures.heardUs.length) {
      this.grow();
      end = this.look(from, to);
    }
    columns.count(figures);
    occupancy.cellLimit = Math.max(occupancy.cellLimit, columns.cellLimit);
    const { regionCount, touched } = occupancy.areas;
    hearCells(figures, batch, from, end, touched, regionCount);
    traffic.countRows(columns, batch, from, end);
    for (let row = presence.seeing(from, end); row < end; row = presence.seeing(row + 1, end))
      this.applyOne(batch, row);
    presence.tellSeen();
    return end;
  }

  private look(from: number, to: number): number {
    const { columns, figures, presence, traffic, turnUs } = this;
    const { stagedFrom } = presence;
    return stagedFrom + columns.look(from - stagedFrom, to - stagedFrom, turnUs, figures.clockUs, traffic.rows);
  }

  /** A row that does more than {@link Presence.seeing} knows of. */
  private applyOne(batch: EventBatch, row: number): void {
    const { presence } = this;
    const id = batch.cell[row];
    if (id !== noCell) {
      if (isSighting(batch, row)) presence.sighting(batch, row, id);
    } else if ((batch.flags[row] & eventFlag.detach) !== 0) presence.leave(batch, row);
    else if (isLearnt(batch.kind[row])) presence.place(batch, row);
  }

  /** The cell that traffic is counted under: -1 none. The counters are as wide as there are cells then. */
  private placeOf(cell: number): number {
    if (cell === noCell) return -1;
    if (cell >= this.figures.heardUs.length) this.grow();
    return cell;
  }

  /** A row of `timeUs` comes and something is due before it. */
  private *reaching(timeUs: number): Generator<void> {
    if (this.figures.firstUs < 0) {
      this.figures.firstUs = timeUs;
      this.book.open(timeUs);
    }
    yield* this.turning(timeUs);
    // Whole seconds: so nobody is asked twice. Whoever vanishes in the running one does so at its own time all the same.
    yield* this.presence.expiringBefore(Math.floor(timeUs / secondUs) * secondUs);
  }

  /**
   * Closes the intervals that end by `timeUs`. Their number is bounded whatever the time: where nothing changes they
   * are passed over.
   */
  private *turning(timeUs: number): Generator<void> {
    const { book, occupancy } = this;
    // All rows so far lie before it, and the clocks of the feeds stand still until this returns.
    const stillUs = book.endUs + this.stillAfterUs;
    while (book.endUs <= timeUs) {
      if (book.quiet && (this.presence.present === 0 || book.startUs >= stillUs)) yield* book.skippingTo(timeUs);
      else {
        yield* this.closing();
        yield;
      }
    }
    occupancy.fixAges.advance(timeUs);
    occupancy.flows.advance(timeUs);
    occupancy.regionStays.live.advance(timeUs);
    yield* this.settling(timeUs);
    yield* occupancy.trail.forgettingBefore(book.startUs);
    // Each second: so expiry and the settling of crossings are spread, and no batch pays for half a minute of them.
    this.turnUs = Math.min(book.endUs, (Math.floor(timeUs / secondUs) + 1) * secondUs);
  }

  private *closing(): Generator<void> {
    const { book, occupancy } = this;
    const { endUs } = book;
    yield* this.presence.expiringBefore(endUs);
    occupancy.fixAges.advance(endUs);
    yield* book.closing(this.presence.present);
    yield;
    yield* occupancy.trail.forgettingBefore(endUs);
    yield* this.settling(endUs);
  }

  /** Crossings count that have held by then, and the intervals that have all of theirs are handed on. */
  private *settling(clockUs: number): Generator<void> {
    yield* this.book.finalizing(clockUs);
    yield* this.occupancy.trail.settling(clockUs);
  }

  private grow(): void {
    const { figures, occupancy } = this;
    occupancy.growTo(this.registry.count);
    const heardUs = new Float64Array(occupancy.cellCapacity).fill(-1);
    heardUs.set(figures.heardUs);
    figures.heardUs = heardUs;
    this.traffic.growTo(occupancy.cellCapacity);
  }
}
