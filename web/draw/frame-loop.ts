/** Runs painting jobs at most once per animation frame, in the order in which they were first asked for. */
export class FrameLoop {
  readonly #jobs = new Set<() => void>();
  #handle = 0;
  readonly #request: (callback: () => void) => number;
  readonly #cancel: (handle: number) => void;

  constructor(
    request: (callback: () => void) => number = (callback) => requestAnimationFrame(callback),
    cancel: (handle: number) => void = (handle) => cancelAnimationFrame(handle),
  ) {
    this.#request = request;
    this.#cancel = cancel;
  }

  /** Runs `job` in the next frame; asking twice runs it once. */
  schedule(job: () => void): void {
    this.#jobs.add(job);
    if (this.#handle === 0) this.#handle = this.#request(() => this.#run());
  }

  drop(job: () => void): void {
    this.#jobs.delete(job);
    if (this.#jobs.size > 0 || this.#handle === 0) return;
    this.#cancel(this.#handle);
    this.#handle = 0;
  }

  #run(): void {
    this.#handle = 0;
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    for (const job of jobs) job();
  }
}

export const frames = new FrameLoop();
