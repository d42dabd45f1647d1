import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { type RegionEdit, remapped, remappedRing } from './region-edit.ts';

/** The window is kept in this many steps: a crossing leaves it up to a sixtieth of the window too late. */
const steps = 60;
/** Steps kept apart: those of the window and the running one. */
const ring = 61;

/** Crossings that held, per region, within the last flowWindow of event time. */
export class FlowWindow {
  readonly inflow: Uint32Array;
  readonly outflow: Uint32Array;
  private readonly regionCount: number;
  private readonly windowUs: number;
  private readonly stepUs: number;
  /** Steps (ring) × regions. */
  private readonly entries: Uint32Array;
  private readonly exits: Uint32Array;
  private step = 0;
  /** Place of the running step in the ring. */
  private place = 0;

  constructor(regionCount: number, windowUs: number) {
    this.regionCount = regionCount;
    this.windowUs = windowUs;
    this.stepUs = windowUs / steps;
    this.inflow = new Uint32Array(regionCount);
    this.outflow = new Uint32Array(regionCount);
    this.entries = new Uint32Array(ring * regionCount);
    this.exits = new Uint32Array(ring * regionCount);
  }

  advance(timeUs: number): void {
    const target = Math.floor(timeUs / this.stepUs);
    if (target <= this.step) return;
    const turns = Math.min(target - this.step, ring);
    this.step = target;
    for (let turn = 0; turn < turns; turn++) {
      this.place = this.place + 1 === ring ? 0 : this.place + 1;
      this.drop(this.place * this.regionCount);
    }
  }

  /** A crossing of the past that has held; one from before the window is not counted. */
  add(region: number, isEntry: boolean, timeUs: number): void {
    // The clock is set each second, and a step may begin within one: it has come to where a crossing has held.
    this.advance(timeUs);
    const age = this.step - Math.floor(timeUs / this.stepUs);
    if (age > steps) return;
    const place = this.place >= age ? this.place - age : this.place - age + ring;
    const at = place * this.regionCount + region;
    if (isEntry) {
      this.entries[at]++;
      this.inflow[region]++;
    } else {
      this.exits[at]++;
      this.outflow[region]++;
    }
  }

  /** The same of the regions after an edit; changed ones begin with none. */
  edited(edit: RegionEdit): FlowWindow {
    const flows = new FlowWindow(edit.after, this.windowUs);
    flows.step = this.step;
    flows.place = this.place;
    flows.inflow.set(remapped(this.inflow, edit));
    flows.outflow.set(remapped(this.outflow, edit));
    flows.entries.set(remappedRing(this.entries, edit, ring));
    flows.exits.set(remappedRing(this.exits, edit, ring));
    return flows;
  }

  *save(to: StateWriter): Generator<void> {
    const { step, place } = this;
    to.json('flows', { step, place });
    yield* saveColumns(to, 'flows', this.columns());
  }

  /** Of one for as many regions. */
  restore(from: StateReader): void {
    const { step, place } = from.json<{ step: number; place: number }>('flows');
    this.step = step;
    this.place = place;
    restoreColumns(from, 'flows', this.columns());
  }

  private columns() {
    const { inflow, outflow, entries, exits } = this;
    return { inflow, outflow, entries, exits };
  }

  /** The step that leaves the window. */
  private drop(from: number): void {
    const { entries, exits, inflow, outflow, regionCount } = this;
    for (let region = 0; region < regionCount; region++) {
      inflow[region] -= entries[from + region];
      outflow[region] -= exits[from + region];
    }
    entries.fill(0, from, from + regionCount);
    exits.fill(0, from, from + regionCount);
  }
}
