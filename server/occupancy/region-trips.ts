import type { StateReader, StateWriter } from '../state-writer.ts';
import type { RegionEdit } from './region-edit.ts';
import { ShardedTable } from './sharded-table.ts';
import type { SubscriberNotes } from './subscriber-notes.ts';
import type { FlowColumns } from './view.ts';

/** In the key of a subscriber's note: its newest held exit, from the set of regions in the bits below. */
const exitBit = 0x80000000;
const setMask = 0x7fffffff;
/** Sets of regions that are told apart; of more that are left at one time the newest alone is remembered. */
const setsMax = 1 << 20;

/**
 * Trips between micro-regions, from the crossings that held (DESIGN §2 *entries, exits*): an entry into B is a trip
 * from A when A is where the subscriber's newest held exit since it appeared was from, at most `tripUs` earlier; of
 * several regions left at one time from each. Back into the region that was left is no trip.
 *
 * All calls come in order of settling. What is kept of a subscriber goes when it vanishes.
 */
export class RegionTrips {
  private readonly tripUs: number;
  private readonly notes: SubscriberNotes;
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
  constructor(options: { regionCount: number; tripUs: number; notes: SubscriberNotes }) {
    this.tripUs = options.tripUs;
    this.notes = options.notes;
    this.singles = Array.from({ length: options.regionCount }, (_, region) => this.setOf([region]));
  }

  /** A held exit. */
  exit(sub: number, region: number, timeUs: number): void {
    const { notes } = this;
    const note = notes.find(sub, exitBit, exitBit);
    const single = this.singles[region];
    if (note === 0) notes.add(sub, (exitBit | single) >>> 0, timeUs);
    else {
      const set = notes.valueOf(note) === timeUs ? this.with(notes.keyOf(note) & setMask, region) : single;
      notes.set(note, (exitBit | set) >>> 0, timeUs);
    }
  }

  /** A held entry; behind the exits of the same transition. */
  entry(sub: number, region: number, timeUs: number): void {
    const { notes } = this;
    const note = notes.find(sub, exitBit, exitBit);
    if (note === 0 || timeUs - notes.valueOf(note) > this.tripUs) return;
    const from = this.sets[notes.keyOf(note) & setMask];
    for (let i = 0; i < from.length; i++) if (from[i] !== region) this.counts.increment(from[i] + 1, region);
  }

  /** The subscriber has vanished. */
  gone(sub: number): void {
    const note = this.notes.find(sub, exitBit, exitBit);
    if (note !== 0) this.notes.drop(sub, note);
  }

  /** The trips of the oldest interval, which is final now: by from, then to. Undefined: none. */
  take(): FlowColumns | undefined {
    const { n, a, b, value } = this.counts.takeAll();
    if (n === 0) return undefined;
    return { n, from: a.map((first) => first - 1), to: b, count: Uint32Array.from(value) };
  }

  /** Exits from changed regions are forgotten, and so are trips of the oldest interval that concern one. */
  edit({ placeOf, after }: RegionEdit): void {
    this.begin(
      this.sets.map((set) => Uint32Array.from([...set].map((region) => placeOf[region]).filter(isThere)).sort()),
    );
    this.singles = Array.from({ length: after }, (_, region) => this.setOf([region]));
    const { n, a, b, value } = this.counts.takeAll();
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
