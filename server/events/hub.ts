import type { FeedStatus } from '../../shared/protocol.ts';
import { type Clock, dayUs } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { EventBatch, noCell } from './event-batch.ts';
import type { FeedCounters, FeedProgress, FeedToHub } from './feed-messages.ts';
import { type FeedPosition, isEventTime, isRecording } from './feed-position.ts';
import { type Feed, type HubFeed, measureRate, newFeed } from './hub-feed.ts';
import { checkClock, farNoteOf, statusOf, tellLate, tellNote } from './hub-notes.ts';
import type { HubSink } from './hub-sink.ts';
import { type OptedOut, withhold } from './opted-out.ts';
import { Pace } from './pace.ts';
import type { PushPlace } from './push-refusal.ts';

/**
 * Nobody vanishes because a feed is dead: its clock stands. But that of a live feed which says nothing more, or of a
 * recording that broke off, goes on this far behind the others': else people of last year would be present for ever.
 */
const keptAfterEndUs = dayUs;
/** And in steps of this much: each has presence look again at all whom that feed saw last. */
const goneStepUs = 60_000_000;
/** A feed may run ahead of the slowest one by this much event time. */
const skewMaxUs = 60_000_000;

/** Where the feeds stood when the server ended last. */
export interface HubPast {
  /** Every feed that was ever taken in; those that are not given now have come to their end. */
  readonly positions: Iterable<FeedPosition>;
  /** The clock as it was last told. */
  readonly releaseUs: number;
  readonly feedClocksUs: Float64Array;
  /** All feeds had come to their end, and that was told. */
  readonly finished: boolean;
}

/**
 * Brings the feeds together: paces replays on one time line, maps feed-local cells to cell_ids, and decides when the
 * event clock moves. The clock is the slowest running feed's; a feed that has ended or fallen silent no longer holds
 * the others back. What it takes in and decides goes to its sink; a feed gets its credit once that is kept.
 */
export class FeedHub {
  readonly pace: Pace;
  private readonly feeds: Feed[] = [];
  /** Feeds of earlier runs. */
  private readonly absent: readonly FeedPosition[];
  private readonly config: Config;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly sink: HubSink;
  private readonly optedOut: OptedOut | null;
  private readonly onFailed: (error: unknown) => void;
  private readonly room: (live: boolean) => Promise<void> | null;
  /** As last told. */
  private releaseUs: number;
  private feedClocksUs: Float64Array;
  private readUs: Float64Array;
  private finished: boolean;
  private timer: NodeJS.Timeout | null = null;
  private settled: (() => void) | null = null;
  private stopping = false;

  /**
   * @param options.speed event seconds per wall second; 0: as fast as it goes
   * @param options.room null while what comes next has room for a feed (a live one, or one that can wait), else a promise
   *   that ends when it may have again
   * @param options.onFailed the sink can't keep what it was given
   */
  constructor(options: {
    config: Config;
    clock: Clock;
    log: Log;
    feeds: HubFeed[];
    past: HubPast;
    speed: number;
    sink: HubSink;
    /** Whose rows become nobody's; absent: nobody has opted out. */
    optedOut?: OptedOut;
    room: (live: boolean) => Promise<void> | null;
    onFailed: (error: unknown) => void;
  }) {
    const { past } = options;
    this.config = options.config;
    this.clock = options.clock;
    this.log = options.log;
    this.sink = options.sink;
    this.optedOut = options.optedOut ?? null;
    this.room = options.room;
    this.onFailed = options.onFailed;
    this.pace = new Pace(options.speed);
    const nowMs = this.clock.monotonicMs();
    for (const feed of options.feeds) this.feeds.push(newFeed(feed, nowMs, this.config));
    const given = new Set(options.feeds.map(({ position }) => position.number));
    this.absent = [...past.positions].filter(({ number }) => !given.has(number));
    const numbers = [...this.absent, ...this.feeds.map(({ position }) => position)].map(({ number }) => number);
    const count = Math.max(-1, ...numbers) + 1;
    this.releaseUs = past.releaseUs;
    this.feedClocksUs = past.feedClocksUs.slice(0, count);
    this.readUs = new Float64Array(count).fill(-1);
    this.finished = past.finished;
  }

  /** Starts all feeds; resolves when each has opened or failed. */
  async start(): Promise<void> {
    const opened = new Promise<void>((resolve) => {
      this.settled = resolve;
    });
    for (const feed of this.feeds) feed.port.onMessage((message) => this.take(feed, message));
    this.checkSettled();
    await opened;
    this.timer = setInterval(() => this.tick(), 20);
    this.tick();
  }

