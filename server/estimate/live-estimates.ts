import { formatTimeUs } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { Log } from '../log.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import type { GateCount } from './gates.ts';
import { type RegionEstimate, RegionEstimates, type RegionEstimatesOptions } from './region-estimates.ts';

export interface LiveEstimatesOptions extends Omit<RegionEstimatesOptions, 'regions'> {
  /** By time. */
  gates: readonly GateCount[];
  regions(): RegionIndex;
  log: Log;
}

interface Saved {
  heard: boolean;
  readToUs: number;
}

/**
 * {@link RegionEstimates} of the regions that are counted at present; edits of others leave a region's readings alone.
 * Goes along with the counters and their snapshots: each gate count is set beside the heads of its own time by the event
 * clock, whenever the estimates themselves are asked for.
 */
export class LiveEstimates {
  private readonly options: LiveEstimatesOptions;
  private regions: RegionIndex;
  private estimates: RegionEstimates;
  /** Whether a row has come. */
  private heard = false;
  private readToUs = -1;
  /** Place of the next gate count. */
  private next = 0;

  constructor(options: LiveEstimatesOptions) {
    this.options = options;
    this.regions = options.regions();
    this.estimates = new RegionEstimates({ ...options, regions: this.regions });
  }

  /** Time of the next gate count, µs. */
  get dueUs(): number {
    return this.options.gates[this.next]?.timeUs ?? Number.POSITIVE_INFINITY;
  }

  /** Rows in order of time, as the engine gets them. */
  apply(batch: EventBatch, from: number, to: number): void {
    if (from === to) return;
    this.follow();
    this.heard = true;
    this.estimates.apply(batch, from, to);
  }

  /** All rows before `timeUs` have been counted: gate counts up to it are set beside them. */
  reach(view: LiveView, timeUs: number): void {
    if (timeUs < this.dueUs) return;
    this.follow();
    const unused = new Map<string, GateCount[]>();
    for (; this.dueUs <= timeUs; this.next++) {
      const gate = this.options.gates[this.next];
      const why = this.heard ? this.estimates.read(view, gate) : 'no event had come by then';
      if (why !== null) unused.set(why, [...(unused.get(why) ?? []), gate]);
    }
    this.readToUs = timeUs;
    for (const [why, gates] of unused) {
      const first = `${gates[0].region} at ${formatTimeUs(gates[0].timeUs)}`;
      const others = gates.length > 1 ? ` and ${gates.length - 1} more` : '';
      this.options.log('warn', `The gate count of ${first}${others} can't be used: ${why}`);
    }
  }

  /** By place in the regions that are counted; null: unknown. The same array until it is worked out anew. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    this.follow();
    this.reach(view, view.clockUs);
    return this.estimates.update(view);
  }

  *save(to: StateWriter): Generator<void> {
    this.follow();
    const { heard, readToUs } = this;
    to.json('estimates', { heard, readToUs } satisfies Saved);
    yield* this.estimates.save(to);
  }

  /** Of a fresh one. Gate counts that have been added since for times that are over can't be used. */
  restore(from: StateReader): void {
    const { heard, readToUs } = from.json<Saved>('estimates');
    this.heard = heard;
    this.readToUs = readToUs;
    while (this.dueUs <= readToUs) this.next++;
    this.estimates.restore(from);
  }

  private follow(): void {
    const regions = this.options.regions();
    if (regions === this.regions) return;
    this.regions = regions;
    this.estimates = new RegionEstimates({ ...this.options, regions }, this.estimates);
  }
}
