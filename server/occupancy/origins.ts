import { originClasses } from '../../shared/protocol.ts';
import { isMachineHome } from '../events/plmn.ts';
import { packIso } from '../reference/country-codes.ts';
import type { OriginClassifier } from '../reference/origin.ts';
import { restoreBytes, type StateReader, type StateWriter, saveBytes } from '../state-writer.ts';
import { type RegionEdit, remapped, remappedFrom } from './region-edit.ts';
import type { OriginColumns, OriginCount } from './view.ts';

/** Groups are absent where they were put down before origins could be classed anew. */
interface Saved {
  plmns: number[];
  city: number[];
  toldCity: number[];
  groups?: (Group & { isTwin: boolean })[];
  /** By place among the PLMNs: the group. */
  groupOf?: number[];
}

type Group = Omit<OriginCount, 'present' | 'machines'>;

/** PLMN codes are 16 bits of a subscriber's record; groups are far fewer. */
const plmnsMax = 0xffff;
const groupCapacityFirst = 16;
/** Among `twins`. */
const noTwin = -1;
const isTwin = -2;

/**
 * Subscribers present by origin: of the whole city and of each region. A PLMN gets a dense code (0: unknown), a code
 * the group it is counted under: class, country and MCC; machines' SIMs of the same origin have a group of their own
 * beside it, their twin, and both are told as one.
 */
export class Origins {
  private readonly classifier: OriginClassifier;
  private regionCount: number;
  private readonly codes = new Map<number, number>([[0, 0]]);
  private readonly plmns: number[] = [0];
  private readonly groupIds = new Map<string, number>();
  private readonly groups: Group[] = [];
  /** By group: that of the same origin's machines, -1 where there is none; -2 where it is one itself. */
  private readonly twins: number[] = [];
  private groupOfCode = new Uint16Array(64);
  groupCapacity = groupCapacityFirst;
  private readonly city: number[] = [];
  private byRegion: Uint32Array;
  /** As the newest interval told them: the city's, and regions × groups. */
  private readonly toldCity: number[] = [];
  private told: Uint32Array;

  constructor(classifier: OriginClassifier, regionCount: number) {
    this.classifier = classifier;
    this.regionCount = regionCount;
    this.byRegion = new Uint32Array(regionCount * this.groupCapacity);
    this.told = new Uint32Array(this.byRegion.length);
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
    this.told = remappedFrom(this.told, edit.namesake, this.groupCapacity);
  }

  /** Groups whose count has changed since the call before; undefined: none has. */
  takeChanged(): OriginColumns | undefined {
    const { groups, groupCapacity, byRegion, told, city, toldCity, twins } = this;
    const rows: { region: number; group: number; present: number }[] = [];
    for (let group = 0; group < groups.length; group++) {
      if (twins[group] === isTwin) continue;
      const present = city[group] + (twins[group] < 0 ? 0 : city[twins[group]]);
      if (present !== toldCity[group]) rows.push({ region: 0, group, present });
      toldCity[group] = present;
    }
    for (let region = 0; region < this.regionCount; region++) {
      const first = region * groupCapacity;
      for (let group = 0; group < groups.length; group++) {
        if (twins[group] === isTwin) continue;
        const present = byRegion[first + group] + (twins[group] < 0 ? 0 : byRegion[first + twins[group]]);
        if (present === told[first + group]) continue;
        rows.push({ region: region + 1, group, present });
        told[first + group] = present;
      }
    }
    if (rows.length === 0) return undefined;
    const classes = groups.map((group) => (group.class === 'unknown' ? 0 : originClasses.indexOf(group.class) + 1));
    return {
      n: rows.length,
      region: Uint32Array.from(rows, ({ region }) => region),
      class: Uint32Array.from(rows, ({ group }) => classes[group]),
      country: Uint32Array.from(rows, ({ group }) => packIso(groups[group].country)),
      mcc: Uint32Array.from(rows, ({ group }) => Number(groups[group].mcc)),
      present: Uint32Array.from(rows, ({ present }) => present),
    };
  }

