import { secondUs } from '../clock.ts';

/** Log buckets of dwell: bucket 0 is below 30 s, then four an octave; the last holds all from about 16 days on. */
export const dwellBuckets = 64;
const firstEdgeUs = 30 * secondUs;
const perOctave = 4;

/** Where each bucket begins, µs. */
const edgesUs = Float64Array.from({ length: dwellBuckets }, (_, bucket) =>
  bucket === 0 ? 0 : Math.round(firstEdgeUs * 2 ** ((bucket - 1) / perOctave)),
);

export function dwellBucketOf(dwellUs: number): number {
  if (dwellUs < firstEdgeUs) return 0;
  const bucket = Math.min(dwellBuckets - 1, 1 + Math.floor(perOctave * Math.log2(dwellUs / firstEdgeUs)));
  // The logarithm may be off by a hair at an edge.
  if (dwellUs < edgesUs[bucket]) return bucket - 1;
  return bucket + 1 < dwellBuckets && dwellUs >= edgesUs[bucket + 1] ? bucket + 1 : bucket;
}
