import { joinFeedNotes } from '../../shared/feed-note.ts';
import type { FeedStatus } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { EventBatch } from './event-batch.ts';
import { farNote } from './far-note.ts';
import type { FeedProgress } from './feed-messages.ts';
import type { Feed } from './hub-feed.ts';
import { newestUpTo } from './live-clock.ts';
import type { Pace } from './pace.ts';

/** Probes may come and go fast: not each time is worth a line. */
const liveNoteMs = 1000;

/** How a feed stands, for walls and `/api/health`. */
export function statusOf(feed: Feed, isSilent: boolean, pace: Pace, nowMs: number): FeedStatus {
  return {
    id: feed.id,
    uri: feed.uri,
    state: feed.state === 'running' && isSilent ? 'stale' : feed.state,
    clockUs: feed.clockUs,
    nextUs: feed.nextUs,
    dataAgeMs: Math.round(nowMs - feed.arrivedMs),
    framesPerS: Math.round(feed.framesPerS),
    eventsPerS: Math.round(feed.eventsPerS),
    speed: pace.speed,
    speedReached: pace.reached,
    progress: progressOf(feed),
    faults: feed.counters.faults,
    faultsTotal: Object.values(feed.counters.faults).reduce((sum, count) => sum + count, 0),
    note: feed.note,
  };
}

function progressOf(feed: Feed): number {
  if (feed.state !== 'warming up' || feed.joinUs === undefined) return feed.progress;
  const share = (feed.readUs - feed.firstUs) / (feed.joinUs - feed.firstUs);
  return Math.max(0, Math.min(1, share));
}

/** Compares what a live feed has just told with wall time. @param batch rows that came with it; null: none */
export function checkClock(feed: Feed, at: FeedProgress, batch: EventBatch | null, clock: Clock, log: Log): void {
  const { clockCheck, uri } = feed;
  if (clockCheck === null) return;
  const wallUs = clock.nowUs();
  const sampleUs = at.toldUs ?? newestTold(feed, at.clockUs, batch, clockCheck.boundUs(wallUs));
  feed.toldUs = at.clockUs;
  if (sampleUs <= 0 || !clockCheck.arrived(sampleUs, wallUs, clock.monotonicMs())) return;
  if (clockCheck.note === '') log('info', `feed ${uri}: its times are right again`);
  else log('warn', `feed ${uri}: ${clockCheck.note}`);
}

/** The newest time of what has just come: `clockUs` may be that of a single frame long ago. -1: not known. */
function newestTold(feed: Feed, clockUs: number, batch: EventBatch | null, boundUs: number): number {
  const soundUs = newestUpTo(batch, boundUs);
  if (clockUs > boundUs && soundUs > 0) return soundUs;
  if (clockUs !== feed.toldUs) return clockUs;
  return newestUpTo(batch, Number.POSITIVE_INFINITY);
}

/** Tells an acknowledged feed's sender of rows that come behind the event clock, and operators where it waits too long. */
export function tellLate(feed: Feed, { n, timeUs }: EventBatch, releaseUs: number, nowMs: number, log: Log): void {
  if (n === 0) return;
  let rows = 0;
  for (let i = 0; i < n; i++) if (timeUs[i] < releaseUs) rows++;
  if (rows > 0) feed.port.post({ k: 'late', rows });
  const { lateCheck, uri } = feed;
  if (!lateCheck.came(rows, nowMs - feed.arrivedMs)) return;
  if (lateCheck.note === '') log('info', `feed ${uri}: its batches come often enough again`);
  else log('warn', `feed ${uri}: ${lateCheck.note}`);
}

/** How a live feed stands with its probes: on the wall at once, in the log once a second at most. */
export function tellNote(feed: Feed, nowMs: number, log: Log): void {
  feed.note = joinFeedNotes(feed.sourceNote, feed.clockCheck?.note ?? '', feed.lateCheck.note);
  if (feed.sourceNote === feed.toldNote || nowMs - feed.toldMs < liveNoteMs) return;
  feed.toldNote = feed.sourceNote;
  feed.toldMs = nowMs;
  if (feed.sourceNote !== '') log(feed.isAlarm ? 'warn' : 'info', `feed ${feed.uri}: ${feed.sourceNote}`);
}

/** What is to be said of a feed that has to wait long for its next record; told once in the log. */
export function farNoteOf(feed: Feed, several: boolean, log: Log): string {
  const note = farNote(feed.nextUs, feed.untilUs, several);
  if (note !== '' && feed.toldFarUs !== feed.nextUs) {
    feed.toldFarUs = feed.nextUs;
    log('warn', `feed ${feed.uri} ${note}`);
  }
  return note;
}
