import type { Presence, PresenceSink } from '../presence/presence.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { OriginClassifier } from '../reference/origin.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { AreaCounters } from './area-counters.ts';
import { CrossingTrail, type TrailOwner } from './crossing-trail.ts';
import { FixAges } from './fix-ages.ts';
import { FlowWindow } from './flow-window.ts';
import { Origins } from './origins.ts';
import type { StayBuffer } from './stays.ts';

const cellCapacityFirst = 1024;

export interface OccupancyOptions {
  regions: RegionIndex;
  classifier: OriginClassifier;
  holdDownUs: number;
  flowWindowUs: number;
  ttlMaxUs: number;
  crossingsMax: number;
  /** False: cells keep their present count only, no crossings and visitors. */
  cellGauges: boolean;
  stays: StayBuffer | null;
  /** A crossing is about to count for an interval; the book closes earlier ones first. */
  beforeHeld: (timeUs: number) => void;
}

/** Turns transitions of subscribers into counters of cells and micro-regions (DESIGN §2). */
export class Occupancy implements PresenceSink, TrailOwner {
  readonly areas: AreaCounters;
  readonly trail: CrossingTrail;
  readonly fixAges: FixAges;
  readonly flows: FlowWindow;
  readonly origins: Origins;
  /** Start of the open interval, µs. */
  intervalStartUs = 0;
  appearedTotal = 0;
  vanishedTotal = 0;
  cellCapacity = 0;

  private readonly regions: RegionIndex;
  private readonly regionCount: number;
  private readonly cellGauges: boolean;
  private readonly stays: StayBuffer | null;
  private readonly beforeHeld: (timeUs: number) => void;
  private presence!: Presence;
  private table!: SubscriberTable;

  constructor(options: OccupancyOptions) {
    this.regions = options.regions;
    this.regionCount = options.regions.regions.length;
    this.cellGauges = options.cellGauges;
    this.stays = options.stays;
    this.beforeHeld = options.beforeHeld;
    this.areas = new AreaCounters(this.regionCount, 0);
    this.trail = new CrossingTrail({ owner: this, holdDownUs: options.holdDownUs, entriesMax: options.crossingsMax });
    this.fixAges = new FixAges(options.ttlMaxUs);
    this.flows = new FlowWindow(this.regionCount, options.flowWindowUs);
    this.origins = new Origins(options.classifier, this.regionCount);
    this.growTo(cellCapacityFirst);
  }

  /** Presence calls this sink, and the sink reads its table: joined once, after both exist. */
  attach(presence: Presence): void {
    this.presence = presence;
    this.table = presence.table;
  }

  growTo(cellCount: number): void {
    let capacity = Math.max(this.cellCapacity, cellCapacityFirst);
    while (capacity < cellCount) capacity *= 2;
    if (capacity === this.cellCapacity) return;
    this.cellCapacity = capacity;
    this.areas.growTo(capacity);
    this.fixAges.growTo(capacity);
  }

  /** An event happened in the cell: its gauge row is due. */
  touchCell(cell: number): void {
    this.areas.touched[this.regionCount + cell] = 1;
  }

  appeared(sub: number, cell: number, timeUs: number): void {
    this.appearedTotal++;
    const code = this.table.origin(sub);
    this.origins.addToCity(code, 1);
    this.fixAges.add(cell, timeUs);
    this.enterCell(sub, cell, timeUs, false);
    this.areas.appeared[this.regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      this.enterRegion(sub, regions[i], timeUs, code, false);
      this.areas.appeared[regions[i]]++;
    }
  }

  moved(sub: number, from: number, to: number, timeUs: number): void {
    const { table } = this;
    this.endStay(sub, from, timeUs);
    this.fixAges.remove(from, table.lastUs(sub));
    this.fixAges.add(to, timeUs);
    this.leaveCell(sub, from, timeUs, true);
    this.enterCell(sub, to, timeUs, true);
    const { setOf, sets } = this.regions;
    if (setOf[from] === setOf[to]) return;
    this.crossRegions(sub, sets[setOf[from]], sets[setOf[to]], timeUs);
  }

  renewed(cell: number, lastUs: number, timeUs: number): void {
    this.fixAges.renew(cell, lastUs, timeUs);
  }

