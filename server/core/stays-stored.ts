import type { Timers } from '../clock.ts';
import type { Store } from '../store/types.ts';

/** A database that keeps up commits each second. */
const waitMsMax = 3_000;
const lookEveryMs = 20;

export interface StaysOnTheirWay {
  /** Whether stays have ended that are in no record yet. */
  readonly waiting: () => boolean;
  /** Where the newest record of what was counted ends in the journal. */
  readonly derivedTo: () => number;
  readonly journal: string;
  /** How far the journal is stored. */
  readonly ledger: () => Pick<Store['ledger'], 'journal' | 'offset'>;
  readonly timers: Timers;
}

/**
 * Whether the database has every stay that has ended by now: the counters tell those that last, the database those that
 * have ended, and nobody those in between. They are waited for a little.
 */
export async function staysStored(way: StaysOnTheirWay): Promise<boolean> {
  let to: number | null = null;
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    if (!way.waiting()) to ??= way.derivedTo();
    const { journal, offset } = way.ledger();
    if (to !== null && journal === way.journal && offset >= to) return true;
    if (waitedMs >= waitMsMax) return false;
    await new Promise<void>((resolve) => void way.timers.after(lookEveryMs, resolve));
  }
}
