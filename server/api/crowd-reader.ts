import type { ExactCrowd } from '../access/crowd.ts';
import { type Clock, minuteUs, type Timers } from '../clock.ts';
import { errorOf } from '../errors.ts';
import type { HistoryAnswers, HistoryNow } from './history.ts';
import { Refusal } from './http.ts';
import type { QueryGate } from './query-gate.ts';

/** A crowd that was read longer ago is not shown any more; until then the screens say of when it is. */
const crowdAgeMaxMs = 7_200_000;
/** Rests so many times what a reading took: a fifth of the time is the most that this may take from others. */
const restTimes = 4;
const restMinMs = 50;
/** A new round begins at the earliest so long after the one before has. */
const roundMs = 10_000;
/** While others ask, or the counters are far from now. */
const waitMs = 1_000;
/** After an answer that did not come. */
const refusedMs = 30_000;

export interface CrowdSources {
  readonly histories: Pick<HistoryAnswers, 'crowd'>;
  readonly gate: Pick<QueryGate, 'idle'>;
  now(): HistoryNow;
  /** The database is up, and no feed is being read ahead. */
  ready(): boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Hears of a bug. */
  failed(error: Error): void;
}

/**
 * Keeps the crowd of every micro-region for the wall: asks the database for one after the other, round and round, with
 * rests between, for no screen may ask for all of them.
 */
export class CrowdReader {
  readonly #in: CrowdSources;
  readonly #crowds = new Map<string, ExactCrowd>();
  readonly #readMs = new Map<string, number>();
  #stopped = false;
  /** The question that is asked now. One for each: what is hung onto a signal that lasts is kept as long as that. */
  #asking: AbortController | null = null;
  #cancel: () => void = () => undefined;
  /** Grows with each set of regions: an answer about one of before is of other cells. */
  #set = 0;
  /** Ids of the regions that the round has still to read, and of those that it was refused. */
  #left: string[] = [];
  #refused: string[] = [];
  #roundMs = Number.NEGATIVE_INFINITY;
  /** The minute of event time that the round is of, µs. */
  #roundUs = -1;

  constructor(sources: CrowdSources) {
    this.#in = sources;
  }

  /** By region id, exact: only the exit may let them out. */
  get crowds(): ReadonlyMap<string, ExactCrowd> {
    const oldestMs = this.#in.clock.monotonicMs() - crowdAgeMaxMs;
    for (const [id, ms] of this.#readMs) if (ms < oldestMs) this.#drop(id);
    return this.#crowds;
  }

  start(): void {
    this.#turnIn(waitMs);
  }

  stop(): void {
    this.#cancel();
    this.#stopped = true;
    this.#asking?.abort(new Refusal(503, 'BUSY', 'the server ends'));
  }

  /** The regions are others, or hold other cells. */
  forget(): void {
    this.#set++;
    for (const id of this.#readMs.keys()) this.#drop(id);
    this.#left = [];
    this.#refused = [];
    this.#roundUs = -1;
  }

  #drop(id: string): void {
    this.#crowds.delete(id);
    this.#readMs.delete(id);
  }

  #turnIn(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#in.timers.after(ms, () => {
      this.#turn().then(
        (restMs) => this.#turnIn(restMs),
        (error) => this.#in.failed(errorOf(error)),
      );
    });
  }

  /** Of another minute all regions are read; of the same one those that were refused. */
  #beginRound({ clockUs, layout }: HistoryNow, nowMs: number): void {
    if (nowMs - this.#roundMs < roundMs) return;
    const minute = Math.floor(clockUs / minuteUs) * minuteUs;
    this.#left = minute === this.#roundUs ? this.#refused : layout.regions.map(({ id }) => id);
    this.#refused = [];
    if (this.#left.length === 0) return;
    this.#roundUs = minute;
    this.#roundMs = nowMs;
  }

  /** Reads one region's. @returns how long to rest, ms */
  async #turn(): Promise<number> {
    const { clock, gate, histories } = this.#in;
    const now = this.#in.now();
    if (now.clockUs <= 0 || !this.#in.ready() || !gate.idle) return waitMs;
    const fromMs = clock.monotonicMs();
    if (this.#left.length === 0) this.#beginRound(now, fromMs);
    const set = this.#set;
    const id = this.#left.shift();
    if (id === undefined) return waitMs;
    const place = now.layout.regions.findIndex((region) => region.id === id);
    // A set of which nobody has told yet.
    if (place < 0) return restMinMs;
    // What has ended is waited for until it is stored: that takes nothing from anybody.
    let waitedMs = 0;
    const staysStored = async () => {
      const sinceMs = clock.monotonicMs();
      const stored = await now.staysStored();
      waitedMs += clock.monotonicMs() - sinceMs;
      return stored;
    };
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const crowd = await histories.crowd(id, place, { ...now, staysStored }, asking);
      if (set === this.#set) {
        this.#crowds.set(crowd.id, crowd);
        this.#readMs.set(crowd.id, clock.monotonicMs());
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (set === this.#set) this.#refused.push(id);
      return refusedMs;
    } finally {
      this.#asking = null;
    }
    return Math.max(restMinMs, restTimes * (clock.monotonicMs() - fromMs - waitedMs));
  }
}
