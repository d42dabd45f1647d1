/** Trips between a region and others in its past: rows of the pieces it is asked in → columns. */
import type { PastPairs } from '../../shared/region-answers.ts';

/** As `region-pairs` has it; without `id`: nobody can tell of the bucket. */
export interface PairRow {
  readonly bucket: number;
  readonly id: string | null;
  readonly into_it: number;
  readonly from_it: number;
}

/** So many regions are told, those with the most trips. */
export const pairsToldMax = 200;

/** @param pieces rows, a piece after the other @param bucketOf place of a bucket's start among `buckets` */
export async function pairsOf(
  pieces: AsyncIterable<readonly PairRow[]>,
  buckets: number,
  bucketOf: (us: number) => number,
): Promise<PastPairs> {
  const known = Array.from({ length: buckets }, () => true);
  const counts = new Map<string, { into: Int32Array; from: Int32Array; sum: number }>();
  for await (const rows of pieces) {
    for (const { bucket, id, into_it, from_it } of rows) {
      const at = bucketOf(bucket);
      if (id === null) known[at] = false;
      else {
        const own = counts.get(id) ?? { into: new Int32Array(buckets), from: new Int32Array(buckets), sum: 0 };
        counts.set(id, own);
        own.into[at] = into_it;
        own.from[at] = from_it;
        own.sum += into_it + from_it;
      }
    }
  }
  const largest = [...counts].sort(([a, x], [b, y]) => y.sum - x.sum || (a < b ? -1 : 1));
  const figures = (column: Int32Array) => Array.from(column, (figure, at) => (known[at] ? figure : null));
  return {
    known,
    regions: largest
      .slice(0, pairsToldMax)
      .map(([id, { into, from }]) => ({ id, into: figures(into), from: figures(from) })),
    leftOut: Math.max(0, largest.length - pairsToldMax),
  };
}
