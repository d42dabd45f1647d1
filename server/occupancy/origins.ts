import { isMachineHome } from '../events/plmn.ts';
import type { OriginClassifier } from '../reference/origin.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import {
  NumberRows,
  nameKey,
  type OriginName,
  originCodes,
  othersOf,
  type Place,
  type PlaceCount,
  PlacePicker,
  placeKey,
  placeOf,
} from './origin-places.ts';
import { type RegionEdit, remapped, remappedFrom } from './region-edit.ts';
import type { OriginColumns, OriginCount, OriginPlaceColumns } from './view.ts';

interface Saved {
  plmns: number[];
  city: number[];
  /** By origin. */
  toldCity: number[];
  origins?: OriginName[];
  groups?: (Place & { isTwin: boolean })[];
  /** By place among the PLMNs: the group. */
  groupOf?: number[];
}

/** What was told, under the origins of its time: by number, of machines (told with the others) null. */
type SavedNames = (OriginName | null)[];

/** PLMN codes are 16 bits of a subscriber's record; groups are far fewer. */
const plmnsMax = 0xffff;
const groupCapacityFirst = 16;
/** Among `twins`. */
const noTwin = -1;
const isTwin = -2;

/** Counters looked at before the event loop may have its turn: about a millisecond, with all their rows. */
const countersAtOnce = 8_192;

/** Bounds of what is kept and told of places, see `knobs.ts`. */
export interface PlaceLimits {
  readonly placesMax: number;
  readonly placeRowsMax: number;
}

/**
 * Subscribers present by origin: of the whole city and of each region. A PLMN gets a dense code (0: unknown), a code
 * the group it is counted under: class, country and MCC, and within these an operator or an area, the place; machines' SIMs
 * of the same place have a group of their own beside it, their twin, and both are told as one. Origins (class, country and
 * MCC) are sums of groups.
 */
export class Origins {
  private readonly classifier: OriginClassifier;
  private regionCount: number;
  private readonly codes = new Map<number, number>([[0, 0]]);
  private readonly plmns: number[] = [0];
  private readonly limits: PlaceLimits;
  private readonly groupIds = new Map<string, number>();
  private readonly groups: Place[] = [];
  /** By group: that of the same place's machines, -1 where there is none; -2 where it is one itself. */
  private readonly twins: number[] = [];
  private readonly originIds = new Map<string, number>();
  private readonly origins: OriginName[] = [];
  /** By group. */
  private readonly originOf: number[] = [];
  private groupOfCode = new Uint16Array(64);
  groupCapacity = groupCapacityFirst;
  private readonly city: number[] = [];
  private byRegion: Uint32Array;
  /** As the newest interval told them: the city's, and regions × origins. */
  private readonly toldCity: number[] = [];
  private originCapacity = groupCapacityFirst;
  private told: Uint32Array;
  private lastPicker: PlacePicker | null = null;

  constructor(classifier: OriginClassifier, regionCount: number, limits: PlaceLimits) {
    this.classifier = classifier;
    this.regionCount = regionCount;
    this.limits = limits;
    this.byRegion = new Uint32Array(regionCount * this.groupCapacity);
    this.told = new Uint32Array(regionCount * this.originCapacity);
    this.classify(0);
  }

  /** Code of a PLMN; 0 when it is unknown or there are more PLMNs than codes. */
  codeOf(plmn: number): number {
    const known = this.codes.get(plmn);
    if (known !== undefined) return known;
    const code = this.plmns.length;
    if (code > plmnsMax) return 0;
    this.codes.set(plmn, code);
    this.plmns.push(plmn);
    if (code >= this.groupOfCode.length) {
      const grown = new Uint16Array(this.groupOfCode.length * 2);
      grown.set(this.groupOfCode);
      this.groupOfCode = grown;
    }
    this.groupOfCode[code] = this.classify(plmn);
    return code;
  }

  plmnOf(code: number): number {
    return this.plmns[code];
  }

  /** Number of the group that a code is counted under. */
  groupOf(code: number): number {
    return this.groupOfCode[code];
  }

  /** Code of a home heard of a subscriber whose code was `before`. */
  heard(plmn: number, before: number): number {
    // Most often it is no news.
    if (this.plmnOf(before) === plmn) return before;
    // Whatever tells it, a machine stays one while it is known: not every message says so.
    return isMachineHome(this.plmnOf(before)) ? before : this.codeOf(plmn);
  }

  /** Somebody present in the regions is counted under another code. */
  change(regions: Uint32Array, from: number, to: number): void {
    const fromGroup = this.groupOf(from);
    const toGroup = this.groupOf(to);
    this.addToCity(fromGroup, -1);
    this.addToCity(toGroup, 1);
    for (let i = 0; i < regions.length; i++) {
      this.addToRegion(regions[i], fromGroup, -1);
      this.addToRegion(regions[i], toGroup, 1);
    }
  }

  addToCity(group: number, change: 1 | -1): void {
    this.city[group] += change;
  }

