/** A region's past counted from stays in plain loops: what the queries must equal. */
import { dayUs, minuteUs, secondUs } from '../../../server/clock.ts';
import { cityDays, cityStartUs, dateOf, isWorkingDay, type Stay } from './small-city.ts';

type Cells = ReadonlySet<number>;
const halfHourUs = 30 * minuteUs;
const holdDownUs = 60 * secondUs;
const bySubscriber = (stays: readonly Stay[]) => groupBy(stays, ({ sub }) => sub);

export function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key) ?? [];
    group.push(value);
    groups.set(key, group);
  }
  return groups;
}

export interface Presence {
  present: number;
  visitors: number;
}

export function presence(
  stays: readonly Stay[],
  region: Cells,
  fromUs: number,
  toUs: number,
  widthUs: number,
): Presence[] {
  const rows: Presence[] = [];
  const mine = stays.filter(({ cell }) => region.has(cell));
  for (let us = fromUs; us < toUs; us += widthUs) {
    const end = us + widthUs;
    const there = mine.filter((stay) => stay.firstIn < end && stay.firstOut > us);
    rows.push({
      visitors: new Set(there.map(({ sub }) => sub)).size,
      present: new Set(there.filter((stay) => stay.firstOut >= end).map(({ sub }) => sub)).size,
    });
  }
  return rows;
}

export interface Session {
  sub: number;
  firstIn: number;
  lastIn: number;
  firstOut: number;
}

/** Stays in a region that ended: from an appearance or a held entry up to a vanish or a held exit. */
export function sessions(stays: readonly Stay[], region: Cells): Session[] {
  const all: Session[] = [];
  for (const own of bySubscriber(stays).values()) {
    let firstIn = 0;
    for (const { what, us, stay } of crossings(own, region)) {
      if (what === 'entries' || what === 'appeared') firstIn = us;
      else all.push({ sub: stay.sub, firstIn, lastIn: stay.lastIn, firstOut: us });
    }
  }
  return all;
}

export interface Flows {
  entries: number;
  exits: number;
  appeared: number;
  vanished: number;
}

interface Crossing {
  what: keyof Flows;
  us: number;
  /** The newest one in the region, or the first. */
  stay: Stay;
}

/** What counts of a subscriber, in order; crossings are pending until the first opposite one, the hold-down or a vanish. */
function crossings(own: readonly Stay[], region: Cells): Crossing[] {
  const all: Crossing[] = [];
  let pending: Crossing | null = null;
  const settle = () => {
    if (pending !== null) all.push(pending);
    pending = null;
  };
  own.forEach((stay, i) => {
    const before = own[i - 1];
    const inside = region.has(stay.cell);
    if (before === undefined || before.to < 0) {
      settle();
      if (inside) all.push({ what: 'appeared', us: stay.firstIn, stay });
    } else if (inside !== region.has(before.cell)) {
      if (pending !== null && stay.firstIn - pending.us < holdDownUs) pending = null;
      else {
        settle();
        pending = { what: inside ? 'entries' : 'exits', us: stay.firstIn, stay: inside ? stay : before };
      }
    }
    if (stay.to >= 0) return;
    settle();
    if (inside) all.push({ what: 'vanished', us: stay.firstOut, stay });
  });
  settle();
  return all;
}

/** By the start of the bucket. */
export function flows(stays: readonly Stay[], region: Cells, fromUs: number, widthUs: number): Map<number, Flows> {
  const rows = new Map<number, Flows>();
  for (const own of bySubscriber(stays).values()) {
    for (const { what, us } of crossings(own, region)) {
      const bucket = fromUs + Math.floor((us - fromUs) / widthUs) * widthUs;
      const row = rows.get(bucket) ?? { entries: 0, exits: 0, appeared: 0, vanished: 0 };
      row[what]++;
      rows.set(bucket, row);
    }
  }
  return rows;
}

interface DayThere {
  half: Set<number>;
  heldUs: number;
}

