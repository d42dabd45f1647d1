import { hiddenCount, type OriginRow, originClasses, unknownCount } from '../../shared/protocol.ts';
import type { OriginCount } from '../occupancy/view.ts';
import { blurNext } from './blur.ts';

/** Rows that one frame carries; smaller origins beyond them are summed up by class. */
export const originRowsMax = 64;

/**
 * Origins as they may be shown. They are the parts of the city's total, so one hidden row alone could be had by
 * subtracting: while the rows without a figure together hold less than `minCount`, the smallest shown one loses its
 * figure too (`unknownCount`: it is not below `minCount`, so it must not be called hidden).
 */
export class OriginExit {
  readonly #minCount: number;
  #published = new Map<string, number>();

  constructor(minCount: number) {
    this.#minCount = minCount;
  }

  publish(exact: readonly OriginCount[]): OriginRow[] {
    const rows = mergeSmall(exact);
    const before = this.#published;
    this.#published = new Map();
    const shown = rows.map((row) => {
      const key = `${row.class}|${row.country}|${row.mcc}`;
      const present = blurNext(before.get(key) ?? unknownCount, row.present, this.#minCount);
      this.#published.set(key, present);
      return { class: row.class, country: row.country, mcc: row.mcc, present };
    });
    if (this.#minCount > 0) {
      // `rows` is sorted by exact count, largest first.
      let hidden = 0;
      for (let i = 0; i < rows.length; i++) if (shown[i]!.present === hiddenCount) hidden += rows[i]!.present;
      for (let i = rows.length - 1; i >= 0 && hidden > 0 && hidden < this.#minCount; i--) {
        const present = shown[i]!.present;
        if (present === hiddenCount || present === 0) continue;
        hidden += rows[i]!.present;
        shown[i]!.present = unknownCount;
      }
    }
    // Sorted by what is shown: the order of exact counts would tell about the hidden ones.
    return shown.sort((a, b) => shownSize(b.present) - shownSize(a.present) || compareNames(a, b));
  }
}

/** Largest first, at most {@link originRowsMax}: the rest summed into a row per class with country and MCC ''. */
function mergeSmall(exact: readonly OriginCount[]): OriginCount[] {
  const rows = exact.filter((row) => row.present > 0).sort((a, b) => b.present - a.present || compareNames(a, b));
  const whole = originRowsMax - originClasses.length;
  if (rows.length <= whole) return rows;
  const rest = new Map<string, OriginCount>();
  const kept = rows.slice(0, whole);
  for (const row of rows.slice(whole)) {
    const own = kept.findIndex((k) => k.class === row.class && k.country === '' && k.mcc === '');
    const into = own >= 0 ? kept[own]! : rest.get(row.class);
    const sum = { class: row.class, country: '', mcc: '', present: row.present + (into?.present ?? 0) };
    if (own >= 0) kept[own] = sum;
    else rest.set(row.class, sum);
  }
  return [...kept, ...rest.values()].sort((a, b) => b.present - a.present || compareNames(a, b));
}

function shownSize(present: number): number {
  return present === hiddenCount || present === unknownCount ? 0.5 : present;
}

function compareNames(a: OriginCount, b: OriginCount): number {
  const keyOf = (row: OriginCount) => `${row.class}|${row.country}|${row.mcc}`;
  return keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0;
}
