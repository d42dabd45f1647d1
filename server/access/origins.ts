import { hiddenCount, type OriginRow, originClasses, unknownCount } from '../../shared/protocol.ts';
import type { OriginPlaceRow } from '../../shared/region-answers.ts';
import { formatPlmn } from '../events/plmn.ts';
import type { LiveView, OriginCount } from '../occupancy/view.ts';
import type { AreaName } from '../reference/home-areas.ts';
import { blurNext } from './blur.ts';

/** Rows that one frame carries; smaller origins beyond them are summed up by class. */
export const originRowsMax = 64;

type PlaceCount = LiveView['originPlaces'][number];

/** What rows are told apart by, the total that is shown beside them, and the row of its class that one is summed into. */
interface Naming<T> {
  keyOf(row: T): string;
  wholeOf(row: T): string;
  ofClass(row: T, present: number): T;
}

/**
 * Parts of totals as they may be shown. One hidden row alone could be had by subtracting: while what a total holds beside the
 * rows with a figure is less than `minCount`, its smallest shown row loses its figure too (`unknownCount`: it is not below
 * `minCount`, so it must not be called hidden).
 */
class PartsExit<T extends OriginCount> {
  readonly #minCount: number;
  readonly #naming: Naming<T>;
  #published = new Map<string, number>();

  constructor(minCount: number, naming: Naming<T>) {
    this.#minCount = minCount;
    this.#naming = naming;
  }

  publish(exact: readonly T[]): T[] {
    const { keyOf } = this.#naming;
    const rows = this.#mergeSmall(exact);
    const before = this.#published;
    this.#published = new Map();
    const shown = rows.map((row) => {
      const key = keyOf(row);
      const present = blurNext(before.get(key) ?? unknownCount, row.present, this.#minCount);
      this.#published.set(key, present);
      return { ...row, present };
    });
    this.#withhold(exact, rows, shown, this.#naming.wholeOf);
    this.#withhold(exact, rows, shown, () => '');
    // Sorted by what is shown: the order of exact counts would tell about the hidden ones.
    return shown.sort((a, b) => shownSize(b.present) - shownSize(a.present) || this.#compare(a, b));
  }

  /** @param rows exact, largest first, beside `shown` */
  #withhold(exact: readonly T[], rows: readonly T[], shown: { present: number }[], wholeOf: (row: T) => string): void {
    const left = new Map<string, number>();
    const add = (row: T, present: number) => left.set(wholeOf(row), (left.get(wholeOf(row)) ?? 0) + present);
    for (const row of exact) add(row, row.present);
    for (let i = 0; i < rows.length; i++) if (hasFigure(shown[i]!)) add(rows[i]!, -rows[i]!.present);
    for (let i = rows.length - 1; i >= 0; i--) {
      const hidden = left.get(wholeOf(rows[i]!))!;
      if (hidden <= 0 || hidden >= this.#minCount || !hasFigure(shown[i]!)) continue;
      add(rows[i]!, rows[i]!.present);
      shown[i]!.present = unknownCount;
    }
  }

  /** Largest first, at most {@link originRowsMax}: the rest summed into a row per class. */
  #mergeSmall(exact: readonly T[]): T[] {
    const { keyOf, ofClass } = this.#naming;
    const inOrder = (a: T, b: T) => b.present - a.present || this.#compare(a, b);
    const rows = exact.filter((row) => row.present > 0).sort(inOrder);
    const whole = originRowsMax - originClasses.length;
    if (rows.length <= whole) return rows;
    const merged = new Map(rows.slice(0, whole).map((row) => [keyOf(row), row]));
    for (const row of rows.slice(whole)) {
      const key = keyOf(ofClass(row, 0));
      merged.set(key, ofClass(row, row.present + (merged.get(key)?.present ?? 0)));
    }
    return [...merged.values()].sort(inOrder);
  }

  #compare(a: T, b: T): number {
    const [one, other] = [a, b].map(this.#naming.keyOf);
    return one < other ? -1 : one > other ? 1 : 0;
  }
}

/** Origins, with those that are left over under country and MCC ''. */
export class OriginExit {
  readonly #parts: PartsExit<OriginCount>;

  constructor(minCount: number) {
    this.#parts = new PartsExit(minCount, {
      keyOf: (row) => `${row.class}|${row.country}|${row.mcc}`,
      wholeOf: () => '',
      ofClass: (row, present) => ({ class: row.class, country: '', mcc: '', present }),
    });
  }

  publish(exact: readonly OriginCount[]): OriginRow[] {
    return this.#parts.publish(exact).map(({ class: kind, country, mcc, present }) => {
      return { class: kind, country, mcc, present };
    });
  }
}

/** Operators and areas, with those that are left over under neither. */
export class PlaceExit {
  readonly #parts: PartsExit<PlaceCount>;
  readonly #names: ReadonlyMap<number, AreaName>;

  /** @param names of areas by their codes */
  constructor(minCount: number, names: ReadonlyMap<number, AreaName>) {
    this.#names = names;
    this.#parts = new PartsExit<PlaceCount>(minCount, {
      keyOf: (row) => `${row.class}|${row.country}|${row.mcc}|${row.plmn}|${row.area}`,
      wholeOf: (row) => `${row.class}|${row.country}|${row.mcc}`,
      ofClass: (row, present) => ({ class: row.class, country: '', mcc: '', plmn: 0, area: 0, present }),
    });
  }

  publish(exact: readonly PlaceCount[]): OriginPlaceRow[] {
    return this.#parts.publish(exact).map(({ class: kind, country, mcc, plmn, area, present }) => ({
      ...{ class: kind, country, mcc, operator: formatPlmn(plmn), area },
      ...{ province: '', city: '', ...this.#names.get(area), present },
    }));
  }
}

const hasFigure = ({ present }: { present: number }) =>
  present !== hiddenCount && present !== unknownCount && present > 0;

function shownSize(present: number): number {
  return present === hiddenCount || present === unknownCount ? 0.5 : present;
}
