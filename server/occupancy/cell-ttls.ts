import { type Config, ttlByLac } from '../config.ts';
import type { CellTtls } from '../presence/presence.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';

/** presenceTtl of each cell by its LAC: `presenceTtlMs`, or what `presenceTtlByLac` says of the location area. */
export class LacTtls implements CellTtls {
  readonly minUs: number;
  readonly maxUs: number;
  /** `presenceTtlMs` in µs: where `presenceTtlByLac` says nothing. */
  readonly usualUs: number;
  /** µs. */
  private readonly byLac: ReadonlyMap<number, number>;
  private readonly registry: CellRegistry;
  private byCell = new Float64Array(0);
  private known = 0;

  constructor(config: Config, registry: CellRegistry) {
    this.registry = registry;
    this.usualUs = config.presenceTtlMs * 1000;
    this.byLac = new Map([...ttlByLac(config)].map(([lac, ms]) => [lac, ms * 1000]));
    this.minUs = Math.min(this.usualUs, ...this.byLac.values());
    this.maxUs = longestTtlUs(config);
  }

  of(cell: number): number {
    if (this.byLac.size === 0) return this.usualUs;
    if (cell >= this.known) this.learn();
    return this.byCell[cell];
  }

  private learn(): void {
    const { count } = this.registry;
    if (count > this.byCell.length) {
      const grown = new Float64Array(Math.max(count, this.byCell.length * 2, 1024));
      grown.set(this.byCell);
      this.byCell = grown;
    }
    for (; this.known < count; this.known++) {
      this.byCell[this.known] = this.byLac.get(this.registry.lac(this.known)) ?? this.usualUs;
    }
  }
}

type TtlKnobs = Pick<Config, 'presenceTtlMs' | 'presenceTtlByLac'>;

/** The longest presenceTtl of any cell, µs. */
export function longestTtlUs(config: TtlKnobs): number {
  return 1000 * Math.max(config.presenceTtlMs, ...ttlByLac(config).values());
}
