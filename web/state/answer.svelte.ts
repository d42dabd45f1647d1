import type { ScreenClock } from '../app/clock.ts';

/** What is asked for is known to the minute. */
export const rereadMs = 60_000;
/** A replay's minutes are shorter: an answer that costs little is asked for in each turn of event time, but not sooner. */
export const soonestMs = 10_000;

export interface AnswerOptions<T> {
  clock: ScreenClock;
  /** Address of the answer about a region. */
  url(id: string): string;
  fetch?: typeof fetch;
  /** Whether an answer, which costs much, stays right until the turn changes; absent: none does. */
  holds?(answer: T): boolean;
}

/** An answer of the API about one region, such as how long people stay there; asked for once a minute, and each turn. */
export class AnswerModel<T> {
  /** null: not known, or not asked for yet. */
  answer = $state.raw<T | null>(null);

  readonly #options: AnswerOptions<T>;
  #id = '';
  #nextReadMs = 0;
  #soonestMs = 0;
  #turn = 0;
  #holds = false;
  #abort: AbortController | null = null;

  constructor(options: AnswerOptions<T>) {
    this.#options = options;
  }

  /** Shows another region from now on. */
  choose(id: string): void {
    if (id === this.#id) return;
    this.dispose();
    this.#id = id;
    this.answer = null;
    this.#nextReadMs = 0;
    this.#soonestMs = 0;
    this.#holds = false;
  }

  /**
   * Asks when it is due. Call it about once a second.
   *
   * @param turn of event time, such as its quarter of an hour: in another one the answer is another
   */
  tick(canAnswer: boolean, turn = 0): void {
    const now = this.#options.clock.monotonicMs();
    const { holds } = this.#options;
    const turned = turn !== this.#turn;
    // A figure of long ago would stand there as if it were of now.
    if (!canAnswer && now >= this.#nextReadMs + rereadMs && (turned || !this.#holds)) this.answer = null;
    const due =
      now >= this.#nextReadMs ? turned || !this.#holds : turned && holds === undefined && now >= this.#soonestMs;
    if (this.#id === '' || !canAnswer || this.#abort !== null || !due) return;
    this.#turn = turn;
    this.#nextReadMs = now + rereadMs;
    this.#soonestMs = now + soonestMs;
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
    this.#holds = answer !== null && this.#options.holds?.(answer) === true;
  }
}
