import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { layAreas } from './area-kernel.ts';
import { newRows } from './interval-rows.ts';
import type { RegionEdit } from './region-edit.ts';
import type { IntervalGauges } from './view.ts';

/**
 * Counters of all areas side by side. An area is a micro-region (`area` = its place in the RegionIndex) or a cell
 * (`area` = count of regions + cell id): the rules of crossings and visits are the same for both.
 */
export class AreaCounters {
  readonly regionCount: number;
  capacity: number;
  present!: Uint32Array;
  /** Left in the open interval after a visit in it, and not back: visitors = present + left. */
  left!: Uint32Array;
  /** Of the open interval. */
  appeared!: Uint32Array;
  vanished!: Uint32Array;
  /** Crossings that held, of the oldest interval that is not final. */
  entries!: Uint32Array;
  exits!: Uint32Array;
  /** What the newest gauge row said. */
  storedPresent!: Uint32Array;
  storedFresh5!: Uint32Array;
  /** Something happened in the open interval. */
  touched!: Uint8Array;
  private laid!: ReturnType<typeof layAreas>;

  constructor(regionCount: number, cellCapacity: number) {
    this.regionCount = regionCount;
    this.capacity = regionCount + cellCapacity;
    this.lay();
  }

  /**
   * The areas `from` … `to − 1` that have something to say, as rows of an interval that closes; entries and exits are 0.
   *
   * @param fresh5 by place behind `from` @param whole all who are not empty have
   */
  takeRows(from: number, to: number, fresh5: Uint32Array, whole: boolean): IntervalGauges['cells'] {
    const { laid } = this;
    laid.fresh5.set(fresh5.subarray(0, to - from));
    const n = laid.kernel.take(4 * from, 4 * to, whole ? 1 : 0, laid.room) / 4;
    const rows = newRows(n);
    for (const [name, column] of Object.entries(laid.rows))
      rows[name as keyof typeof laid.rows].set(column.subarray(0, n));
    return rows;
  }

  /** Regions that are empty and have nothing to say get a row in the next rows all the same. @returns how many */
  tellingEmpty(): number {
    const { present, regionCount, touched } = this;
    let empty = 0;
    for (let region = 0; region < regionCount; region++) {
      if (present[region] !== 0 || touched[region] !== 0) continue;
      touched[region] = 1;
      empty++;
    }
    return empty;
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
    const before = this.columns();
    this.capacity = this.regionCount + cellCapacity;
    this.lay();
    for (const [name, column] of Object.entries(this.columns())) column.set(before[name as keyof typeof before]);
  }

  private lay(): void {
    this.laid = layAreas(this.capacity);
    Object.assign(this, this.laid.counters);
  }
}
