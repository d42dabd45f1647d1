import { expect, test } from 'vitest';
import { simulateBench } from './simulate.ts';

test('the bench of the simulator runs and gives figures', async () => {
  const figures = await simulateBench.run('small');
  expect(figures.map(({ key }) => key)).toContain('simulate.packetsPerS');
  for (const { key, value } of figures) expect(value, key).toBeGreaterThan(0);
});
