/**
 * Traffic counted by 10 s, cell and kind, for the table `activity`: what is stored of traffic where not all events are.
 * Counts are collected between two transactions of the store; the rows of several add up, so it does not matter where
 * one ends.
 */
import { secondUs } from '../clock.ts';
import { noCell } from '../events/event-batch.ts';
import { outcomeCode, outcomes } from '../events/kinds.ts';
import { type CopyBuffer, rowBytes } from './copy-buffer.ts';

/** Columns in the order in which they are written. */
export const activityColumns =
  'ts, duration_ms, bytes, cell_id, units, unsuccessful, unknown, rejected, unanswered, dropped, kind';
const activityRowBytes = rowBytes({ int8: 3, int4: 7, int2: 1 });
const slotUs = 10 * secondUs;
const kinds = 32;
const outcomeCount = outcomes.length;
const firstCapacity = 1_024;

/** Whose events are stored: of one subscriber in so many; 0: nobody's. */
export function eventsOneIn(keepEvents: string): number {
  if (keepEvents === 'all') return 1;
  return keepEvents === 'off' ? 0 : Number(keepEvents.slice(2));
}

/** Whether a subscriber's events are stored; pseudonyms are evenly spread. Of unresolved ones only when all are. */
export function keepsEventsOf(subLo: number, subHi: number, oneIn: number): boolean {
  if (oneIn <= 1) return oneIn === 1;
  return subLo % oneIn === 0 && (subLo !== 0 || subHi !== 0);
}

/** Open addressing over typed arrays, at most half full: nothing is allocated per event. */
export class ActivityCounts {
  /** Rows that the next {@link drain} writes. */
  rows = 0;
  #capacity = firstCapacity;
  /** Number of the 10 s and of the cell and kind; units 0: free. */
  #slot = new Float64Array(firstCapacity);
  #place = new Float64Array(firstCapacity);
  #units = new Uint32Array(firstCapacity);
  /** A counter an outcome. */
  #outcomes = new Uint32Array(firstCapacity * outcomeCount);
  #durationMs = new Float64Array(firstCapacity);
  #bytes = new Float64Array(firstCapacity);

  /** One unit of traffic. */
  add(timeUs: number, cell: number, kind: number, outcome: number, durationMs: number, bytes: number): void {
    if (this.rows * 2 >= this.#capacity) this.#grow();
    const slot = Math.floor(timeUs / slotUs);
    const place = cell * kinds + kind;
    const at = this.#find(slot, place);
    if (this.#units[at] === 0) {
      this.#slot[at] = slot;
      this.#place[at] = place;
      this.rows++;
    }
    this.#units[at]++;
    if (outcome < outcomeCount) this.#outcomes[at * outcomeCount + outcome]++;
    this.#durationMs[at] += durationMs;
    this.#bytes[at] += bytes;
  }

  /** Writes what was counted and begins anew. */
  drain(out: CopyBuffer): void {
    for (let at = 0; at < this.#capacity; at++) {
      if (this.#units[at] === 0) continue;
      const place = this.#place[at];
      const cell = Math.floor(place / kinds);
      const ended = this.#outcomes.subarray(at * outcomeCount, (at + 1) * outcomeCount);
      out.row(11, activityRowBytes);
      out.timestamp(this.#slot[at] * slotUs);
      out.int8(this.#durationMs[at]);
      out.int8(this.#bytes[at]);
      if (cell === noCell) out.null();
      else out.int4(cell);
      out.int4(this.#units[at]);
      out.int4(ended[outcomeCode.rejected] + ended[outcomeCode.failed]);
      out.int4(ended[outcomeCode.unknown]);
      out.int4(ended[outcomeCode.rejected]);
      out.int4(ended[outcomeCode.unanswered]);
      out.int4(ended[outcomeCode.dropped]);
      out.int2(place - cell * kinds);
    }
    this.rows = 0;
    this.#units.fill(0);
    this.#outcomes.fill(0);
    this.#durationMs.fill(0);
    this.#bytes.fill(0);
  }

  #find(slot: number, place: number): number {
    const mask = this.#capacity - 1;
    let at = (Math.imul(place | 0, 0x9e3779b1) ^ Math.imul(slot | 0, 0x85ebca6b)) & mask;
    while (this.#units[at] !== 0 && (this.#place[at] !== place || this.#slot[at] !== slot)) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const slots = this.#slot;
    const places = this.#place;
    const units = this.#units;
    const ended = this.#outcomes;
    const durationMs = this.#durationMs;
    const bytes = this.#bytes;
    this.#capacity *= 2;
    this.#slot = new Float64Array(this.#capacity);
    this.#place = new Float64Array(this.#capacity);
    this.#units = new Uint32Array(this.#capacity);
    this.#outcomes = new Uint32Array(this.#capacity * outcomeCount);
    this.#durationMs = new Float64Array(this.#capacity);
    this.#bytes = new Float64Array(this.#capacity);
    for (let from = 0; from < units.length; from++) {
      if (units[from] === 0) continue;
      const at = this.#find(slots[from], places[from]);
      this.#slot[at] = slots[from];
      this.#place[at] = places[from];
      this.#units[at] = units[from];
      this.#outcomes.set(ended.subarray(from * outcomeCount, (from + 1) * outcomeCount), at * outcomeCount);
      this.#durationMs[at] = durationMs[from];
      this.#bytes[at] = bytes[from];
    }
  }
}
