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
  const octave = 31 - Math.clz32(dwellUs / firstEdgeUs);
  let bucket = Math.min(1 + perOctave * octave, dwellBuckets - 1);
  const last = Math.min(bucket + perOctave, dwellBuckets) - 1;
  // Edges of an octave are few: comparing with each costs less than a logarithm.
  while (bucket < last && dwellUs >= edgesUs[bucket + 1]) bucket++;
  return bucket;
}

/** Dwell at a share (0.5: median) of stays counted by bucket, evenly spread in each, ms; -1: there is none. */
export function dwellQuantileMs(counts: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket];
  let before = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const own = counts[bucket];
    if (own > 0 && before + own >= share * total) {
      const from = edgesUs[bucket];
      const to = bucket + 1 < dwellBuckets ? edgesUs[bucket + 1] : from;
      return Math.round((from + ((to - from) * (share * total - before)) / own) / 1000);
    }
    before += own;
  }
  return -1;
}
