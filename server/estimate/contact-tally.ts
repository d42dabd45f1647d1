import { minuteUs } from '../clock.ts';
import { group, groups } from './seen-table.ts';

/** Ages of silence are told apart by these limits, minutes; the last class goes on to T3212. */
const ageLimitsMin = [5, 10, 15, 20, 30, 40, 50];
/** How many classes of age there are. */
export const ages = ageLimitsMin.length + 1;
/** Crossings of the border that show at once are remembered for some five minutes: what they tell is worth this a minute later. */
const flowFading = 0.82;

/**
 * How long contacts of a group are remembered: what one tells is worth `longest` a minute later at most, and as much less
 * as leaves no more than `contacts` of them, down to `shortest`. Few are remembered for half an hour; where many are met,
 * the newest ones are enough, and say what is so now. Who is inside leaves within minutes when it is over.
 */
const memory = groupsOf(
  { longest: 0.96, shortest: 0.75, contacts: 10 },
  { longest: 0.82, shortest: 0.6, contacts: 40 },
);

function groupsOf<T>(around: T, inside: T): readonly T[] {
  return Array.from({ length: groups }, (_, each) => (each === group.inside ? inside : around));
}

/** Class of an age of silence, 0 … {@link ages} − 1. */
export function ageOf(silentUs: number): number {
  const minutes = silentUs / minuteUs;
  let age = 0;
  while (age < ageLimitsMin.length && minutes >= ageLimitsMin[age]) age++;
  return age;
}

/** Middle of a class of age, minutes. */
export function middleMin(age: number): number {
  const from = age === 0 ? 0 : ageLimitsMin[age - 1];
  return (from + (ageLimitsMin[age] ?? 2 * from - (ageLimitsMin[age - 2] ?? 0))) / 2;
}

export type SavedTally = ReturnType<ContactTally['saved']>;

/**
 * Phones that were heard again after a silence: how many, and how many of them on the other side of the region's border.
 * Numbers fade, so they are no integers.
 */
export class ContactTally {
  /** Of contacts that are no move's doing, by {@link group} × age. */
  readonly met = new Float64Array(groups * ages);
  readonly crossed = new Float64Array(groups * ages);
  /**
   * A faded contact says more than its weight: a mean over weights `w` is as good as one over `(Σ w)² ÷ Σ w²` whole
   * contacts (L. Kish, Survey Sampling, 1965, §11.7), and where weights fall by `f` a step, this is `1 + f` for each unit
   * of `Σ w`. By {@link group}.
   */
  readonly contactsPerWeight = Float64Array.from(memory, ({ longest }) => 1 + longest);
  /** Border crossings per minute that showed at once, by a location update: entries − exits, and both together. */
  private net = 0;
  private gross = 0;
  private minute = -1;

  /** A contact that finds the phone where it is. @param from its {@link group} before */
  found(from: number, silentUs: number, isInside: boolean): void {
    const at = from * ages + ageOf(silentUs);
    this.met[at]++;
    if (isInside !== (from === group.inside)) this.crossed[at]++;
  }

  /** A location update at the region's border. */
  updated(isEntry: boolean): void {
    this.net += isEntry ? 1 : -1;
    this.gross++;
  }

  /** Entries − exits by location update, per minute. */
  get netPerMinute(): number {
    return this.net * (1 - flowFading);
  }

  get grossPerMinute(): number {
    return this.gross * (1 - flowFading);
  }

  /** How old contacts of a group are on the average, each by its worth, minutes: `f ÷ (1 − f)` where they fade by `f`. */
  ageMin(from: number): number {
    const fading = this.contactsPerWeight[from] - 1;
    return fading / (1 - fading);
  }

  saved() {
    const { met, crossed, contactsPerWeight, net, gross, minute } = this;
    return {
      ...{ met: [...met], crossed: [...crossed], contactsPerWeight: [...contactsPerWeight] },
      ...{ net, gross, minute },
    };
  }

  restore({ met, crossed, contactsPerWeight, net, gross, minute }: SavedTally): void {
    this.met.set(met);
    this.crossed.set(crossed);
    this.contactsPerWeight.set(contactsPerWeight);
    this.net = net;
    this.gross = gross;
    this.minute = minute;
  }

  /** Lets the memory fade up to a time; an earlier one changes nothing. */
  fade(timeUs: number): void {
    const minute = Math.floor(timeUs / minuteUs);
    if (minute <= this.minute) return;
    const minutes = minute - this.minute;
    const isFirst = this.minute < 0;
    this.minute = minute;
    if (isFirst) return;
    for (let from = 0; from < groups; from++) this.fadeGroup(from, minutes);
    this.net *= flowFading ** minutes;
    this.gross *= flowFading ** minutes;
  }

  private fadeGroup(from: number, minutes: number): void {
    const { longest, shortest, contacts } = memory[from];
    const end = (from + 1) * ages;
    let met = 0;
    for (let at = from * ages; at < end; at++) met += this.met[at];
    const fading = met * longest <= contacts ? longest : Math.max(shortest, contacts / met);
    const factor = fading ** minutes;
    for (let at = from * ages; at < end; at++) {
      this.met[at] *= factor;
      this.crossed[at] *= factor;
    }
    this.contactsPerWeight[from] = 1 + fading;
  }
}
