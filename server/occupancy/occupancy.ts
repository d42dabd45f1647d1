import { type EventBatch, noCell } from '../events/event-batch.ts';
import { isMachineHome } from '../events/plmn.ts';
import { groupRows } from '../presence/group-loads.ts';
import type { Presence, PresenceSink } from '../presence/presence.ts';
import { dLast, nowhere, recordDoubles, recordWords, wCellFeed } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { AreaCounters } from './area-counters.ts';
import { CrossingTrail } from './crossing-trail.ts';
import { FixAges, stepOf } from './fix-ages.ts';
import { FlowWindow } from './flow-window.ts';
import type { OccupancyOptions } from './occupancy-options.ts';
import { Origins } from './origins.ts';
import type { RegionEdit } from './region-edit.ts';
import { type Recount, recounting, sumChanged } from './region-recount.ts';
import { RegionStays } from './region-stays.ts';
import { RegionTrips } from './region-trips.ts';
import type { StayBuffer } from './stays.ts';
import { SubscriberNotes } from './subscriber-notes.ts';
import type { TrailOwner } from './trail-entry.ts';

const cellCapacityFirst = 1024;

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

  private regions: RegionIndex;
  private regionCount: number;
  /** Micro-regions come first; nodes of the region tree, behind them, have no stays and trips. */
  private drawn: number;
  private readonly cellGauges: boolean;
  private readonly countsStays: boolean;
  private readonly stays: StayBuffer | null;
  private readonly beforeHeld: (timeUs: number) => void;
  private readonly beforeCutShort: (timeUs: number) => void;
  private readonly crossers = new Int32Array(groupRows);
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
    this.origins = new Origins(options.classifier, this.regionCount);
    this.trips = new RegionTrips({ regionCount: this.regionCount, tripUs: options.tripUs, notes: this.notes });
    this.regionStays = new RegionStays(this.countsStays ? this.regionCount : 0, this.notes);
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
    const { appearedTotal: appeared, vanishedTotal: vanished, cellCapacity } = this;
    to.json('occupancy', { appeared, vanished, cellCapacity });
    yield* this.areas.save(to);
    yield* this.trail.save(to);
    yield* this.fixAges.save(to);
    yield* this.flows.save(to);
    yield* this.origins.save(to);
    yield* this.trips.save(to);
    yield* this.regionStays.save(to);
    yield* this.notes.save(to);
  }

  /** Of a fresh one with the same regions; the times of intervals are the book's to restore. */
  restore(from: StateReader): void {
    const state = from.json<{ appeared: number; vanished: number; cellCapacity: number }>('occupancy');
    this.appearedTotal = state.appeared;
    this.vanishedTotal = state.vanished;
    this.growTo(state.cellCapacity);
    this.areas.restore(from);
    this.trail.restore(from);
    this.fixAges.restore(from);
    this.flows.restore(from);
    this.origins.restore(from);
    this.trips.restore(from);
    this.regionStays.restore(from);
    this.notes.restore(from);
  }

  /** An event happened in the cell: its gauge row is due. */
  touchCell(cell: number): void {
    this.areas.touched[this.regionCount + cell] = 1;
  }

  appeared(sub: number, cell: number): void {
    const { areas, regionCount, table, trail } = this;
    this.appearedTotal++;
    const group = this.origins.groupOf(table.origin(sub));
    this.origins.addToCity(group, 1);
    this.fixAges.add(cell);
    trail.begin(sub, this.presence.atUs, this.intervalStartUs);
    if (this.cellGauges) this.enter(regionCount + cell, false);
    else areas.present[regionCount + cell]++;
    areas.appeared[regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      this.enterRegion(sub, regions[i], group, false);
      areas.appeared[regions[i]]++;
    }
    trail.end();
  }

  moved(sub: number, from: number, to: number): void {
    if (this.stays !== null) this.endStay(this.stays, sub, from, to);
    this.fixAges.remove(from, this.lastStepOf(sub));
    this.fixAges.add(to);
    const { areas, cellGauges, regionCount, trail } = this;
    const { setOf, sets } = this.regions;
    if (!cellGauges) {
      areas.present[regionCount + from]--;
      areas.present[regionCount + to]++;
      if (setOf[from] === setOf[to]) return;
    }
    trail.begin(sub, this.presence.atUs, this.intervalStartUs);
    if (cellGauges) {
      this.leave(regionCount + from, true);
      this.enter(regionCount + to, true);
    }
    if (setOf[from] !== setOf[to]) this.crossRegions(sub, sets[setOf[from]], sets[setOf[to]]);
    trail.end();
  }

  renewed(sub: number, cell: number): void {
    this.fixAges.renew(cell, this.lastStepOf(sub));
  }

  stayCut(sub: number, cell: number): void {
    if (this.stays !== null) this.endStay(this.stays, sub, cell, cell);
  }

  vanished(sub: number, cell: number): void {
    const { areas, regionCount, table, trail } = this;
    this.vanishedTotal++;
    if (this.stays !== null) this.endStay(this.stays, sub, cell, noCell);
    const group = this.origins.groupOf(table.origin(sub));
    this.origins.addToCity(group, -1);
    this.fixAges.remove(cell, this.lastStepOf(sub));
    trail.hold(sub);
    // Kept by a feed whose clock stood: the interval of its time is closed and had it as present, so it is the open
    // interval that loses it.
    trail.begin(sub, Math.max(this.presence.atUs, this.intervalStartUs), this.intervalStartUs);
    if (this.cellGauges) this.leave(regionCount + cell, false);
    else {
      areas.present[regionCount + cell]--;
      // Told to the trail all the same: whatever it remembers of the subscriber ends here.
      trail.leave(regionCount + cell, false);
    }
    areas.vanished[regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      this.leaveRegion(sub, regions[i], group, false);
      areas.vanished[regions[i]]++;
    }
    trail.end();
  }

  touch(indices: Int32Array, n: number, batch: EventBatch, from: number): number {
    const kept = this.fixAges.touch(this.table, indices, n);
    return this.countsStays ? kept ^ this.touchCrossers(indices, n, batch, from) : kept;
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
    const { origins } = this;
    // Most often it is no news.
    if (origins.plmnOf(before) === plmn) return before;
    // Whatever tells it, a machine stays one while it is known: not every message says so.
    return isMachineHome(origins.plmnOf(before)) ? before : origins.codeOf(plmn);
  }

  originChanged(_sub: number, cell: number, from: number, to: number): void {
    const { origins } = this;
    const fromGroup = origins.groupOf(from);
    const toGroup = origins.groupOf(to);
    origins.addToCity(fromGroup, -1);
    origins.addToCity(toGroup, 1);
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      origins.addToRegion(regions[i], fromGroup, -1);
      origins.addToRegion(regions[i], toGroup, 1);
    }
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
    if (isEntry) this.trips.entry(sub, area, timeUs);
    else {
      this.trips.exit(sub, area, timeUs);
      this.regionStays.ended(area, sequence);
    }
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
    this.regions = regions;
    this.regionCount = edit.after;
    this.drawn = regions.drawn;
    this.areas = this.areas.edited(edit);
    this.flows = this.flows.edited(edit);
    this.origins.edit(edit, byOrigin);
    this.trips.edit(edit);
    if (stays !== null) this.regionStays.edit(edit, stays);
    sumChanged(this, regions, edit);
  }

  /** Loads the notes of those who are about to enter or leave a region. */
  private touchCrossers(indices: Int32Array, n: number, { cell }: EventBatch, from: number): number {
    const { crossers } = this;
    const { u32 } = this.table;
    const { setOf } = this.regions;
    const known = setOf.length;
    let found = 0;
    for (let i = 0; i < n; i++) {
      const index = indices[i];
      if (index < 0) continue;
      const before = u32[index * recordWords + wCellFeed] & nowhere;
      const after = cell[from + i];
      if (before === after || after >= known) continue;
      if ((before < known ? setOf[before] : 0) !== setOf[after]) crossers[found++] = index;
    }
    return this.notes.touch(crossers, found);
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

  /**
   * Leaves the regions that only `from` has, then enters those that only `to` has; both ascend. All are left first,
   * so that a trip finds where it came from.
   */
  private crossRegions(sub: number, from: Uint32Array, to: Uint32Array): void {
    const group = this.origins.groupOf(this.table.origin(sub));
    for (let i = 0, j = 0; i < from.length; i++) {
      while (j < to.length && to[j] < from[i]) j++;
      if (j === to.length || to[j] !== from[i]) this.leaveRegion(sub, from[i], group, true);
    }
    for (let i = 0, j = 0; j < to.length; j++) {
      while (i < from.length && from[i] < to[j]) i++;
      if (i === from.length || from[i] !== to[j]) this.enterRegion(sub, to[j], group, true);
    }
  }

  // The next four belong to the transition that the trail has been told of.

  private enterRegion(sub: number, region: number, group: number, isCrossing: boolean): void {
    this.origins.addToRegion(region, group, 1);
    this.enter(region, isCrossing);
    if (this.countsStays && region < this.drawn)
      this.regionStays.enter(sub, region, this.presence.atUs, this.trail.cancelled);
  }

  private leaveRegion(sub: number, region: number, group: number, isCrossing: boolean): void {
    const { trail } = this;
    this.origins.addToRegion(region, group, -1);
    this.leave(region, isCrossing);
    if (!this.countsStays || region >= this.drawn) return;
    const lastInUs = this.table.f64[sub * recordDoubles + dLast];
    const sequence = trail.cancelled === 0 ? trail.pushed : 0;
    this.regionStays.leave(sub, region, lastInUs, this.presence.atUs, sequence);
  }

  private enter(area: number, isCrossing: boolean): void {
    const { areas } = this;
    areas.present[area]++;
    areas.touched[area] = 1;
    if (this.trail.enter(area, isCrossing)) areas.left[area]--;
  }

  private leave(area: number, isCrossing: boolean): void {
    const { areas } = this;
    areas.present[area]--;
    areas.touched[area] = 1;
    if (this.trail.leave(area, isCrossing)) areas.left[area]++;
  }
}
