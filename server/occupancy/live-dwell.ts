import { minuteUs } from '../clock.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { type RegionEdit, remapped, remappedRing } from './region-edit.ts';

/** Live dwell is known to this step. */
const stepUs = minuteUs;
/** Steps kept apart: 17 hours; whoever is there longer is counted as older. */
const ring = 1024;
const ringMask = ring - 1;

const stepOf = (timeUs: number) => (timeUs / stepUs) | 0;

/**
 * How long those present in each region have been there: they are counted under the minute of their entry, so that
 * dwell grows by itself as the steps go by. Counts of disjoint subscribers add up.
 */
export class LiveDwell {
  private readonly regionCount: number;
  /** Steps (ring) × regions. */
  private readonly since: Uint32Array;
  private readonly older: Uint32Array;
  private step = 0;

  constructor(regionCount: number) {
    this.regionCount = regionCount;
    this.since = new Uint32Array(ring * regionCount);
    this.older = new Uint32Array(regionCount);
  }

  /** Sets the clock. */
  advance(timeUs: number): void {
    const target = stepOf(timeUs);
    if (target <= this.step) return;
    const turns = Math.min(target - this.step, ring);
    const { since, older, regionCount } = this;
    for (let step = target - turns + 1; step <= target; step++) {
      const from = (step & ringMask) * regionCount;
      for (let region = 0; region < regionCount; region++) older[region] += since[from + region];
      since.fill(0, from, from + regionCount);
    }
    this.step = target;
  }

  add(region: number, sinceUs: number): void {
    const at = this.placeOf(region, sinceUs);
    if (at < 0) this.older[region]++;
    else this.since[at]++;
  }

  remove(region: number, sinceUs: number): void {
    const at = this.placeOf(region, sinceUs);
    if (at < 0) this.older[region]--;
    else this.since[at]--;
  }

  /**
   * Dwell of those present in the region at a share (0.5: median), ms, to the step; -1 where nobody is. Of those there
   * for longer than 17 hours just that; -1 too where dwell is not counted.
   */
  quantileMs(region: number, share: number, present: number): number {
    if (present === 0 || region >= this.regionCount) return -1;
    const rank = Math.ceil(share * present);
    let seen = 0;
    for (let age = 0; age < ring; age++) {
      seen += this.since[((this.step - age) & ringMask) * this.regionCount + region];
      if (seen >= rank) return (age * stepUs) / 1000;
    }
    return (ring * stepUs) / 1000;
  }

  /** The same of the regions after an edit; in changed ones nobody is. */
  edited(edit: RegionEdit): LiveDwell {
    const dwell = new LiveDwell(edit.after);
    dwell.step = this.step;
    dwell.since.set(remappedRing(this.since, edit, ring));
    dwell.older.set(remapped(this.older, edit));
    return dwell;
  }

  *save(to: StateWriter): Generator<void> {
    to.json('liveDwell', { step: this.step });
    yield* saveColumns(to, 'liveDwell', { since: this.since, older: this.older });
  }

  /** Of one for as many regions. */
  restore(from: StateReader): void {
    this.step = from.json<{ step: number }>('liveDwell').step;
    restoreColumns(from, 'liveDwell', { since: this.since, older: this.older });
  }

  /** -1: older than the ring. */
  private placeOf(region: number, sinceUs: number): number {
    const step = stepOf(sinceUs);
    return this.step - step < ring ? (step & ringMask) * this.regionCount + region : -1;
  }
}
