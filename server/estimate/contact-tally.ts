import { minuteUs } from '../clock.ts';

/** Ages of silence are told apart by these limits, minutes; the last class goes on to T3212. */
const ageLimitsMin = [5, 10, 15, 20, 30, 40, 50];
/** How many classes of age there are. */
export const ages = ageLimitsMin.length + 1;
/** What a contact tells is worth this much a minute later: a memory of some five minutes, in which a crowd may turn. */
const fading = 0.82;
/**
 * A faded contact says more than its weight: a mean over weights `w` is as good as one over `(Σ w)² ÷ Σ w²` whole contacts
 * (L. Kish, Survey Sampling, 1965, §11.7), and where weights fall by `f` a step, this is `1 + f` for each unit of `Σ w`.
 */
export const contactsPerWeight = 1 + fading;

/** Class of an age of silence, 0 … {@link ages} − 1. */
export function ageOf(silentUs: number): number {
  const minutes = silentUs / minuteUs;
  let age = 0;
  while (age < ageLimitsMin.length && minutes >= ageLimitsMin[age]) age++;
  return age;
}

/**
 * Phones that were heard again after a silence: how many, and how many of them on the other side of the region's border.
 * Sides: 0 last seen around the region, 1 in it. Numbers fade, so they are no integers.
 */
export class ContactTally {
  /** Of contacts that are no move's doing, by side × age. */
  readonly met = new Float64Array(2 * ages);
  readonly crossed = new Float64Array(2 * ages);
  /** Of those the calls, messages and data: of phones that had stayed on their side, by side; and all. */
  readonly active = new Float64Array(2);
  activeAll = 0;
  /** Border crossings per minute that showed at once, by a location update: entries − exits, and both together. */
  private net = 0;
  private gross = 0;
  private minute = -1;

  /** A contact that finds the phone where it is. @param isClock by T3212 alone */
  found(from: number, silentUs: number, side: number, isClock: boolean): void {
    const at = from * ages + ageOf(silentUs);
    this.met[at]++;
    if (from !== side) this.crossed[at]++;
    if (isClock) return;
    this.activeAll++;
    if (from === side) this.active[side]++;
  }

  /** A location update at the region's border. */
  updated(isEntry: boolean): void {
    this.net += isEntry ? 1 : -1;
    this.gross++;
  }

  /** Entries − exits by location update, per minute. */
  get netPerMinute(): number {
    return this.net * (1 - fading);
  }

  get grossPerMinute(): number {
    return this.gross * (1 - fading);
  }

  /** Contacts of a side, whatever their age: all, and those found on the other one. */
  metOf(side: number): number {
    return sumOf(this.met, side);
  }

  crossedOf(side: number): number {
    return sumOf(this.crossed, side);
  }

  saved() {
    const { activeAll, net, gross, minute } = this;
    return { met: [...this.met], crossed: [...this.crossed], active: [...this.active], activeAll, net, gross, minute };
  }

  restore({ met, crossed, active, activeAll, net, gross, minute }: ReturnType<ContactTally['saved']>): void {
    this.met.set(met);
    this.crossed.set(crossed);
    this.active.set(active);
    this.activeAll = activeAll;
    this.net = net;
    this.gross = gross;
    this.minute = minute;
  }

  /** Lets the memory fade up to a time; an earlier one changes nothing. */
  fade(timeUs: number): void {
    const minute = Math.floor(timeUs / minuteUs);
    if (minute <= this.minute) return;
    const factor = this.minute < 0 ? 0 : fading ** (minute - this.minute);
    this.minute = minute;
    for (const tally of [this.met, this.crossed, this.active]) {
      for (let i = 0; i < tally.length; i++) tally[i] *= factor;
    }
    this.activeAll *= factor;
    this.net *= factor;
    this.gross *= factor;
  }
}

/** Sum of a side of a column by side × age. */
export function sumOf(column: Float64Array, side: number): number {
  let sum = 0;
  for (let age = 0; age < ages; age++) sum += column[side * ages + age];
  return sum;
}
