/** The window is kept in this many steps: a crossing leaves it up to a sixtieth of the window too late. */
const steps = 60;

/** Crossings that held, per region, within the last flowWindow of event time. */
export class FlowWindow {
  readonly inflow: Uint32Array;
  readonly outflow: Uint32Array;
  private readonly stepUs: number;
  private readonly entries: Uint32Array[];
  private readonly exits: Uint32Array[];
  private step = 0;

  constructor(regionCount: number, windowUs: number) {
    this.stepUs = windowUs / steps;
    this.inflow = new Uint32Array(regionCount);
    this.outflow = new Uint32Array(regionCount);
    this.entries = Array.from({ length: steps + 1 }, () => new Uint32Array(regionCount));
    this.exits = Array.from({ length: steps + 1 }, () => new Uint32Array(regionCount));
  }

  advance(timeUs: number): void {
    const target = Math.floor(timeUs / this.stepUs);
    if (target <= this.step) return;
    const from = Math.max(this.step, target - this.entries.length);
    this.step = target;
    for (let step = from + 1; step <= target; step++) {
      const entries = this.entries[step % this.entries.length];
      const exits = this.exits[step % this.exits.length];
      for (let region = 0; region < entries.length; region++) {
        this.inflow[region] -= entries[region];
        this.outflow[region] -= exits[region];
      }
      entries.fill(0);
      exits.fill(0);
    }
  }

  /** A crossing of the past that has held; one from before the window is not counted. */
  add(region: number, isEntry: boolean, timeUs: number): void {
    const step = Math.floor(timeUs / this.stepUs);
    if (this.step - step > steps || step > this.step) return;
    if (isEntry) {
      this.entries[step % this.entries.length][region]++;
      this.inflow[region]++;
    } else {
      this.exits[step % this.exits.length][region]++;
      this.outflow[region]++;
    }
  }
}
