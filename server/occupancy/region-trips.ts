import type { StateReader, StateWriter } from '../state-writer.ts';
import { toEnd } from '../to-end.ts';
import type { RegionEdit } from './region-edit.ts';
import { ShardedTable } from './sharded-table.ts';
import type { StaysAround } from './stays-around.ts';
import { type SubscriberNotes, unsortedBit } from './subscriber-notes.ts';
import type { FlowColumns } from './view.ts';

/** In the key of a subscriber's note: its newest held exit, from the set of regions in the bits below. */
const exitBit = unsortedBit;
/** It has come back to one of them. */
const backBit = 0x40000000;
const setMask = 0x3fffffff;
/** Sets of regions that are told apart; of more that are left at one time the newest alone is remembered. */
const setsMax = 1 << 20;

/**
 * Trips between micro-regions, from the crossings that held (DESIGN §2 *entries, exits*):
 *
 * - An entry into B is a trip from A when A is where the subscriber's newest held exit since it appeared was from, at most
 *   `tripUs` earlier; of several regions left at one time from each. Back into the region that was left is no trip.
 * - Who enters B while in A comes from A only when it leaves A for B: the exit is the trip, if the stay in B goes on and
 *   began after the one in A, however long it was in both. So there is none into what lies within A and back, none by
 *   leaving both at once, and none between regions in which it appeared.
 *
 * The two exclude each other, as one is of entries while in A and the other is not. The second concerns regions that
 * overlap alone. All calls come in order of settling. What is kept of a subscriber goes when it vanishes.
 */
export class RegionTrips {
  private readonly tripUs: number;
  private readonly notes: SubscriberNotes;
  private readonly around: StaysAround;
  /** Regions of each set, ascending; an edit of the regions changes them, never a set's number. */
  private sets: Uint32Array[] = [];
  /** The set of each region alone. */
  private singles: number[] = [];
  /** The set that a set becomes with a region more, by set + 1 and region. */
  private unions = new ShardedTable();
  private setIds = new Map<string, number>();
  /** Trips of the oldest interval that is not final, by from + 1 (a first word is never 0) and to. */
  private readonly counts = new ShardedTable();

  /** @param notes where the newest exits are kept, beside whatever else is kept of subscribers */
  constructor(options: { regionCount: number; tripUs: number; notes: SubscriberNotes; around: StaysAround }) {
    this.tripUs = options.tripUs;
    this.notes = options.notes;
    this.around = options.around;
    this.singles = Array.from({ length: options.regionCount }, (_, region) => this.setOf([region]));
  }

  /**
   * A held exit. @param sequence in the trail @param sinceUs when the stay began that it ends; infinite: the subscriber came
   * to no other region since
   */
  exit(sub: number, region: number, timeUs: number, sequence: number, sinceUs: number): void {
    if (sinceUs < Number.POSITIVE_INFINITY) this.leaveFor(sub, region, timeUs, sequence, sinceUs);
    const { notes } = this;
    const note = notes.find(sub, exitBit, exitBit);
    const single = this.singles[region];
    if (note === 0) notes.add(sub, (exitBit | single) >>> 0, timeUs);
    else {
      const key = notes.keyOf(note);
      const now = notes.valueOf(note) === timeUs ? (key & backBit) | this.with(key & setMask, region) : single;
      notes.set(note, (exitBit | now) >>> 0, timeUs);
    }
  }

  /** A held entry; behind the exits of the same transition. @param sequence in the trail */
  entry(sub: number, region: number, timeUs: number, sequence: number): void {
    const { around, notes } = this;
    const note = notes.find(sub, exitBit, exitBit);
    if (note === 0 || timeUs - notes.valueOf(note) > this.tripUs) return;
    const key = notes.keyOf(note);
    const from = this.sets[key & setMask];
    const wasBack = (key & backBit) !== 0;
    if (wasBack) around.find(sub, sequence, timeUs);
    for (let i = 0; i < from.length; i++) {
      if (from[i] === region) notes.set(note, (key | backBit) >>> 0, notes.valueOf(note));
      else if (!wasBack || !around.has(from[i])) this.counts.increment(from[i] + 1, region);
    }
  }

  /** The subscriber has vanished. */
  gone(sub: number): void {
    const note = this.notes.find(sub, exitBit, exitBit);
    if (note !== 0) this.notes.drop(sub, note);
  }

  /** The trips of the oldest interval, which is final now: by from, then to. In steps; undefined: none. */
  *taking(): Generator<void, FlowColumns | undefined> {
    const { n, a, b, value } = yield* this.counts.taking();
    if (n === 0) return undefined;
    for (let i = 0; i < n; i++) a[i]--;
    return { n, from: a, to: b, count: new Uint32Array(value) };
  }

  /** Exits from changed regions are forgotten, and so are trips of the oldest interval that concern one. */
  edit({ placeOf, after }: RegionEdit): void {
    this.begin(
      this.sets.map((set) => Uint32Array.from([...set].map((region) => placeOf[region]).filter(isThere)).sort()),
    );
    this.singles = Array.from({ length: after }, (_, region) => this.setOf([region]));
    const { n, a, b, value } = toEnd(this.counts.taking());
    for (let i = 0; i < n; i++) {
      const from = placeOf[a[i] - 1];
      const to = placeOf[b[i]];
      if (from >= 0 && to >= 0) this.counts.set(from + 1, to, value[i]);
    }
  }

  *save(to: StateWriter): Generator<void> {
    to.json('trips', { sets: this.sets.map((set) => [...set]), singles: this.singles });
    yield* this.counts.save(to, 'trips.counts');
  }

  /** Of a fresh one for as many regions. */
  restore(from: StateReader): void {
    const { sets, singles } = from.json<{ sets: number[][]; singles: number[] }>('trips');
    this.begin(sets.map((set) => Uint32Array.from(set)));
    this.singles = singles;
    this.counts.restore(from, 'trips.counts');
  }

  /** From a region into those that the subscriber has come to since it was there, and is in still. */
  private leaveFor(sub: number, region: number, timeUs: number, sequence: number, sinceUs: number): void {
    const { around, counts } = this;
    around.find(sub, sequence, timeUs);
    for (let i = 0; i < around.n; i++) if (around.sinceUs[i] > sinceUs) counts.increment(region + 1, around.regions[i]);
  }

  /** The sets by their numbers; of several with the same regions the first is found. */
  private begin(sets: Uint32Array[]): void {
    this.sets = sets;
    this.unions = new ShardedTable();
    this.setIds = new Map();
    sets.forEach((set, id) => {
      const key = set.join(',');
      if (!this.setIds.has(key)) this.setIds.set(key, id);
    });
  }

  private with(set: number, region: number): number {
    const known = this.unions.get(set + 1, region);
    if (known >= 0) return known;
    const regions = [...new Set([...this.sets[set], region])].sort((a, b) => a - b);
    const union = this.setOf(regions);
    this.unions.set(set + 1, region, union);
    return union;
  }

  private setOf(regions: number[]): number {
    const key = regions.join(',');
    const known = this.setIds.get(key);
    if (known !== undefined) return known;
    if (regions.length > 1 && this.sets.length >= setsMax) return this.singles[regions[regions.length - 1]];
    this.sets.push(Uint32Array.from(regions));
    this.setIds.set(key, this.sets.length - 1);
    return this.sets.length - 1;
  }
}

const isThere = (place: number) => place >= 0;
