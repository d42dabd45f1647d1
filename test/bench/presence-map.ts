import type { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';

interface Crossing {
  timeUs: number;
  entry: boolean;
}

interface Subscriber {
  cell: number;
  lastUs: number;
  /** Pending crossings by area, and areas visited and left in the open interval. */
  pending: Map<number, Crossing>;
  left: Set<number>;
  leftInterval: number;
}

/**
 * The peer of the presence bench: the same rules (presenceTtl, crossings with holdDown, visitors of an interval, cells
 * and regions as areas) written the usual way, with a Map of objects.
 */
export class MapPresence {
  present = 0;
  private readonly subscribers = new Map<number, Subscriber>();
  private readonly regionsOf: number[][];
  private readonly ttlUs: number;
  private readonly holdDownUs: number;
  private readonly everyUs: number;
  private readonly counts = new Map<number, { present: number; entries: number; exits: number; visits: number }>();
  private swept = 0;
  private interval = 0;

  constructor(regionsOf: number[][], options: { ttlUs: number; holdDownUs: number; everyUs: number }) {
    this.regionsOf = regionsOf;
    this.ttlUs = options.ttlUs;
    this.holdDownUs = options.holdDownUs;
    this.everyUs = options.everyUs;
  }

  apply(batch: EventBatch): void {
    for (let i = 0; i < batch.n; i++) {
      const timeUs = batch.timeUs[i];
      const interval = Math.floor(timeUs / this.everyUs);
      if (interval !== this.interval) this.close(interval, timeUs);
      const key = batch.subHi[i] * 4294967296 + batch.subLo[i];
      let subscriber = this.subscribers.get(key);
      if (subscriber === undefined) {
        subscriber = { cell: -1, lastUs: 0, pending: new Map(), left: new Set(), leftInterval: 0 };
        this.subscribers.set(key, subscriber);
      }
      const cell = batch.cell[i];
      if (subscriber.cell >= 0 && timeUs - subscriber.lastUs >= this.ttlUs) this.vanish(subscriber);
      if (subscriber.cell < 0) {
        this.present++;
        for (const area of this.areasOf(cell)) this.enter(subscriber, area, timeUs, false);
      } else if (subscriber.cell !== cell) {
        const before = this.areasOf(subscriber.cell);
        const after = this.areasOf(cell);
        for (const area of before) if (!after.includes(area)) this.leave(subscriber, area, timeUs, true);
        for (const area of after) if (!before.includes(area)) this.enter(subscriber, area, timeUs, true);
      }
      subscriber.cell = cell;
      subscriber.lastUs = timeUs;
      if ((batch.flags[i] & eventFlag.detach) !== 0) this.vanish(subscriber);
    }
  }

  private areasOf(cell: number): number[] {
    return [1_000_000 + cell, ...this.regionsOf[cell]];
  }

  private countsOf(area: number) {
    let counts = this.counts.get(area);
    if (counts === undefined) {
      counts = { present: 0, entries: 0, exits: 0, visits: 0 };
      this.counts.set(area, counts);
    }
    return counts;
  }

  private cross(subscriber: Subscriber, area: number, timeUs: number, entry: boolean): void {
    const pending = subscriber.pending.get(area);
    if (pending !== undefined) {
      subscriber.pending.delete(area);
      if (timeUs - pending.timeUs < this.holdDownUs) return;
      this.count(area, pending);
    }
    subscriber.pending.set(area, { timeUs, entry });
  }

  private count(area: number, crossing: Crossing): void {
    if (crossing.entry) this.countsOf(area).entries++;
    else this.countsOf(area).exits++;
  }

  private enter(subscriber: Subscriber, area: number, timeUs: number, crossing: boolean): void {
    const counts = this.countsOf(area);
    counts.present++;
    if (subscriber.leftInterval !== this.interval) {
      subscriber.left.clear();
      subscriber.leftInterval = this.interval;
    }
    if (!subscriber.left.has(area)) counts.visits++;
    if (crossing) this.cross(subscriber, area, timeUs, true);
  }

  private leave(subscriber: Subscriber, area: number, timeUs: number, crossing: boolean): void {
    this.countsOf(area).present--;
    if (subscriber.leftInterval !== this.interval) {
      subscriber.left.clear();
      subscriber.leftInterval = this.interval;
    }
    subscriber.left.add(area);
    if (crossing) this.cross(subscriber, area, timeUs, false);
  }

  private vanish(subscriber: Subscriber): void {
    this.present--;
    for (const [area, crossing] of subscriber.pending) this.count(area, crossing);
    subscriber.pending.clear();
    for (const area of this.areasOf(subscriber.cell)) this.leave(subscriber, area, subscriber.lastUs, false);
    subscriber.cell = -1;
  }

  private close(interval: number, timeUs: number): void {
    this.interval = interval;
    if (timeUs - this.swept < 600e6) return;
    this.swept = timeUs;
    for (const subscriber of this.subscribers.values()) {
      if (subscriber.cell >= 0 && timeUs - subscriber.lastUs >= this.ttlUs) this.vanish(subscriber);
    }
  }
}
