import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { dwellBucketOf, dwellBuckets } from './dwell-buckets.ts';
import { EndingStays } from './ending-stays.ts';
import { LiveDwell } from './live-dwell.ts';
import type { ShardedTable } from './sharded-table.ts';
import type { DwellColumns } from './view.ts';

/**
 * Stays in micro-regions and their dwell (DESIGN §2 *stay, dwell*). They follow the crossings that hold: a stay begins
 * with an appearance or a held entry and ends with a held exit or a vanish, so a ping-pong across the border neither ends
 * nor makes one, and ended stays = exits + vanished. Observed dwell = last sighting inside − first, upper bound = first
 * sighting outside (or the vanish) − first.
 */
export class RegionStays {
  readonly live: LiveDwell;
  private readonly rows: ShardedTable;
  private readonly ending = new EndingStays();
  /** Ended stays of the oldest interval that is not final: regions × buckets. */
  private readonly observed: Uint32Array;
  private readonly upper: Uint32Array;

  /** @param rows where it is kept since when each subscriber is in each region: by index + 1 and region */
  constructor(regionCount: number, rows: ShardedTable) {
    this.rows = rows;
    this.live = new LiveDwell(regionCount);
    this.observed = new Uint32Array(regionCount * dwellBuckets);
    this.upper = new Uint32Array(regionCount * dwellBuckets);
  }

  get byteLength(): number {
    return this.ending.byteLength;
  }

  /** @param cancelled sequence number of the exit that this entry undoes; 0: none */
  enter(sub: number, region: number, timeUs: number, cancelled: number): void {
    const sinceUs = cancelled === 0 ? timeUs : this.ending.undo(cancelled);
    this.rows.swap(sub + 1, region, sinceUs);
    this.live.add(region, sinceUs);
  }

  /**
   * @param lastInUs newest sighting inside @param outUs first one outside, or the vanish @param sequence of the trail's
   * entry; 0: it undoes an entry, and there was no stay
   */
  leave(sub: number, region: number, lastInUs: number, outUs: number, sequence: number): void {
    const sinceUs = this.rows.take(sub + 1, region);
    this.live.remove(region, sinceUs);
    if (sequence === 0) return;
    const observed = dwellBucketOf(lastInUs - sinceUs);
    this.ending.push(sequence, sinceUs, observed * dwellBuckets + dwellBucketOf(outUs - sinceUs));
  }

  /** The end of a stay has held. */
  ended(region: number, sequence: number): void {
    const buckets = this.ending.settle(sequence);
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
    yield* this.ending.save(to);
  }

  /** Of a fresh one for as many regions. */
  restore(from: StateReader): void {
    restoreColumns(from, 'regionStays', { observed: this.observed, upper: this.upper });
    this.live.restore(from);
    this.ending.restore(from);
  }
}
