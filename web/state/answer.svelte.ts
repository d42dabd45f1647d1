import type { ScreenClock } from '../app/clock.ts';

/** What is asked for is known to the minute. */
export const rereadMs = 60_000;

export interface AnswerOptions {
  clock: ScreenClock;
  /** Address of the answer about a region. */
  url(id: string): string;
  fetch?: typeof fetch;
}

/** An answer of the API about one region, such as how long people stay there; asked for once a minute. */
export class AnswerModel<T> {
  /** null: not known, or not asked for yet. */
  answer = $state.raw<T | null>(null);

  readonly #options: AnswerOptions;
  #id = '';
  #nextReadMs = 0;
  #abort: AbortController | null = null;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** Shows another region from now on. */
  choose(id: string): void {
    if (id === this.#id) return;
    this.dispose();
    this.#id = id;
    this.answer = null;
    this.#nextReadMs = 0;
  }

  /** Asks when it is due. Call it about once a second. */
  tick(storeUp: boolean): void {
    const now = this.#options.clock.monotonicMs();
    if (this.#id === '' || !storeUp || this.#abort !== null || now < this.#nextReadMs) return;
    this.#nextReadMs = now + rereadMs;
    void this.#read(this.#id);
  }

  dispose(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #read(id: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const get = this.#options.fetch ?? fetch;
    let answer: T | null = null;
    try {
      const response = await get(this.#options.url(id), { signal: abort.signal });
      if (response.ok) answer = (await response.json()) as T;
    } catch (error) {
      // Aborted because another region was chosen: its own reading gives the answer.
      if (abort.signal.aborted) return;
      if (!(error instanceof Error)) throw error;
    }
    if (abort.signal.aborted) return;
    this.#abort = null;
    this.answer = answer;
  }
}
