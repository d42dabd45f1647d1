import { performance } from 'node:perf_hooks';
import type { WholeServer } from './whole-server.ts';

/** What a whole server's threads did in some time, and who had no room for its feed. */
export interface Usage {
  readonly ms: number;
  /** By thread: share of the time that it computed, %; `store`: that committed records waited for the database. */
  readonly busy: Readonly<Record<string, number>>;
  /** Share of the time that the feed waited, %, by whom it waited for. */
  readonly heldBack: Readonly<Record<'journal' | 'core' | 'store', number>>;
}

/** From now on until what it gives is called. */
export function watchUsage(server: WholeServer): () => Usage {
  const read = () => ({
    ms: performance.now(),
    cpu: server.threads.read(),
    loop: performance.eventLoopUtilization(),
    held: { ...server.heldBackMs },
    full: server.storeFullMs(),
  });
  const before = read();
  return () => {
    const after = read();
    const ms = after.ms - before.ms;
    const percent = (of: number, since: number) => (100 * (of - since)) / ms;
    const busy: Record<string, number> = {
      main: 100 * performance.eventLoopUtilization(after.loop, before.loop).utilization,
      // A wait may have begun before.
      store: Math.min(100, percent(after.full, before.full)),
    };
    for (const [name, cpuMs] of after.cpu) if (name !== 'main') busy[name] = percent(cpuMs, before.cpu.get(name) ?? 0);
    const { held } = before;
    const heldBack = {
      journal: percent(after.held.journal, held.journal),
      core: percent(after.held.core, held.core),
      store: percent(after.held.store, held.store),
    };
    return { ms, busy, heldBack };
  };
}

/** Names, values and units of its figures. */
export function usageFigures({ busy, heldBack }: Usage): [name: string, value: number, unit: string][] {
  return [
    ...Object.entries(busy).map(([name, value]): [string, number, string] => [`busy.${name}`, value, '%']),
    ...Object.entries(heldBack).map(([by, value]): [string, number, string] => [`feedHeldBackBy.${by}`, value, '%']),
  ];
}

/** The stage that the others wait for: a store that has no room, else the busiest thread. */
export function limitOf({ busy, heldBack }: Usage): string {
  if (heldBack.store > 50) return 'the database';
  const [[busiest]] = Object.entries(busy).sort(([, a], [, b]) => b - a);
  return busiest === 'store' ? 'the database' : `the thread '${busiest}'`;
}

/** Longest time that the event loop was away, ms. */
export function watchPauses(): () => number {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - 5);
    lastMs = nowMs;
  }, 5);
  return () => {
    clearInterval(timer);
    return longestMs;
  };
}
