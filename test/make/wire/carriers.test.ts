import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carrierVectors } from '../../../fixtures/make/wire/carriers/vectors.ts';
import { root } from '../../tools/shared-inputs.ts';

test('the vectors of the carriers are what the encoder writes', () => {
  const file = JSON.parse(readFileSync(join(root, 'fixtures/wire/carriers.json'), 'utf8'));
  expect(file.vectors).toEqual(carrierVectors);
});
