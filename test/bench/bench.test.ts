import { expect, test } from 'vitest';
import { benches } from './list.ts';

for (const bench of benches) {
  test(`the bench ${bench.name} runs and gives figures under its own keys`, { timeout: 120_000 }, async () => {
    const figures = await bench.run('small');
    expect(figures.length).toBeGreaterThan(0);
    for (const { key, value, unit } of figures) {
      expect(key.startsWith(`${bench.name}.`), key).toBe(true);
      expect(Number.isFinite(value), `${key} = ${value}`).toBe(true);
      expect(unit).not.toBe('');
    }
    expect(new Set(figures.map(({ key }) => key)).size).toBe(figures.length);
  });
}
