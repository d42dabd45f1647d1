/** Burn-in drift moves the picture by at most this much, rem. */
export const driftRem = 0.18;
export const driftStepMs = 60_000;

/**
 * Where the picture stands after `step` minutes, rem: a slow closed curve whose two periods share no factor, so that
 * bright edges rest on no pixel for long.
 */
export function driftAt(step: number): { x: number; y: number } {
  return {
    x: Math.round(driftRem * Math.sin((2 * Math.PI * step) / 17) * 100) / 100,
    y: Math.round(driftRem * Math.sin((2 * Math.PI * step) / 23) * 100) / 100,
  };
}
