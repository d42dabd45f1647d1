/** The table of long chains holds areas and sequence numbers: both become others, and what it held is no more then. */
import { expect, test } from 'vitest';
import { CrossingTrail } from '../../server/occupancy/crossing-trail.ts';
import type { TrailOwner } from '../../server/occupancy/trail-entry.ts';
import type { StateReader } from '../../server/state-writer.ts';
import { toEnd } from '../../server/to-end.ts';

const phone = 1;

/** A trail in which one phone crosses very many borders. */
function trailOfOne() {
  let newest = 0;
  const owner: TrailOwner = {
    sequenceOf: () => newest,
    setSequence: (_, sequence) => {
      newest = sequence;
    },
    trailEnded: () => undefined,
    held: () => undefined,
    gone: () => undefined,
    cutShort: () => undefined,
    notedAreas: 0,
    touchNotes: () => 0,
  };
  const trail = new CrossingTrail({ owner, holdDownUs: 1000, entriesMax: 1_000_000 });
  const step = (area: number, timeUs: number, isEntry: boolean) => {
    trail.begin(phone, timeUs, 0);
    if (isEntry) trail.enter(area, true);
    else trail.leave(area, true);
    const { pushed } = trail;
    trail.end();
    return pushed;
  };
  /** Enters areas one after the other. @returns where each entry stands */
  const enterAll = (from: number, to: number, timeUs: number) => {
    const entries = new Map<number, number>();
    for (let area = from; area < to; area++) entries.set(area, step(area, timeUs, true));
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
  const later = enterAll(200, 250, 300);
  expect(later.get(203)).toBe(2 ** 32 - 1);
  expect(later.get(204)).toBe(1);
  // An area of before, where its old place now is another one's.
  const again = enterAll(5, 6, 300).get(5);
  enterAll(250, 380, 300);
  expect(leave(5, 310)).toBe(again);
  for (const area of [203, 204]) expect(leave(area, 310)).toBe(later.get(area));
});
