import { hideBelow } from '../access/exit.ts';
import { formatTimeUs } from '../clock.ts';
import type { GaugeColumns, IntervalGauges } from '../occupancy/view.ts';
import type { Region } from '../reference/read-regions.ts';

const figures = ['present', 'entries', 'exits', 'appeared', 'vanished', 'visitors'] as const;

export const countHeader = `time,region,${figures.join(',')}\n`;

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Makes the CSV rows of `count` from the engine's gauges: every region in every interval from the first to the last
 * located event's, in order of time, then of the region file. Gauges hold only rows that changed, and the engine
 * passes over intervals in which nothing happens: both are filled in here.
 */
export class CountTable {
  private readonly regions: string[];
  private readonly everyUs: number;
  private readonly hideBelowCount: number;
  /** Intervals with something to say that have not been printed. */
  private readonly waiting: IntervalGauges[] = [];
  private readonly present: Uint32Array;
  private nextEndUs = -1;
  private lastLocatedUs = -1;

  constructor(options: {
    regions: Region[];
    everyUs: number;
    hideBelow: number;
  }) {
    this.regions = options.regions.map(({ id }) => csvField(id));
    this.everyUs = options.everyUs;
    this.hideBelowCount = options.hideBelow;
    this.present = new Uint32Array(options.regions.length);
  }

  /** An event with a cell, in order of time. */
  located(timeUs: number): void {
    if (this.nextEndUs < 0) this.nextEndUs = (Math.floor(timeUs / this.everyUs) + 1) * this.everyUs;
    this.lastLocatedUs = timeUs;
  }

  /** Whether any event had a cell. */
  get begun(): boolean {
    return this.nextEndUs >= 0;
  }

  /** How far the figures go, for a feed that ended early. */
  upTo(): string {
    return this.begun ? `the figures above stop at ${formatTimeUs(this.lastLocatedUs)}` : 'there are no figures';
  }

  take(gauges: IntervalGauges): void {
    if (gauges.regions.n > 0) this.waiting.push(gauges);
  }

  /** Text of the rows that are certain by now, in blocks: those up to the newest interval taken or located event. */
  *ready(): Generator<string> {
    while (this.waiting.length > 0 && this.nextEndUs >= 0 && this.waiting[0].endUs <= this.lastEndUs) {
      const { endUs, regions } = this.waiting.shift()!;
      // Before the first located event there is nothing to tell.
      if (endUs < this.nextEndUs) continue;
      yield* this.fill(endUs - this.everyUs);
      yield this.interval(endUs, regions);
    }
  }

  /** All intervals have been taken: the rest up to that of the last located event. */
  *rest(): Generator<string> {
    yield* this.ready();
    if (this.nextEndUs >= 0) yield* this.fill(this.lastEndUs);
  }

  private get lastEndUs(): number {
    return (Math.floor(this.lastLocatedUs / this.everyUs) + 1) * this.everyUs;
  }

  /** Intervals in which nothing changed, up to the one that ends at `endUs`. */
  private *fill(endUs: number): Generator<string> {
    while (this.nextEndUs <= endUs) yield this.interval(this.nextEndUs, null);
  }

  private interval(endUs: number, changed: GaugeColumns | null): string {
    const time = formatTimeUs(endUs);
    let text = '';
    let row = 0;
    for (let region = 0; region < this.regions.length; region++) {
      let values: number[];
      if (changed !== null && row < changed.n && changed.id[row] === region) {
        const at = row++;
        values = figures.map((figure) => changed[figure][at]);
        this.present[region] = changed.present[at];
      } else {
        const present = this.present[region];
        values = [present, 0, 0, 0, 0, present];
      }
      text += `${time},${this.regions[region]},${values.map((value) => hideBelow(value, this.hideBelowCount)).join(',')}\n`;
    }
    this.nextEndUs = endUs + this.everyUs;
    return text;
  }
}