  addToRegion(region: number, group: number, change: 1 | -1): void {
    this.byRegion[region * this.groupCapacity + group] += change;
  }

  /** Machines present in a region. */
  machinesOf(region: number): number {
    let sum = 0;
    for (const twin of this.twins) if (twin >= 0) sum += this.byRegion[region * this.groupCapacity + twin];
    return sum;
  }

  cityCounts(): OriginCount[] {
    return this.counts((group) => this.city[group]);
  }

  regionCounts(region: number): OriginCount[] {
    return this.counts((group) => this.byRegion[region * this.groupCapacity + group]);
  }

  /** Present by region after the edit × {@link groupCapacity}: in changed ones nobody is, until they are counted. */
  edited(edit: RegionEdit): Uint32Array {
    return remapped(this.byRegion, edit, this.groupCapacity);
  }

  /** @param byRegion as {@link edited} gave it, with those who are in changed regions */
  edit(edit: RegionEdit, byRegion: Uint32Array): void {
    this.regionCount = edit.after;
    this.byRegion = byRegion;
    this.told = remappedFrom(this.told, edit.namesake, this.originCapacity);
  }

  /** Origins whose count has changed since the call before, in steps; undefined: none has. Nobody may move meanwhile. */
  *takingChanged(): Generator<void, OriginColumns | undefined> {
    const { origins, groupCapacity, originCapacity, originOf, byRegion, told, toldCity } = this;
    const rows = new NumberRows(['region', 'class', 'country', 'mcc', 'present']);
    const codes = origins.map(originCodes);
    const now = new Uint32Array(origins.length);
    this.sumInto(now, this.city, 0);
    now.forEach((present, origin) => {
      if (present !== toldCity[origin]) rows.add(0, ...codes[origin], present);
      toldCity[origin] = present;
    });
    let looked = 0;
    for (let region = 0; region < this.regionCount; region++) {
      looked += originOf.length;
      if (looked > countersAtOnce) {
        yield;
        looked = originOf.length;
      }
      const first = region * originCapacity;
      this.sumInto(now, byRegion, region * groupCapacity);
      for (let origin = 0; origin < now.length; origin++) {
        const present = now[origin];
        if (present === told[first + origin]) continue;
        rows.add(region + 1, ...codes[origin], present);
        told[first + origin] = present;
      }
    }
    return yield* rows.gathering();
  }

  /** Origins of a row of groups, those that begin at `first`. */
  private sumInto(sums: Uint32Array, counts: ArrayLike<number>, first: number): void {
    sums.fill(0);
    const { originOf } = this;
    for (let group = 0; group < originOf.length; group++) sums[originOf[group]] += counts[first + group];
  }

  /**
   * Everybody by place, of the origins that have places, in steps: the city's and each region's; undefined: nobody. Nobody
   * may move meanwhile.
   */
  *places(): Generator<void, OriginPlaceColumns | undefined> {
    const rows = new NumberRows(['region', 'class', 'country', 'mcc', 'plmn', 'area', 'present']);
    const codes = new Map<Place, [number, number, number]>();
    const add = (region: number, place: Place, present: number) => {
      const code = codes.get(place) ?? originCodes(place);
      codes.set(place, code);
      rows.add(region, ...code, place.plmn, place.area, present);
    };
    const picker = this.picker();
    picker.pick(this.city, 0, (place, present) => add(0, place, present));
    let looked = 0;
    for (let region = 0; region < this.regionCount; region++) {
      looked += this.groups.length;
      if (looked > countersAtOnce) {
        yield;
        looked = this.groups.length;
      }
      const first = region * this.groupCapacity;
      picker.pick(this.byRegion, first, (place, present) => add(region + 1, place, present));
    }
    return yield* rows.gathering();
  }

  cityPlaces(): PlaceCount[] {
    const found: PlaceCount[] = [];
    this.picker().pick(this.city, 0, (place, present) => found.push({ ...place, present }));
    return found;
  }

  private picker(): PlacePicker {
    const { groups, twins, origins, originOf } = this;
    const of = { groups, twins, origins, originOf };
    if (this.lastPicker?.fits(of) !== true) this.lastPicker = new PlacePicker(of, this.limits.placeRowsMax);
    return this.lastPicker;
  }

  *save(to: StateWriter): Generator<void> {
    const { plmns, city, toldCity, twins, origins } = this;
    const groups = this.groups.map((group, i) => ({ ...group, isTwin: twins[i] === isTwin }));
    const groupOf = plmns.map((_, code) => this.groupOfCode[code]);
    to.json('origins', { plmns, city, toldCity, origins, groups, groupOf } satisfies Saved);
    yield* saveBytes(to, 'origins.byRegion', this.byRegion);
    yield* saveBytes(to, 'origins.told', this.told);
  }

