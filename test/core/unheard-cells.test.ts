import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { LogState } from '../../server/core/log-state.ts';
import { unheardOf } from '../../server/reference/cell-registry.ts';
import { MemoryState } from '../tools/memory-state.ts';

test('what was saved while a cell was known of which no row had come yet can be restored', () => {
  const config = makeConfig({ where: 'test', settings: {} });
  const state = new LogState();
  const learn = (id: number) =>
    state.apply({ k: 'cells', listed: false, cells: [{ id, cell: unheardOf(`001-01-1-${id}`) }] });
  for (let id = 0; id < 1024; id++) learn(id);
  const counting = new Counting(config, state, () => undefined);
  learn(1024);
  const saved = MemoryState.of(counting);
  const restored = Counting.restore(config, state, () => undefined, saved);
  expect(MemoryState.of(restored).differsFrom(saved)).toBe(null);
});
