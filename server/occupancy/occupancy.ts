import { type EventBatch, noCell } from '../events/event-batch.ts';
import { groupRows } from '../presence/group-loads.ts';
import type { Presence, PresenceSink } from '../presence/presence.ts';
import { dLast, recordDoubles } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { AppearedNow } from './appeared-now.ts';
import { AreaCounters } from './area-counters.ts';
import { BorderCrossings } from './border-crossings.ts';
import { crossersOf } from './crossers.ts';
import { CrossingTrail } from './crossing-trail.ts';
import { FixAges, stepOf } from './fix-ages.ts';
import { FlowWindow } from './flow-window.ts';
import type { OccupancyOptions } from './occupancy-options.ts';
import { Origins } from './origins.ts';
import type { RegionEdit } from './region-edit.ts';
import { countOrigins, type Recount, recounting, sumChanged } from './region-recount.ts';
import { RegionStays } from './region-stays.ts';
import { RegionTrips } from './region-trips.ts';
import type { StayBuffer } from './stays.ts';
import { StaysAround } from './stays-around.ts';
import { SubscriberNotes } from './subscriber-notes.ts';
import type { TrailOwner } from './trail-entry.ts';

const cellCapacityFirst = 1024;

type Saved = Record<'appeared' | 'vanished' | 'cellCapacity', number> & { now: ReturnType<AppearedNow['saved']> };

/** Turns transitions of subscribers into counters of cells and micro-regions (DESIGN §2). */
export class Occupancy implements PresenceSink, TrailOwner {
  areas: AreaCounters;
  readonly trail: CrossingTrail;
  readonly fixAges: FixAges;
  flows: FlowWindow;
  readonly origins: Origins;
  readonly trips: RegionTrips;
  readonly regionStays: RegionStays;
  /** Of each subscriber: since when it is in each of its regions; and its newest held exit. */
  readonly notes = new SubscriberNotes();
  /** Start of the open interval, µs. */
  intervalStartUs = 0;
  /** End of the oldest interval that is closed and not final, µs; kept by the book. */
  waitingEndUs = Number.POSITIVE_INFINITY;
  appearedTotal = 0;
  vanishedTotal = 0;
  cellCapacity = 0;
  /** Cells that have ever been heard have smaller numbers: the others' counters are all 0. */
  cellLimit = 0;

  regions: RegionIndex;
  private regionCount: number;
  /** Micro-regions come first; nodes of the region tree, behind them, have no stays and trips. */
  private drawn: number;
  private readonly cellGauges: boolean;
  private readonly countsStays: boolean;
  readonly stays: StayBuffer | null;
  private readonly beforeHeld: (timeUs: number) => void;
  private readonly beforeCutShort: (timeUs: number) => void;
  private readonly appearedNow = new AppearedNow();
  private readonly crossers = new Int32Array(groupRows);
  private readonly borders: BorderCrossings;
  private presence!: Presence;
  private table!: SubscriberTable;

  constructor(options: OccupancyOptions) {
    this.regions = options.regions;
    this.regionCount = options.regions.regions.length;
    this.drawn = options.regions.drawn;
    this.cellGauges = options.cellGauges;
    this.countsStays = options.countsStays;
    this.stays = options.stays;
    this.beforeHeld = options.beforeHeld;
    this.beforeCutShort = options.beforeCutShort;
    this.areas = new AreaCounters(this.regionCount, 0);
    this.trail = new CrossingTrail({ owner: this, holdDownUs: options.holdDownUs, entriesMax: options.crossingsMax });
    this.fixAges = new FixAges(options.ttlMaxUs);
    this.flows = new FlowWindow(this.regionCount, options.flowWindowUs);
    this.origins = new Origins(options.classifier, this.regionCount, options.places);
    this.regionStays = new RegionStays(this.countsStays ? this.regionCount : 0, this.notes, this.trail);
    const { cellGauges, countsStays, notes, origins, regionCount, regionStays, trail } = this;
    const around = new StaysAround({ trail, notes, regionStays });
    this.trips = new RegionTrips({ regionCount, tripUs: options.tripUs, notes, around });
    this.borders = new BorderCrossings({ cellGauges, countsStays, origins, regionStays, trail });
    this.borders.use(this.regions, this.areas);
    this.growTo(cellCapacityFirst);
  }

  /** Presence calls this sink, and the sink reads its table: joined once, after both exist. */
  attach(presence: Presence): void {
    this.presence = presence;
    this.table = presence.table;
    this.notes.open(presence.table.capacity);
  }