  *save(to: StateWriter): Generator<void> {
    const { plmns, city, toldCity, twins } = this;
    const groups = this.groups.map((group, i) => ({ ...group, isTwin: twins[i] === isTwin }));
    const groupOf = plmns.map((_, code) => this.groupOfCode[code]);
    to.json('origins', { plmns, city, toldCity, groups, groupOf } satisfies Saved);
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
    const { plmns, city, toldCity, groups, groupOf } = from.json<Saved>('origins');
    for (const plmn of plmns) this.codeOf(plmn);
    const sameGroups = groups?.map(keyOf).join() === this.groups.map(keyOf).join();
    if (groups !== undefined && !(sameGroups && groupOf?.every((group, code) => group === this.groupOfCode[code]))) {
      this.restoreTold(from, groups, toldCity);
      return false;
    }
    city.forEach((present, group) => {
      this.city[group] = present;
      this.toldCity[group] = toldCity[group];
    });
    restoreBytes(from, 'origins.byRegion', this.byRegion);
    restoreBytes(from, 'origins.told', this.told);
    return true;
  }

  /** What was told of the groups of before, under the groups of now. */
  private restoreTold(from: StateReader, groups: NonNullable<Saved['groups']>, toldCity: number[]): void {
    let width = groupCapacityFirst;
    while (width < groups.length) width *= 2;
    const told = new Uint32Array(this.regionCount * width);
    restoreBytes(from, 'origins.told', told);
    groups.forEach(({ isTwin: isMachines, ...group }, before) => {
      if (isMachines) return;
      const now = this.groupIds.get(keyOf(group)) ?? this.addGroup(keyOf(group), group, noTwin);
      this.toldCity[now] = toldCity[before];
      for (let region = 0; region < this.regionCount; region++)
        this.told[region * this.groupCapacity + now] = told[region * width + before];
    });
  }

  /** Those with somebody present, largest first, ties by MCC. */
  private counts(presentOf: (group: number) => number): OriginCount[] {
    return this.groups
      .flatMap((group, i) => {
        const twin = this.twins[i];
        if (twin === isTwin) return [];
        const machines = twin < 0 ? 0 : presentOf(twin);
        return [{ ...group, present: presentOf(i) + machines, machines }];
      })
      .filter(({ present }) => present > 0)
      .sort((a, b) => b.present - a.present || (a.mcc < b.mcc ? -1 : a.mcc > b.mcc ? 1 : 0));
  }

  private classify(plmn: number): number {
    const { machine, ...origin } = this.classifier.classify(plmn);
    const key = keyOf(origin);
    const group = this.groupIds.get(key) ?? this.addGroup(key, origin, noTwin);
    if (!machine) return group;
    if (this.twins[group] === noTwin) this.twins[group] = this.addGroup(`${key},machine`, origin, isTwin);
    return this.twins[group];
  }

  private addGroup(key: string, origin: Group, twin: number): number {
    const group = this.groups.length;
    this.groupIds.set(key, group);
    this.groups.push(origin);
    this.twins.push(twin);
    this.city.push(0);
    this.toldCity.push(0);
    if (group >= this.groupCapacity) this.widen();
    return group;
  }

  private widen(): void {
    const from = this.groupCapacity;
    const to = from * 2;
    const widened = (column: Uint32Array): Uint32Array => {
      const wider = new Uint32Array(this.regionCount * to);
      for (let region = 0; region < this.regionCount; region++)
        wider.set(column.subarray(region * from, (region + 1) * from), region * to);
      return wider;
    };
    this.byRegion = widened(this.byRegion);
    this.told = widened(this.told);
    this.groupCapacity = to;
  }
}

function keyOf({ class: kind, country, mcc }: Group): string {
  return `${kind},${country},${mcc}`;
}
