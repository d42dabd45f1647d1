import { type FeedNotePart, readFeedNote } from '../../shared/feed-note.ts';
import type { FeedStatus } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';
import { formatMoment } from '../parts/time.ts';

/** How a feed stands with its probes or its next record, in the wall's language. */
export interface FeedStanding {
  readonly text: string;
  /** `warn`: something about the feed wants to be set right; it may deliver all the same. */
  readonly level: 'info' | 'warn';
}

const warning: ReadonlySet<string> = new Set([
  ...['refused', 'unreachable', 'next', 'alone', 'turnedAway', 'ahead', 'aheadAside', 'aheadFull'],
  ...['aside', 'asideFull', 'asideOld', 'asideOldFull', 'asideBehind', 'asideBehindFull', 'refusedBatch', 'lateFlush'],
]);

/**
 * What is to be said of a feed beside its state, times in `zone`; null where there is nothing, or where a notice of its
 * state says it (it has failed, or can't keep up).
 */
export function standingOf(feed: FeedStatus, zone: string): FeedStanding | null {
  if (feed.note === '' || feed.state === 'failed' || feed.state === 'behind') return null;
  const parts = readFeedNote(feed.note);
  // A feed that ends with words ended before its end.
  const isWarning = ({ key }: FeedNotePart) => feed.state === 'ended' || (key !== null && warning.has(key));
  const warnings = parts.filter(isWarning);
  // What is to be set right comes first: the end may not fit.
  const said = [...warnings, ...parts.filter((part) => !isWarning(part))].map((part) => say(part, zone));
  return { text: said.join(' · '), level: warnings.length > 0 ? 'warn' : 'info' };
}

function say(part: FeedNotePart, zone: string): string {
  if (part.key === null) return part.text;
  const { time, now } = part.values;
  if (time === undefined || now === undefined) return t(`note.${part.key}`, part.values);
  const moment = formatMoment(Date.parse(time) * 1000, Date.parse(now) * 1000, zone);
  return t(`note.${part.key}`, { ...part.values, time: moment });
}
