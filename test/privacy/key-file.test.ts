import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UserError } from '../../server/errors.ts';
import { ephemeralKey, loadOrCreateKey, receiverOf } from '../../server/privacy/key-file.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signalwall-key-'));
  folder = join(parent, 'keys');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const failure = (): UserError => {
  try {
    loadOrCreateKey(folder);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

it('makes a key of 32 bytes that only its owner can read, alone in a folder that only its owner can enter', () => {
  const key = loadOrCreateKey(folder);
  expect(key).toHaveLength(32);
  expect(readdirSync(folder)).toEqual(['pseudonym.key']);
  expect(statSync(join(folder, 'pseudonym.key')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(Buffer.from(key).equals(readFileSync(join(folder, 'pseudonym.key')))).toBe(true);
});

it('reads the key that is there', () => {
  expect(Buffer.from(loadOrCreateKey(folder)).equals(loadOrCreateKey(folder))).toBe(true);
});

it('makes another key each time elsewhere', () => {
  expect(Buffer.from(loadOrCreateKey(folder)).equals(loadOrCreateKey(join(parent, 'other')))).toBe(false);
  expect(Buffer.from(ephemeralKey()).equals(ephemeralKey())).toBe(false);
});

it('is known to senders by 16 digits that are those of the key alone', () => {
  const key = loadOrCreateKey(folder);
  expect(receiverOf(key)).toMatch(/^[0-9a-f]{16}$/);
  expect(receiverOf(loadOrCreateKey(folder))).toBe(receiverOf(key));
  expect(receiverOf(ephemeralKey())).not.toBe(receiverOf(key));
  expect(Buffer.from(key).toString('hex')).not.toContain(receiverOf(key));
});

it('refuses a key of the wrong length and leaves it as it is', () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'pseudonym.key'), 'short');
  expect(failure()).toMatchObject({ code: 'PSEUDONYM_KEY_LENGTH' });
  expect(failure().message).toMatch(/pseudonym\.key' has 5 bytes instead of 32; [^\n]+$/);
  expect(readFileSync(join(folder, 'pseudonym.key'), 'utf8')).toBe('short');
});

it('says which key it can not read and what to do', () => {
  mkdirSync(join(folder, 'pseudonym.key'), { recursive: true });
  expect(failure()).toMatchObject({ code: 'PSEUDONYM_KEY_UNREADABLE' });
  expect(failure().message).toMatch(/^pseudonym key '.*pseudonym\.key' can't be read: [^\n]+chmod 600\)$/);
});

it('says where it can not make a key', () => {
  writeFileSync(folder, 'a file, not a folder');
  expect(failure()).toMatchObject({ code: 'DATA_FOLDER', message: expect.stringContaining(`${folder} is a file`) });
  rmSync(folder);
  // Node's own recursive mkdir never comes back from there.
  folder = join('/proc', 'nowhere', 'keys');
  expect(failure()).toMatchObject({ code: 'DATA_FOLDER' });
  expect(failure().message).not.toContain('\n');
});