  growTo(cellCount: number): void {
    let capacity = Math.max(this.cellCapacity, cellCapacityFirst);
    while (capacity < cellCount) capacity *= 2;
    if (capacity === this.cellCapacity) return;
    this.cellCapacity = capacity;
    this.areas.growTo(capacity);
    this.fixAges.growTo(capacity);
  }

  *save(to: StateWriter): Generator<void> {
    const { appearedTotal: appeared, vanishedTotal: vanished, cellCapacity, appearedNow } = this;
    to.json('occupancy', { appeared, vanished, cellCapacity, now: appearedNow.saved() });
    for (const part of this.parts) yield* part.save(to);
  }

  /** Of a fresh one with the same regions; the times of intervals are the book's to restore. */
  restore(from: StateReader): void {
    const { appeared, vanished, cellCapacity, now } = from.json<Saved>('occupancy');
    this.appearedTotal = appeared;
    this.vanishedTotal = vanished;
    this.appearedNow.restore(now);
    this.growTo(cellCapacity);
    this.cellLimit = cellCapacity;
    for (const part of this.parts) if (part.restore(from) === false) countOrigins(this, this.table);
  }

  appeared(sub: number, cell: number): void {
    const { areas, borders, regionCount, table, trail } = this;
    this.appearedTotal++;
    this.appearedNow.add(sub, this.presence.atUs);
    borders.atUs = this.presence.atUs;
    const group = this.origins.groupOf(table.origin(sub));
    this.origins.addToCity(group, 1);
    this.fixAges.add(cell);
    trail.begin(sub, this.presence.atUs, this.intervalStartUs);
    if (this.cellGauges) borders.enter(regionCount + cell, false);
    else areas.present[regionCount + cell]++;
    areas.appeared[regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      borders.enterRegion(sub, regions[i], group, false);
      areas.appeared[regions[i]]++;
    }
    trail.end();
  }

  moved(sub: number, from: number, to: number): void {
    const { atUs } = this.presence;
    if (this.table.sinceUs(sub) === atUs && this.appearedNow.has(sub, atUs)) {
      this.moveAppearance(sub, from, to);
      return;
    }
    if (this.stays !== null) this.endStay(this.stays, sub, from, to);
    const { borders, table } = this;
    borders.atUs = atUs;
    borders.lastInUs = table.f64[sub * recordDoubles + dLast];
    borders.cross(sub, from, to, table.origin(sub), this.intervalStartUs);
  }

  movedMany(n: number): void {
    const { origins, stays, table } = this;
    const { originEvents } = table.movedRows;
    if (stays !== null)
      for (let row = 0; row < n; row++) stays.pushMoved(table, row, origins.plmnOf(originEvents[row] >>> 16));
    this.borders.crossMany(table, n, this.intervalStartUs);
  }

  renewed(sub: number, cell: number): void {
    this.fixAges.renew(cell, this.lastStepOf(sub));
  }

  stayCut(sub: number, cell: number): void {
    if (this.stays !== null) this.endStay(this.stays, sub, cell, cell);
  }

  vanished(sub: number, cell: number): void {
    const { areas, borders, regionCount, table, trail } = this;
    this.vanishedTotal++;
    if (this.stays !== null) this.endStay(this.stays, sub, cell, noCell);
    const group = this.origins.groupOf(table.origin(sub));
    this.origins.addToCity(group, -1);
    this.fixAges.remove(cell, this.lastStepOf(sub));
    borders.atUs = this.presence.atUs;
    borders.lastInUs = table.f64[sub * recordDoubles + dLast];
    trail.hold(sub);
    // Kept by a feed whose clock stood: the interval of its time is closed and had it as present, so it is the open
    // interval that loses it.
    trail.begin(sub, Math.max(this.presence.atUs, this.intervalStartUs), this.intervalStartUs);
    if (this.cellGauges) borders.leave(regionCount + cell, false);
    else {
      areas.present[regionCount + cell]--;
      // Told to the trail all the same: whatever it remembers of the subscriber ends here.
      trail.leave(regionCount + cell, false);
    }
    areas.vanished[regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      borders.leaveRegion(sub, regions[i], group, false);
      areas.vanished[regions[i]]++;
    }
    trail.end();
  }

  seenMany(n: number): void {
    this.fixAges.seeMany(this.presence.seenRows, n);
  }

  touch(indices: Int32Array, movers: Uint32Array, n: number, batch: EventBatch, from: number): void {
    if (!this.countsStays) return;
    const { crossers, regions, table } = this;
    const rows = { table, regions, indices, movers, n, into: crossers };
    this.notes.touch(crossers, crossersOf(rows, batch, from));
  }

