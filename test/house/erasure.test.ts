import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { erasedTables } from '../../server/store/erasure.ts';
import { root } from '../tools/shared-inputs.ts';

/** Columns wide enough for a pseudonym that hold none: whoever adds a column says which it is, here or in the erasure. */
const noPseudonyms = new Set([
  'duration_ms',
  'bytes',
  'call_ms',
  'half_hours',
  'touched',
  // Of feeds and the journal.
  'epoch',
  'seq',
  'event_us',
  'clock_us',
  'first_us',
  'batch',
  'journal_offset',
  // Of a network node, and of ranges of IMSIs.
  'vlr',
  'first_imsi',
  'last_imsi',
]);

/** Columns of the tables that could hold a pseudonym, as `table.column`. */
function wideColumns(): string[] {
  const wide: string[] = [];
  let table = '';
  for (const line of readFileSync(join(root, 'sql', 'schema-snapshot.txt'), 'utf8').split('\n')) {
    const relation = /^(table|view) (\w+)$/.exec(line);
    if (relation !== null) table = relation[1] === 'table' ? relation[2] : '';
    else if (!line.startsWith('  ')) table = '';
    const column = /^ {2}(\w+) (?:bigint|bytea|uuid|numeric|bigint\[\])(?: not null)?$/.exec(line);
    if (table !== '' && column !== null) wide.push(`${table}.${column[1]}`);
  }
  return wide;
}

test('every column that can hold a pseudonym is erased by, or said to hold none', () => {
  const erased = new Set(
    Object.entries(erasedTables).flatMap(([table, steps]) => steps.map(({ column }) => `${table}.${column}`)),
  );
  const wide = wideColumns();
  expect(wide.length).toBeGreaterThan(40);
  expect(wide.filter((name) => !erased.has(name) && !noPseudonyms.has(name.split('.')[1]))).toEqual([]);
  expect([...erased].filter((name) => !wide.includes(name))).toEqual([]);
});
