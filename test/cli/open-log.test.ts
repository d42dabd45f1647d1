import { expect, test } from 'vitest';
import { cellsOfRegions } from '../../server/cli/open-log.ts';

test('cells of regions are told when the counters have come to where the store stands, and of their set alone', () => {
  const core = { applied: 500, state: { regionsVersion: 3 }, counting: { regions: { cellsOf: () => [1, 2] } } };
  const store = { ledger: { journal: 'a', offset: 400 } };
  const cellsOf = cellsOfRegions(core as never, { id: 'a' } as never, store as never);
  expect([cellsOf(0, 3), cellsOf(0, 2)]).toEqual([[1, 2], null]);
  // A batch with a new cell is stored, and the counters have not taken the cell in.
  store.ledger.offset = 600;
  expect(cellsOf(0, 3)).toBeNull();
  core.applied = 600;
  expect(cellsOf(0, 3)).toEqual([1, 2]);
  // Offsets of another journal are worth nothing.
  store.ledger = { journal: 'b', offset: 9_000 };
  expect(cellsOf(0, 3)).toEqual([1, 2]);
});
