import type { Clock, Timers } from '../clock.ts';
import type { StateWriter } from '../state-writer.ts';
import { sliceMs } from './in-slices.ts';

/**
 * Goes through state once, on its way into a snapshot, a slice at a time. Nothing may change what is saved as bytes until
 * this has resolved. From then on all of it may change: it has been copied, or is held, and who changes that tells of it
 * beforehand. What is saved as JSON may be changed at any time by who asks for it (gate counts change the estimates): it is
 * as it was when its turn came, whatever the rest takes.
 */
export async function stagingState<T extends StateWriter>(
  save: (to: StateWriter) => Generator<void>,
  into: T,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): Promise<void> {
  let sinceMs = clock.monotonicMs();
  for (const _ of save(into)) {
    if (clock.monotonicMs() - sinceMs < sliceMs) continue;
    await new Promise<void>((resolve) => void timers.after(0, resolve));
    sinceMs = clock.monotonicMs();
  }
}
