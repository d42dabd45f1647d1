import { type OriginClass, originClasses } from '../../shared/protocol.ts';
import { areaOfHome, plmnOfHome } from '../events/plmn.ts';
import { packIso } from '../reference/country-codes.ts';
import type { OriginCount, OriginPlaceColumns } from './view.ts';

/** What origins are told under: class, country and MCC. */
export type OriginName = Omit<OriginCount, 'present' | 'machines'>;

/** An origin and, within it, an operator or an area; both 0: others of it, and those of whom it is not known. */
export interface Place extends OriginName {
  /** Packed as in `events/plmn.ts`: of SIMs of other networks. */
  readonly plmn: number;
  /** Area code without its zero: of the home network's SIMs of other cities and provinces. */
  readonly area: number;
}

const byOperator: ReadonlySet<OriginClass> = new Set(['other network', '港澳台', 'international'] as const);
const byArea: ReadonlySet<OriginClass> = new Set(['other city', 'other province'] as const);

/** @param home as `placedHome` packs it, of the origin */
export function placeOf(origin: OriginName, home: number): Place {
  const { class: kind, country, mcc } = origin;
  const plmn = byOperator.has(kind) ? plmnOfHome(home) : 0;
  const area = byArea.has(kind) ? areaOfHome(home) : 0;
  return { class: kind, country, mcc, plmn, area };
}

/** Those of the origin that have no place of their own. */
export function othersOf({ class: kind, country, mcc }: OriginName): Place {
  return { class: kind, country, mcc, plmn: 0, area: 0 };
}

export function hasPlaces({ class: kind }: OriginName): boolean {
  return byOperator.has(kind) || byArea.has(kind);
}

export function nameKey({ class: kind, country, mcc }: OriginName): string {
  return `${kind},${country},${mcc}`;
}

export function placeKey(place: Place): string {
  return `${nameKey(place)},${place.plmn},${place.area}`;
}

/** Number of a class in rows: its place in originClasses + 1, 0 unknown. */
export function classNumber(kind: OriginClass): number {
  return kind === 'unknown' ? 0 : originClasses.indexOf(kind) + 1;
}

export interface PlaceCount extends Place {
  readonly present: number;
}

/** Rows of places, column by column: tens of thousands where regions are many. */
export class PlaceRows {
  private readonly regions: number[] = [];
  private readonly places: Place[] = [];
  private readonly present: number[] = [];

  /** @param region 0: the city */
  add(region: number, place: Place, present: number): void {
    this.regions.push(region);
    this.places.push(place);
    this.present.push(present);
  }

  /** Undefined: there are none. */
  columns(): OriginPlaceColumns | undefined {
    const { places, present, regions } = this;
    if (places.length === 0) return undefined;
    const codes = new Map<Place, { class: number; country: number }>();
    const code = (place: Place) => {
      let known = codes.get(place);
      if (known === undefined) {
        known = { class: classNumber(place.class), country: packIso(place.country) };
        codes.set(place, known);
      }
      return known;
    };
    return {
      n: places.length,
      region: Uint32Array.from(regions),
      class: Uint32Array.from(places, (place) => code(place).class),
      country: Uint32Array.from(places, (place) => code(place).country),
      mcc: Uint32Array.from(places, ({ mcc }) => Number(mcc)),
      plmn: Uint32Array.from(places, ({ plmn }) => plmn),
      area: Uint32Array.from(places, ({ area }) => area),
      present: Uint32Array.from(present),
    };
  }
}

/** The largest of what it is given, without sorting the rest: this is asked of each region at once. */
export class Largest {
  /** Largest first, ties by rank: `n` of them. */
  readonly values: Uint32Array;
  readonly counts: Uint32Array;
  n = 0;
  private readonly ranks: ArrayLike<number>;

  /** @param ranks by value: its turn among those alike */
  constructor(max: number, ranks: ArrayLike<number>) {
    this.values = new Uint32Array(max);
    this.counts = new Uint32Array(max);
    this.ranks = ranks;
  }

  clear(): void {
    this.n = 0;
  }

  add(value: number, count: number): void {
    const { values, counts } = this;
    const isFull = this.n === counts.length;
    if (isFull && (this.n === 0 || !this.isBefore(value, count, this.n - 1))) return;
    let at = isFull ? this.n - 1 : this.n++;
    for (; at > 0 && this.isBefore(value, count, at - 1); at--) {
      values[at] = values[at - 1];
      counts[at] = counts[at - 1];
    }
    values[at] = value;
    counts[at] = count;
  }

  private isBefore(value: number, count: number, at: number): boolean {
    const other = this.counts[at];
    return count > other || (count === other && this.ranks[value] < this.ranks[this.values[at]]);
  }
}

/** Each key's turn among all of them in order. */
export function ranksOf(keys: readonly string[]): Uint32Array {
  const ranks = new Uint32Array(keys.length);
  const order = keys.map((_, i) => i).sort((a, b) => (keys[a] < keys[b] ? -1 : 1));
  for (const [rank, i] of order.entries()) ranks[i] = rank;
  return ranks;
}