  /** Ends all feeds and waits for their threads. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.timer !== null) clearInterval(this.timer);
    for (const feed of this.feeds) feed.port.post({ k: 'stop' });
    await Promise.all(this.feeds.map((feed) => feed.port.close()));
  }

  /** What is wrong with each feed that has failed. */
  get failures(): string[] {
    return this.feeds.filter(({ state }) => state === 'failed').map(({ note }) => note);
  }

  get allDone(): boolean {
    return this.feeds.every((feed) => feed.ended);
  }

  get eventsPerS(): number {
    return this.feeds.reduce((sum, feed) => sum + feed.eventsPerS, 0);
  }

  counters(): { id: string; counters: FeedCounters; optedOut: number }[] {
    return this.feeds.map(({ id, counters, optedOut }) => ({ id, counters, optedOut }));
  }

  status(): FeedStatus[] {
    const nowMs = this.clock.monotonicMs();
    return this.feeds.map((feed) => statusOf(feed, this.isSilent(feed, nowMs), this.pace, nowMs));
  }

  /** Whether the clock of a live feed is off: what it says is shown at another time than it was. */
  get clockIsOff(): boolean {
    return this.feeds.some(({ clockCheck }) => clockCheck !== null && clockCheck.note !== '');
  }

  private take(feed: Feed, message: FeedToHub): void {
    switch (message.k) {
      case 'open':
        if (feed.firstUs < 0) feed.firstUs = message.firstUs;
        feed.clockUs = Math.max(feed.clockUs, message.firstUs);
        feed.state = feed.joinUs === undefined ? 'running' : feed.position.seq > 0 ? 'resuming' : 'warming up';
        feed.arrivedMs = this.clock.monotonicMs();
        this.checkSettled();
        return;
      case 'failed':
        feed.state = 'failed';
        feed.note = message.message;
        feed.ended = true;
        // Who starts the hub reports what fails at the start.
        if (this.settled === null) this.log('error', message.message);
        this.checkSettled();
        this.advance();
        return;
      case 'end':
        if (feed.state !== 'failed') feed.state = 'ended';
        feed.ended = true;
        if (message.early !== null) {
          feed.note = message.early;
          this.log('error', message.early);
        }
        this.log(
          'info',
          `feed ${feed.uri} has ended: ${feed.counters.events} events from ${feed.counters.frames} records`,
        );
        this.advance();
        return;
      case 'clock':
        this.takeProgress(feed, message.at, null);
        this.advance();
        return;
      case 'batch':
        this.takeBatch(feed, message);
        return;
    }
  }

  /** @param batch rows that came with it; null: none */
  private takeProgress(feed: Feed, at: FeedProgress, batch: EventBatch | null): void {
    const nowMs = this.clock.monotonicMs();
    const { liveClock } = feed;
    const isNews = at.counters.frames > feed.counters.frames;
    const clockUs = liveClock?.reached(at.clockUs, batch, isNews, this.clock.nowUs(), nowMs) ?? at.clockUs;
    if (isNews) {
      feed.arrivedMs = nowMs;
      checkClock(feed, at, batch, this.clock, this.log);
    }
    feed.askedMs = nowMs;
    feed.unanswered = 0;
    feed.counters = at.counters;
    feed.progress = at.progress;
    feed.nextUs = at.nextUs;
    feed.sourceNote = at.note;
    feed.isAlarm = at.isAlarm ?? false;
    if (clockUs > feed.readUs) feed.readUs = clockUs;
    if (clockUs > feed.clockUs) feed.clockUs = clockUs;
    if (feed.firstUs < 0 && clockUs > 0) feed.firstUs = clockUs;
  }

