import { hourUs } from '../clock.ts';
import type { GateCount } from './gates.ts';
import { type Calibration, type Heads, shareError } from './people.ts';

/** A gate count beside the heads that were estimated, uncalibrated, for its time and region. */
export interface GateReading {
  readonly gate: GateCount;
  readonly heads: Heads;
}

/** Only so many of the newest readings are taken: their weights are solved for, which costs their number's cube. */
export const readingsMax = 48;
/**
 * An event's crowd sits together for hours, and who has left it shows in its size; by the next day it is another one. So
 * what crowds have in common falls slowly at first, then soon: as `exp(−(t ÷ 8 h)²)`. Chosen by 76 simulated days; how much
 * the interval then holds of others is in README.md.
 */
const crowdUs = 8 * hourUs;
/** Below this neither side says anything about a factor. */
export const headsMin = 50;
/** Standard errors by which a gate count may be off what is estimated: one in 16,000 right ones is further. */
const surpriseMax = 4;

/**
 * Factor by gate counts: the ratio of gates to estimate, drawn towards 1 as far as shares are known well and gates are
 * not. In logarithms everything is normal: all estimates share the error of the market shares; crowds of nearly the same
 * people share that of sampling, too; each gate and each silence has one of its own. The factor is then the expectation
 * of the present estimate's error given the readings, and its error what remains (simple kriging). Without readings: 1,
 * with the error of shares and sampling.
 *
 * @param readings of this region, by time
 * @param nowUs time of `heads`
 */
export function calibrate(readings: readonly GateReading[], heads: Heads, nowUs: number): Calibration {
  const usable = readings
    .filter(({ gate, heads: then }) => gate.people >= headsMin && then.people >= headsMin)
    .slice(-readingsMax);
  const now: Term = termOf(heads, nowUs);
  const prior = now.share ** 2 + now.sampling ** 2;
  if (usable.length === 0 || heads.people === 0) return { factor: 1, error: Math.sqrt(prior) };
  const terms = usable.map(({ gate, heads: then }) => termOf(then, gate.timeUs));
  const covariance = terms.map((a, i) =>
    terms.map((b, j) => {
      if (i !== j) return shared(a, b);
      const { gate, heads: then } = usable[i];
      return shared(a, a) + gate.error ** 2 + then.silence / then.people ** 2 + tiny;
    }),
  );
  const withNow = terms.map((term) => shared(term, now));
  const weights = solve(covariance, withNow);
  let mean = 0;
  let explained = 0;
  weights.forEach((weight, i) => {
    const { gate, heads: then } = usable[i];
    mean += weight * Math.log(gate.people / then.people);
    explained += weight * withNow[i];
  });
  return { factor: Math.exp(mean), error: Math.sqrt(Math.max(0, prior - explained)) };
}

/**
 * Whether a gate count is too far off to be believed: typed with a nought too many, or of another place. It is held against
 * all that may make it and the estimate differ: the errors of shares, sampling, silence and its own, so one that is right
 * though all of it says otherwise can be given with a larger `error`.
 *
 * @returns 1: far above the estimate, −1: far below; 0: it may be believed
 */
export function surpriseOf({ gate, heads }: GateReading): -1 | 0 | 1 {
  // Where few are, some more or less say nothing.
  const people = Math.max(heads.people, headsMin);
  const variance = shareError(heads) ** 2 + (heads.sampling + heads.silence) / people ** 2 + gate.error ** 2 + tiny;
  const off = Math.log(Math.max(gate.people, headsMin) / people) / Math.sqrt(variance);
  return off > surpriseMax ? 1 : off < -surpriseMax ? -1 : 0;
}

/** Relative variance that keeps the equations soluble where two readings are the same. */
const tiny = 1e-9;

/** Relative errors of an estimate that others may share. */
interface Term {
  readonly timeUs: number;
  readonly people: number;
  readonly share: number;
  readonly sampling: number;
}

function termOf(heads: Heads, timeUs: number): Term {
  const { people } = heads;
  return { timeUs, people, share: shareError(heads), sampling: people === 0 ? 0 : Math.sqrt(heads.sampling) / people };
}

/** Covariance of two estimates' relative errors. */
function shared(a: Term, b: Term): number {
  // Of a crowd and a part of it, the sampling errors correlate by the root of the part.
  const size = Math.sqrt(Math.min(a.people, b.people) / Math.max(a.people, b.people, 1));
  const common = size * Math.exp(-(((a.timeUs - b.timeUs) / crowdUs) ** 2));
  return a.share * b.share + common * a.sampling * b.sampling;
}

/** Solves a symmetric positive definite system by Cholesky's decomposition. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const n = right.length;
  const low = matrix.map((row) => row.slice());
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) low[j][j] -= low[j][k] ** 2;
    low[j][j] = Math.sqrt(Math.max(low[j][j], tiny));
    for (let i = j + 1; i < n; i++) {
      for (let k = 0; k < j; k++) low[i][j] -= low[i][k] * low[j][k];
      low[i][j] /= low[j][j];
    }
  }
  const x = right.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= low[i][k] * x[k];
    x[i] /= low[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= low[k][i] * x[k];
    x[i] /= low[i][i];
  }
  return x;
}
