import { expect, test } from 'vitest';
import { storeBench } from './store.ts';

test('the bench of the store runs and gives every figure', { timeout: 120_000 }, async () => {
  const figures = await storeBench.run('small');
  expect(figures.map(({ key }) => key)).toContain('store.eventRowsPerS');
  for (const { key, value } of figures) expect(value, key).toBeGreaterThanOrEqual(0);
});
