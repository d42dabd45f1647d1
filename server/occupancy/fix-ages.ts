import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import { type FixAgeKernel, fixAgeStepUs, fresh5Steps, fresh30Steps, layFixAges } from './fix-age-kernel.ts';

/** Steps kept apart per cell: the running one, those of the last 30 min, and up to a power of two. */
const ring = 64;
const ringMask = ring - 1;

/** Number of a step as a 32-bit integer: its remainders are then cheap. */
export function stepOf(timeUs: number): number {
  return (timeUs / fixAgeStepUs) | 0;
}

/**
 * How long ago those present were last seen: per cell the counts of ages ≤ 5 and ≤ 30 min, for the whole city a
 * histogram. Present subscribers are counted under the half minute of their newest sighting, so that ages grow by
 * themselves as the steps go by, nobody has to be looked at again, and counts of disjoint subscribers add up.
 * At instants that are multiples of 30 s the counts are exact.
 */
export class FixAges {
  /** Present with an age ≤ 5 min and ≤ 30 min, by cell. */
  fresh5!: Uint32Array;
  fresh30!: Uint32Array;
  private cellCapacity = 0;
  /** Steps (ring) × cells: present subscribers whose newest sighting lies in the step. */
  private byStep!: Uint32Array;
  /** The same of the whole city over presenceTtl, for median and p90. */
  private city!: Uint32Array;
  private readonly cityMask: number;
  private kernel!: FixAgeKernel;
  /** Where {@link kernel} finds rows. */
  private rows!: Uint8Array;
  /** Present for longer than the city's histogram reaches: their feed's clock stands. */
  private older = 0;
  private step = 0;

  constructor(ttlMaxUs: number) {
    this.cityMask = 2 ** Math.ceil(Math.log2(ttlMaxUs / fixAgeStepUs + 2)) - 1;
    this.lay(0);
  }

  growTo(cellCapacity: number): void {
    const { byStep, cellCapacity: before, city, fresh30, fresh5 } = this;
    this.lay(cellCapacity);
    this.city.set(city);
    this.fresh5.set(fresh5);
    this.fresh30.set(fresh30);
    for (let place = 0; place < ring; place++)
      this.byStep.set(byStep.subarray(place * before, (place + 1) * before), place * cellCapacity);
  }

  /** Lays out columns of so many cells, all 0. */
  private lay(cellCapacity: number): void {
    const { kernel, rows, columns } = layFixAges(this.cityMask + 1, cellCapacity, ring);
    this.kernel = kernel;
    this.rows = rows;
    this.city = columns.city;
    this.fresh5 = columns.fresh5;
    this.fresh30 = columns.fresh30;
    this.byStep = columns.byStep;
    this.cellCapacity = cellCapacity;
  }

  /** Sets the clock. */
  advance(timeUs: number): void {
    const target = stepOf(timeUs);
    const gap = target - this.step;
    if (gap <= 0) return;
    if (gap >= ring) this.clearCells();
    else for (let step = this.step + 1; step <= target; step++) this.kernel.turn(step);
    // After a long gap each place of the histogram is emptied once.
    const from = Math.max(this.step, target - this.city.length);
    for (let step = from + 1; step <= target; step++) {
      const place = step & this.cityMask;
      this.older += this.city[place];
      this.city[place] = 0;
    }
    this.step = target;
  }

  /** Somebody is seen in the cell now: at the time that the clock was set to, or later in its step. */
  add(cell: number): void {
    const { step } = this;
    this.byStep[(step & ringMask) * this.cellCapacity + cell]++;
    this.fresh5[cell]++;
    this.fresh30[cell]++;
    this.city[step & this.cityMask]++;
  }

  /** Takes out somebody whose newest sighting, in the cell, lies in `step`: see {@link stepOf}. */
  remove(cell: number, step: number): void {
    const age = this.step - step;
    if (age <= fresh30Steps) {
      this.byStep[(step & ringMask) * this.cellCapacity + cell]--;
      this.fresh30[cell]--;
      if (age <= fresh5Steps) this.fresh5[cell]--;
    }
    if (age < this.city.length) this.city[step & this.cityMask]--;
    else this.older--;
  }

  /** Seen again in the same cell: nothing changes within a step. */
  renew(cell: number, step: number): void {
    const age = this.step - step;
    if (age === 0) return;
    const { byStep, cellCapacity, city, cityMask } = this;
    // Whoever was counted as fresh stays so: only those who were too old change the counts.
    if (age <= fresh30Steps) byStep[(step & ringMask) * cellCapacity + cell]--;
    else this.fresh30[cell]++;
    if (age > fresh5Steps) this.fresh5[cell]++;
    byStep[(this.step & ringMask) * cellCapacity + cell]++;
    if (age < city.length) city[step & cityMask]--;
    else this.older--;
    city[this.step & cityMask]++;
  }

  /** Some are seen again, in the same cell or another one: the first `n` rows of `stage.seen` (`row-kernel.ts`). */
  seeMany(rows: Uint8Array, n: number): void {
    this.rows.set(rows);
    this.older += this.kernel.see(n, this.step);
  }

  /** Age of those present at the given share (0.5: median), ms, to the step; -1 when nobody is present. */
  quantileMs(share: number, present: number): number {
    if (present === 0) return -1;
    const rank = Math.ceil(share * present);
    let seen = 0;
    for (let age = 0; age < this.city.length; age++) {
      seen += this.city[(this.step - age) & this.cityMask];
      if (seen >= rank) return (age * fixAgeStepUs) / 1000;
    }
    return (this.city.length * fixAgeStepUs) / 1000;
  }

  *save(to: StateWriter): Generator<void> {
    const { step, older } = this;
    to.json('fixAges', { step, older });
    yield* saveColumns(to, 'fixAges', this.columns());
  }

  /** Of one for as many cells and with the same ttl. */
  restore(from: StateReader): void {
    const { step, older } = from.json<{ step: number; older: number }>('fixAges');
    this.step = step;
    this.older = older;
    restoreColumns(from, 'fixAges', this.columns());
  }

  private columns() {
    const { fresh5, fresh30, byStep, city } = this;
    return { fresh5, fresh30, byStep, city };
  }

  private clearCells(): void {
    this.fresh5.fill(0);
    this.fresh30.fill(0);
    this.byStep.fill(0);
  }
}
