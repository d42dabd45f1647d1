import type { Layout } from '../../shared/protocol.ts';
import type { ScreenClock } from '../app/clock.ts';
import { backoffMs } from './backoff.ts';

export interface LayoutLoaderOptions {
  url: string;
  clock: ScreenClock;
  onLayout(layout: Layout): void;
  /** A failed attempt, and when the next is made, monotonic ms. */
  onError(message: string, retryAtMs: number): void;
  fetch?: typeof fetch;
}

/** While cells keep turning up the revision rises each second: read the layout at most this often. */
export const layoutPauseMs = 3_000;
const timeoutMs = 30_000;

/** Reads `/api/layout` at the start and whenever a frame names a revision that is not the one held. */
export class LayoutLoader {
  readonly #options: LayoutLoaderOptions;
  #held = -1;
  #wanted = -1;
  #busy = false;
  #attempt = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(options: LayoutLoaderOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#load();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A frame refers to layout `revision`. */
  want(revision: number): void {
    this.#wanted = revision;
    if (revision !== this.#held) this.#schedule();
  }

  /** Reads it again whatever revision is held, e.g. because the server may be of another build. */
  refresh(): void {
    this.#held = -1;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#busy || this.#stopped || this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#lastMs + layoutPauseMs - this.#options.clock.monotonicMs());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#load();
    }, waitMs);
  }

  async #load(): Promise<void> {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#lastMs = this.#options.clock.monotonicMs();
    try {
      const layout = await this.#read();
      this.#attempt = 0;
      this.#held = layout.revision;
      if (!this.#stopped) this.#options.onLayout(layout);
      this.#busy = false;
      if (this.#wanted > this.#held) this.#schedule();
    } catch (error) {
      this.#busy = false;
      const waitMs = Math.max(1000, backoffMs(this.#attempt++, this.#options.clock.random()));
      if (this.#stopped) return;
      this.#options.onError(
        error instanceof Error ? error.message : String(error),
        this.#options.clock.monotonicMs() + waitMs,
      );
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.#load();
      }, waitMs);
    }
  }

  async #read(): Promise<Layout> {
    const get = this.#options.fetch ?? fetch;
    const response = await get(this.#options.url, { cache: 'no-cache', signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const layout = (await response.json()) as Layout;
    if (!Number.isInteger(layout?.revision) || !Array.isArray(layout.cells) || !Array.isArray(layout.regions)) {
      throw new Error('no layout in the answer');
    }
    return layout;
  }
}
