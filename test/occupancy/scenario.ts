import fc from 'fast-check';
import type { OracleSighting } from './oracle.ts';

export const secondUs = 1_000_000;
export const base = Date.UTC(2015, 7, 2, 12) * 1000;
export const cells = ['001-01-100-1', '001-01-100-2', '001-01-100-3', '001-01-200-1', '001-01-200-2', '001-01-300-1'];
export interface Scenario {
  everyS: number;
  holdDownS: number;
  ttlS: number;
  ttl200S: number;
  steps: { gapS: number; jitterUs: number; subscriber: number; cell: number; detach: boolean; advance: boolean }[];
}

const step = fc.record({
  // Gaps that hit holdDown, ttl and interval ends exactly, and ties.
  gapS: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.constantFrom(0, 1, 5, 10, 20, 30) },
    { weight: 1, arbitrary: fc.constantFrom(60, 120, 300, 1000) },
  ),
  jitterUs: fc.constantFrom(0, 0, 0, 1, 999_999),
  subscriber: fc.nat({ max: 4 }),
  cell: fc.nat({ max: cells.length - 1 }),
  detach: fc.boolean(),
  advance: fc.boolean(),
});
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  everyS: fc.constantFrom(30, 60, 300),
  holdDownS: fc.constantFrom(0, 10, 60, 150),
  ttlS: fc.constantFrom(60, 120, 600),
  ttl200S: fc.constantFrom(60, 90, 300),
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
});

export function sightingsOf({ steps }: Scenario): OracleSighting[] {
  let timeUs = base;
  return steps.map(({ gapS, jitterUs, subscriber, cell, detach }, i) => {
    timeUs += gapS * secondUs;
    // Jitter keeps the order: it goes back to whole seconds at the next gap.
    const at = timeUs + (gapS > 0 ? jitterUs : 0);
    timeUs = at;
    if (i % 3 === 0) timeUs = Math.ceil(timeUs / secondUs) * secondUs;
    return { timeUs: at, subscriber: `s${subscriber}`, cell: cells[cell], detach: detach && i % 4 === 0 };
  });
}

export const settingsOf = (given: Scenario) => ({
  holdDownMs: given.holdDownS * 1000,
  presenceTtlMs: given.ttlS * 1000,
  presenceTtlByLac: `200=${given.ttl200S * 1000}`,
});

/** presenceTtl of a scenario's cells, µs. */
export const ttlOf = (given: Scenario) => (cell: string) =>
  (cell.startsWith('001-01-200-') ? given.ttl200S : given.ttlS) * secondUs;

/** The cells among `heard` that a region's patterns name. */
export function membersOf(patterns: readonly string[], heard: readonly string[]): Set<string> {
  const matches = (cell: string) =>
    patterns.some((p) => (p.endsWith('*') ? cell.startsWith(p.slice(0, -1)) : p === cell));
  return new Set(heard.filter(matches));
}

/** Bucket 0 below 30 s, then four an octave. */
export function bucketByEdges(dwellUs: number): number {
  let bucket = 0;
  while (dwellUs >= Math.round(30 * secondUs * 2 ** (bucket / 4))) bucket++;
  return bucket;
}
