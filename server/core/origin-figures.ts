/**
 * Counts by micro-region and origin as rows of numbers: tens of thousands of them change with an interval, too many for a
 * string each.
 */
import type { OriginColumns } from '../occupancy/view.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';

/** As they were put down before they had numbers; origins as `class,country,mcc`. */
export type OldFigures = readonly [region: string, figures: readonly [origin: string, count: number][]][];

interface Saved {
  /** By number. */
  readonly origins: readonly number[];
  readonly regions: readonly string[];
}

/** Counts saved in one piece: a megabyte. */
const pieceCounts = 1 << 18;
const capacityFirst = 16;
/** Rows taken before the event loop may have its turn: well below a millisecond. */
const rowsAtOnce = 16_384;

/** Numbers of origins, in the order in which they came. They sort by what they are packed into: class, country, MCC. */
class OriginNumbers {
  private readonly packed: number[] = [];
  private readonly codes: (readonly [kind: number, country: number, mcc: number])[] = [];
  private readonly numbers = new Map<number, number>();
  private sorted: Uint32Array = new Uint32Array(0);
  /** A row is so wide, or narrower: it was put down when there were fewer. */
  capacity = capacityFirst;

  constructor(packed: readonly number[] = []) {
    for (const origin of packed) this.numberOf(origin);
  }

  get count(): number {
    return this.packed.length;
  }

  /** By number. */
  get all(): readonly number[] {
    return this.packed;
  }

  numberOf(packed: number): number {
    const known = this.numbers.get(packed);
    if (known !== undefined) return known;
    const number = this.packed.length;
    this.packed.push(packed);
    this.codes.push([packed >>> 20, (packed >>> 10) & 1023, packed & 1023]);
    this.numbers.set(packed, number);
    if (number >= this.capacity) this.capacity *= 2;
    return number;
  }

  codesOf(number: number): readonly [kind: number, country: number, mcc: number] {
    return this.codes[number];
  }

  /** The numbers by class, country and MCC. */
  get order(): Uint32Array {
    const { packed } = this;
    if (this.sorted.length < packed.length)
      this.sorted = Uint32Array.from(packed.keys()).sort((a, b) => packed[a] - packed[b]);
    return this.sorted;
  }
}

/** A class is below 8, a country (`packIso`) below 1,024, an MCC below 1,000. */
function packOrigin(kind: number, country: number, mcc: number): number {
  return (((kind << 10) | country) << 10) | mcc;
}

/** By region's id ('' is the city), in the order in which they came: a row of counts by origin's number. */
export class OriginFigures {
  readonly origins: OriginNumbers;
  readonly rows = new Map<string, Uint32Array>();

  constructor(origins = new OriginNumbers()) {
    this.origins = origins;
  }

  /** With numbers of its own. */
  copy(): OriginFigures {
    const copied = new OriginFigures(new OriginNumbers(this.origins.all));
    for (const [id, row] of this.rows) copied.rows.set(id, row.slice());
    return copied;
  }

  /** The region's row, as wide as there are origins, to be written to. */
  rowOf(id: string): Uint32Array {
    const row = this.rows.get(id);
    const { capacity, count } = this.origins;
    if (row !== undefined && row.length >= count) return row;
    const wide = new Uint32Array(capacity);
    if (row !== undefined) wide.set(row);
    this.rows.set(id, wide);
    return wide;
  }

  /**
   * Puts a table's counts down, some at a time; rows of one region stand together.
   *
   * @param ids of all regions of the table, by place @param instead of each count
   */
  *putting(table: OriginColumns, ids: readonly string[], instead?: number): Generator<void> {
    const { origins } = this;
    const { class: kinds, country, mcc, n, present, region: regions } = table;
    let region = -1;
    let row: Uint32Array = new Uint32Array(0);
    for (let i = 0; i < n; i++) {
      if (i % rowsAtOnce === rowsAtOnce - 1) yield;
      const number = origins.numberOf(packOrigin(kinds[i], country[i], mcc[i]));
      if (regions[i] !== region || number >= row.length) {
        region = regions[i];
        row = this.rowOf(region === 0 ? '' : ids[region - 1]);
      }
      row[number] = instead ?? present[i];
    }
  }

  *save(to: StateWriter, name: string): Generator<void> {
    const { origins, rows } = this;
    to.json(name, { origins: origins.all, regions: [...rows.keys()] } satisfies Saved);
    yield;
    const width = origins.count;
    for (const [piece, some] of piecesOf([...rows.values()], width).entries()) {
      const counts = new Uint32Array(some.length * width);
      some.forEach((row, i) => {
        counts.set(row.subarray(0, width), i * width);
      });
      yield* saveBytes(to, `${name}.${piece}`, counts, 'made for this');
    }
  }

  /** @param numbers those of other figures, saved together with them and restored */
  static restore(from: StateReader, name: string, numbers?: OriginNumbers): OriginFigures {
    const { origins, regions } = from.json<Saved>(name);
    const figures = new OriginFigures(numbers ?? new OriginNumbers(origins));
    const width = origins.length;
    for (const [piece, ids] of piecesOf(regions, width).entries()) {
      const counts = new Uint32Array(ids.length * width);
      restoreBytes(from, `${name}.${piece}`, counts);
      ids.forEach((id, i) => {
        figures.rowOf(id).set(counts.subarray(i * width, (i + 1) * width));
      });
    }
    return figures;
  }

  static ofOld(saved: OldFigures, numbers?: OriginNumbers): OriginFigures {
    const figures = new OriginFigures(numbers);
    for (const [id, counts] of saved)
      for (const [origin, count] of counts) {
        const [kind, country, mcc] = origin.split(',').map(Number);
        const number = figures.origins.numberOf(packOrigin(kind, country, mcc));
        figures.rowOf(id)[number] = count;
      }
    return figures;
  }
}

function piecesOf<T>(all: readonly T[], width: number): T[][] {
  const atOnce = Math.max(1, Math.floor(pieceCounts / Math.max(1, width)));
  return Array.from({ length: Math.ceil(all.length / atOnce) }, (_, i) => all.slice(i * atOnce, (i + 1) * atOnce));
}
