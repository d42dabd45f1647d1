/** Columns in the trail's memory, as JavaScript reads them. */
import { groupRows } from '../presence/group-loads.ts';
import { settlingMax } from './trail-entry.ts';
import { crossedMax, trailAt } from './trail-kernel.ts';

/** What the kernel finds of the moves of a group: see `trailAt`. */
export function movesOf({ buffer }: WebAssembly.Memory) {
  const words = (at: number, length: number) => new Uint32Array(buffer, at, length);
  return {
    ends: words(trailAt.ends, groupRows),
    newest: words(trailAt.newest, groupRows),
    cellVisits: words(trailAt.cellVisits, groupRows),
    crossed: words(trailAt.crossed, crossedMax),
    visits: words(trailAt.visits, crossedMax),
    cancelled: words(trailAt.cancelled, crossedMax),
    pushed: words(trailAt.pushed, crossedMax),
  };
}

/** What the kernel has settled, in order. */
export function dueOf({ buffer }: WebAssembly.Memory) {
  const words = (at: number) => new Uint32Array(buffer, at, settlingMax);
  return {
    timeUs: new Float64Array(buffer, trailAt.settledUs, settlingMax),
    subs: words(trailAt.settledSubs),
    words: words(trailAt.settledWords),
    sequences: words(trailAt.settledSequences),
  };
}
