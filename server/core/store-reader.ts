import type { Clock, Timers } from '../clock.ts';
import { errorOf, heardElsewhere, isFromOutside, messageOf } from '../errors.ts';
import type { Store } from '../store/types.ts';
import type { EventLog, LogEntry, LogReader } from './event-log.ts';
import { sliceMs } from './in-slices.ts';

export interface StoreReaderOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly records: EventLog;
  readonly store: Store;
  /** Why the record that comes next can't be read: nothing behind it is stored until it can; '': it can again. */
  readonly onHeld: (why: string) => void;
  /** A bug: nothing is stored any more. */
  readonly onFailed: (error: Error) => void;
}

/** What could not be read is tried again so much later, ms: somebody may have brought the file back, or the disk gives it. */
const againMs = 10_000;

/**
 * Hands committed records to the store, in order, as fast as it takes them; the journal holds the others. Where one is
 * damaged, or the disk does not give it, the store waits there, and the counters, which are behind it, do not: none is
 * passed over.
 */
export class StoreReader {
  readonly #options: StoreReaderOptions;
  #reader: LogReader;
  /** Ends a wait: what is waited for may never come. */
  #stopped: () => void = () => undefined;
  #held = '';
  #ended = false;
  #failed = false;
  #running: Promise<void> = Promise.resolve();

  /** @param offset the store has what ends at or before it */
  constructor(options: StoreReaderOptions, offset: number) {
    this.#options = options;
    this.#reader = options.records.reader(offset);
  }

  start(): void {
    this.#running = this.#run().catch((error) => {
      this.#failed = true;
      this.#options.onFailed(errorOf(error));
    });
  }

  /** Gives the store what is committed and lets it store that, as far as it does so within `ms`; then ends. */
  async stop(ms: number): Promise<void> {
    const { records, store, timers } = this.#options;
    records.end();
    await new Promise<void>((resolve) => {
      const takeBack = timers.after(ms, resolve);
      void this.#drain(store).then(() => {
        takeBack();
        resolve();
      });
    });
    this.#ended = true;
    this.#stopped();
    await this.#running;
    await this.#reader.close();
  }

  /** Hands nothing more to a store that is given up; another reader goes on elsewhere. */
  leave(): void {
    this.#ended = true;
    this.#stopped();
    void this.#running.then(() => this.#reader.close()).catch(heardElsewhere);
  }

  /** Also what was committed after the reader had come to the end. */
  async #drain(store: Store): Promise<void> {
    await this.#running;
    if (this.#ended || this.#failed) return;
    this.start();
    await this.#running;
    if (!this.#ended) await store.flush();
  }

  async #run(): Promise<void> {
    const { clock, records, store, timers } = this.#options;
    let sinceMs = clock.monotonicMs();
    while (!this.#ended) {
      if (!store.ready) {
        await this.#orEnd(store.whenReady());
        sinceMs = clock.monotonicMs();
        continue;
      }
      const entry = this.#reader.tryNext() ?? (await this.#next());
      if (entry === 'held') {
        await this.#later();
        sinceMs = clock.monotonicMs();
        continue;
      }
      if (entry === null) {
        if (!(await records.more(this.#reader.at))) return;
        sinceMs = clock.monotonicMs();
        continue;
      }
      store.take(entry.record, entry.to);
      if (clock.monotonicMs() - sinceMs < sliceMs) continue;
      await new Promise<void>((resolve) => void timers.after(0, resolve));
      sinceMs = clock.monotonicMs();
    }
  }

  /** As the reader's; `held`: the disk does not give the next record, or not as it was written. */
  async #next(): Promise<LogEntry | null | 'held'> {
    let entry: LogEntry | null;
    try {
      entry = await this.#reader.next();
    } catch (error) {
      if (!isFromOutside(error)) throw error;
      this.#tell(messageOf(error));
      return 'held';
    }
    this.#tell('');
    return entry;
  }

  #tell(why: string): void {
    if (why === this.#held || this.#ended) return;
    this.#held = why;
    this.#options.onHeld(why);
  }

  /** From the same place on, and from the disk, not from what has been read of it. */
  async #later(): Promise<void> {
    const { records, timers } = this.#options;
    const { at } = this.#reader;
    await this.#reader.close();
    this.#reader = records.reader(at);
    let takeBack: () => void = () => undefined;
    const again = new Promise<void>((resolve) => {
      takeBack = timers.after(againMs, resolve);
    });
    await this.#orEnd(again);
    takeBack();
  }

  /** A promise that lasts as long as this one would keep what waits for both: it is not raced with. */
  async #orEnd(work: Promise<void>): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve, reject) => {
      this.#stopped = resolve;
      work.then(resolve, reject);
    });
  }
}
