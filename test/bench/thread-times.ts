import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Milliseconds of a clock tick in `/proc`. */
const tickMs = 10;

/** What the threads of this process have computed, by name: who made a thread names it (Linux). */
export class ThreadTimes {
  readonly #names = new Map<string, string>();
  /** Milliseconds that each had computed when it was last seen: a thread that has ended keeps its own. */
  readonly #seen = new Map<string, number>();

  /** The threads that there are now: the event loop's own, and those of Node. */
  static async begin(): Promise<ThreadTimes> {
    const times = new ThreadTimes();
    // Node makes the threads that do its disk work all at once, when it first needs one.
    await stat('.');
    for (const id of readdirSync('/proc/self/task')) times.#names.set(id, Number(id) === process.pid ? 'main' : 'node');
    return times;
  }

  /** Threads made since the last call, in the order in which they were made; more than names: as the last one. */
  name(...names: string[]): void {
    const made = readdirSync('/proc/self/task').filter((id) => !this.#names.has(id));
    made.sort((a, b) => Number(a) - Number(b));
    made.forEach((id, i) => {
      this.#names.set(id, names[Math.min(i, names.length - 1)]);
    });
  }

  /** Milliseconds that each has computed so far. */
  read(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const [id, name] of this.#names) {
      const ms = cpuMs(id) ?? this.#seen.get(id) ?? 0;
      this.#seen.set(id, ms);
      sums.set(name, (sums.get(name) ?? 0) + ms);
    }
    return sums;
  }
}

/** null: the thread has ended. */
function cpuMs(id: string): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) return null;
    throw error;
  }
  const [user, system] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) * tickMs;
}
