import { parseTimeUs, secondUs, zoneUs } from '../clock.ts';
import { Refusal } from './http.ts';

const dayS = 86_400;

export interface HistoryRange {
  /** µs, multiples of the bucket; `toUs` excluded. */
  fromUs: number;
  toUs: number;
  bucketS: number;
}

/** What a range may be. */
export interface RangeRules {
  /** Buckets are multiples of it. */
  readonly finestS: number;
  readonly defaultS: number;
  readonly defaultSpanUs: number;
  readonly rowsMax: number;
  /** What the range may not exceed, and the remedy, where `bucket` can't be asked for. */
  readonly longest?: string;
}

/**
 * The checked range of a query. `from` and `to`: ISO 8601 with a zone, or integer µs since 1970; without them the last
 * `defaultSpanUs` before `clockUs`. `bucket`: seconds, at most a day. The range is widened to whole buckets, counted from a
 * local midnight, so that days are local ones: freely chosen borders would let hidden figures be had by subtracting.
 * @throws Refusal 400 BAD_TIME, BAD_RANGE, BAD_BUCKET, RANGE_TOO_LONG
 */
export function readRange(query: URLSearchParams, clockUs: number, rules: RangeRules): HistoryRange {
  const { finestS, rowsMax } = rules;
  const bucketText = query.get('bucket') ?? String(rules.defaultS);
  const bucketS = /^\d{1,6}$/.test(bucketText) ? Number(bucketText) : 0;
  if (bucketS === 0 || bucketS % finestS !== 0 || bucketS > Math.max(dayS, finestS)) {
    throw new Refusal(400, 'BAD_BUCKET', `bucket must be a multiple of ${finestS} seconds, at most a day`);
  }
  // Before the first event the clock stands at zero: there is one empty bucket.
  const to = query.has('to') ? readTime('to', query.get('to')!) : Math.max(clockUs, bucketS * secondUs);
  const from = query.has('from') ? readTime('from', query.get('from')!) : Math.max(0, to - rules.defaultSpanUs);
  if (from >= to) throw new Refusal(400, 'BAD_RANGE', 'from must be before to');
  const bucketUs = bucketS * secondUs;
  const fromUs = Math.floor((from + zoneUs) / bucketUs) * bucketUs - zoneUs;
  const toUs = Math.ceil((to + zoneUs) / bucketUs) * bucketUs - zoneUs;
  if ((toUs - fromUs) / bucketUs > rowsMax) {
    const { longest = `${rowsMax} buckets: ask for a shorter range or a larger bucket` } = rules;
    throw new Refusal(400, 'RANGE_TOO_LONG', `more than ${longest}`);
  }
  return { fromUs, toUs, bucketS };
}

const lastUs = Date.UTC(2255, 0, 1) * 1000;

/** A time of a query, µs. @throws Refusal 400 BAD_TIME */
export function readTime(name: string, text: string): number {
  const us = /^\d{1,16}$/.test(text) ? Number(text) : parseTimeUs(text);
  if (!(us >= 0 && us <= lastUs)) {
    throw new Refusal(400, 'BAD_TIME', `${name} must be like 2026-11-21T19:30:00+08:00 or microseconds since 1970`);
  }
  return us;
}