  /** For the trail, as the next. */
  get notedAreas(): number {
    return this.countsStays ? this.drawn : 0;
  }

  touchNotes(subs: Int32Array, n: number): number {
    return this.notes.touch(subs, n);
  }

  refersTo(sub: number): boolean {
    return this.trail.holds(sub);
  }

  originOf(plmn: number, before: number): number {
    return this.origins.heard(plmn, before);
  }

  originChanged(_sub: number, cell: number, from: number, to: number): void {
    this.origins.change(this.regions.sets[this.regions.setOf[cell]], from, to);
  }

  /** For the trail, as the next three. */
  sequenceOf(sub: number): number {
    return this.table.trail(sub);
  }

  setSequence(sub: number, sequence: number): void {
    this.table.setTrail(sub, sequence);
  }

  trailEnded(sub: number): void {
    this.presence.release(sub);
  }

  held(area: number, isEntry: boolean, timeUs: number, sub: number, sequence: number): void {
    if (timeUs >= this.waitingEndUs) this.beforeHeld(timeUs);
    if (isEntry) this.areas.entries[area]++;
    else this.areas.exits[area]++;
    if (area >= this.regionCount) return;
    this.flows.add(area, isEntry, timeUs);
    if (!this.countsStays || area >= this.drawn) return;
    if (isEntry) this.trips.entry(sub, area, timeUs, sequence);
    else this.trips.exit(sub, area, timeUs, sequence, this.regionStays.ended(area, sequence));
  }

  gone(area: number, timeUs: number, sub: number, sequence: number): void {
    if (!this.countsStays) return;
    this.trips.gone(sub);
    if (area >= this.drawn) return;
    if (timeUs >= this.waitingEndUs) this.beforeHeld(timeUs);
    this.regionStays.ended(area, sequence);
  }

  cutShort(region: number, isEntry: boolean, isGone: boolean, timeUs: number, sequence: number): void {
    // In the open interval the region begins anew.
    if (timeUs >= this.intervalStartUs) return;
    this.beforeCutShort(timeUs);
    if (!isGone) {
      if (isEntry) this.areas.entries[region]++;
      else this.areas.exits[region]++;
    }
    if (this.countsStays && !isEntry && region < this.drawn) this.regionStays.endedEarly(region, sequence);
  }

  /** Counts changed regions again from where everybody is, beside what is shown meanwhile: {@link setRegions} takes it. */
  recounting(after: RegionIndex, edit: RegionEdit): Generator<void, Recount> {
    const { countsStays, regions: before } = this;
    return recounting(this, this.table, { before, after, edit, countsStays });
  }

  /**
   * The micro-regions are others from now on ({@link Engine.setRegions}); the book has taken what it needs of the ones
   * before.
   */
  setRegions(regions: RegionIndex, edit: RegionEdit, { byOrigin, stays }: Recount): void {
    this.appearedNow.clear();
    this.regions = regions;
    this.regionCount = edit.after;
    this.drawn = regions.drawn;
    this.areas = this.areas.edited(edit);
    this.borders.use(regions, this.areas);
    this.flows = this.flows.edited(edit);
    this.origins.edit(edit, byOrigin);
    this.trips.edit(edit);
    if (stays !== null) this.regionStays.edit(edit, stays);
    sumChanged(this, regions, edit);
  }

  /**
   * Appeared in `from` and seen in `to` at one time: of the two the later to arrive wins, and it was never in `from`. All
   * rows of a time are released at once, so that neither an interval nor an edit begins in between.
   */
  private moveAppearance(sub: number, from: number, to: number): void {
    const { borders, presence, table, trail } = this;
    trail.begin(sub, presence.atUs, this.intervalStartUs);
    borders.atUs = presence.atUs;
    borders.appearElsewhere(sub, from, to, table.origin(sub));
    trail.end();
  }

  private get parts() {
    const { areas, trail, fixAges, flows, origins, trips, regionStays, notes } = this;
    return [areas, trail, fixAges, flows, origins, trips, regionStays, notes];
  }

  /** Step of the subscriber's newest sighting. */
  private lastStepOf(sub: number): number {
    return stepOf(this.table.f64[sub * recordDoubles + dLast]);
  }

  private endStay(stays: StayBuffer, sub: number, cell: number, toCell: number): void {
    // One without length is told too (a detach where nobody had been, two sightings at one time): no presence, but
    // whoever asks for crossings afterwards needs where the way went.
    stays.push(this.table, sub, cell, this.presence.atUs, this.origins.plmnOf(this.table.origin(sub)), toCell);
  }
}
