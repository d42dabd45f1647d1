import type { JournalStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Core } from '../core/core.ts';
import type { FeedCounters } from '../events/feed-messages.ts';
import type { FeedHub } from '../events/hub.ts';
import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/types.ts';

export interface HealthSources {
  /** Figures below it are hidden; 0: none. */
  minCount: number;
  clock: Clock;
  startedMs: number;
  hub: FeedHub;
  store: Pick<Store, 'status' | 'version' | 'ledger' | 'durable'>;
  journal: Pick<Journal, 'bytes' | 'base' | 'next' | 'committed' | 'full' | 'failed'>;
  core: Pick<Core, 'applied' | 'snapshotMs' | 'counting' | 'state'>;
  /** IMSIs and telephone numbers on the list of those who have opted out. */
  optedOut: () => number;
}

/**
 * Share of the frames with signalling of which all was understood; null where none was read, or the feed has decoded
 * records.
 */
function understoodShare({ coverage }: FeedCounters): number | null {
  const { understood, unhandled, malformed } = coverage;
  const all = understood + unhandled + malformed;
  return all === 0 ? null : understood / all;
}

/** Null: hidden. */
function shownCount(count: number, minCount: number): number | null {
  return count > 0 && count < minCount ? null : count;
}

export function journalStatus(
  journal: HealthSources['journal'],
  core: HealthSources['core'],
  clock: Clock,
): JournalStatus {
  return {
    bytes: journal.bytes,
    full: journal.full,
    failed: journal.failed !== null,
    uncommittedBytes: journal.next - journal.committed,
    unappliedBytes: journal.committed - core.applied,
    snapshotAgeMs: Math.round(clock.monotonicMs() - core.snapshotMs),
  };
}

/**
 * Body of `GET /api/health` but for push and versions, which the server adds. Where small figures are hidden, nothing
 * in it is a figure about people.
 */
export function healthOf({ minCount, clock, startedMs, hub, store, journal, core, optedOut }: HealthSources): object {
  const { engine, sorter } = core.counting;
  const { registry } = core.state;
  const { view } = engine;
  const feeds = hub.status();
  const counters = new Map(hub.counters().map(({ id, ...counted }) => [id, counted]));
  const events = view.resolvedEvents + view.unresolvedEvents;
  const isFeedIll = feeds.some(({ state }) => state === 'failed' || state === 'stale') || hub.clockIsOff;
  const ill = isFeedIll || ['slow', 'away', 'held'].includes(store.status.state) || journal.full;
  return {
    status: ill ? 'degraded' : 'ok',
    uptimeMs: Math.round(clock.monotonicMs() - startedMs),
    eventUs: view.clockUs,
    warmingUp: view.warmingUp,
    feeds: feeds.map((feed) => {
      const { counters: counted, optedOut } = counters.get(feed.id)!;
      const told = { ...feed, understoodShare: understoodShare(counted) };
      // Where small figures are hidden, exact counts of events, identities and roamers stay inside as well.
      return minCount > 0 ? told : { ...told, ...counted, optedOut };
    }),
    queues: { reorder: sorter.stats, store: { rows: store.status.queuedRows, dropped: store.status.droppedRows } },
    store: { ...store.status, version: store.version, storedTo: store.ledger.offset, durableTo: store.durable },
    journal: { ...journalStatus(journal, core, clock), from: journal.base, to: journal.committed },
    resolvedShare: events === 0 ? null : view.resolvedEvents / events,
    // An exact count of their events would tell when one of few does something.
    optedOut: {
      identities: shownCount(optedOut(), minCount),
      ...(minCount > 0 ? {} : { events: view.optedOutEvents }),
    },
    lateEvents: sorter.stats.late,
    tooLateEvents: sorter.stats.tooLate,
    cells: registry.count,
    unknownCells: registry.listLoaded ? registry.unknownCells : 0,
  };
}
