import type { FeedStatus, WallStatus } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';
import { formatAge, formatShare } from '../parts/format.ts';
import { formatMoment } from '../parts/time.ts';
import { standingOf } from './feed-standing.ts';
import { waitingFeed } from './freshness.ts';

/** One thing that the people before the wall should know. `detail` is shown on demand. */
export interface Notice {
  readonly id: string;
  readonly level: 'bad' | 'warn' | 'info';
  readonly text: string;
  readonly detail: string;
}

const grouped = new Intl.NumberFormat('en-US');
const reasonsMax = 12;
/** The database may be so long behind before the wall says so, ms of wall time. */
const storeLagMs = 60_000;
/** Reasons named on the wall without anybody touching it. */
const reasonsShown = 2;

/**
 * The notices of a status that came `sinceMs` ago, worst first, times in `zone`. The state of the connection is not
 * among them: it takes the whole line.
 */
export function noticesOf(status: WallStatus, sinceMs: number, zone: string): Notice[] {
  const notices: Notice[] = [];
  for (const feed of status.feeds) feedNotice(feed, status, zone, notices);
  if (!waitNotice(status, sinceMs, zone, notices)) standingNotices(status.feeds, zone, notices);
  journalNotice(status, notices);
  storeNotice(status, notices);
  if (status.warmingUp) notices.push(warmingNotice(status));
  faultsNotice(status.feeds, notices);
  if (status.minCount === 0) {
    notices.push({ id: 'exact', level: 'warn', text: t('notice.exact'), detail: t('notice.exactDetail') });
  } else if (status.minCount > 1) {
    notices.push({ id: 'hidden', level: 'info', text: t('notice.hidden', { n: status.minCount }), detail: '' });
  }
  const order = { bad: 0, warn: 1, info: 2 };
  return notices.toSorted((a, b) => order[a.level] - order[b.level]);
}

function feedNotice(feed: FeedStatus, status: WallStatus, zone: string, notices: Notice[]): void {
  const name = feed.id || feed.uri;
  const id = `feed ${feed.id}`;
  // When it is the only feed, the stale line above says it already.
  const alone = status.feeds.length === 1;
  if (feed.state === 'failed') {
    const text = t('notice.feedFailed', { feed: name, note: feed.note });
    notices.push({ id, level: 'bad', text, detail: feed.note });
  } else if (feed.state === 'stale' && !alone) {
    const silent = t('notice.feedStale', { feed: name, age: formatAge(feed.dataAgeMs) });
    const standing = standingOf(feed, zone);
    const text = standing === null ? silent : `${silent} · ${standing.text}`;
    notices.push({ id, level: 'bad', text, detail: feed.note });
  } else if (feed.state === 'behind') {
    // Without a word on why, it is catching up and nothing to worry about.
    const level = feed.note === '' ? 'info' : 'warn';
    notices.push({ id, level, text: t('notice.feedBehind', { feed: name }), detail: feed.note });
  }
  if (status.feeds.every((f) => f.state === 'ended') && feed === status.feeds[0]) {
    notices.push({ id: 'ended', level: 'info', text: t('notice.ended'), detail: '' });
  }
}

/** A replay's next record is far ahead: without a word the wall would look dead. Says whether it is so. */
function waitNotice({ feeds }: WallStatus, sinceMs: number, zone: string, notices: Notice[]): boolean {
  const waiting = waitingFeed(feeds, sinceMs);
  if (waiting === null) return false;
  const { nextUs, clockUs } = waiting.feed;
  const text = t('notice.next', { time: formatMoment(nextUs, clockUs, zone), age: formatAge(waiting.ms) });
  notices.push({ id: 'next', level: 'info', text, detail: '' });
  return true;
}

/** How the feeds stand of which nothing else is said. That of the first stands in the header, beside its state. */
function standingNotices(feeds: readonly FeedStatus[], zone: string, notices: Notice[]): void {
  for (const feed of feeds.slice(1)) {
    const standing = feed.state === 'stale' ? null : standingOf(feed, zone);
    if (standing === null) continue;
    const text = t('notice.standing', { feed: feed.id || feed.uri, note: standing.text });
    notices.push({ id: `standing ${feed.id}`, level: standing.level, text, detail: feed.note });
  }
}

/** The log that everything comes from takes nothing: feeds wait. */
function journalNotice({ journal }: WallStatus, notices: Notice[]): void {
  if (journal === null || !(journal.full || journal.failed)) return;
  const what = journal.failed ? 'journalFailed' : 'journalFull';
  notices.push({ id: 'journal', level: 'bad', text: t(`notice.${what}`), detail: t(`notice.${what}Detail`) });
}

function storeNotice({ store, feeds }: WallStatus, notices: Notice[]): void {
  const detail = [
    store.error,
    store.note ?? '',
    store.queuedRows > 0 ? t('notice.storeQueue', { rows: grouped.format(store.queuedRows) }) : '',
    store.droppedRows > 0 ? t('notice.storeDropped', { rows: grouped.format(store.droppedRows) }) : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
  if (store.state === 'away') notices.push({ id: 'store', level: 'bad', text: t('notice.storeAway'), detail });
  if (store.state === 'held') notices.push({ id: 'store', level: 'bad', text: t('notice.storeHeld'), detail });
  if (store.state === 'up') {
    // Event time: at sixty times the speed a minute of it is a second.
    const lagMs = store.lagMs / Math.max(1, ...feeds.map(({ speedReached }) => speedReached));
    const text = t('notice.storeBehind', { age: formatAge(store.lagMs) });
    if (lagMs > storeLagMs) notices.push({ id: 'store', level: 'warn', text, detail });
    else if (store.droppedRows > 0 || store.note !== undefined)
      notices.push({ id: 'store', level: 'warn', text: t('notice.storeLoses'), detail });
  }
  if (store.state === 'slow') notices.push({ id: 'store', level: 'warn', text: t('notice.storeSlow'), detail });
  if (store.state === 'starting') {
    notices.push({ id: 'store', level: 'info', text: t('notice.storeStarting'), detail });
  }
}

function warmingNotice(status: WallStatus): Notice {
  const shares = status.feeds.filter((f) => f.state === 'warming up' && f.progress >= 0).map((f) => f.progress);
  const text =
    shares.length === 0
      ? t('notice.warming')
      : t('notice.warmingShare', { share: formatShare(Math.min(...shares), true).text });
  return { id: 'warming', level: 'warn', text, detail: '' };
}

/** Bad records by reason, of all feeds together, most frequent first. */
function faultsNotice(feeds: readonly FeedStatus[], notices: Notice[]): void {
  const reasons = new Map<string, number>();
  let total = 0;
  for (const feed of feeds) {
    total += feed.faultsTotal;
    for (const [reason, n] of Object.entries(feed.faults)) reasons.set(reason, (reasons.get(reason) ?? 0) + n);
  }
  if (total === 0) return;
  const named = [...reasons]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, reasonsMax)
    .map(([reason, n]) => `${reason} ${grouped.format(n)}`);
  const some = named.slice(0, reasonsShown).join(' · ') + (named.length > reasonsShown ? ' …' : '');
  const text = t('notice.faults', { n: grouped.format(total), reasons: some });
  notices.push({ id: 'faults', level: 'info', text, detail: named.join(' · ') });
}
