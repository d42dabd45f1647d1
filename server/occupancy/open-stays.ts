import { unknownCell } from '../events/event-batch.ts';
import { nowhere, recordWords, wCellFeed, wHi, wLo } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import type { Occupancy } from './occupancy.ts';

/** Stays in some cells that last: no history has them yet. */
export interface OpenStays {
  /** First 64 bits of the subscribers' pseudonyms. */
  readonly subs: readonly bigint[];
  /** First sightings of the stays, µs. */
  readonly firstInUs: readonly number[];
  /** False: there are more than may be told, and none is. The oldest began at `oldestUs`. */
  readonly complete: boolean;
  readonly oldestUs: number;
}

/** Most stays that are told of one question. */
const openStaysMax = 300_000;
/** Records looked at before others have their turn: some milliseconds. */
const sliceRecords = 200_000;

/**
 * Looks through everybody, a slice at a time; rows may be applied in between. Whoever moves meanwhile is in the slice's
 * state: who asks leaves out stays that have ended and been stored since.
 *
 * @param cells ids @param max stays told at most
 */
export function* openStaysOf(
  table: SubscriberTable,
  cells: ArrayLike<number>,
  max = openStaysMax,
): Generator<void, OpenStays> {
  const wanted = new Set<number>();
  for (let i = 0; i < cells.length; i++) wanted.add(cells[i]);
  const subs: bigint[] = [];
  const firstInUs: number[] = [];
  let oldestUs = Number.POSITIVE_INFINITY;
  let count = 0;
  for (let from = 0; from < table.indices; from += sliceRecords) {
    // The table may have grown since the slice before.
    const { u32 } = table;
    const to = Math.min(table.indices, from + sliceRecords);
    for (let index = from; index < to; index++) {
      const at = index * recordWords;
      const cell = u32[at + wCellFeed] & nowhere;
      if (cell === nowhere || !wanted.has(cell)) continue;
      const sinceUs = table.sinceUs(index);
      if (sinceUs < oldestUs) oldestUs = sinceUs;
      if (count++ >= max) continue;
      subs.push(BigInt.asIntN(64, (BigInt(u32[at + wHi]) << 32n) | BigInt(u32[at + wLo])));
      firstInUs.push(sinceUs);
    }
    yield;
  }
  if (count <= max) return { subs, firstInUs, complete: true, oldestUs };
  return { subs: [], firstInUs: [], complete: false, oldestUs };
}

/** The counters end at `clockUs`: every stay that lasts is told as one that ended then, for nobody knows which cell. */
export function* cuttingStays({ origins, stays }: Occupancy, table: SubscriberTable, clockUs: number): Generator<void> {
  for (let index = 0; index < table.indices && stays !== null; index++) {
    const cell = table.cell(index);
    if (cell !== nowhere) stays.push(table, index, cell, clockUs, origins.plmnOf(table.origin(index)), unknownCell);
    if (index % sliceRecords === 0) yield;
  }
}