  private takeBatch(feed: Feed, message: Extract<FeedToHub, { k: 'batch' }>): void {
    for (const cgi of message.newCells) feed.cells.push(this.sink.cellIdOf(cgi));
    const batch = EventBatch.adopt(message.buffer, message.rows);
    const { cell, timeUs } = batch;
    let eventUs = feed.position.eventUs;
    if (message.place !== undefined) tellLate(feed, batch, this.releaseUs, this.clock.monotonicMs(), this.log);
    for (let i = 0; i < batch.n; i++) {
      if (cell[i] !== noCell) cell[i] = feed.cells[cell[i]];
      if (timeUs[i] > eventUs && isEventTime(timeUs[i])) eventUs = timeUs[i];
    }
    if (this.optedOut !== null && !this.optedOut.none) feed.optedOut += withhold(batch, this.optedOut);
    batch.feed.fill(feed.position.number, 0, batch.n);
    this.takeProgress(feed, message.at, batch);
    const { clockUs, firstUs, position } = feed;
    const place = message.place ?? { epoch: position.epoch, seq: position.seq + batch.n };
    const { digests, streams } = message;
    const more = { ...(digests && { digests }), ...(streams && { streams }) };
    feed.position = { ...position, ...place, eventUs, clockUs, firstUs, ...more };
    this.finished = false;
    const kept = this.sink.batch(feed.position, batch);
    this.advance();
    feed.withheld++;
    void this.giveCredit(feed, kept, message.place);
  }

  /** Lets the feed send one more batch when this one is kept and there is room. */
  private async giveCredit(feed: Feed, kept: Promise<void>, place?: PushPlace): Promise<void> {
    try {
      await kept;
      if (place !== undefined) feed.port.post({ k: 'kept', place });
      const live = feed.live ?? false;
      for (let wait = this.room(live); wait !== null; wait = this.room(live)) await wait;
    } catch (error) {
      this.onFailed(error);
      return;
    }
    feed.withheld--;
    feed.askedMs = this.clock.monotonicMs();
    feed.port.post({ k: 'credit' });
  }

  /** Whether a feed that could say something has not for `staleMs`. One that we hold back is not silent. */
  private isSilent(feed: Feed, nowMs: number): boolean {
    const heldBack = feed.withheld > 0 || feed.clockUs >= feed.untilUs;
    // A live feed answers at any time; whether it has anything to say is what its probes send.
    const sinceMs = feed.live ? feed.arrivedMs : feed.askedMs;
    return !feed.ended && !heldBack && nowMs - sinceMs > feed.staleMs;
  }

  /** Moves the event clock to the slowest running feed's. */
  private advance(): void {
    const windowUs = this.config.reorderWindowMs * 1000;
    const nowMs = this.clock.monotonicMs();
    let watermarkUs = Number.POSITIVE_INFINITY;
    let newestUs = 0;
    for (const feed of this.feeds) {
      if (feed.firstUs < 0) {
        // Nobody knows its time yet; who is told to wait for it waits for its first word too.
        if (feed.isAwaited && !feed.ended && !this.isSilent(feed, nowMs)) return;
        continue;
      }
      newestUs = Math.max(newestUs, feed.clockUs);
      if (!feed.ended && !this.isSilent(feed, nowMs)) watermarkUs = Math.min(watermarkUs, feed.clockUs - windowUs);
    }
    // All have come to their end: every row comes out, and the clock stands behind the newest event. Where one broke
    // off, rows that belong between the newest ones may not have come: the next start reads them.
    const complete = this.allDone && this.feeds.every(({ state, firstUs }) => state !== 'failed' || firstUs < 0);
    if (watermarkUs === Number.POSITIVE_INFINITY) watermarkUs = complete ? newestUs + 1 : newestUs - windowUs;
    this.tellClock(Math.max(watermarkUs, this.releaseUs), windowUs, nowMs);
    if (!complete || this.finished) return;
    this.finished = true;
    this.sink.finish();
  }

  /** Tells the clock if anything of it has changed. */
  private tellClock(releaseUs: number, windowUs: number, nowMs: number): void {
    const feedClocksUs = this.feedClocksUs.slice();
    const readUs = this.readUs.slice();
    for (const feed of this.feeds) {
      const { ended, state, live, clockUs, firstUs, position } = feed;
      if (firstUs < 0) continue;
      const { number } = position;
      readUs[number] = clockUs;
      const isOver = ended && !live && state !== 'failed';
      const ownUs = ended ? clockUs : clockUs - windowUs;
      // Single words from long ago don't end it: it is told of once.
      const isBehind = !ended && releaseUs - keptAfterEndUs > ownUs;
      const isGone = isBehind && (feed.isGone || (live === true && this.isSilent(feed, nowMs)));
      if (isGone && !feed.isGone)
        this.log('warn', `feed ${feed.uri}: silent, and a day behind: who was there then is no longer kept present`);
      feed.isGone = isGone;
      const followedUs = isOver ? releaseUs : this.dayBehind(releaseUs, number);
      const nowUs = ended || isGone ? Math.max(ownUs, followedUs) : ownUs;
      feedClocksUs[number] = Math.max(feedClocksUs[number], nowUs);
    }
    for (const { clockUs, number, identity } of this.absent) {
      const followedUs = isRecording(identity) ? releaseUs : this.dayBehind(releaseUs, number);
      feedClocksUs[number] = Math.max(feedClocksUs[number], clockUs, followedUs);
    }
    const same = (a: Float64Array, b: Float64Array) => a.every((us, i) => us === b[i]);
    if (releaseUs === this.releaseUs && same(feedClocksUs, this.feedClocksUs) && same(readUs, this.readUs)) return;
    this.releaseUs = releaseUs;
    this.feedClocksUs = feedClocksUs;
    this.readUs = readUs;
    this.sink.clock(releaseUs, feedClocksUs, readUs);
  }

