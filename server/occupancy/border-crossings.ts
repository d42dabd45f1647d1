import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { AreaCounters } from './area-counters.ts';
import type { CrossingTrail } from './crossing-trail.ts';
import type { Origins } from './origins.ts';
import type { RegionStays } from './region-stays.ts';
import { areaMask, entryBit } from './trail-entry.ts';
import { crossedMax } from './trail-kernel.ts';

interface Parts {
  trail: CrossingTrail;
  origins: Origins;
  regionStays: RegionStays;
  cellGauges: boolean;
  countsStays: boolean;
}

/**
 * Who enters and leaves cells and regions, in all counters that this concerns: one transition at a time, between
 * `trail.begin` and `trail.end`, or the moves of a group together ({@link crossMany}), to the same result.
 */
export class BorderCrossings {
  /** Time of the transition under way, and of the subscriber's newest sighting before it, µs: as in `Presence.atUs`. */
  atUs = 0;
  lastInUs = 0;
  private readonly trail: CrossingTrail;
  private readonly origins: Origins;
  private readonly regionStays: RegionStays;
  private readonly cellGauges: boolean;
  private readonly countsStays: boolean;
  private areas!: AreaCounters;
  private regions!: RegionIndex;
  /** Borders of the transition under way. */
  private borders = new Uint32Array(64);

  constructor({ trail, origins, regionStays, cellGauges, countsStays }: Parts) {
    this.trail = trail;
    this.origins = origins;
    this.regionStays = regionStays;
    this.cellGauges = cellGauges;
    this.countsStays = countsStays;
  }

  /** These are the regions from now on, and the counters. */
  use(regions: RegionIndex, areas: AreaCounters): void {
    this.regions = regions;
    this.areas = areas;
  }

  /** The first `n` of the table's moved rows. @param startUs of the open interval */
  crossMany(table: SubscriberTable, n: number, startUs: number): void {
    const { cellGauges, regions, trail } = this;
    const { movedRows: moved } = table;
    const { crossed, ends } = trail.moves;
    const { setOf, sets } = regions;
    trail.takeMoves(moved.forTrail);
    for (let row = 0; row < n; ) {
      let end = row;
      let listed = 0;
      for (; end < n; end++) {
        const [before, after] = [setOf[moved.from[end]], setOf[moved.to[end]]];
        if (before !== after) {
          if (listed + sets[before].length + sets[after].length > crossedMax) break;
          listed = listBorders(sets[before], sets[after], crossed, listed);
        }
        ends[end] = listed;
      }
      if (end > row && trail.hasRoomFor(listed + (cellGauges ? 2 * (end - row) : 0))) {
        trail.cross(row, end, this.areas.regionCount, cellGauges, startUs);
        this.countMany(table, row, end);
        row = end;
      } else this.crossOne(table, row++, startUs);
    }
  }

  /** From one cell to another, over the borders between them: a whole transition. @param origin code of the subscriber's */
  cross(sub: number, from: number, to: number, origin: number, startUs: number): void {
    const { cellGauges, trail } = this;
    const { setOf } = this.regions;
    const { regionCount } = this.areas;
    if (!cellGauges) {
      this.moveUntold(from, to);
      if (setOf[from] === setOf[to]) return;
    }
    trail.begin(sub, this.atUs, startUs);
    if (cellGauges) {
      this.leave(regionCount + from, true);
      this.enter(regionCount + to, true);
    }
    const group = this.origins.groupOf(origin);
    const n = this.bordersOf(from, to);
    for (let i = 0; i < n; i++) {
      const border = this.borders[i];
      if ((border & entryBit) === 0) this.leaveRegion(sub, border, group, true);
      else this.enterRegion(sub, border & areaMask, group, true);
    }
    trail.end();
  }

  /** It is the appearance that moves, of which {@link AreaCounters.appeared} knows nothing yet; it crosses no border. */
  appearElsewhere(sub: number, from: number, to: number, origin: number): void {
    const { areas } = this;
    const { regionCount } = areas;
    areas.appeared[regionCount + to]++;
    if (this.cellGauges) {
      this.withdraw(regionCount + from);
      this.enter(regionCount + to, false);
    } else {
      areas.appeared[regionCount + from]--;
      this.moveUntold(from, to);
    }
    const group = this.origins.groupOf(origin);
    const n = this.bordersOf(from, to);
    for (let i = 0; i < n; i++) {
      const region = this.borders[i] & areaMask;
      if ((this.borders[i] & entryBit) === 0) this.withdrawRegion(sub, region, group);
      else {
        this.enterRegion(sub, region, group, false);
        areas.appeared[region]++;
      }
    }
  }

  enterRegion(sub: number, region: number, group: number, isCrossing: boolean): void {
    this.origins.addToRegion(region, group, 1);
    this.enter(region, isCrossing);
    if (this.hasStays(region)) this.regionStays.enter(sub, region, this.atUs, this.trail.cancelled);
  }

