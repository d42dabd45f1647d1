/** Which spans of time a refresh goes through: whole buckets, bounded, without those in which there is nothing to read. */

/** µs; `toUs` excluded. */
export interface Span {
  fromUs: number;
  toUs: number;
}

/** Buckets of an aggregate: they start at the multiples of `bucketUs` plus `offsetUs`. */
export interface Buckets {
  readonly bucketUs: number;
  readonly offsetUs: number;
}

/** Start of the bucket that holds `us`. */
export function bucketStart(us: number, { bucketUs, offsetUs }: Buckets): number {
  return Math.floor((us - offsetUs) / bucketUs) * bucketUs + offsetUs;
}

/** `us` where a bucket starts there, else the start of the next one. */
function bucketEnd(us: number, { bucketUs, offsetUs }: Buckets): number {
  return Math.ceil((us - offsetUs) / bucketUs) * bucketUs + offsetUs;
}

/** What remains of `span` without `gone`; all borders are widened away from `gone` to whole buckets. */
export function without(span: Span, gone: Span | null, buckets: Buckets): Span[] {
  if (gone === null) return [span];
  const before = { fromUs: span.fromUs, toUs: Math.min(span.toUs, bucketStart(gone.fromUs, buckets)) };
  const after = { fromUs: Math.max(span.fromUs, bucketEnd(gone.toUs, buckets)), toUs: span.toUs };
  return [before, after].filter(({ fromUs, toUs }) => fromUs < toUs);
}

/** The smallest span that holds both. */
export function hull(a: Span | null, b: Span | null): Span | null {
  if (a === null || b === null) return a ?? b;
  return { fromUs: Math.min(a.fromUs, b.fromUs), toUs: Math.max(a.toUs, b.toUs) };
}

/**
 * Windows of at most `windowUs` that cover what of `span` is `held`, ascending. A refresh wants two buckets at least: a
 * shorter window begins a bucket earlier, or ends one later, within the span.
 *
 * @param span whole buckets
 * @param held ascending by their start; they may overlap
 */
export function planWindows(span: Span, held: readonly Span[], buckets: Buckets, windowUs: number): Span[] {
  const { bucketUs } = buckets;
  const windows: Span[] = [];
  let atUs = span.fromUs;
  for (const { fromUs, toUs } of held) {
    const endUs = Math.min(span.toUs, bucketEnd(toUs, buckets));
    atUs = Math.max(atUs, bucketStart(fromUs, buckets));
    while (atUs < endUs) {
      const last = windows.at(-1);
      const grows = last !== undefined && last.toUs === atUs && last.toUs - last.fromUs < windowUs;
      const window = grows ? last : { fromUs: atUs, toUs: atUs };
      window.toUs = Math.min(endUs, window.fromUs + windowUs);
      atUs = window.toUs;
      if (!grows) windows.push(window);
    }
  }
  for (const window of windows) {
    if (window.toUs - window.fromUs >= 2 * bucketUs) continue;
    window.fromUs = Math.max(span.fromUs, window.toUs - 2 * bucketUs);
    window.toUs = Math.min(span.toUs, Math.max(window.toUs, window.fromUs + 2 * bucketUs));
  }
  return windows.filter(({ fromUs, toUs }) => toUs - fromUs >= 2 * bucketUs);
}
