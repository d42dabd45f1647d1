import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { errorOf, isFromOutside, UserError } from '../server/errors.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('wrong input, files and packed data that can’t be read come from outside', () => {
  expect(isFromOutside(new UserError('X', 'wrong'))).toBe(true);
  expect(isFromOutside(thrownBy(() => readFileSync('/nowhere')))).toBe(true);
  expect(isFromOutside(thrownBy(() => inflateSync(Buffer.from('no deflate'))))).toBe(true);
});

test('a bug is ours, whether Node gives it a code or not', () => {
  expect(isFromOutside(thrownBy(() => Buffer.alloc(2).readUInt32BE(0)))).toBe(false);
  expect(isFromOutside(thrownBy(() => new DataView(new ArrayBuffer(2)).getUint32(0)))).toBe(false);
  expect(isFromOutside(thrownBy(() => readFileSync(null as unknown as string)))).toBe(false);
  expect(isFromOutside('a string')).toBe(false);
});

test('whatever was thrown is told as an error', () => {
  const error = new TypeError('x');
  expect(errorOf(error)).toBe(error);
  expect(errorOf('words').message).toMatch(/words/);
});
