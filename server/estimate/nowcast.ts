import { minuteUs, secondUs } from '../clock.ts';
import { ages, type ContactTally, sumOf } from './contact-tally.ts';
import type { Nowcast } from './people.ts';

/** So many contacts' worth of the side's mean is mixed into each age's share of found: few have been met at some ages. */
const meanWeight = 2;
/**
 * From the border of a location area to the location update: the phone must find the new cell better for some time,
 * read its system information and get a channel (3GPP TS 45.008 §6.6.2, TS 44.018 §3.3). With its standard deviation.
 */
const borderDelayMin = (70 * secondUs) / minuteUs;
const borderDelayErrorMin = (25 * secondUs) / minuteUs;
/** Those who came or left in silence are known to this share at best: crowds turn faster than contacts tell. */
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
 * @param off phones counted in the region that are silent beyond T3212: switched off, so those of `Share.heard`
 */
export function nowcastOf(silent: Float64Array, off: number, tally: ContactTally): Nowcast {
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
  const { netPerMinute, grossPerMinute } = tally;
  const model = (silentError * come.count) ** 2 + (silentError * gone.count) ** 2;
  const border = grossPerMinute * borderDelayMin + (netPerMinute * borderDelayErrorMin) ** 2;
  return {
    change: come.count - gone.count - off + netPerMinute * borderDelayMin,
    variance: come.variance + gone.variance + model + border,
  };
}

/** Contacts per phone that has stayed; few draw it little away from that of all phones. */
function activity(contacts: number, phones: number, perPhone: number): number {
  return (contacts + contactsWeight) / (Math.max(0, phones) + contactsWeight / perPhone);
}

/** Of the silent phones of a side: how many are on the other one, and the variance of that. */
function hidden(silent: Float64Array, side: number, tally: ContactTally, ratio: number) {
  const mean = tally.crossedOf(side) / (tally.metOf(side) + meanWeight);
  let count = 0;
  let variance = 0;
  for (let age = 0; age < ages; age++) {
    const at = side * ages + age;
    const weight = tally.met[at] + meanWeight;
    const found = (tally.crossed[at] + meanWeight * mean) / weight;
    const odds = age === ages - 1 ? 1 : ratio;
    const share = found / (found + (1 - found) * odds);
    const phones = silent[at];
    count += phones * share;
    // Each phone's own doubt, and that of the share, which all phones of the age have in common.
    variance += phones * share * (1 - share) + (phones ** 2 * (found * (1 - found) + 0.25 / weight)) / weight;
  }
  return { count, variance };
}
