import type { Clock, Timers } from '../clock.ts';
import type { StateWriter } from '../state-writer.ts';
import { type Staged, Staging, StateIndex } from './snapshot-file.ts';

/** So long state is gone through before the event loop has its turn, ms. */
const sliceMs = 5;

export type Save = (to: StateWriter) => Generator<void>;

/**
 * State on its way into a snapshot, gone through a slice at a time: a copy, or where that would be too large the state
 * itself, of which a few pieces are copied when those before are on their way to the disk. Nothing may change it until
 * this has resolved, or in the latter case until all pieces have been taken.
 */
export async function stagedState(
  save: Save,
  isCopied: boolean,
  options: { readonly clock: Clock; readonly timers: Timers },
): Promise<Staged> {
  if (isCopied) return filled(new Staging(), save, options);
  const { index } = await filled(new StateIndex(), save, options);
  return { index, pieces: piecesOf(save) };
}

async function filled<T extends StateWriter>(
  to: T,
  save: Save,
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
): Promise<T> {
  let sinceMs = clock.monotonicMs();
  for (const _ of save(to)) {
    if (clock.monotonicMs() - sinceMs < sliceMs) continue;
    await new Promise<void>((resolve) => void timers.after(0, resolve));
    sinceMs = clock.monotonicMs();
  }
  return to;
}

function* piecesOf(save: Save): Generator<Staging['pieces'][number]> {
  const staging = new Staging();
  for (const _ of save(staging)) yield* staging.pieces.splice(0);
  yield* staging.pieces.splice(0);
}
