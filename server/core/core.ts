import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import { assertInvariant, errorOf, messageOf } from '../errors.ts';
import type { OptedOut } from '../events/opted-out.ts';
import type { Journal } from '../journal/journal.ts';
import type { LogRecord, RunRecord } from '../journal/records.ts';
import type { Log } from '../log.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { Counting, type Derived, type DerivedTaker, type FollowerMaker } from './counting.ts';
import { EndTime } from './end-time.ts';
import type { EventLog, LogEntry, LogReader } from './event-log.ts';
import { fingerprintOf, goesOn, settingsOf } from './fingerprint.ts';
import { sliceMs } from './in-slices.ts';
import { LogState } from './log-state.ts';
import { movesCells } from './moves-cells.ts';
import { newestDerived } from './newest-derived.ts';
import { Staging, snapshotBytes } from './snapshot-file.ts';
import type { Snapshots } from './snapshots.ts';
import { stagingState } from './staged-state.ts';
import { staysOfOthers } from './stays-of-others.ts';

export interface CoreOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly journal: Journal;
  readonly records: EventLog;
  readonly snapshots: Snapshots;
  /** What is known from elsewhere of the log before its base, where no snapshot tells; an empty one at its beginning. */
  readonly known: LogState;
  /** The store needs no record before it, and never will; -1: it needs them all. */
  readonly storedTo: () => number;
  /** What goes along with the counters; absent: nothing. */
  readonly follow?: FollowerMaker;
  /** Whose stays are not told; absent: everybody's are. */
  readonly optedOut?: OptedOut;
  /** A bug, or a damaged journal: nothing is applied any more. */
  readonly onFailed: (error: Error) => void;
}

interface Restored {
  offset: number;
  state: LogState;
  counting: Counting | null;
}

/** So often is looked whether the journal may forget something, ms: when nothing comes too. */
const tendEveryMs = 1000;

/**
 * Applies the journal's committed records in order: to what the log says ({@link LogState}) and to what is counted
 * ({@link Counting}), whose gauges and stays become records themselves. From time to time it puts its state down in a
 * snapshot, so that a restart applies only what came since; then the journal may forget what neither it nor the store
 * needs.
 */
export class Core {
  readonly #options: CoreOptions;
  readonly #fingerprint: string;
  #state: LogState;
  #counting: Counting | null = null;
  #reader: LogReader;
  #applied = 0;
  /** Derived records up to this number are in the journal, and where the newest of them ends. */
  #derived = -1;
  #derivedTo = 0;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;
  /** Why a record could be applied in part only: the state is nobody's. */
  #broken: Error | null = null;
  #waiting: { offset: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  #writing: Promise<void> | null = null;
  /** What is being written. */
  #staged: Staging | null = null;
  #snapshotMs: number;
  /** One was begun last, ms: the next one's time goes by it. */
  #triedMs: number;
  #cancelTending: () => void = () => undefined;
  /** Called where the end comes while the disk is waited for. */
  #endComes: () => void = () => undefined;
  #endTime: EndTime | null = null;

  /** Brings the state back: the newest snapshot that can be gone on from, and the records since. */
  static async open(options: CoreOptions, signal?: AbortSignal): Promise<Core> {
    const core = new Core(options);
    await core.#recover(signal);
    return core;
  }

  private constructor(options: CoreOptions) {
    this.#options = options;
    this.#fingerprint = fingerprintOf(options.config);
    this.#state = options.known;
    this.#reader = options.records.reader(options.journal.base);
    this.#snapshotMs = options.clock.monotonicMs();
    this.#triedMs = this.#snapshotMs;
  }

  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** What the applied records say. */
  get state(): LogState {
    return this.#state;
  }

  /** Whether there are counters. */
  get counts(): boolean {
    return this.#counting !== null;
  }

  /** Whether they go on by the settings of now; else the next run begins anew. */
  get goesOn(): boolean {
    return this.#counting !== null && goesOn(this.#state.fingerprint, this.#fingerprint);
  }

