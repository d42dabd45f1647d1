import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { RegionEdit } from './region-edit.ts';

/**
 * Counters of all areas side by side. An area is a micro-region (`area` = its place in the RegionIndex) or a cell
 * (`area` = count of regions + cell id): the rules of crossings and visits are the same for both.
 */
export class AreaCounters {
  readonly regionCount: number;
  capacity: number;
  present: Uint32Array;
  /** Left in the open interval after a visit in it, and not back: visitors = present + left. */
  left: Uint32Array;
  /** Of the open interval. */
  appeared: Uint32Array;
  vanished: Uint32Array;
  /** Crossings that held, of the oldest interval that is not final. */
  entries: Uint32Array;
  exits: Uint32Array;
  /** What the newest gauge row said. */
  storedPresent: Uint32Array;
  storedFresh5: Uint32Array;
  /** Something happened in the open interval. */
  touched: Uint8Array;

  constructor(regionCount: number, cellCapacity: number) {
    this.regionCount = regionCount;
    this.capacity = regionCount + cellCapacity;
    const column = () => new Uint32Array(this.capacity);
    this.present = column();
    this.left = column();
    this.appeared = column();
    this.vanished = column();
    this.entries = column();
    this.exits = column();
    this.storedPresent = column();
    this.storedFresh5 = column();
    this.touched = new Uint8Array(this.capacity);
  }

  *save(to: StateWriter): Generator<void> {
    yield* saveColumns(to, 'areas', this.columns());
  }

  /** Of counters as wide. */
  restore(from: StateReader): void {
    restoreColumns(from, 'areas', this.columns());
  }

  /** The same of the regions after an edit and of all cells; changed regions begin with 0 and get a row. */
  edited({ before, after, origin }: RegionEdit): AreaCounters {
    const areas = new AreaCounters(after, this.capacity - before);
    const own = this.columns();
    for (const [name, column] of Object.entries(areas.columns())) {
      const old = own[name as keyof typeof own];
      column.set(old.subarray(before), after);
      for (let region = 0; region < after; region++) if (origin[region] >= 0) column[region] = old[origin[region]];
    }
    for (let region = 0; region < after; region++) if (origin[region] < 0) areas.touched[region] = 1;
    return areas;
  }

  private columns() {
    const { present, left, appeared, vanished, entries, exits, storedPresent, storedFresh5, touched } = this;
    return { present, left, appeared, vanished, entries, exits, storedPresent, storedFresh5, touched };
  }

  growTo(cellCapacity: number): void {
    this.capacity = this.regionCount + cellCapacity;
    const grown = (column: Uint32Array): Uint32Array => {
      const wider = new Uint32Array(this.capacity);
      wider.set(column);
      return wider;
    };
    this.present = grown(this.present);
    this.left = grown(this.left);
    this.appeared = grown(this.appeared);
    this.vanished = grown(this.vanished);
    this.entries = grown(this.entries);
    this.exits = grown(this.exits);
    this.storedPresent = grown(this.storedPresent);
    this.storedFresh5 = grown(this.storedFresh5);
    const touched = new Uint8Array(this.capacity);
    touched.set(this.touched);
    this.touched = touched;
  }
}
