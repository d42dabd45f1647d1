import { hiddenCount, unknownCount } from '../../shared/protocol.ts';

/**
 * Classes of a cell's present count. The first three are no amounts and are drawn apart from the rest: unknown,
 * hidden and zero; from {@link firstClass} on, class k means `scale[k − firstClass] ≤ present < scale[k + 1 − …]`.
 */
export const unknownClass = 0;
export const hiddenClass = 1;
export const zeroClass = 2;
export const firstClass = 3;

/** Lower bounds of the classes: a colour means the same count all evening. */
const ladder = [1, 10, 20, 50, 100, 200, 500, 1000] as const;
export const classCount = firstClass + ladder.length;

/**
 * Colours by class. Lightness rises steadily (OKLCH L 0.34 → 0.96), so that the order survives colour blindness,
 * projectors and greying; brightest is most.
 */
export const classColours: readonly string[] = [
  '#5b6b82',
  '#7a70b8',
  '#15263a',
  '#14404b',
  '#16534f',
  '#226b52',
  '#4a8a4b',
  '#8fa93f',
  '#d9bc43',
  '#ffae4d',
  '#fff0c2',
];

/** Lower bounds of the amount classes at `factor` (1, 10, 100 …). */
export function scaleOf(factor: number): number[] {
  return ladder.map((bound, k) => (k === 0 ? 1 : bound * factor));
}

/** The class of one count. */
export function classOf(present: number, scale: readonly number[]): number {
  if (present === unknownCount) return unknownClass;
  if (present === hiddenCount) return hiddenClass;
  if (present === 0) return zeroClass;
  let k = scale.length - 1;
  while (k > 0 && present < scale[k]!) k--;
  return firstClass + k;
}

/** Share of the cells in the top class above which the scale moves up, and below which (one step down) it returns. */
const upShare = 0.05;
const downShare = 0.02;

/**
 * The factor of the scale for these counts: a network with a thousand subscribers in every cell needs other bounds
 * than a small one. It keeps `factor` unless far too many cells are in the top class, or the next lower scale would
 * do; so colours don't change their meaning back and forth.
 */
export function chooseFactor(present: Uint32Array, factor: number): number {
  const top = ladder[ladder.length - 1]!;
  let next = factor;
  while (shareAbove(present, top * next) > upShare && next < 10_000) next *= 10;
  while (next > 1 && shareAbove(present, (top * next) / 10) < downShare) next /= 10;
  return next;
}

function shareAbove(present: Uint32Array, bound: number): number {
  let above = 0;
  for (const value of present) if (value >= bound && value < hiddenCount) above++;
  return present.length === 0 ? 0 : above / present.length;
}
