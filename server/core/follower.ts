import type { EventBatch } from '../events/event-batch.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';

/**
 * Goes along with the counters, behind the engine: a function of the same rows, kept in the same snapshots. Nothing of it
 * becomes a record.
 */
export interface Follower {
  /** It wants to see the counters before rows of this time or later are counted, event time in µs; infinite: not yet. */
  readonly dueUs: number;
  /** Rows that the engine has counted, in order of time; the batch is valid only during the call. */
  apply(batch: EventBatch, from: number, to: number): void;
  /** The counters hold all rows before `timeUs`, which is {@link dueUs} or later; then it is due later than that. */
  reach(view: LiveView, timeUs: number): void;
  save(to: StateWriter): Generator<void>;
  /** Of a fresh one. */
  restore(from: StateReader): void;
}
