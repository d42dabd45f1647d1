import type { OriginClass } from '../../shared/protocol.ts';
import { type Share, type Shares, shareOf } from './shares.ts';

/** Devices counted in a place: whole, exact, before any suppression. */
export interface DeviceCount {
  readonly class: OriginClass;
  readonly present: number;
  /** Those of them in machines: meters, tills, vehicles. Nobody carries them. */
  readonly machines: number;
}

/**
 * Devices that the count should have more (or fewer, if negative): came or went and have not been heard of since.
 * `variance` is that of `change`.
 */
export interface Nowcast {
  readonly change: number;
  readonly variance: number;
}

/** Factor on heads by gate counts, and its relative standard error, which stands for that of shares and sampling. */
export interface Calibration {
  readonly factor: number;
  readonly error: number;
}

/** Heads with the interval that holds the true number in nine cases of ten. */
export interface PeopleEstimate {
  readonly people: number;
  readonly low: number;
  readonly high: number;
}

/** Heads of disjoint sets of devices, in parts that add up: {@link addHeads}. */
export interface Heads {
  readonly people: number;
  /** Variance of the sampling by market share, and that of what has not been heard of yet: independent from set to set. */
  readonly sampling: number;
  readonly silence: number;
  /** Heads by the share that they were computed with: its error is the same in all sets. */
  readonly byShare: ReadonlyMap<Share, number>;
}

/** Standard deviations either side of a normal's middle that hold 90 % of it. */
const z90 = 1.6449;

/** Nobody. */
export const noHeads: Heads = { people: 0, sampling: 0, silence: 0, byShare: new Map() };

/**
 * Heads behind the devices of one set: devices without machines ÷ share heard, class by class.
 *
 * Given `x` of `N` heads, each heard with probability `p`, `N` has the mean `x ÷ p` and the variance
 * `x (1 − p) ÷ p²` (negative binomial).
 *
 * @param nowcast spread over the classes as the devices are
 * @returns null: devices of a class without a share are there, so nobody knows
 */
export function headsOf(counts: readonly DeviceCount[], shares: Shares, nowcast?: Nowcast): Heads | null {
  const total = counts.reduce((sum, { present, machines }) => sum + carried(present, machines), 0);
  const stretch = nowcast === undefined || total === 0 ? 1 : Math.max(0, total + nowcast.change) / total;
  let heads = noHeads;
  for (const count of counts) {
    const counted = carried(count.present, count.machines);
    if (counted === 0) continue;
    const share = shareOf(shares, count.class);
    if (share === undefined) return null;
    const devices = counted * stretch;
    const heard = share.share * share.heard;
    const people = devices / heard;
    heads = addHeads(heads, {
      people,
      // Where people carry more than one device each, whoever counts devices misses hardly anybody.
      sampling: (devices * Math.max(0, 1 - heard)) / heard ** 2,
      silence: nowcast === undefined ? 0 : (nowcast.variance * (counted / total)) / heard ** 2,
      byShare: new Map([[share, people]]),
    });
  }
  return heads;
}

function carried(present: number, machines: number): number {
  return Math.max(0, present - machines);
}

/** Heads of two disjoint sets together. */
export function addHeads(a: Heads, b: Heads): Heads {
  const byShare = new Map(a.byShare);
  for (const [share, people] of b.byShare) byShare.set(share, (byShare.get(share) ?? 0) + people);
  return {
    people: a.people + b.people,
    sampling: a.sampling + b.sampling,
    silence: a.silence + b.silence,
    byShare,
  };
}

/** Relative standard error of heads that all share alike: of market shares and of the share of phones that are heard. */
export function shareError(heads: Heads): number {
  if (heads.people === 0) return 0;
  let variance = 0;
  for (const [share, people] of heads.byShare) {
    variance += (people / heads.people) ** 2 * relativeVariance(share);
  }
  return Math.sqrt(variance);
}

/** Relative standard error of sampling and shares together. */
function errorOf(heads: Heads): number {
  return Math.sqrt(shareError(heads) ** 2 + heads.sampling / heads.people ** 2);
}

function relativeVariance({ share, error, heard, heardError }: Share): number {
  return (error / share) ** 2 + (heardError / heard) ** 2;
}

/** Of an interval's 10 % this much lies above it. */
const above = 0.05;

/**
 * The estimate where no device is seen: so many heads that all go unseen in one case of twenty, by the share of local
 * ones, who are most of a crowd. Its error makes it smaller, as it may be.
 */
export function noneSeen(shares: Shares, calibration: Calibration): PeopleEstimate {
  const share = shareOf(shares, 'local') ?? [...shares.values()][0];
  const spread = Math.exp(z90 * Math.sqrt(Math.log1p(relativeVariance(share))));
  const seen = (share.share * share.heard) / calibration.factor / spread;
  return { people: 0, low: 0, high: seen < 1 ? Math.log(above) / Math.log1p(-seen) : 0 };
}

/**
 * The estimate of heads. Its error is that of sampling, of silence, and of the shares or, in their place, of the
 * calibration. The interval is log-normal: never below 0, and wider upwards where few are counted.
 */
export function estimateOf(heads: Heads, calibration?: Calibration): PeopleEstimate {
  const factor = calibration?.factor ?? 1;
  const people = heads.people * factor;
  if (people === 0) return { people: 0, low: 0, high: 0 };
  const common = calibration?.error ?? errorOf(heads);
  const relative = common ** 2 + heads.silence / heads.people ** 2;
  const spread = Math.exp(z90 * Math.sqrt(Math.log1p(relative)));
  return { people, low: people / spread, high: people * spread };
}
