import { readFileSync } from 'node:fs';

/** Milliseconds that the event loop's own thread has computed (Linux), or wall time: not the compiler's, not others'. */
export function computedMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return performance.now();
    throw error;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error;
