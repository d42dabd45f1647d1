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

/**
 * All regions that have a trip, whether it may be told or not.
 *
 * @param pieces rows, a piece after the other @param bucketOf place of a bucket's start among `buckets`
 */
export async function pairsOf(
  pieces: AsyncIterable<readonly PairRow[]>,
  buckets: number,
  bucketOf: (us: number) => number,
): Promise<PastPairs> {
  const known = Array.from({ length: buckets }, () => true);
  const counts = new Map<string, { into: number[]; from: number[] }>();
  for await (const rows of pieces) {
    for (const { bucket, id, into_it, from_it } of rows) {
      const at = bucketOf(bucket);
      if (id === null) known[at] = false;
      else {
        const own = counts.get(id) ?? { into: Array(buckets).fill(0), from: Array(buckets).fill(0) };
        counts.set(id, own);
        own.into[at] = into_it;
        own.from[at] = from_it;
      }
    }
  }
  return { known, regions: [...counts].map(([id, own]) => ({ id, ...own })), leftOut: 0 };
}

/** The regions with the most trips in those buckets that may be told, largest first; the figures of others are null. */
export function largestPairs({ known, regions }: PastPairs, mayTell: readonly boolean[]): PastPairs {
  const told = known.map((each, at) => each && mayTell[at]);
  const mask = (values: (number | null)[]) => values.map((value, at) => (told[at] ? value : null));
  const sums = regions
    .map(({ id, into, from }) => ({ id, into: mask(into), from: mask(from) }))
    .map((pair) => ({ pair, sum: [...pair.into, ...pair.from].reduce<number>((all, value) => all + (value ?? 0), 0) }))
    .filter(({ sum }) => sum > 0)
    .sort(({ pair: a, sum: x }, { pair: b, sum: y }) => y - x || (a.id < b.id ? -1 : 1));
  return {
    known: told,
    regions: sums.slice(0, pairsToldMax).map(({ pair }) => pair),
    leftOut: Math.max(0, sums.length - pairsToldMax),
  };
}
