import type { FeedState } from '../../shared/protocol.ts';
import type { Config } from '../config.ts';
import { ClockCheck } from './clock-check.ts';
import { type FeedCounters, type FeedToHub, type HubToFeed, noCounters } from './feed-messages.ts';
import type { FeedPosition } from './feed-position.ts';
import { LateCheck } from './late-check.ts';
import { LiveClock } from './live-clock.ts';

/** A feed as the hub sees it: a worker thread, or anything that speaks its messages. */
export interface FeedPort {
  post(message: HubToFeed): void;
  onMessage(listener: (message: FeedToHub) => void): void;
  close(): Promise<void>;
}

export interface HubFeed {
  id: string;
  uri: string;
  port: FeedPort;
  /** How far it has been taken in before. */
  position: FeedPosition;
  /** The feed first runs as fast as it goes up to this event time (a warm-up), then at the speed asked for. */
  joinUs?: number;
  /** The feed has no end and no speed: it is read as it comes, and it is stale when nothing does. */
  live?: boolean;
  /** Others wait so long for it, ms; absent: as long as for any. */
  staleMs?: number;
}

/** What the hub knows of a feed. */
export interface Feed extends HubFeed {
  staleMs: number;
  /** It was said how long others wait for it. */
  isAwaited: boolean;
  state: FeedState;
  note: string;
  firstUs: number;
  clockUs: number;
  /** As {@link clockUs}, but of this run: what was taken in before is read again. */
  readUs: number;
  nextUs: number;
  progress: number;
  /** When a record last came, and when the feed last had something to do (all monotonic ms). */
  arrivedMs: number;
  askedMs: number;
  /** How far it may read, how often it was told since it said something, and the credits that wait for commit and room. */
  untilUs: number;
  unanswered: number;
  withheld: number;
  /** The time of the next record of which it was last said that it is far away, µs. */
  toldFarUs: number;
  /** What the source said last of its probes, and what of it stands in the log since when (monotonic ms). */
  sourceNote: string;
  toldNote: string;
  toldMs: number;
  /** It is something that an operator has to set right. */
  isAlarm: boolean;
  /** Of a live feed; null: a replay has no clock of its own. */
  liveClock: LiveClock | null;
  clockCheck: ClockCheck | null;
  lateCheck: LateCheck;
  /** The newest time that it has told, believed or not, µs. */
  toldUs: number;
  /** Feed-local cell symbol → cell_id. */
  cells: number[];
  counters: FeedCounters;
  /** Events that were nobody's, for their subscribers have opted out. */
  optedOut: number;
  rateAtMs: number;
  rateFrames: number;
  rateEvents: number;
  framesPerS: number;
  eventsPerS: number;
  ended: boolean;
  /** Live, and silent for so long that its clock follows the others'. */
  isGone: boolean;
}

/** A feed that has said nothing yet. */
export function newFeed(feed: HubFeed, nowMs: number, config: Pick<Config, 'clockOffMs' | 'staleMs'>): Feed {
  const { clockOffMs } = config;
  const { staleMs = config.staleMs } = feed;
  return {
    ...feed,
    staleMs,
    isAwaited: feed.staleMs !== undefined,
    lateCheck: new LateCheck(feed.uri, staleMs),
    state: 'starting',
    note: '',
    position: { ...feed.position },
    firstUs: feed.position.firstUs,
    clockUs: Math.max(0, feed.position.clockUs),
    readUs: 0,
    nextUs: 0,
    progress: -1,
    arrivedMs: nowMs,
    askedMs: nowMs,
    untilUs: Number.NEGATIVE_INFINITY,
    unanswered: 0,
    withheld: 0,
    toldFarUs: 0,
    sourceNote: '',
    toldNote: '',
    toldMs: Number.NEGATIVE_INFINITY,
    isAlarm: false,
    liveClock: feed.live ? new LiveClock(clockOffMs) : null,
    clockCheck: feed.live ? new ClockCheck(clockOffMs) : null,
    toldUs: -1,
    cells: [],
    counters: noCounters(),
    optedOut: 0,
    rateAtMs: nowMs,
    rateFrames: 0,
    rateEvents: 0,
    framesPerS: 0,
    eventsPerS: 0,
    ended: false,
    isGone: false,
  };
}

/** Works out the rates of the last second, once it is over. */
export function measureRate(feed: Feed, nowMs: number): void {
  const elapsedS = (nowMs - feed.rateAtMs) / 1000;
  if (elapsedS < 1) return;
  feed.framesPerS = (feed.counters.frames - feed.rateFrames) / elapsedS;
  feed.eventsPerS = (feed.counters.events - feed.rateEvents) / elapsedS;
  feed.rateAtMs = nowMs;
  feed.rateFrames = feed.counters.frames;
  feed.rateEvents = feed.counters.events;
}