  leaveRegion(sub: number, region: number, group: number, isCrossing: boolean): void {
    const { trail } = this;
    this.origins.addToRegion(region, group, -1);
    this.leave(region, isCrossing);
    const sequence = trail.cancelled === 0 ? trail.pushed : 0;
    if (this.hasStays(region)) this.regionStays.leave(sub, region, this.lastInUs, this.atUs, sequence);
  }

  enter(area: number, isCrossing: boolean): void {
    this.countEntry(area, this.trail.enter(area, isCrossing) ? 1 : 0);
  }

  leave(area: number, isCrossing: boolean): void {
    this.countExit(area, this.trail.leave(area, isCrossing) ? 1 : 0);
  }

  private withdrawRegion(sub: number, region: number, group: number): void {
    this.origins.addToRegion(region, group, -1);
    this.withdraw(region);
    if (this.hasStays(region)) this.regionStays.withdraw(sub, region);
  }

  private withdraw(area: number): void {
    const { areas } = this;
    areas.appeared[area]--;
    areas.present[area]--;
    if (this.trail.withdraw(area)) areas.left[area]++;
  }

  /** Micro-regions come first; nodes of the region tree, behind them, have no stays and trips. */
  private hasStays(region: number): boolean {
    return this.countsStays && region < this.regions.drawn;
  }

  /** From cell to cell where crossings of single cells are not asked for. */
  private moveUntold(from: number, to: number): void {
    const { present, regionCount } = this.areas;
    present[regionCount + from]--;
    present[regionCount + to]++;
  }

  /** Puts those between two cells into {@link borders}; returns how many. */
  private bordersOf(from: number, to: number): number {
    const { setOf, sets } = this.regions;
    if (setOf[from] === setOf[to]) return 0;
    const [before, after] = [sets[setOf[from]], sets[setOf[to]]];
    if (before.length + after.length > this.borders.length)
      this.borders = new Uint32Array(2 * (before.length + after.length));
    return listBorders(before, after, this.borders, 0);
  }

  private crossOne({ movedRows: moved }: SubscriberTable, row: number, startUs: number): void {
    this.atUs = moved.timeUs[row];
    this.lastInUs = moved.lastUs[row];
    this.cross(moved.sub[row], moved.from[row], moved.to[row], moved.originEvents[row] >>> 16, startUs);
  }

  /** What {@link CrossingTrail.cross} has found of moves, in all other counters. */
  private countMany(table: SubscriberTable, from: number, end: number): void {
    const { cellGauges, trail } = this;
    const { movedRows: moved } = table;
    const { cellVisits, ends, newest } = trail.moves;
    const { regionCount } = this.areas;
    for (let row = from, at = 0; row < end; row++) {
      table.setTrail(moved.sub[row], newest[row]);
      if (cellGauges) {
        this.countExit(regionCount + moved.from[row], cellVisits[row] & 1);
        this.countEntry(regionCount + moved.to[row], cellVisits[row] >>> 1);
      } else this.moveUntold(moved.from[row], moved.to[row]);
      if (at === ends[row]) continue;
      const group = this.origins.groupOf(moved.originEvents[row] >>> 16);
      for (; at < ends[row]; at++) this.countBorder(moved, row, at, group);
    }
  }

  private countBorder({ lastUs, sub, timeUs }: SubscriberTable['movedRows'], row: number, at: number, group: number) {
    const { origins, regionStays } = this;
    const { cancelled, crossed, pushed, visits } = this.trail.moves;
    const region = crossed[at] & areaMask;
    const isEntry = (crossed[at] & entryBit) !== 0;
    origins.addToRegion(region, group, isEntry ? 1 : -1);
    if (isEntry) this.countEntry(region, visits[at]);
    else this.countExit(region, visits[at]);
    if (!this.hasStays(region)) return;
    if (isEntry) regionStays.enter(sub[row], region, timeUs[row], cancelled[at]);
    else regionStays.leave(sub[row], region, lastUs[row], timeUs[row], cancelled[at] === 0 ? pushed[at] : 0);
  }

  /** @param visit 1: it was a visitor of the interval before */
  private countEntry(area: number, visit: number): void {
    const { areas } = this;
    areas.present[area]++;
    areas.touched[area] = 1;
    if (visit !== 0) areas.left[area]--;
  }

  /** @param visit 1: it has been a visitor of the interval */
  private countExit(area: number, visit: number): void {
    const { areas } = this;
    areas.present[area]--;
    areas.touched[area] = 1;
    if (visit !== 0) areas.left[area]++;
  }
}

/**
 * Puts down the regions that only `before` has, which are left, then those that only `after` has, which are entered (with
 * {@link entryBit}); both ascend. All are left first, so that a trip finds where it came from. Returns the end.
 */
function listBorders(before: Uint32Array, after: Uint32Array, into: Uint32Array, from: number): number {
  let end = from;
  for (let i = 0, j = 0; i < before.length; i++) {
    while (j < after.length && after[j] < before[i]) j++;
    if (j === after.length || after[j] !== before[i]) into[end++] = before[i];
  }
  for (let i = 0, j = 0; j < after.length; j++) {
    while (i < before.length && before[i] < after[j]) i++;
    if (i === before.length || before[i] !== after[j]) into[end++] = (after[j] | entryBit) >>> 0;
  }
  return end;
}
