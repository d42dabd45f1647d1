import type { Clock } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import type { HubSink } from '../events/hub-sink.ts';
import type { Journal } from '../journal/journal.ts';
import { unheardOf } from '../reference/cell-registry.ts';
import type { EventLog } from './event-log.ts';
import type { LogState } from './log-state.ts';

/** Wall time is told at most this often. */
const wallEveryMs = 1000;

/** Writes what the hub takes in and decides into the log, and says when it is on disk. */
export class LogWriter implements HubSink {
  /** Rows in the log, and their newest event time, µs. */
  rows: number;
  newestUs: number;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #records: EventLog;
  readonly #state: LogState;
  /** Ids given in this run; those of before are in the state. */
  readonly #given = new Map<string, number>();
  #nextCell: number;
  #newCells: string[] = [];
  #wallMs = Number.NEGATIVE_INFINITY;

  /** @param state when all records are applied that there are */
  constructor(options: { clock: Clock; journal: Journal; records: EventLog; state: LogState }) {
    const { clock, journal, records, state } = options;
    this.#clock = clock;
    this.#journal = journal;
    this.#records = records;
    this.#state = state;
    this.#nextCell = state.registry.count;
    this.rows = state.rows;
    this.newestUs = state.newestUs;
  }

  cellIdOf(cgi: string): number {
    const given = this.#given.get(cgi);
    if (given !== undefined) return given;
    const known = this.#state.registry.find(cgi);
    if (known >= 0) return known;
    const id = this.#nextCell++;
    this.#given.set(cgi, id);
    this.#newCells.push(cgi);
    return id;
  }

  batch(position: FeedPosition, batch: EventBatch): Promise<void> {
    if (this.#journal.failed !== null) return Promise.reject(this.#journal.failed);
    if (this.#newCells.length > 0) {
      const firstId = this.#nextCell - this.#newCells.length;
      const cells = this.#newCells.map((cgi, i) => ({ id: firstId + i, cell: unheardOf(cgi) }));
      this.#newCells = [];
      this.#records.append({ k: 'cells', listed: false, cells });
    }
    const to = this.#records.append({ k: 'batch', position, rowsBefore: this.rows, batch });
    this.rows += batch.n;
    if (position.eventUs > this.newestUs) this.newestUs = position.eventUs;
    return this.#journal.whenCommitted(to);
  }

  clock(releaseUs: number, feedClocksUs: Float64Array, readUs: Float64Array): void {
    // Nothing is kept any more, and the server ends.
    if (this.#journal.failed !== null) return;
    const nowMs = this.#clock.monotonicMs();
    const told = nowMs - this.#wallMs >= wallEveryMs;
    if (told) this.#wallMs = nowMs;
    this.#records.append({ k: 'clock', releaseUs, wallUs: told ? this.#clock.nowUs() : 0, feedClocksUs, readUs });
  }

  finish(): void {
    if (this.#journal.failed === null) this.#records.append({ k: 'finish' });
  }
}
