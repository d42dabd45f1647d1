import { minuteUs } from '../clock.ts';
import type { Heads } from './people.ts';
import type { Share, Shares } from './shares.ts';

/** A row is its time, the two variances, and the heads by share; heads that are unknown are NaN. */
const ownColumns = 3;

/**
 * Uncalibrated heads of a region by the minute, the newest so many: what was estimated at a time that is over, so that a
 * gate count of then can be set beside it.
 */
export class PastHeads {
  private readonly shares: readonly Share[];
  private readonly width: number;
  private readonly rowsMax: number;
  /** A ring: grows to its full size, then the oldest row gives way. */
  private rows: Float64Array;
  private oldest = 0;
  private count = 0;

  /** @param keptUs so far back */
  constructor(shares: Shares, keptUs: number) {
    this.shares = [...shares.values()];
    this.width = ownColumns + this.shares.length;
    this.rowsMax = Math.ceil(keptUs / minuteUs);
    this.rows = new Float64Array(Math.min(16, this.rowsMax) * this.width);
  }

  /** Rows come in order of time. @param heads null: unknown, somebody of a class without a share was there */
  add(timeUs: number, heads: Heads | null): void {
    const { width, rowsMax } = this;
    if (rowsMax === 0) return;
    if (this.count === rowsMax) this.oldest = (this.oldest + 1) % rowsMax;
    else if (++this.count * width > this.rows.length) {
      const grown = new Float64Array(Math.min(rowsMax, 2 * this.count) * width);
      grown.set(this.rows);
      this.rows = grown;
    }
    const at = this.at(this.count - 1);
    this.rows[at] = timeUs;
    this.rows[at + 1] = heads?.sampling ?? Number.NaN;
    this.rows[at + 2] = heads?.silence ?? Number.NaN;
    for (const [i, share] of this.shares.entries()) this.rows[at + ownColumns + i] = heads?.byShare.get(share) ?? 0;
  }

  /**
   * Heads at a time: between two minutes in proportion. Where minutes are missing no row came until the one behind them.
   *
   * @param timeUs not in the future
   * @param now heads of the present, for a time behind the newest minute
   * @returns null: unknown; undefined: no heads are kept of then
   */
  headsAt(timeUs: number, now?: { timeUs: number; heads: Heads | null }): Heads | null | undefined {
    let row = this.count - 1;
    while (row >= 0 && this.timeOf(row) > timeUs) row--;
    if (row < 0) return undefined;
    const before = this.headsOf(row);
    const isNewest = row === this.count - 1;
    if (isNewest && now === undefined) return before;
    const after = isNewest ? now!.heads : this.headsOf(row + 1);
    const fromUs = this.timeOf(row);
    const toUs = isNewest ? now!.timeUs : this.timeOf(row + 1);
    if (toUs - fromUs > minuteUs) return after;
    if (before === null || after === null) return null;
    return toUs === fromUs ? after : mixed(before, after, (timeUs - fromUs) / (toUs - fromUs));
  }

  /** Rows by time, for {@link restore}. */
  get saved(): Float64Array {
    const rows = new Float64Array(this.count * this.width);
    for (let row = 0; row < this.count; row++) {
      const at = this.at(row);
      rows.set(this.rows.subarray(at, at + this.width), row * this.width);
    }
    return rows;
  }

  /** Of a fresh one with the same shares. */
  restore(rows: Float64Array): void {
    this.count = Math.min(this.rowsMax, rows.length / this.width);
    this.rows = rows.slice(rows.length - this.count * this.width);
  }

  private at(row: number): number {
    return ((this.oldest + row) % this.rowsMax) * this.width;
  }

  private timeOf(row: number): number {
    return this.rows[this.at(row)];
  }

  private headsOf(row: number): Heads | null {
    const at = this.at(row);
    const [, sampling, silence, ...people] = this.rows.subarray(at, at + this.width);
    if (Number.isNaN(sampling)) return null;
    const byShare = new Map<Share, number>();
    for (const [i, share] of this.shares.entries()) if (people[i] > 0) byShare.set(share, people[i]);
    return { people: people.reduce((sum, each) => sum + each, 0), sampling, silence, byShare };
  }
}

/** `part` of the way from one to the other. */
function mixed(from: Heads, to: Heads, part: number): Heads {
  const between = (a: number, b: number) => a + part * (b - a);
  const byShare = new Map<Share, number>();
  for (const share of new Set([...from.byShare.keys(), ...to.byShare.keys()]))
    byShare.set(share, between(from.byShare.get(share) ?? 0, to.byShare.get(share) ?? 0));
  return {
    people: between(from.people, to.people),
    sampling: between(from.sampling, to.sampling),
    silence: between(from.silence, to.silence),
    byShare,
  };
}
