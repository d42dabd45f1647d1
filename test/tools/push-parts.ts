import { createHash } from 'node:crypto';
import { SentIdentities } from '../../server/cli/push-feeds.ts';
import { systemTimers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import type { FeedToHub } from '../../server/events/feed-messages.ts';
import type { PushAside } from '../../server/events/push-aside.ts';
import { PushFeed } from '../../server/events/push-feed.ts';
import { PushReader } from '../../server/events/push-reader.ts';
import type { PushPlace } from '../../server/events/push-refusal.ts';
import { Machines } from '../../server/reference/machines.ts';

export const pushKey = createHash('sha256').update('push').digest();
/** The clock of these tests stands here. */
export const nowUs = Date.UTC(2026, 9, 17, 12) * 1000;
const clock = { nowUs: () => nowUs, monotonicMs: () => performance.now() };

/** @param countsFromUs rows before it are set aside */
export function pushReader(settings: Record<string, unknown> = {}, countsFromUs?: () => number): PushReader {
  const config = makeConfig({ where: 'test', settings });
  return new PushReader(new SentIdentities(pushKey, null, new Machines(config)), clock, config, countsFromUs);
}

type Batch = Extract<FeedToHub, { k: 'batch' }>;

/** A push feed whose hub is the test: it keeps batches when it is told to, or at once. */
export class FakeHub {
  readonly feed: PushFeed;
  readonly batches: Batch[] = [];
  full = false;
  /** What was set aside, by name; null: there is no room. */
  aside: Map<string, string> | null = new Map();
  /** Rows before it are set aside, µs. */
  countsFromUs = Number.NEGATIVE_INFINITY;
  /** Batches are kept when {@link keep} is called. */
  slow = false;
  last: FeedToHub | null = null;
  /** Rows of each batch that come too late. */
  late = 0;
  #kept = 0;

  constructor(
    settings: Record<string, unknown> = {},
    acked: PushPlace & { digests?: readonly string[] } = { epoch: 0, seq: 0 },
  ) {
    const config = makeConfig({ where: 'test', settings });
    const full = () => this.full;
    const aside: PushAside = {
      folder: 'quarantine/north',
      keep: async (name, text) => this.aside?.set(name, text) !== undefined,
      drop: async (name) => this.aside !== null && (this.aside.delete(name) || true),
    };
    const reader = pushReader(settings, () => this.countsFromUs);
    this.feed = new PushFeed({
      ...{ id: 'north', reader, clock, timers: systemTimers, config, aside, acked, full },
    });
    this.feed.onMessage((message) => {
      this.last = message;
      if (message.k !== 'batch') return;
      this.batches.push(message);
      if (this.late > 0) this.feed.post({ k: 'late', rows: this.late });
      if (!this.slow) queueMicrotask(() => this.keep(1));
    });
  }

  /** The next so many batches are on disk, and there is room behind them. */
  keep(count: number, room = true): void {
    for (const { place } of this.batches.slice(this.#kept, this.#kept + count)) {
      this.#kept++;
      this.feed.post({ k: 'kept', place: place! });
      if (room) this.feed.post({ k: 'credit' });
    }
  }

  get rows(): number {
    return this.batches.reduce((sum, { rows }) => sum + rows, 0);
  }
}

export const lines = (...rows: object[]) => new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join('\n'));
