import type { CrossingTrail } from './crossing-trail.ts';
import type { RegionStays } from './region-stays.ts';
import type { SubscriberNotes } from './subscriber-notes.ts';
import { areaMask, entryBit, goneBit } from './trail-entry.ts';

/**
 * In which micro-regions a subscriber was before and behind a moment, by the crossings that held. It is asked while a
 * crossing of that moment settles, and since then the subscriber may have gone elsewhere: stays that last still are in its
 * notes, and those that have ended behind the crossing are in the trail, where their ends have not settled.
 */
export class StaysAround {
  /** How many {@link find} has found: regions, and since when it was there, µs. */
  n = 0;
  readonly regions: number[] = [];
  readonly sinceUs: number[] = [];
  private readonly trail: CrossingTrail;
  private readonly notes: SubscriberNotes;
  private readonly regionStays: RegionStays;

  constructor({
    trail,
    notes,
    regionStays,
  }: { trail: CrossingTrail; notes: SubscriberNotes; regionStays: RegionStays }) {
    this.trail = trail;
    this.notes = notes;
    this.regionStays = regionStays;
  }

  /**
   * Stays that began before `timeUs` and were left after it, or ended by a vanish behind the crossing.
   *
   * @param sequence of the crossing in the trail
   */
  find(sub: number, sequence: number, timeUs: number): void {
    const { notes, regionStays, trail } = this;
    this.n = 0;
    for (let note = notes.first(sub); note !== 0; note = notes.next(note))
      this.put(regionStays.regionOf(note), notes.valueOf(note), timeUs);
    for (let later = trail.newest(sub); later !== sequence && trail.isLive(later); later = trail.before(later)) {
      const word = trail.wordOf(later);
      const region = word & areaMask;
      if ((word & entryBit) !== 0 || region >= regionStays.regionCount) continue;
      if ((word & goneBit) === 0 && trail.timeOf(later) <= timeUs) continue;
      // An exit that has been undone is found, too: its stay went on, and is put down once.
      this.put(region, regionStays.sinceIfEnding(later), timeUs);
    }
  }

  /** Whether {@link find} has found the region. */
  has(region: number): boolean {
    for (let i = 0; i < this.n; i++) if (this.regions[i] === region) return true;
    return false;
  }

  private put(region: number, sinceUs: number, timeUs: number): void {
    if (region < 0 || sinceUs < 0 || sinceUs >= timeUs || this.has(region)) return;
    this.regions[this.n] = region;
    this.sinceUs[this.n++] = sinceUs;
  }
}
