/**
 * Stands for the store's upkeep in the simulation's bundle: refreshing, compressing and dropping change no row here. What
 * is kept of subscribers is production's own.
 */
import { heardElsewhere, messageOf } from '../../server/errors.ts';
import { type FactsOptions, FactsUpkeep } from '../../server/store/facts-upkeep.ts';
import type { MaintenanceOptions } from '../../server/store/maintenance.ts';

/** Not more often than this. */
const everyMs = 600;

export class Maintenance {
  readonly #options: MaintenanceOptions & FactsOptions;
  readonly #facts: FactsUpkeep;
  #clockUs = -1;
  #ranMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: MaintenanceOptions & FactsOptions) {
    this.#options = options;
    this.#facts = new FactsUpkeep(options);
  }

  async resume(clockUs: number): Promise<void> {
    this.advance(clockUs);
  }

  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#closed || this.#running !== null || nowMs - this.#ranMs < everyMs) return;
    this.#ranMs = nowMs;
    void this.#begin().catch((error) => this.#options.log('warn', `facts: ${messageOf(error)}`));
  }

  advance(clockUs: number): void {
    if (clockUs > this.#clockUs) this.#clockUs = clockUs;
  }

  touched(): void {}

  behind(): boolean {
    return false;
  }

  get factsBehindUs(): number {
    return 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async runNow(): Promise<void> {
    while (this.#running !== null) await this.#running;
    await this.#begin();
  }

  #begin(): Promise<void> {
    const run = this.#run();
    this.#running = run.catch(heardElsewhere).finally(() => {
      this.#running = null;
    });
    return run;
  }

  async #run(): Promise<void> {
    while (!this.#closed && (await this.#facts.step(this.#clockUs, null)));
  }
}
