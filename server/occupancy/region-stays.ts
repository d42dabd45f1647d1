import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { dwellBucketOf, dwellBuckets } from './dwell-buckets.ts';
import { LiveDwell } from './live-dwell.ts';
import { ShardedTable } from './sharded-table.ts';
import type { DwellColumns } from './view.ts';

/** Second word of the keys of {@link RegionStays.left}: when the stay began, and its two buckets. */
const sinceKey = 1;
const bucketsKey = 2;

/**
 * Stays in micro-regions and their dwell (DESIGN §2 *stay, dwell*). They follow the crossings that hold: a stay begins
 * with an appearance or a held entry and ends with a held exit or a vanish, so a ping-pong across the border neither ends
 * nor makes one, and ended stays = exits + vanished. Observed dwell = last sighting inside − first, upper bound = first
 * sighting outside (or the vanish) − first.
 */
export class RegionStays {
  readonly live: LiveDwell;
  /** When each subscriber present in a region came: by index + 1 and region. */
  private readonly since = new ShardedTable();
  /** Stays whose end has not settled, by the sequence number of its trail entry. */
  private readonly left = new ShardedTable();
  /** Ended stays of the oldest interval that is not final: regions × buckets. */
  private readonly observed: Uint32Array;
  private readonly upper: Uint32Array;

  constructor(regionCount: number) {
    this.live = new LiveDwell(regionCount);
    this.observed = new Uint32Array(regionCount * dwellBuckets);
    this.upper = new Uint32Array(regionCount * dwellBuckets);
  }

  get byteLength(): number {
    return this.since.byteLength + this.left.byteLength;
  }

  /** @param cancelled sequence number of the exit that this entry undoes; 0: none */
  enter(sub: number, region: number, timeUs: number, cancelled: number): void {
    let sinceUs = timeUs;
    if (cancelled !== 0) {
      sinceUs = this.left.take(cancelled, sinceKey);
      this.left.take(cancelled, bucketsKey);
    }
    this.since.swap(sub + 1, region, sinceUs);
    this.live.add(region, sinceUs);
  }

  /**
   * @param lastInUs newest sighting inside @param outUs first one outside, or the vanish @param sequence of the trail's
   * entry; 0: it undoes an entry, and there was no stay
   */
  leave(sub: number, region: number, lastInUs: number, outUs: number, sequence: number): void {
    const sinceUs = this.since.take(sub + 1, region);
    this.live.remove(region, sinceUs);
    if (sequence === 0) return;
    this.left.swap(sequence, sinceKey, sinceUs);
    const observed = dwellBucketOf(lastInUs - sinceUs);
    this.left.swap(sequence, bucketsKey, observed * dwellBuckets + dwellBucketOf(outUs - sinceUs));
  }

  /** The end of a stay has held. */
  ended(region: number, sequence: number): void {
    this.left.take(sequence, sinceKey);
    const buckets = this.left.take(sequence, bucketsKey);
    this.observed[region * dwellBuckets + Math.floor(buckets / dwellBuckets)]++;
    this.upper[region * dwellBuckets + (buckets % dwellBuckets)]++;
  }

  /** Ended stays of the oldest interval, which is final now. Undefined: none. */
  take(): DwellColumns | undefined {
    const { observed, upper } = this;
    const rows: number[] = [];
    for (let at = 0; at < observed.length; at++) if ((observed[at] | upper[at]) !== 0) rows.push(at);
    if (rows.length === 0) return undefined;
    const dwell = {
      n: rows.length,
      region: Uint32Array.from(rows, (at) => Math.floor(at / dwellBuckets)),
      bucket: Uint32Array.from(rows, (at) => at % dwellBuckets),
      observed: Uint32Array.from(rows, (at) => observed[at]),
      upper: Uint32Array.from(rows, (at) => upper[at]),
    };
    observed.fill(0);
    upper.fill(0);
    return dwell;
  }

  *save(to: StateWriter): Generator<void> {
    yield* saveColumns(to, 'regionStays', { observed: this.observed, upper: this.upper });
    yield* this.live.save(to);
    yield* this.since.save(to, 'regionStays.since');
    yield* this.left.save(to, 'regionStays.left');
  }

  /** Of a fresh one for as many regions. */
  restore(from: StateReader): void {
    restoreColumns(from, 'regionStays', { observed: this.observed, upper: this.upper });
    this.live.restore(from);
    this.since.restore(from, 'regionStays.since');
    this.left.restore(from, 'regionStays.left');
  }
}
