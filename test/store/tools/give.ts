/** Gives a store (or its intake) what the journal would: records, one behind the other. */
import { EventBatch } from '../../../server/events/event-batch.ts';
import { isEventTime } from '../../../server/events/feed-position.ts';
import type { LogRecord } from '../../../server/journal/records.ts';
import type { IntervalGauges, StayColumns } from '../../../server/occupancy/view.ts';
import type { Store, StoredCell } from '../../../server/store/types.ts';

export interface Taker {
  readonly ready: boolean;
  take(record: LogRecord, to: number): void;
}

export class Giver {
  rows = 0;
  newestUs = -1;
  /** Behind the newest record. */
  to: number;
  readonly #taker: Taker;
  readonly #regionIds: readonly string[];
  #stays = 0;

  constructor(taker: Taker, regionIds: readonly string[] = [], from = 0) {
    this.#taker = taker;
    this.#regionIds = regionIds;
    this.to = from;
  }

  record(record: LogRecord): void {
    this.to += 64;
    this.#taker.take(record, this.to);
  }

  events(source: EventBatch, from = 0, to = source.n): void {
    const batch = new EventBatch(to - from);
    batch.copyRange(source, from, to, 0);
    batch.n = to - from;
    const times = batch.timeUs.subarray(0, batch.n).filter(isEventTime);
    const eventUs = times.reduce((newest, us) => Math.max(newest, us), this.newestUs);
    const rowsBefore = this.rows;
    this.rows += batch.n;
    this.newestUs = eventUs;
    const position = { number: 0, identity: 'test', epoch: 0, seq: this.rows, eventUs, clockUs: eventUs, firstUs: 0 };
    this.record({ k: 'batch', position, rowsBefore, batch });
  }

  gauges(gauges: IntervalGauges, how: { foretold?: boolean; again?: boolean } = {}): void {
    const { foretold = false, again = false } = how;
    this.record({ k: 'gauges', number: 0, foretold, again, gauges, regionIds: this.#regionIds });
  }

  stays(stays: StayColumns): void {
    this.record({ k: 'stays', number: this.#stays++, stays });
  }

  addCell(id: number, cell: StoredCell): void {
    this.record({ k: 'cells', listed: false, cells: [{ id, cell }] });
  }

  eventClock(releaseUs: number): void {
    const none = new Float64Array(0);
    this.record({ k: 'clock', releaseUs, wallUs: 0, feedClocksUs: none, readUs: none });
  }
}

/** Begins to give the store a journal, or goes on with the one of that name. */
export function giveTo(store: Store, regionIds: readonly string[] = [], journal = 'test'): Giver {
  const { ledger } = store;
  const giver = new Giver(store, regionIds, ledger.journal === journal ? ledger.offset : 0);
  store.begin(journal, giver.to, () => giver);
  return giver;
}
