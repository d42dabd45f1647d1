import { minuteUs, secondUs } from '../clock.ts';
import { ages, type ContactTally, contactsPerWeight, sumOf } from './contact-tally.ts';
import type { Nowcast } from './people.ts';

/** So many contacts' worth of the side's mean is mixed into each age's share of found: few have been met at some ages. */
const meanWeight = 2;
/** Jeffreys' prior of a share: half a contact found here, half a one there. Without it, none found would be surely none. */
const jeffreys = 0.5;
/**
 * From the border of a location area to the location update: the phone must find the new cell better for some time,
 * read its system information and get a channel (3GPP TS 45.008 §6.6.2, TS 44.018 §3.3). With its standard deviation.
 */
const borderDelayMin = (70 * secondUs) / minuteUs;
const borderDelayErrorMin = (25 * secondUs) / minuteUs;
/**
 * Those who came or left in silence are known to this share at best: crowds turn faster than contacts tell, whose memory
 * is some five minutes, while a stadium fills or empties by a tenth to a quarter of itself in as much.
 */
const silentError = 0.2;
/** Activities differ by no more than this: beyond it few contacts have been seen. */
const ratioMax = 5;
/** Activities are taken to be equal until about so many contacts say otherwise. */
const contactsWeight = 20;
/** The ratio of activities and the numbers it follows from settle within a few rounds. */
const rounds = 8;

/**
 * What a count by newest sightings should have more by now.
 *
 * Of phones silent for so long, the share that is found on the other side when heard again tells how many silent ones
 * are there. Who is more active is heard more often, so the odds of being found in the region are divided by the ratio
 * of activities inside and around (calls and data of those who stayed ÷ phones); T3212 runs the same everywhere, and it is what the oldest
 * age is heard by.
 *
 * @param silent phones by side (0 around, 1 in the region) × age of silence
 * Where the region has its location areas for itself, nobody crosses its border in silence: a location update tells of
 * each crossing (3GPP TS 24.008 §4.4.1), so that nothing of this is to be guessed, and nothing to be doubted.
 *
 * @param off phones counted in the region that are silent beyond T3212: switched off, so those of `Share.heard`
 * @param isClosed no other cell is in the region's location areas
 */
export function nowcastOf(silent: Float64Array, off: number, tally: ContactTally, isClosed: boolean): Nowcast {
  const { come, gone } = isClosed ? { come: nobody, gone: nobody } : silentMoves(silent, tally);
  const { netPerMinute, grossPerMinute } = tally;
  const model = (silentError * come.count) ** 2 + (silentError * gone.count) ** 2;
  const border = grossPerMinute * borderDelayMin + (netPerMinute * borderDelayErrorMin) ** 2;
  return {
    change: come.count - gone.count - off + netPerMinute * borderDelayMin,
    variance: come.variance + gone.variance + model + border,
  };
}

interface Hidden {
  readonly count: number;
  readonly variance: number;
}

const nobody: Hidden = { count: 0, variance: 0 };

/** Who came to the region and who left it without having been heard since. */
function silentMoves(silent: Float64Array, tally: ContactTally): { come: Hidden; gone: Hidden } {
  // Whoever has just been heard could hardly be heard again.
  const inside = sumOf(silent, 1) - silent[ages];
  const around = sumOf(silent, 0) - silent[0];
  let ratio = 1;
  let come = hidden(silent, 0, tally, ratio);
  const gone = hidden(silent, 1, tally, 1);
  const perPhone = (tally.activeAll + 1) / (inside + around + 1);
  for (let round = 0; round < rounds; round++) {
    const perInside = activity(tally.active[1], inside - gone.count, perPhone);
    const perAround = activity(tally.active[0], around - come.count, perPhone);
    ratio = Math.min(ratioMax, Math.max(1 / ratioMax, perInside / perAround));
    come = hidden(silent, 0, tally, ratio);
  }
  return { come, gone };
}

/** Contacts per phone that has stayed; few draw it little away from that of all phones. */
function activity(contacts: number, phones: number, perPhone: number): number {
  return (contacts + contactsWeight) / (Math.max(0, phones) + contactsWeight / perPhone);
}

/**
 * Of the silent phones of a side: how many are on the other one, and the variance of that.
 *
 * The share found of an age is the mean of a Beta distribution: the contacts of that age behind a prior of `meanWeight`
 * contacts that were found as those of all ages (A. Gelman et al., Bayesian Data Analysis, 3rd ed., §2.4, §5.3), and so
 * is its variance, `f (1 − f) ÷ (n + 1)`. The mean of all ages has one of its own, which they have in common. Beside it
 * stands each phone's own doubt, `s (1 − s)`. Faded contacts count as what they are worth: {@link contactsPerWeight}.
 */
function hidden(silent: Float64Array, side: number, tally: ContactTally, ratio: number): Hidden {
  const crossed = tally.crossedOf(side) * contactsPerWeight;
  const met = tally.metOf(side) * contactsPerWeight;
  const mean = crossed / (met + meanWeight);
  const open = (crossed + jeffreys) / (met + meanWeight);
  let count = 0;
  let variance = 0;
  /** Devices more for each unit by which the mean of all ages is higher. */
  let common = 0;
  for (let age = 0; age < ages; age++) {
    const at = side * ages + age;
    const seen = tally.crossed[at] * contactsPerWeight;
    const weight = tally.met[at] * contactsPerWeight + meanWeight;
    const found = (seen + meanWeight * mean) / weight;
    const odds = age === ages - 1 ? 1 : ratio;
    const base = found + (1 - found) * odds;
    const share = found / base;
    const phones = silent[at];
    // By how much the devices change with the share found.
    const slope = (phones * odds) / base ** 2;
    const doubtful = (seen + meanWeight * open) / weight;
    count += phones * share;
    variance += phones * share * (1 - share) + (slope ** 2 * doubtful * (1 - doubtful)) / (weight + 1);
    common += (slope * meanWeight) / weight;
  }
  return { count, variance: variance + (common ** 2 * open * (1 - open)) / (met + meanWeight + 1) };
}
