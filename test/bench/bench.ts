/** One figure of a bench under a stable key, `BENCH.FIGURE`. */
export interface Figure {
  key: string;
  value: number;
  unit: string;
}

export interface Bench {
  name: string;
  /** One line: what is measured, and with which peer. */
  meaning: string;
  /** `small` runs in the normal tests so that the bench can't rot; its figures mean nothing. */
  run(scale: 'full' | 'small'): Promise<Figure[]>;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
