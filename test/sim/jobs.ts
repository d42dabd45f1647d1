import type { Path } from './coverage.ts';

/** What a simulating thread is asked to do, and what it tells. Plain data: both go from thread to thread. */
export interface Job {
  /** Seeds `from + part`, `from + part + of`, … below `from + seeds`. */
  from: number;
  seeds: number;
  part: number;
  of: number;
  /** Each seed that is a multiple of it is played twice: the same must happen. */
  twiceEvery: number;
  /** Prints what happens. */
  trace: boolean;
}

export interface Report {
  seeds: number;
  /** The first seed that does what none may, and what; the thread stops there. */
  failure: { seed: number; text: string } | null;
  steps: number;
  restarts: number;
  virtualMs: number;
  /** What the worlds have met, and how often. */
  met: ReadonlyMap<Path, number>;
}
