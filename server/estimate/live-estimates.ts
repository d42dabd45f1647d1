import { formatTimeUs, minuteUs } from '../clock.ts';
import type { EventBatch } from '../events/event-batch.ts';
import type { Log } from '../log.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import type { GateCount } from './gates.ts';
import { noRegion, type RegionEstimate, RegionEstimates, type RegionEstimatesOptions } from './region-estimates.ts';
import type { Share } from './shares.ts';

export interface LiveEstimatesOptions extends Omit<RegionEstimatesOptions, 'regions'> {
  /** By time. */
  gates: readonly GateCount[];
  regions(): RegionIndex;
  log: Log;
}

/** What becomes of a gate count: it calibrates, it waits for its time, or it can't be used. */
export type GateFate =
  | { readonly state: 'used' | 'waiting' }
  | { readonly state: 'refused' /** With the remedy. */; readonly why: string };

/** A gate count whose time is over, and why it can't be used; null: it is. */
interface Settled {
  readonly gate: GateCount;
  readonly why: string | null;
}

interface Saved {
  heard: boolean;
  readToUs: number;
  /** Absent, as the one below: saved by a server that did not keep them. */
  settled?: readonly Settled[];
  shares?: readonly (readonly [string, Share])[];
}

/**
 * {@link RegionEstimates} of the regions that are counted at present; edits of others leave a region's readings alone.
 * Goes along with the counters and their snapshots: each gate count is set beside the heads of its own time by the event
 * clock, whenever the estimates themselves are asked for; one that comes after its time beside those that are kept.
 */
export class LiveEstimates {
  private readonly options: LiveEstimatesOptions;
  private regions: RegionIndex;
  private estimates: RegionEstimates;
  /** Whether a row has come. */
  private heard = false;
  /** All rows before it have been counted, µs; −1: none has come. */
  private readToUs = -1;
  /** Gate counts by time, and the place of the first whose time has not come. */
  private readonly waiting: GateCount[];
  private next = 0;
  /** Those whose time is over, as long as heads are kept of then. */
  private readonly settled = new Map<string, Settled>();

  constructor(options: LiveEstimatesOptions) {
    this.options = options;
    this.regions = options.regions();
    this.waiting = [...options.gates];
    this.estimates = new RegionEstimates({ ...options, regions: this.regions });
  }

  /** Time of the next gate count, or of the next minute whose heads are to be kept, µs. */
  get dueUs(): number {
    return Math.min(this.waiting[this.next]?.timeUs ?? Number.POSITIVE_INFINITY, this.estimates.dueUs);
  }

  /** Heads are kept from here on, µs. */
  get keptFromUs(): number {
    return this.readToUs - this.options.gatePastUs;
  }

  /** Rows in order of time, as the engine gets them. */
  apply(batch: EventBatch, from: number, to: number): void {
    if (from === to) return;
    this.follow();
    this.heard = true;
    this.readToUs = Math.max(this.readToUs, batch.timeUs[to - 1]);
    this.estimates.apply(batch, from, to);
  }

  /** All rows before `timeUs` have been counted: gate counts up to it are set beside them. */
  reach(view: LiveView, timeUs: number): void {
    const isDue = timeUs >= this.dueUs;
    if (isDue) this.follow();
    if (this.heard || isDue) this.readToUs = Math.max(this.readToUs, timeUs);
    if (!isDue) return;
    const unused: Settled[] = [];
    for (; this.waiting[this.next]?.timeUs <= timeUs; this.next++) {
      const gate = this.waiting[this.next];
      const why = this.heard ? this.estimates.read(view, gate) : 'no event had come by then';
      unused.push(this.settle(gate, why));
    }
    this.tellUnused(unused);
    this.estimates.reach(view, timeUs);
    for (const [key, { gate }] of this.settled) if (gate.timeUs < this.keptFromUs) this.settled.delete(key);
  }

  /** By place in the regions that are counted; null: unknown. The same array until it is worked out anew. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    this.follow();
    this.reach(view, view.clockUs);
    return this.estimates.update(view);
  }

  /** Why a gate count that comes now can't be used; null: it can, or waits for its time. */
  refusalOf(view: LiveView, gate: GateCount): string | null {
    this.follow();
    const { options, readToUs, heard, regions } = this;
    const place = regions.regions.findIndex(({ id }) => id === gate.region);
    if (place < 0 || place >= regions.drawn) return noRegion;
    if (!heard) return null;
    const kept = `${Math.round(options.gatePastUs / minuteUs)} min`;
    if (gate.timeUs < this.keptFromUs)
      return `its time is over for more than ${kept}, for which heads are kept (gatePastMs): count again`;
    if (gate.timeUs > readToUs + options.gatePastUs)
      return `its time is more than ${kept} ahead of the events: mend it, or send it later`;
    return gate.timeUs > readToUs ? null : this.estimates.refusalOfPast(view, gate);
  }

