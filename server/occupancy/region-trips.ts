import type { StateReader, StateWriter } from '../state-writer.ts';
import { ShardedTable } from './sharded-table.ts';
import type { FlowColumns } from './view.ts';

/** Second words of a subscriber's rows: when its newest held exit was, and from which set of regions. */
const timeKey = 0xffffffff;
const setKey = 0xfffffffe;
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
  private readonly rows: ShardedTable;
  /** Regions of each set; the first are those of one region each. */
  private readonly sets: Uint32Array[];
  /** The set that a set becomes with a region more, by set + 1 and region. */
  private readonly unions = new ShardedTable();
  private readonly setIds = new Map<string, number>();
  /** Trips of the oldest interval that is not final, by from + 1 (a first word is never 0) and to. */
  private readonly counts = new ShardedTable();

  /** @param rows where the newest exits are kept, beside whatever else is kept of subscribers by index + 1 */
  constructor(options: { regionCount: number; tripUs: number; rows: ShardedTable }) {
    this.tripUs = options.tripUs;
    this.rows = options.rows;
    this.sets = Array.from({ length: options.regionCount }, (_, region) => Uint32Array.of(region));
  }

  /** A held exit. */
  exit(sub: number, region: number, timeUs: number): void {
    const { rows } = this;
    const together = rows.swap(sub + 1, timeKey, timeUs) === timeUs;
    rows.swap(sub + 1, setKey, together ? this.with(rows.get(sub + 1, setKey), region) : region);
  }

  /** A held entry; behind the exits of the same transition. */
  entry(sub: number, region: number, timeUs: number): void {
    const leftUs = this.rows.get(sub + 1, timeKey);
    if (leftUs < 0 || timeUs - leftUs > this.tripUs) return;
    const from = this.sets[this.rows.get(sub + 1, setKey)];
    for (let i = 0; i < from.length; i++) if (from[i] !== region) this.counts.increment(from[i] + 1, region);
  }

  /** The subscriber has vanished. */
  gone(sub: number): void {
    if (this.rows.take(sub + 1, timeKey) >= 0) this.rows.take(sub + 1, setKey);
  }

  /** The trips of the oldest interval, which is final now: by from, then to. Undefined: none. */
  take(): FlowColumns | undefined {
    const rows = this.counts.takeAll().sort((x, y) => x.a - y.a || x.b - y.b);
    if (rows.length === 0) return undefined;
    return {
      n: rows.length,
      from: Uint32Array.from(rows, ({ a }) => a - 1),
      to: Uint32Array.from(rows, ({ b }) => b),
      count: Uint32Array.from(rows, ({ value }) => value),
    };
  }

  *save(to: StateWriter): Generator<void> {
    to.json('trips', { sets: [...this.setIds.keys()] });
    yield* this.counts.save(to, 'trips.counts');
  }

  /** Of a fresh one for as many regions. Sets get the same numbers by coming in the same order. */
  restore(from: StateReader): void {
    for (const key of from.json<{ sets: string[] }>('trips').sets) this.setOf(key.split(',').map(Number));
    this.counts.restore(from, 'trips.counts');
  }

  private with(set: number, region: number): number {
    const known = this.unions.get(set + 1, region);
    if (known >= 0) return known;
    const regions = [...new Set([...this.sets[set], region])].sort((a, b) => a - b);
    const union = regions.length === 1 ? region : this.setOf(regions);
    this.unions.swap(set + 1, region, union);
    return union;
  }

  private setOf(regions: number[]): number {
    const key = regions.join(',');
    const known = this.setIds.get(key);
    if (known !== undefined) return known;
    if (this.sets.length >= setsMax) return regions[regions.length - 1];
    this.sets.push(Uint32Array.from(regions));
    this.setIds.set(key, this.sets.length - 1);
    return this.sets.length - 1;
  }
}
