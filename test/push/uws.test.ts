import { expect, test } from 'vitest';
import { UserError } from '../../server/errors.ts';
import { loadUws } from '../../server/push/uws.ts';

test('loads a binary, never the JavaScript imitation', () => {
  const { uws, source } = loadUws();
  expect(source).toMatch(/^@(btc-vision\/uwebsockets\.js|trufflesuite\/uws-js-unofficial) 20\.\d+\.0$/);
  // Native functions have no source; the imitation's App would show its own.
  expect(String(uws.App)).toContain('[native code]');
});

test('takes the newest whose binary loads', () => {
  const tried: string[] = [];
  const { source } = loadUws((file) => {
    tried.push(file);
    if (tried.length === 1) throw new Error('GLIBC_2.38 not found');
    return { App: () => undefined };
  });
  expect(source).toContain('@trufflesuite/uws-js-unofficial');
  expect(tried.map((file) => file.endsWith('.node'))).toEqual([true, true]);
});

test('names both reasons in one line when none loads', () => {
  let thrown: unknown;
  try {
    loadUws((file) => {
      throw new Error(file.includes('btc-vision') ? 'first reason\nmore' : 'second reason');
    });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UserError);
  const { code, message } = thrown as UserError;
  expect(code).toBe('UWS_NOT_LOADED');
  expect(message).toContain('first reason');
  expect(message).toContain('second reason');
  expect(message).not.toContain('\n');
});
