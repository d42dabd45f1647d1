import { minuteUs, secondUs } from '../clock.ts';
import { ages, type ContactTally, middleMin } from './contact-tally.ts';
import type { Nowcast } from './people.ts';
import { group } from './seen-table.ts';

/** So many contacts' worth of the group's mean is mixed into each age's share of found: few have been met at some ages. */
const meanWeight = 4;
/**
 * From the border of a location area to the location update: the phone must find the new cell better for some time,
 * read its system information and get a channel (3GPP TS 45.008 §6.6.2, TS 44.018 §3.3). With its standard deviation.
 */
const borderDelayMin = (70 * secondUs) / minuteUs;
const borderDelayErrorMin = (30 * secondUs) / minuteUs;
/**
 * Those who came or left in silence are known to this share at best, however many phones there are: contacts tell of the
 * minutes before, and a crowd's pace changes.
 */
const comeError = 0.1;
const goneError = 0.1;
/** What is told of a call is told at its end, a minute later on the average. */
const toldLateMin = 1;
/** How well it is known who left since contacts told of it: the crowd's pace changes within minutes. */
const leavingError = 0.3;
/** In fewer phones than this no pace of leaving is told from chance. */
const paceOf = 5;
/**
 * Who has just been seen around the region is not in it yet: two stages of three minutes on the average lie between
 * (Erlang's distribution). Contacts correct it, age by age.
 */
const wayStageMin = 3;

/** What is expected of a group before anybody of it has been met: the share on the other side, and its worth in contacts. */
interface Expected {
  readonly share: number;
  readonly contacts: number;
  /** Part of the share by age of silence. */
  readonly byAge: readonly number[];
}

const evenly = Array.from({ length: ages }, () => 1);
const onTheWay = evenly.map((_, age) => {
  const passed = middleMin(age) / wayStageMin;
  return 1 - Math.exp(-passed) * (1 + passed);
});
const expected: Readonly<Record<keyof typeof group, Expected>> = {
  home: { share: 0.1, contacts: 3, byAge: onTheWay },
  // Around a place that is watched, most of those who come are on their way to it.
  entered: { share: 0.65, contacts: 3, byAge: onTheWay },
  met: { share: 0.2, contacts: 2, byAge: onTheWay },
  inside: { share: 0.01, contacts: 2, byAge: evenly },
};

/**
 * What a count by newest sightings should have more by now.
 *
 * Of phones silent for so long, the share that is found on the other side when heard again tells how many silent ones
 * are there. Shares are by {@link group}, too: who has just come into the location areas is likely to be on the way to the
 * region, who lives around it is not; and among those of one group, place says little of who calls more often.
 *
 * Where the region has its location areas for itself, nobody crosses its border in silence: a location update tells of
 * each crossing (3GPP TS 24.008 §4.4.1), so that nothing of this is to be guessed, and nothing to be doubted.
 *
 * @param silent phones by {@link group} × age of silence
 * @param off phones counted in the region that are silent beyond T3212: switched off, so those of `Share.heard`
 * @param isClosed no other cell is in the region's location areas
 */
export function nowcastOf(silent: Float64Array, off: number, tally: ContactTally, isClosed: boolean): Nowcast {
  const { netPerMinute, grossPerMinute } = tally;
  if (isClosed) {
    return {
      change: netPerMinute * borderDelayMin - off,
      variance: grossPerMinute * borderDelayMin + (netPerMinute * borderDelayErrorMin) ** 2,
    };
  }
  const hidden = silentMoves(silent, tally);
  const entriesPerMinute = (grossPerMinute + netPerMinute) / 2;
  return {
    change: hidden.count - off + entriesPerMinute * borderDelayMin,
    variance: hidden.variance + grossPerMinute * borderDelayMin + (entriesPerMinute * borderDelayErrorMin) ** 2,
  };
}

interface Hidden {
  readonly count: number;
  readonly variance: number;
}

/** Who came to the region without having been heard since, less those who left it so. */
function silentMoves(silent: Float64Array, tally: ContactTally): Hidden {
  let come = 0;
  let variance = 0;
  for (const from of ['home', 'entered', 'met'] as const) {
    const hidden = hiddenOf(from, silent, tally);
    come += hidden.count;
    variance += hidden.variance;
  }
  const gone = hiddenOf('inside', silent, tally);
  const leaving = leavingOf(gone.count, silent, tally);
  const model = (comeError * come) ** 2 + (goneError * gone.count) ** 2 + (leavingError * leaving) ** 2;
  return { count: come - gone.count - leaving, variance: variance + gone.variance + model };
}

/**
 * Who has left since the contacts that tell of the others: these are some minutes old on the average, and a crowd that
 * empties goes on leaving. Of the phones that were seen inside last, so many a minute tell by a location update that they
 * are out of the location areas; as many of those that are inside still are taken to leave it.
 *
 * @param gone of the silent phones inside, by contacts
 */
function leavingOf(gone: number, silent: Float64Array, tally: ContactTally): number {
  let phones = 0;
  for (let age = 0; age < ages; age++) phones += silent[group.inside * ages + age];
  const exitsPerMinute = (tally.grossPerMinute - tally.netPerMinute) / 2;
  const pace = exitsPerMinute / Math.max(phones, paceOf);
  const sinceMin = tally.ageMin(group.inside) + toldLateMin;
  return Math.max(0, phones - gone) * (1 - Math.exp(-pace * sinceMin));
}

/**
 * Of the silent phones of a group: how many are on the other side, and the variance of that.
 *
 * The share found of an age is the mean of a Beta distribution: the contacts of that age behind a prior of `meanWeight`
 * contacts that were found as those of all ages, these behind what is {@link expected} (A. Gelman et al., Bayesian Data
 * Analysis, 3rd ed., §2.4, §5.3), and so is its variance, `f (1 − f) ÷ (n + 1)`. The mean of all ages has one of its own,
 * which they have in common. Beside it stands each phone's own doubt, `f (1 − f)`. Faded contacts count as what they are
 * worth.
 */
function hiddenOf(from: keyof typeof group, silent: Float64Array, tally: ContactTally): Hidden {
  const { share, contacts, byAge } = expected[from];
  const first = group[from] * ages;
  const worth = tally.contactsPerWeight[group[from]];
  let crossed = share * contacts;
  let met = contacts;
  for (let age = 0; age < ages; age++) {
    crossed += tally.crossed[first + age] * worth;
    met += tally.met[first + age] * worth * byAge[age];
  }
  const mean = Math.min(1, crossed / met);
  let count = 0;
  let variance = 0;
  /** Devices more for each unit by which the mean of all ages is higher. */
  let common = 0;
  for (let age = 0; age < ages; age++) {
    const at = first + age;
    const phones = silent[at];
    const weight = tally.met[at] * worth + meanWeight;
    const found = (tally.crossed[at] * worth + meanWeight * mean * byAge[age]) / weight;
    count += phones * found;
    variance += phones * found * (1 - found) + (phones ** 2 * found * (1 - found)) / (weight + 1);
    common += (phones * meanWeight * byAge[age]) / weight;
  }
  return { count, variance: variance + (common ** 2 * mean * (1 - mean)) / (met + 1) };
}
