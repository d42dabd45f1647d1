import type { FeedStatus } from '../../shared/protocol.ts';
import type { LinkStatus } from '../link/socket.ts';

/**
 * How far the picture may be believed. `lost`: no connection to the server; `stale`: connected, but no feed delivers;
 * `failed`: connected, every feed has failed; `live`: neither.
 */
export interface Freshness {
  readonly cause: 'live' | 'lost' | 'stale' | 'failed';
  /** Age of the picture, ms. */
  readonly ageMs: number;
  /** 0 (live) … 4 (older than ten minutes): how much colour is taken out of the picture. */
  readonly level: 0 | 1 | 2 | 3 | 4;
}

/** A reconnect quicker than this does not grey the wall. */
const lostAfterMs = 4_000;

export interface FreshnessInput {
  readonly link: LinkStatus;
  readonly nowMs: number;
  /** When the last frame came, monotonic ms; -1 before the first. */
  readonly frameMs: number;
  readonly feeds: readonly FeedStatus[];
}

export function judgeFreshness({ link, nowMs, frameMs, feeds }: FreshnessInput): Freshness {
  if (frameMs < 0) return { cause: 'live', ageMs: 0, level: 0 };
  const sinceMs = Math.max(0, nowMs - frameMs);
  if (link.state === 'lost' && sinceMs >= lostAfterMs)
    return { cause: 'lost', ageMs: sinceMs, level: levelOf(sinceMs) };
  // A connection that says nothing is as good as none, whether or not the browser has noticed.
  if (sinceMs >= 2 * lostAfterMs) return { cause: 'lost', ageMs: sinceMs, level: levelOf(sinceMs) };
  const running = feeds.filter((feed) => feed.state !== 'ended');
  const dead = running.filter((feed) => feed.state === 'stale' || feed.state === 'failed');
  if (running.length === 0 || dead.length < running.length) return { cause: 'live', ageMs: sinceMs, level: 0 };
  const ageMs = dataAgeMs(dead, sinceMs);
  const cause = dead.every((feed) => feed.state === 'failed') ? 'failed' : 'stale';
  return { cause, ageMs, level: levelOf(ageMs) };
}

/** Wall time until a replay's next record is due, ms, about; null when none is known or the feed is not read. */
export function waitMs({ nextUs, clockUs, speed, state }: FeedStatus, sinceFrameMs: number): number | null {
  if ((state !== 'running' && state !== 'behind') || clockUs <= 0 || nextUs <= clockUs || speed <= 0) return null;
  return (nextUs - clockUs) / 1000 / speed - sinceFrameMs;
}

/** A shorter wait needs no word. */
const longWaitMs = 3_000;

/** The feed whose record comes next, when all that are still read wait for a while; else null. */
export function waitingFeed(
  feeds: readonly FeedStatus[],
  sinceFrameMs: number,
): { feed: FeedStatus; ms: number } | null {
  let soonest: { feed: FeedStatus; ms: number } | null = null;
  for (const feed of feeds) {
    if (feed.state === 'ended' || feed.state === 'failed') continue;
    const ms = waitMs(feed, sinceFrameMs);
    if (ms === null || ms < longWaitMs) return null;
    if (soonest === null || ms < soonest.ms) soonest = { feed, ms };
  }
  return soonest;
}

/** Wall time since anything arrived from these feeds, ms; -1 when nothing ever did. */
export function dataAgeMs(feeds: readonly FeedStatus[], sinceFrameMs: number): number {
  let least = -1;
  for (const feed of feeds) {
    if (feed.dataAgeMs < 0) continue;
    if (least < 0 || feed.dataAgeMs < least) least = feed.dataAgeMs;
  }
  return least < 0 ? -1 : least + sinceFrameMs;
}

function levelOf(ageMs: number): Freshness['level'] {
  if (ageMs < 30_000) return 1;
  if (ageMs < 120_000) return 2;
  if (ageMs < 600_000) return 3;
  return 4;
}