  vanished(sub: number, cell: number, exactUs: number): void {
    const { table } = this;
    this.vanishedTotal++;
    this.endStay(sub, cell, exactUs);
    const code = table.origin(sub);
    this.origins.addToCity(code, -1);
    this.fixAges.remove(cell, table.lastUs(sub));
    // Kept by a feed whose clock stood: the interval of its time is closed and had it as present, so it is the open
    // interval that loses it.
    const timeUs = Math.max(exactUs, this.intervalStartUs);
    this.trail.hold(sub);
    this.leaveCell(sub, cell, timeUs, false);
    this.areas.vanished[this.regionCount + cell]++;
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      this.leaveRegion(sub, regions[i], timeUs, code, false);
      this.areas.vanished[regions[i]]++;
    }
  }

  touch(indices: Int32Array, n: number): number {
    return this.fixAges.touch(this.table, indices, n);
  }

  refersTo(sub: number): boolean {
    return this.trail.holds(sub);
  }

  originOf(plmn: number): number {
    return this.origins.codeOf(plmn);
  }

  originChanged(_sub: number, cell: number, from: number, to: number): void {
    this.origins.addToCity(from, -1);
    this.origins.addToCity(to, 1);
    const regions = this.regions.sets[this.regions.setOf[cell]];
    for (let i = 0; i < regions.length; i++) {
      this.origins.addToRegion(regions[i], from, -1);
      this.origins.addToRegion(regions[i], to, 1);
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

  held(area: number, isEntry: boolean, timeUs: number): void {
    this.beforeHeld(timeUs);
    if (isEntry) this.areas.entries[area]++;
    else this.areas.exits[area]++;
    if (area < this.regionCount) this.flows.add(area, isEntry, timeUs);
  }

  private endStay(sub: number, cell: number, outUs: number): void {
    const { stays, table } = this;
    if (stays === null) return;
    const firstInUs = table.sinceUs(sub);
    // Placed and moved on at one time: it was never there.
    if (firstInUs === outUs) return;
    const plmn = this.origins.plmnOf(table.origin(sub));
    stays.push(table.subLo(sub), table.subHi(sub), cell, firstInUs, table.lastUs(sub), outUs, table.events(sub), plmn);
  }

  /** Leaves the regions that only `from` has and enters those that only `to` has; both ascend. */
  private crossRegions(sub: number, from: Uint32Array, to: Uint32Array, timeUs: number): void {
    const code = this.table.origin(sub);
    let i = 0;
    let j = 0;
    while (i < from.length || j < to.length) {
      if (j === to.length || (i < from.length && from[i] < to[j])) {
        this.leaveRegion(sub, from[i++], timeUs, code, true);
      } else if (i === from.length || to[j] < from[i]) {
        this.enterRegion(sub, to[j++], timeUs, code, true);
      } else {
        i++;
        j++;
      }
    }
  }

  private enterRegion(sub: number, region: number, timeUs: number, code: number, isCrossing: boolean): void {
    this.origins.addToRegion(region, code, 1);
    this.enter(sub, region, timeUs, isCrossing);
  }

  private leaveRegion(sub: number, region: number, timeUs: number, code: number, isCrossing: boolean): void {
    this.origins.addToRegion(region, code, -1);
    this.leave(sub, region, timeUs, isCrossing);
  }

  private enterCell(sub: number, cell: number, timeUs: number, isCrossing: boolean): void {
    const area = this.regionCount + cell;
    if (this.cellGauges) this.enter(sub, area, timeUs, isCrossing);
    else this.areas.present[area]++;
  }

  private leaveCell(sub: number, cell: number, timeUs: number, isCrossing: boolean): void {
    const area = this.regionCount + cell;
    if (this.cellGauges) this.leave(sub, area, timeUs, isCrossing);
    else this.areas.present[area]--;
  }

  private enter(sub: number, area: number, timeUs: number, isCrossing: boolean): void {
    const { areas } = this;
    areas.present[area]++;
    areas.touched[area] = 1;
    if (this.trail.enter(sub, area, timeUs, isCrossing, this.intervalStartUs)) areas.left[area]--;
  }

  private leave(sub: number, area: number, timeUs: number, isCrossing: boolean): void {
    const { areas } = this;
    areas.present[area]--;
    areas.touched[area] = 1;
    if (this.trail.leave(sub, area, timeUs, isCrossing, this.intervalStartUs)) areas.left[area]++;
  }
}
