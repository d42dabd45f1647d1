import type { Life, Schedule } from './schedule.ts';

/**
 * Timers of the language that production code asks for by itself become the running server's: nothing in this thread
 * waits for real time.
 */
export function installTimers(schedule: Schedule, life: () => Life | null): void {
  const after = (ms: number, run: () => void) => {
    const own = life();
    return own === null ? schedule.after(ms, run) : own.after(ms, run);
  };
  const timeout = (run: () => void, ms = 0) => after(ms, run);
  const interval = (run: () => void, ms: number) => {
    let cancel = after(ms, turn);
    function turn() {
      cancel = after(ms, turn);
      run();
    }
    return () => cancel();
  };
  const clear = (cancel: (() => void) | undefined) => cancel?.();
  Object.assign(globalThis, {
    setTimeout: timeout,
    setInterval: interval,
    clearTimeout: clear,
    clearInterval: clear,
  });
}