/** Half-hours and held time by subscriber and local day (number since the start). */
export function dayFacts(stays: readonly Stay[], region: Cells | null): Map<string, DayThere> {
  const facts = new Map<string, DayThere>();
  for (const { sub, cell, firstIn, lastIn, firstOut, to } of stays) {
    if (region !== null && !region.has(cell)) continue;
    const heldUs = to >= 0 ? firstOut : lastIn;
    const until = Math.max(lastIn, heldUs - (to >= 0 ? 1 : 0));
    for (
      let slot = Math.floor((firstIn - cityStartUs) / halfHourUs);
      cityStartUs + slot * halfHourUs <= until;
      slot++
    ) {
      const key = `${sub} ${Math.floor(slot / 48)}`;
      const fact = facts.get(key) ?? { half: new Set<number>(), heldUs: 0 };
      facts.set(key, fact);
      fact.half.add(((slot % 48) + 48) % 48);
      const from = Math.max(firstIn, cityStartUs + slot * halfHourUs);
      fact.heldUs += Math.max(0, Math.min(heldUs, cityStartUs + (slot + 1) * halfHourUs) - from);
    }
  }
  return facts;
}

const atNight = (fact: DayThere | undefined) => fact !== undefined && [...fact.half].some((half) => half < 12);

/** `SUBSCRIBER DATE` → role, of the days from `fromDay` on. */
export function roles(stays: readonly Stay[], region: Cells, fromDay: number): Map<string, string> {
  const there = dayFacts(stays, region);
  const anywhere = dayFacts(stays, null);
  const found = new Map<string, string>();
  for (const key of there.keys()) {
    const [sub, day] = key.split(' ').map(Number);
    if (day < fromDay || day >= cityDays) continue;
    const month = Array.from({ length: 28 }, (_, i) => day - i).filter((each) => each >= 0);
    const working = Array.from({ length: day + 1 }, (_, i) => day - i)
      .filter(isWorkingDay)
      .slice(0, 7);
    const of = (facts: typeof there, each: number) => facts.get(`${sub} ${each}`);
    const nights = month.filter((each) => atNight(of(there, each))).length;
    const nightsSeen = month.filter((each) => atNight(of(anywhere, each))).length;
    const worked = working.filter((each) => (of(there, each)?.heldUs ?? 0) > 5 * 3600 * secondUs).length;
    const longestUs = Math.max(...month.map((each) => of(there, each)?.heldUs ?? 0));
    const role =
      month.length < 7
        ? 'undetermined'
        : nightsSeen > 0 && nights * 2 >= nightsSeen
          ? 'resident'
          : worked >= 5
            ? 'worker'
            : longestUs <= 30 * minuteUs
              ? 'passer-by'
              : 'visitor';
    found.set(`${sub} ${dateOf(cityStartUs + day * dayUs)}`, role);
  }
  return found;
}

/**
 * Who is present just before the end of each bucket and neither resident nor worker, by the role of the newest of the
 * three days up to the bucket's. Null while roles are undetermined: in the first six days.
 */
export function crowds(
  stays: readonly Stay[],
  region: Cells,
  fromUs: number,
  toUs: number,
  widthUs: number,
): (number | null)[] {
  const role = roles(stays, region, 0);
  const rows: (number | null)[] = [];
  for (let end = fromUs + widthUs; end <= toUs; end += widthUs) {
    const inside = stays.filter(({ cell, firstIn, firstOut }) => region.has(cell) && firstIn < end && firstOut >= end);
    const told = [...new Set(inside.map(({ sub }) => sub))].map((sub) => {
      const days = [0, 1, 2].map((back) => role.get(`${sub} ${dateOf(end - 1 - back * dayUs)}`));
      return days.find((each) => each !== undefined) ?? 'none';
    });
    const undetermined = end - 1 < cityStartUs + 6 * dayUs || told.includes('undetermined');
    if (undetermined && told.length > 0) rows.push(null);
    else rows.push(told.filter((each) => each !== 'resident' && each !== 'worker').length);
  }
  return rows;
}
