/** The table of long chains holds areas and sequence numbers: both become others, and what it held is no more then. */
import { expect, test } from 'vitest';
import { CrossingTrail } from '../../server/occupancy/crossing-trail.ts';
import type { TrailOwner } from '../../server/occupancy/trail-entry.ts';
import type { StateReader } from '../../server/state-writer.ts';
import { toEnd } from '../../server/to-end.ts';

/** A trail in which a phone crosses very many borders, and another one when it is told to. */
function trailOfOne() {
  const newest = new Map<number, number>();
  const owner: TrailOwner = {
    sequenceOf: (phone) => newest.get(phone) ?? 0,
    setSequence: (phone, sequence) => void newest.set(phone, sequence),
    trailEnded: () => undefined,
    held: () => undefined,
    gone: () => undefined,
    cutShort: () => undefined,
    notedAreas: 0,
    touchNotes: () => 0,
  };
  const trail = new CrossingTrail({ owner, holdDownUs: 1000, entriesMax: 1_000_000 });
  const step = (area: number, timeUs: number, isEntry: boolean, phone = 1) => {
    trail.begin(phone, timeUs, 0);
    if (isEntry) trail.enter(area, true);
    else trail.leave(area, true);
    const { pushed } = trail;
    trail.end();
    return pushed;
  };
  /** Enters areas one after the other. @returns where each entry stands */
  const enterAll = (from: number, to: number, timeUs: number, phone = 1) => {
    const entries = new Map<number, number>();
    for (let area = from; area < to; area++) entries.set(area, step(area, timeUs, true, phone));
    return entries;
  };
  /** Leaves an area. @returns where the entry stands that this undoes; 0: there is none */
  const leave = (area: number, timeUs: number) => {
    step(area, timeUs, false);
    return trail.cancelled;
  };
  return { trail, enterAll, leave };
}

test('after an edit an entry of long ago is found by the place that its region has now', () => {
  const { trail, enterAll, leave } = trailOfOne();
  const entries = enterAll(0, 200, 100);
  // The table is made.
  expect(leave(3, 110)).toBe(entries.get(3));
  // One region less: all behind it move up, and the last one is gone.
  const placeOf = Int32Array.from({ length: 200 }, (_, area) => (area < 50 ? area : area === 50 ? -1 : area - 1));
  toEnd(trail.editing(placeOf, 199));
  expect(leave(60, 120)).toBe(entries.get(61));
  expect(leave(20, 120)).toBe(entries.get(20));
});

test('when sequence numbers come round, those of before are nobody’s', () => {
  const { trail, enterAll, leave } = trailOfOne();
  const entries = enterAll(0, 100, 100);
  expect(leave(3, 110)).toBe(entries.get(3));
  toEnd(trail.settling(Number.POSITIVE_INFINITY));
  toEnd(trail.forgettingBefore(200));
  expect(trail.size).toBe(0);
  // As after very many more.
  const last = 2 ** 32 - 4;
  const json = () => ({ tail: last, settled: last, head: last, forced: 0 });
  trail.restore({ json, bytes: () => new Uint8Array(0), fill: () => 0 } as unknown as StateReader);
  enterAll(500, 504, 300);
  // Where an area of before stood are now entries of another phone, and its own one is far back.
  const again = enterAll(60, 61, 300).get(60);
  expect(again).toBe(1);
  enterAll(200, 240, 300);
  const others = [...enterAll(300, 340, 300, 2).values()];
  expect(others).toContain(entries.get(60));
  enterAll(240, 270, 300);
  expect(leave(60, 310)).toBe(again);
});
