import type { Clock, Timers } from '../clock.ts';
import { errorOf, heardElsewhere } from '../errors.ts';
import type { Store } from '../store/types.ts';
import type { EventLog, LogReader } from './event-log.ts';

export interface StoreReaderOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly records: EventLog;
  readonly store: Store;
  /** A bug, or a damaged journal: nothing is stored any more. */
  readonly onFailed: (error: Error) => void;
}

/** So long records are made rows of before the event loop has its turn, ms. */
const sliceMs = 5;

/** Hands committed records to the store, in order, as fast as it takes them; the journal holds the others. */
export class StoreReader {
  readonly #options: StoreReaderOptions;
  readonly #reader: LogReader;
  #stopped: () => void = () => undefined;
  readonly #stopping: Promise<void>;
  #ended = false;
  #failed = false;
  #running: Promise<void> = Promise.resolve();

  /** @param offset the store has what ends at or before it */
  constructor(options: StoreReaderOptions, offset: number) {
    this.#options = options;
    this.#reader = options.records.reader(offset);
    this.#stopping = new Promise((resolve) => {
      this.#stopped = resolve;
    });
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
        await Promise.race([store.whenReady(), this.#stopping]);
        sinceMs = clock.monotonicMs();
        continue;
      }
      const entry = this.#reader.tryNext() ?? (await this.#reader.next());
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
}