  /**
   * Takes gate counts in that come while counting goes on. The same one again changes nothing, nor does one that is
   * refused; another of the same region and time takes its place.
   */
  take(view: LiveView, gates: readonly GateCount[]): GateFate[] {
    this.reach(view, view.clockUs);
    const unused: Settled[] = [];
    const fates = gates.map((gate): GateFate => {
      const before = this.settled.get(keyOf(gate));
      if (before !== undefined && isSame(before.gate, gate)) return fateOf(before);
      const why = this.refusalOf(view, gate);
      if (why === null && gate.timeUs > this.readToUs) return this.wait(gate);
      if (why === null) return fateOf(this.settleOver(view, gate));
      unused.push({ gate, why });
      return { state: 'refused', why };
    });
    this.tellUnused(unused);
    return fates;
  }

  *save(to: StateWriter): Generator<void> {
    this.follow();
    const { heard, readToUs } = this;
    const shares = [...this.options.shares];
    to.json('estimates', { heard, readToUs, settled: [...this.settled.values()], shares } satisfies Saved);
    yield* this.estimates.save(to);
  }

  /** Of a fresh one. Gate counts that have been added since are set beside the heads that are kept of their times. */
  restore(from: StateReader): void {
    const { heard, readToUs, settled = [], shares } = from.json<Saved>('estimates');
    const sameShares = shares === undefined || JSON.stringify(shares) === JSON.stringify([...this.options.shares]);
    this.heard = heard;
    this.readToUs = readToUs;
    this.estimates.restore(from, sameShares);
    if (sameShares) for (const each of settled) this.settled.set(keyOf(each.gate), each);
    else
      this.options.log('warn', 'The market shares are others: what gate counts had taught by those of before is gone');
    const unused: Settled[] = [];
    let late = 0;
    for (; this.waiting[this.next]?.timeUs <= readToUs; this.next++) {
      const gate = this.waiting[this.next];
      const before = this.settled.get(keyOf(gate));
      if (before !== undefined && isSame(before.gate, gate)) continue;
      if (this.estimates.readingsOf(gate.region).some((reading) => isSame(reading.gate, gate))) continue;
      if (gate.timeUs < this.keptFromUs) late++;
      else unused.push(this.settleOver(null, gate));
    }
    this.tellUnused(unused);
    if (late === 0) return;
    const ones = late === 1 ? '1 gate count is' : `${late} gate counts are`;
    const since = formatTimeUs(this.keptFromUs);
    this.options.log('warn', `${ones} passed over: heads are kept since ${since} only (gatePastMs)`);
  }

  /** A count whose time has not come, in its place. */
  private wait(gate: GateCount): GateFate {
    const { waiting, next } = this;
    const same = waiting.findIndex((each, i) => i >= next && keyOf(each) === keyOf(gate));
    if (same >= 0) waiting.splice(same, 1);
    const behind = waiting.findIndex((each, i) => i >= next && each.timeUs > gate.timeUs);
    waiting.splice(behind < 0 ? waiting.length : behind, 0, gate);
    return { state: 'waiting' };
  }

  /** Of a count whose time is over. */
  private settleOver(view: LiveView | null, gate: GateCount): Settled {
    return this.settle(gate, this.estimates.readPast(view, gate));
  }

  private settle(gate: GateCount, why: string | null): Settled {
    const settled = { gate, why };
    this.settled.set(keyOf(gate), settled);
    return settled;
  }

  /** Those that can't be used, a line for each reason. */
  private tellUnused(settled: readonly Settled[]): void {
    const unused = new Map<string, GateCount[]>();
    for (const { gate, why } of settled) if (why !== null) unused.set(why, [...(unused.get(why) ?? []), gate]);
    for (const [why, gates] of unused) {
      const first = `${gates[0].region} at ${formatTimeUs(gates[0].timeUs)}`;
      const others = gates.length > 1 ? ` and ${gates.length - 1} more` : '';
      this.options.log('warn', `The gate count of ${first}${others} can't be used: ${why}`);
    }
  }

  private follow(): void {
    const regions = this.options.regions();
    if (regions === this.regions) return;
    this.regions = regions;
    this.estimates = new RegionEstimates({ ...this.options, regions }, this.estimates);
  }
}

/** A region has one count at a time. */
function keyOf({ timeUs, region }: GateCount): string {
  return `${timeUs} ${region}`;
}

function isSame(a: GateCount, b: GateCount): boolean {
  return keyOf(a) === keyOf(b) && a.people === b.people && a.error === b.error;
}

function fateOf({ why }: Settled): GateFate {
  return why === null ? { state: 'used' } : { state: 'refused', why };
}
