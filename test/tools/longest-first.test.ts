import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { longest } from './longest-first.ts';
import { root } from './shared-inputs.ts';

test('every file that is said to take long is there', () => {
  expect(longest.filter((file) => !existsSync(join(root, 'test', file)))).toEqual([]);
  expect(new Set(longest).size).toBe(longest.length);
});
