import { expect, test } from 'vitest';
import { historyBench } from './history.ts';

test('the bench of the history runs and gives every figure', { timeout: 120_000 }, async () => {
  const figures = await historyBench.run('small');
  expect(figures.map(({ key }) => key)).toContain('history.latestOfCellsP95Ms');
  for (const { key, value } of figures) expect(value, key).toBeGreaterThanOrEqual(0);
});