  get counting(): Counting {
    assertInvariant(this.#counting !== null, 'counting has not begun');
    return this.#counting;
  }

  /** Every record that ends at or before it has been applied. */
  get applied(): number {
    return this.#applied;
  }

  /** Every record of what has been counted, by this run or one before it, ends at or before it. */
  get derivedTo(): number {
    return this.#derivedTo;
  }

  /** Since when the newest snapshot of this run is there (or this run began), monotonic ms. */
  get snapshotMs(): number {
    return this.#snapshotMs;
  }

  /** Begins to apply what is committed from now on. */
  start(): void {
    this.#tend();
    this.#running = this.#run().catch((error) => {
      this.#broken = errorOf(error);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#broken);
      this.#options.onFailed(this.#broken);
    });
  }

  /** Resolves when all records up to the offset have been applied; rejects when they can't be. */
  async whenApplied(offset: number): Promise<void> {
    await this.#options.journal.whenCommitted(offset);
    if (this.#broken !== null) throw this.#broken;
    if (this.applied < offset)
      await new Promise<void>((resolve, reject) => this.#waiting.push({ offset, resolve, reject }));
  }

  /**
   * Applies what is committed, puts down a last snapshot and ends. Of a journal that waits for room on its disk, and of
   * one that takes long, the snapshot is not waited for: the journal has all that is in it.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endTime = new EndTime(this.#options);
    this.#endComes();
    this.#cancelTending();
    this.#options.records.end();
    await this.#running;
    await this.#endTime.wait(this.#lastSnapshot());
    await this.#reader.close();
  }

  async #lastSnapshot(): Promise<void> {
    await this.#writing;
    if (this.#counting === null || this.#broken !== null || this.applied <= this.#options.snapshots.newest) return;
    await this.#snapshot();
    await this.#writing;
  }

  /**
   * Lets the journal forget what nobody needs any more. A full one, which takes no feed's rows, is worth the older
   * snapshots.
   */
  async release(): Promise<void> {
    const { journal, log, snapshots, storedTo } = this.#options;
    const neededFrom = journal.full ? snapshots.newest : snapshots.neededFrom;
    const offset = Math.min(neededFrom, storedTo());
    if (offset > journal.base) await journal.release(offset);
    await snapshots.forget(journal.full ? snapshots.newest : journal.base).catch((error) => {
      log('warn', `a snapshot that nobody needs could not be removed (${messageOf(error)}): the next start does it`);
    });
  }

  /** The store gets on, and the journal may be full, when no record comes: then too must it be let go. */
  #tend(): void {
    const { journal, records, timers } = this.#options;
    this.#cancelTending = timers.after(tendEveryMs, () => {
      this.#tend();
      records.look();
      void journal.look();
      void this.release();
    });
  }

  async #run(): Promise<void> {
    const { clock, records } = this.#options;
    let sinceMs = clock.monotonicMs();
    for (;;) {
      const entry = this.#reader.tryNext() ?? (await this.#reader.next());
      if (entry === null) {
        if (this.#stopping || !(await records.more(this.#reader.at))) return;
        sinceMs = clock.monotonicMs();
        if (this.#snapshotDue(sinceMs)) await this.#snapshot();
        continue;
      }
      if (this.#mustNotChange(entry) && !(await this.#written())) return;
      for (const _ of this.#applying(entry)) {
        // One record may change all there is.
        if (this.#keepsTooMuch && !(await this.#written(true))) return;
        if (clock.monotonicMs() - sinceMs < sliceMs) continue;
        await this.#pause();
        sinceMs = clock.monotonicMs();
      }
      if (this.#snapshotDue(clock.monotonicMs())) {
        await this.#snapshot();
        sinceMs = clock.monotonicMs();
      }
    }
  }

  #snapshotDue(nowMs: number): boolean {
    const { config, snapshots } = this.#options;
    const due = nowMs - this.#triedMs >= config.snapshotEveryMs && this.applied > snapshots.newest;
    return due && this.#writing === null && !this.#stopping && this.#counting !== null;
  }

  /** Applies a record, some milliseconds of work at a time; until it has ended the state is between two records. */
  *#applying({ record, to }: LogEntry): Generator<void> {
    const state = this.#state;
    const counting = this.#counting;
    const before = state.fingerprint;
    if (record.k === 'regions' && counting !== null) {
      yield* counting.settingRegions(record.regions, () => state.apply(record, to));
    } else {
      const moves = counting !== null && movesCells(record, state.registry, counting.regions);
      state.apply(record, to);
      if (moves) yield* counting.settingRegions(state.regions, () => undefined);
    }
    if (record.k === 'run') yield* this.#beginning(record, before);
    else if (this.#counting !== null) yield* this.#counting.applying(record);
    this.#applied = to;
    const waiting = this.#waiting;
    if (waiting.length > 0) {
      this.#waiting = waiting.filter(({ offset }) => offset > to);
      for (const { offset, resolve } of waiting) if (offset <= to) resolve();
    }
    yield;
  }

  /**
   * A run begins: counting does, or goes on, maybe by other settings. A function of the log too: whatever the settings of
   * now are, a record is counted by those of its own run.
   */
  *#beginning({ fresh, fingerprint }: RunRecord, before: string): Generator<void> {
    const { config, follow } = this.#options;
    const counting = this.#counting;
    const settings = settingsOf(fingerprint, config);
    if (!fresh) {
      if (counting !== null && settings !== null && fingerprint !== before)
        this.#counting = yield* counting.under(settings);
      return;
    }
    if (counting !== null) yield* counting.ending();
    this.#counting = null;
    if (settings === null) return;
    this.#counting = new Counting(settings, this.#state, (number, derived) => this.#take(number, derived), follow);
    if (counting !== null) this.#counting.goBehind(counting);
  }

  /** What counting gives goes into the journal, but for what an earlier run has put there already. */
  #take(number: number, derived: Derived): void {
    if (number <= this.#derived) return;
    assertInvariant(number === this.#derived + 1, `derived record ${number} comes after ${this.#derived}`);
    this.#derived = number;
    const { optedOut = null } = this.#options;
    // The engine re-uses the columns of stays.
    const record: LogRecord =
      derived.k === 'gauges'
        ? { ...derived, number }
        : { k: 'stays', number, stays: staysOfOthers(derived.stays, optedOut) };
    this.#derivedTo = this.#options.records.append(record);
  }

  /** Copies what is small of the state, some at a time, and holds what is large: all is written while records are applied. */
  async #snapshot(): Promise<void> {
    const { clock, journal } = this.#options;
    const staged = new Staging();
    await stagingState((to) => this.#save(to), staged, this.#options);
    journal.setAside(snapshotBytes(staged));
    this.#triedMs = clock.monotonicMs();
    this.#staged = staged;
    this.#writing = this.#write(this.applied, this.#derivedTo, staged).finally(() => {
      staged.release();
      this.#staged = null;
      this.#writing = null;
    });
  }

  /**
   * Whether a record may not be applied while a snapshot is written: what it changes must be kept as it was, for which there
   * is only so much room; and the counters that a run begins may go on in the memory of those before.
   */
  #mustNotChange({ record }: LogEntry): boolean {
    return this.#staged !== null && (record.k === 'run' || this.#keepsTooMuch);
  }

  /** Whether there is no more room for what must be kept of what is being written. */
  get #keepsTooMuch(): boolean {
    return this.#staged !== null && this.#staged.keptBytes >= this.#options.config.snapshotKeptBytesMax;
  }

  /**
   * Waits until what is being written is.
   *
   * @param amid a record, of which the rest shall be applied: an end that comes waits too, as for its last snapshot
   * @returns false: the end has come before it was, and nothing may be applied any more; the next start does that
   */
  async #written(amid = false): Promise<boolean> {
    if (!this.#stopping)
      await new Promise<void>((resolve) => {
        this.#endComes = resolve;
        void this.#writing!.then(resolve);
      });
    if (amid && this.#writing !== null) {
      await this.#endTime!.wait(this.#writing);
      if (this.#writing !== null) this.#broken = new Error('the end has come amid a record');
    }
    return this.#writing === null;
  }

  *#save(to: StateWriter): Generator<void> {
    yield* this.#state.save(to);
    if (this.#counting !== null) yield* this.#counting.save(to);
  }

  async #write(offset: number, derivedTo: number, staging: Staging): Promise<void> {
    const { clock, journal, log, snapshots } = this.#options;
    try {
      // What has been counted is not counted again from here: it must not be lost.
      await journal.whenCommitted(derivedTo);
      // A log that ends before a snapshot is damaged: its next start must know.
      if ((await journal.noteEnd()) < offset) throw new Error('the end of the journal could not be noted');
      await snapshots.write(offset, staging, journal.leaveBytes);
      this.#snapshotMs = clock.monotonicMs();
      await this.release();
    } catch (error) {
      // The journal has all that is in it; the next one may find the disk in order.
      log('warn', `no snapshot could be written (${messageOf(error)}): a restart takes longer`);
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#options.timers.after(0, resolve));
  }

  async #recover(signal?: AbortSignal): Promise<void> {
    const { clock, journal, log, records, snapshots } = this.#options;
    const startMs = clock.monotonicMs();
    const restored = await snapshots.newestOf((offset, state) => this.#restore(offset, state));
    const offset = restored?.offset ?? journal.base;
    if (restored !== null) {
      this.#state = restored.state;
      this.#counting = restored.counting;
    } else if (offset > 0)
      log('warn', 'no snapshot is left: presence warms up again; what is stored stays, and no event is lost');
    await this.#reader.close();
    this.#reader = records.reader(offset);
    this.#applied = offset;
    this.#derived = Math.max(this.#state.derived, await newestDerived(journal, offset));
    while (this.applied < journal.committed) {
      const entry = await this.#reader.next();
      if (entry === null) break;
      for (const _ of this.#applying(entry)) signal?.throwIfAborted();
    }
    // What earlier runs have counted is told no more.
    this.#derivedTo = Math.max(this.#derivedTo, this.applied);
    const mebibytes = ((this.applied - offset) / 2 ** 20).toFixed(1);
    const seconds = ((clock.monotonicMs() - startMs) / 1000).toFixed(1);
    if (this.applied > 0) log('info', `Restart: ${mebibytes} MiB of the journal applied in ${seconds} s`);
  }

  #restore(offset: number, from: StateReader): Restored {
    const { config, follow } = this.#options;
    const state = LogState.restore(from);
    const take: DerivedTaker = (number, derived) => this.#take(number, derived);
    const settings = settingsOf(state.fingerprint, config);
    const counting = settings === null ? null : Counting.restore(settings, state, take, from, follow);
    return { offset, state, counting };
  }
}
