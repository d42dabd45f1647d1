import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { CrossingTrail } from './crossing-trail.ts';
import { dwellBucketOf, dwellBuckets } from './dwell-buckets.ts';
import { EndingStays, stayingBit } from './ending-stays.ts';
import { LiveDwell } from './live-dwell.ts';
import { type RegionEdit, remapped } from './region-edit.ts';
import { type SubscriberNotes, unsortedBit } from './subscriber-notes.ts';
import { entryBit } from './trail-entry.ts';
import type { DwellColumns } from './view.ts';

const wholeKey = 0xffffffff;

/** Keys and live dwell of the regions after an edit. */
export interface EditedStays {
  readonly keys: number[];
  readonly places: ReadonlyMap<number, number>;
  readonly nextKey: number;
  readonly live: LiveDwell;
}

/**
 * Stays in micro-regions and their dwell (DESIGN §2 *stay, dwell*). They follow the crossings that hold: a stay begins
 * with an appearance or a held entry and ends with a held exit or a vanish, so a ping-pong across the border neither ends
 * nor makes one, and ended stays = exits + vanished. Observed dwell = last sighting inside − first, upper bound = first
 * sighting outside (or the vanish) − first.
 */
export class RegionStays {
  live: LiveDwell;
  private readonly notes: SubscriberNotes;
  private readonly trail: CrossingTrail;
  /** By place: the key of the region's notes, which it keeps when its place changes. */
  private keys: number[];
  private places: ReadonlyMap<number, number>;
  private nextKey: number;
  private readonly ending = new EndingStays();
  /** Ended stays of the oldest interval that is not final: regions × buckets. */
  private observed: Uint32Array;
  private upper: Uint32Array;
  /** Scratch of {@link take}. */
  private counted: Uint32Array;

  /**
   * @param notes where it is kept since when each subscriber is in each region, under the region's key: the latest first, so
   * that one look tells whether it has come to another one since it came to this one
   */
  constructor(regionCount: number, notes: SubscriberNotes, trail: CrossingTrail) {
    this.notes = notes;
    this.trail = trail;
    this.keys = Array.from({ length: regionCount }, (_, region) => region);
    this.places = placesOf(this.keys);
    this.nextKey = regionCount;
    this.live = new LiveDwell(regionCount);
    this.observed = new Uint32Array(regionCount * dwellBuckets);
    this.upper = new Uint32Array(regionCount * dwellBuckets);
    this.counted = new Uint32Array(regionCount * dwellBuckets);
  }

  get byteLength(): number {
    return this.ending.byteLength;
  }

  /** @param cancelled sequence number of the exit that this entry undoes; 0: none */
  enter(sub: number, region: number, timeUs: number, cancelled: number): void {
    if (cancelled === 0) this.begin(sub, region, timeUs);
    else this.goOn(sub, region, cancelled);
  }

  /** The subscriber is in the region since then. */
  begin(sub: number, region: number, sinceUs: number): void {
    this.notes.add(sub, this.keys[region], sinceUs);
    this.live.add(region, sinceUs);
  }

  /**
   * @param lastInUs newest sighting inside @param outUs first one outside, or the vanish @param sequence of the trail's
   * entry; 0: it undoes an entry, and there was no stay
   */
  leave(sub: number, region: number, lastInUs: number, outUs: number, sequence: number): void {
    const latestUs = this.latestOf(sub);
    const sinceUs = this.withdraw(sub, region);
    if (sequence === 0) return;
    const buckets = dwellBucketOf(lastInUs - sinceUs) * dwellBuckets + dwellBucketOf(outUs - sinceUs);
    this.ending.push(sequence, sinceUs, latestUs > sinceUs ? buckets | stayingBit : buckets);
  }

  /** There was no stay; returns since when there seemed to be one. */
  withdraw(sub: number, region: number): number {
    const { notes } = this;
    const note = notes.find(sub, wholeKey, this.keys[region]);
    const sinceUs = notes.valueOf(note);
    notes.drop(sub, note);
    this.live.remove(region, sinceUs);
    return sinceUs;
  }

  /** The region is about to go or to change, and the subscriber is in it. */
  forget(sub: number, region: number): void {
    const { notes } = this;
    notes.drop(sub, notes.find(sub, wholeKey, this.keys[region]));
  }

  /** {@link begin} in a region of after the edit. */
  beginIn({ keys, live }: EditedStays, sub: number, region: number, sinceUs: number): void {
    this.notes.add(sub, keys[region], sinceUs);
    live.add(region, sinceUs);
  }

  get regionCount(): number {
    return this.keys.length;
  }

  /** The region that a subscriber's note is of; -1: of none, it says something else. */
  regionOf(note: number): number {
    return this.places.get(this.notes.keyOf(note)) ?? -1;
  }

  /** When the stay began that this entry of the trail ended, µs; -1: it ended none, or that end has settled. */
  sinceIfEnding(sequence: number): number {
    return this.ending.sinceIfEnding(sequence);
  }