  /** The clock of a feed that is gone, when the event clock is `releaseUs`: as it was until a step is due. */
  private dayBehind(releaseUs: number, number: number): number {
    const goneUs = releaseUs - keptAfterEndUs;
    return goneUs - this.feedClocksUs[number] < goneStepUs ? this.feedClocksUs[number] : goneUs;
  }

  private checkSettled(): void {
    if (this.feeds.some((feed) => feed.state === 'starting')) return;
    this.settled?.();
    this.settled = null;
  }

  /** Tells each feed how far it may read, and works out rates. */
  private tick(): void {
    if (this.stopping) return;
    const nowMs = this.clock.monotonicMs();
    const running = this.feeds.filter((feed) => !feed.ended && feed.state !== 'starting');
    // One that has fallen silent holds nobody back; are all silent, the time line stands where they are.
    // A live feed is not paced, and paces nobody.
    const paced = running.filter((feed) => !feed.live);
    const heard = paced.filter((feed) => !this.isSilent(feed, nowMs));
    const slowestUs = (heard.length > 0 ? heard : paced).reduce(
      (min, feed) => (feed.firstUs < 0 ? min : Math.min(min, feed.clockUs)),
      Number.POSITIVE_INFINITY,
    );
    const allowedUs = this.pace.allowedUs(nowMs, slowestUs, running.some(isBefore));
    for (const feed of running) {
      if (feed.live) {
        this.allow(feed, Number.POSITIVE_INFINITY, nowMs);
        tellNote(feed, nowMs, this.log);
        continue;
      }
      if (isBefore(feed) && feed.readUs >= feed.joinUs!) {
        this.log('info', `feed ${feed.uri} ${feed.state === 'resuming' ? 'goes on' : 'has warmed up'}`);
        feed.state = 'running';
      }
      const untilUs = isBefore(feed) ? feed.joinUs! : allowedUs;
      // What was taken in already comes from nobody twice: it is read again whether or not others stand far behind.
      const isAlone = paced.length === 1 || feed.state === 'resuming';
      this.allow(feed, isAlone ? untilUs : Math.min(untilUs, slowestUs + skewMaxUs), nowMs);
      if (feed.state === 'running' || feed.state === 'behind') {
        if ((feed.state === 'behind') !== this.pace.behind)
          this.log('info', this.pace.behind ? this.slowNote() : `replay keeps its speed again`);
        feed.state = this.pace.behind ? 'behind' : 'running';
        const slow = this.pace.behind && this.pace.reached < 0.95 * this.pace.speed;
        feed.note = farNoteOf(feed, this.feeds.length > 1, this.log) || (slow ? this.slowNote() : '');
      }
    }
    for (const feed of this.feeds) measureRate(feed, nowMs);
  }

  private allow(feed: Feed, untilUs: number, nowMs: number): void {
    // Held back until now: its time to answer begins.
    if (feed.clockUs >= feed.untilUs) feed.askedMs = nowMs;
    // Words wait in the thread of a feed that is busy: they are few, and such as it will answer.
    const isNews = untilUs !== feed.untilUs && untilUs > feed.readUs;
    if (feed.unanswered > 0 && (!isNews || feed.unanswered >= this.config.feedBatchesMax)) return;
    feed.unanswered++;
    feed.untilUs = untilUs;
    feed.port.post({ k: 'until', untilUs });
  }

  private slowNote(): string {
    return `this machine can't keep up with speed ${this.pace.speed}: running at ${this.pace.reached.toFixed(1)}`;
  }
}

/** Whether the feed still reads what comes before the time at which it is to join. */
function isBefore({ state }: Feed): boolean {
  return state === 'warming up' || state === 'resuming';
}
