/** A replay may fall behind by this much wall time before it slows down and says so. */
const behindMs = 2000;

/**
 * How far replays may read: event time runs `speed` times as fast as wall time, from the oldest feed's first event.
 * A replay that the machine can't keep up with slows down instead of catching up in a burst.
 */
export class Pace {
  /** Event seconds per wall second; 0: as fast as it goes. */
  readonly speed: number;
  behind = false;
  /** The speed of the last seconds, event seconds per wall second. */
  reached = 0;
  private originUs = Number.NaN;
  private originMs = 0;
  /** When the running measurement began, and the one before it. */
  private markUs = Number.NaN;
  private markMs = 0;
  private beforeUs = 0;
  private beforeMs = 0;
  private behindSinceMs = 0;

  constructor(speed: number) {
    this.speed = speed;
  }

  /**
   * @param nowMs monotonic wall time
   * @param slowestUs where the slowest running feed stands, event µs
   * @param hold true while feeds still warm up: the time line begins when they have
   */
  allowedUs(nowMs: number, slowestUs: number, hold: boolean): number {
    if (!Number.isFinite(slowestUs)) return Number.POSITIVE_INFINITY;
    this.measure(nowMs, slowestUs);
    if (this.speed === 0) return Number.POSITIVE_INFINITY;
    if (Number.isNaN(this.originUs) || hold) {
      this.originUs = slowestUs;
      this.originMs = nowMs;
    }
    const wantUs = this.originUs + (nowMs - this.originMs) * 1000 * this.speed;
    const lagMs = (wantUs - slowestUs) / 1000 / this.speed;
    if (lagMs > behindMs) {
      this.originMs += lagMs - behindMs;
      // What was measured last may be from before it stood still.
      if (!this.behind) this.reached = speedOf(slowestUs - this.beforeUs, nowMs - this.beforeMs);
      this.behind = true;
      this.behindSinceMs = nowMs;
    } else if (this.behind && nowMs - this.behindSinceMs > 2 * behindMs && lagMs < behindMs / 2) {
      this.behind = false;
    }
    return Math.floor(this.originUs + (nowMs - this.originMs) * 1000 * this.speed);
  }

  private measure(nowMs: number, slowestUs: number): void {
    const isFirst = Number.isNaN(this.markUs);
    if (!isFirst && nowMs - this.markMs < 2000) return;
    if (!isFirst) this.reached = speedOf(slowestUs - this.markUs, nowMs - this.markMs);
    this.beforeUs = isFirst ? slowestUs : this.markUs;
    this.beforeMs = isFirst ? nowMs : this.markMs;
    this.markUs = slowestUs;
    this.markMs = nowMs;
  }
}

function speedOf(us: number, ms: number): number {
  return us / 1000 / Math.max(ms, 1);
}
