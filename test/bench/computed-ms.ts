import { readFileSync } from 'node:fs';

/**
 * Milliseconds of wall time but those in which the event loop's own thread waited for a processor (Linux), so that others'
 * work is nobody's pause; plain wall time elsewhere. The kernel counts the waiting exactly, what was computed only by its
 * ticks of some milliseconds.
 */
export function computedMs(): number {
  const now = performance.now();
  try {
    const waitedNs = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[1];
    return now - Number(waitedNs) / 1e6;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return now;
    throw error;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error;
