const firstMs = 500;
const capMs = 20_000;

/**
 * How long to wait before attempt `attempt` (0 = first retry), ms: doubling up to 20 s, of which a random half, so
 * that a hundred walls don't knock at a restarted server in one moment. `random` is uniform in [0, 1).
 */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 16));
  return Math.round(whole / 2 + (whole / 2) * random);
}