  /**
   * The end of a stay has held. Returns when it had begun, µs, if the subscriber may be on in a region to which it came
   * later; infinite: it is not.
   */
  ended(region: number, sequence: number): number {
    const { ending } = this;
    const buckets = ending.settle(sequence);
    this.count(region, buckets);
    return (buckets & stayingBit) !== 0 ? ending.settledSinceUs : Number.POSITIVE_INFINITY;
  }

  /** The end of a stay counts before its turn: the region gets other cells. */
  endedEarly(region: number, sequence: number): void {
    this.count(region, this.ending.bucketsOf(sequence));
  }

  /** Ended stays of the oldest interval, which is final now. Undefined: none. */
  take(): DwellColumns | undefined {
    const { counted, observed, upper } = this;
    let n = 0;
    // Two at a time: most are 0.
    const [pairs, upperPairs] = [pairsOf(observed), pairsOf(upper)];
    for (let pair = 0; pair < pairs.length; pair++) {
      if (pairs[pair] === 0 && upperPairs[pair] === 0) continue;
      for (let at = 2 * pair; at < 2 * pair + 2; at++) if ((observed[at] | upper[at]) !== 0) counted[n++] = at;
    }
    if (n === 0) return undefined;
    const column = () => new Uint32Array(n);
    const dwell = { n, region: column(), bucket: column(), observed: column(), upper: column() };
    for (let row = 0; row < n; row++) {
      const at = counted[row];
      dwell.region[row] = Math.floor(at / dwellBuckets);
      dwell.bucket[row] = at % dwellBuckets;
      dwell.observed[row] = observed[at];
      dwell.upper[row] = upper[at];
      observed[at] = 0;
      upper[at] = 0;
    }
    return dwell;
  }

  /** What {@link edit} will take: in changed regions nobody is until {@link beginIn} says so. */
  edited(edit: RegionEdit): EditedStays {
    let { nextKey } = this;
    const keys = Array.from(edit.origin, (place) => (place < 0 ? nextKey++ : this.keys[place]));
    return { keys, places: placesOf(keys), nextKey, live: this.live.edited(edit) };
  }

  /** Counts of changed regions begin anew; their subscribers' notes are the caller's to change. */
  edit(edit: RegionEdit, { keys, places, nextKey, live }: EditedStays): void {
    this.observed = remapped(this.observed, edit, dwellBuckets);
    this.upper = remapped(this.upper, edit, dwellBuckets);
    this.counted = new Uint32Array(this.observed.length);
    this.live = live;
    this.keys = keys;
    this.places = places;
    this.nextKey = nextKey;
  }

  *save(to: StateWriter): Generator<void> {
    to.json('regionStays', { keys: this.keys, nextKey: this.nextKey });
    yield* saveColumns(to, 'regionStays', { observed: this.observed, upper: this.upper });
    yield* this.live.save(to);
    yield* this.ending.save(to);
  }

  /** Of a fresh one for as many regions. */
  restore(from: StateReader): void {
    const { keys, nextKey } = from.json<{ keys: number[]; nextKey: number }>('regionStays');
    this.keys = keys;
    this.places = placesOf(keys);
    this.nextKey = nextKey;
    restoreColumns(from, 'regionStays', { observed: this.observed, upper: this.upper });
    this.live.restore(from);
    this.ending.restore(from);
  }

  /** The exit `undone` was none: the stay goes on, and behind later exits from others the subscriber was in it. */
  private goOn(sub: number, region: number, undone: number): void {
    const { ending, trail } = this;
    const sinceUs = ending.sinceOf(undone);
    this.notes.addBelow(sub, this.keys[region], sinceUs);
    this.live.add(region, sinceUs);
    for (let later = trail.newest(sub); later !== undone && trail.isLive(later); later = trail.before(later))
      if ((trail.wordOf(later) & entryBit) === 0) ending.markStaying(later);
  }

  /** When the subscriber, who is in some region, came to the one to which it came last, µs. */
  private latestOf(sub: number): number {
    const { notes } = this;
    let note = notes.first(sub);
    if ((notes.keyOf(note) & unsortedBit) !== 0) note = notes.next(note);
    return notes.valueOf(note);
  }

  private count(region: number, endBuckets: number): void {
    const buckets = endBuckets & ~stayingBit;
    this.observed[region * dwellBuckets + Math.floor(buckets / dwellBuckets)]++;
    this.upper[region * dwellBuckets + (buckets % dwellBuckets)]++;
  }
}

const placesOf = (keys: readonly number[]) => new Map(keys.map((key, place) => [key, place]));

/** Two counts seen as one number, which is 0 where both are: no count is near 2³¹. */
const pairsOf = ({ buffer, byteOffset, length }: Uint32Array) => new Float64Array(buffer, byteOffset, length / 2);
