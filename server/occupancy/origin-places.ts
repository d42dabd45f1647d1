import { type OriginClass, originClasses } from '../../shared/protocol.ts';
import { areaOfHome, plmnOfHome } from '../events/plmn.ts';
import { packIso } from '../reference/country-codes.ts';
import type { OriginCount } from './view.ts';

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
function classNumber(kind: OriginClass): number {
  return kind === 'unknown' ? 0 : originClasses.indexOf(kind) + 1;
}

export interface PlaceCount extends Place {
  readonly present: number;
}

/** Rows of a chunk; and columns of chunks copied before the event loop may have its turn, two megabytes. */
const chunkRows = 8_192;
const columnsAtOnce = 64;

type NumberTable<K extends string> = { n: number } & Record<K, Uint32Array>;

/** Rows of numbers, column by column: of them there are tens of thousands where regions are many. */
export class NumberRows<K extends string> {
  n = 0;
  private readonly names: readonly K[];
  /** Columns of {@link chunkRows}, one behind the other. */
  private readonly chunks: Uint32Array[] = [];

  constructor(names: readonly K[]) {
    this.names = names;
  }

  /** @param values by column */
  add(...values: number[]): void {
    const at = this.n % chunkRows;
    if (at === 0) this.chunks.push(new Uint32Array(this.names.length * chunkRows));
    const chunk = this.chunks[this.chunks.length - 1];
    for (let i = 0; i < values.length; i++) chunk[i * chunkRows + at] = values[i];
    this.n++;
  }

  /** The table, in steps; undefined: there are no rows. */
  *gathering(): Generator<void, NumberTable<K> | undefined> {
    const { chunks, n, names } = this;
    if (n === 0) return undefined;
    const columns = names.map((name) => [name, new Uint32Array(n)] as const);
    let copied = 0;
    for (const [c, chunk] of chunks.entries())
      for (const [i, [, column]] of columns.entries()) {
        const first = i * chunkRows;
        column.set(chunk.subarray(first, first + Math.min(chunkRows, n - c * chunkRows)), c * chunkRows);
        if (++copied % columnsAtOnce === 0) yield;
      }
    return { n, ...Object.fromEntries(columns) } as NumberTable<K>;
  }
}

/** An origin as rows name it. */
export function originCodes({ class: kind, country, mcc }: OriginName): [number, number, number] {
  return [classNumber(kind), packIso(country), Number(mcc)];
}

/** What a {@link PlacePicker} reads: groups of who is counted alike, and their origins. */
export interface PlaceGroups {
  readonly groups: readonly Place[];
  /** By group: that of the same place's machines, -1 where there is none; -2 where it is one itself. */
  readonly twins: readonly number[];
  readonly origins: readonly OriginName[];
  /** By group. */
  readonly originOf: readonly number[];
}

/** Gives, of a row of groups, the largest places, and of each origin whoever else is of it as its others. */
export class PlacePicker {
  private readonly of: PlaceGroups;
  private readonly largest: Largest;
  private readonly places: Int32Array;
  private readonly others: readonly { origin: number; place: Place }[];
  private readonly sums: Uint32Array;
  private readonly groupCount: number;

  constructor(of: PlaceGroups, rowsMax: number) {
    this.of = of;
    const { groups, origins, twins } = of;
    this.groupCount = groups.length;
    this.sums = new Uint32Array(origins.length);
    this.largest = new Largest(rowsMax, ranksOf(groups.map(placeKey)));
    // Machines have no turn of their own.
    const isPlace = (group: number) => twins[group] !== -2 && (groups[group].plmn !== 0 || groups[group].area !== 0);
    this.places = Int32Array.from([...groups.keys()].filter(isPlace));
    this.others = origins
      .map((name, origin) => ({ origin, place: othersOf(name), key: nameKey(name) }))
      .filter(({ place }) => hasPlaces(place))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Whether it is of these, with what has come since: groups and origins are only ever added. */
  fits({ groups, origins }: PlaceGroups): boolean {
    return groups.length === this.groupCount && origins.length === this.sums.length;
  }

  /** @param first where the row begins in `counts` */
  pick(counts: ArrayLike<number>, first: number, take: (place: Place, present: number) => void): void {
    const { largest, others, places, sums } = this;
    const { groups, originOf, twins } = this.of;
    sums.fill(0);
    for (let group = 0; group < groups.length; group++) sums[originOf[group]] += counts[first + group];
    largest.clear();
    for (let i = 0; i < places.length; i++) {
      const group = places[i];
      const twin = twins[group];
      const present = counts[first + group] + (twin < 0 ? 0 : counts[first + twin]);
      if (present > 0) largest.add(group, present);
    }
    for (let i = 0; i < largest.n; i++) {
      const group = largest.values[i];
      take(groups[group], largest.counts[i]);
      sums[originOf[group]] -= largest.counts[i];
    }
    for (const { origin, place } of others) if (sums[origin] > 0) take(place, sums[origin]);
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