  /**
   * Of a fresh one: codes and groups come again by taking the PLMNs in the same order.
   *
   * @returns false: they are classed otherwise now, and nobody is counted yet. What was told stays told, so that the next
   * interval tells the difference.
   */
  restore(from: StateReader): boolean {
    const { plmns, city, toldCity, origins, groups, groupOf } = from.json<Saved>('origins');
    for (const plmn of plmns) this.codeOf(plmn);
    if (origins === undefined) {
      // Put down before there were places: what was told stands under groups, machines beside the others.
      this.restoreTold(from, groups?.map((group) => (group.isTwin ? null : group)) ?? this.namesOfOld(plmns), toldCity);
      return false;
    }
    const sameGroups = groups?.map(placeKey).join() === this.groups.map(placeKey).join();
    if (!(sameGroups && groupOf?.every((group, code) => group === this.groupOfCode[code]))) {
      this.restoreTold(from, origins, toldCity);
      return false;
    }
    city.forEach((present, group) => {
      this.city[group] = present;
    });
    toldCity.forEach((present, origin) => {
      this.toldCity[origin] = present;
    });
    restoreBytes(from, 'origins.byRegion', this.byRegion);
    restoreBytes(from, 'origins.told', this.told);
    return true;
  }

  /** Origins as they were numbered when their names were not saved: by taking the PLMNs in their order. */
  private namesOfOld(plmns: readonly number[]): SavedNames {
    const names: SavedNames = [];
    const known = new Set<string>();
    const once = (key: string, name: OriginName | null) => {
      if (!known.has(key)) names.push(name);
      known.add(key);
    };
    for (const plmn of plmns) {
      const { machine, ...name } = this.classifier.classify(plmn);
      once(nameKey(name), name);
      if (machine) once(`${nameKey(name)},machine`, null);
    }
    return names;
  }

  /** What was told of the origins of before, under those of now. */
  private restoreTold(from: StateReader, names: SavedNames, toldCity: number[]): void {
    let width = groupCapacityFirst;
    while (width < names.length) width *= 2;
    const told = new Uint32Array(this.regionCount * width);
    restoreBytes(from, 'origins.told', told);
    names.forEach((name, before) => {
      if (name === null) return;
      const now = this.originIdOf({ class: name.class, country: name.country, mcc: name.mcc });
      this.toldCity[now] = toldCity[before];
      for (let region = 0; region < this.regionCount; region++)
        this.told[region * this.originCapacity + now] = told[region * width + before];
    });
  }

  /** Those with somebody present, largest first, ties by MCC. */
  private counts(presentOf: (group: number) => number): OriginCount[] {
    const present = new Array<number>(this.origins.length).fill(0);
    const machines = new Array<number>(this.origins.length).fill(0);
    this.originOf.forEach((origin, group) => {
      present[origin] += presentOf(group);
      if (this.twins[group] === isTwin) machines[origin] += presentOf(group);
    });
    return this.origins
      .map((origin, i) => ({ ...origin, present: present[i], machines: machines[i] }))
      .filter((count) => count.present > 0)
      .sort((a, b) => b.present - a.present || (a.mcc < b.mcc ? -1 : a.mcc > b.mcc ? 1 : 0));
  }

  private classify(home: number): number {
    const { machine, ...origin } = this.classifier.classify(home);
    const group = this.groupOfPlace(origin, home);
    if (!machine) return group;
    const place = this.groups[group];
    if (this.twins[group] === noTwin) this.twins[group] = this.addGroup(`${placeKey(place)},machine`, place, isTwin);
    return this.twins[group];
  }

  private groupOfPlace(origin: OriginName, home: number): number {
    const own = placeOf(origin, home);
    const known = this.groupIds.get(placeKey(own));
    if (known !== undefined) return known;
    // Full: one more operator or area is one of its origin's others.
    const place = this.groups.length < this.limits.placesMax ? own : othersOf(origin);
    return this.groupIds.get(placeKey(place)) ?? this.addGroup(placeKey(place), place, noTwin);
  }

  private addGroup(key: string, place: Place, twin: number): number {
    const group = this.groups.length;
    this.groupIds.set(key, group);
    this.groups.push(place);
    this.twins.push(twin);
    this.city.push(0);
    this.originOf.push(this.originIdOf(place));
    if (group >= this.groupCapacity) {
      this.byRegion = this.widened(this.byRegion, this.groupCapacity);
      this.groupCapacity *= 2;
    }
    return group;
  }

  private originIdOf({ class: kind, country, mcc }: OriginName): number {
    const name = { class: kind, country, mcc };
    const known = this.originIds.get(nameKey(name));
    if (known !== undefined) return known;
    const origin = this.origins.length;
    this.originIds.set(nameKey(name), origin);
    this.origins.push(name);
    this.toldCity.push(0);
    if (origin >= this.originCapacity) {
      this.told = this.widened(this.told, this.originCapacity);
      this.originCapacity *= 2;
    }
    return origin;
  }

  /** A column of regions × `from`, with twice the width. */
  private widened(column: Uint32Array, from: number): Uint32Array {
    const wider = new Uint32Array(this.regionCount * from * 2);
    for (let region = 0; region < this.regionCount; region++)
      wider.set(column.subarray(region * from, (region + 1) * from), region * from * 2);
    return wider;
  }
}
