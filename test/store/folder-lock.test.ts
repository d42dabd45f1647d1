import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../server/store/embedded/folder-lock.ts';

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sw-lock-'));
  folder = join(base, 'sim', 'pg');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const holder = (of: object) =>
  JSON.stringify({ pid: process.pid, host: hostname(), started: '', socketFolder: '', ...of });
const plant = (text: string) => {
  mkdirSync(join(base, 'sim'));
  writeFileSync(`${folder}.lock`, text);
};

test('refuses a folder in use, naming it and the process', () => {
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(`${folder} is in use by process ${process.pid}`);
  expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'DATA_IN_USE' }));
  lock.release();
  lockFolder(folder).release();
  expect(existsSync(`${folder}.lock`)).toBe(false);
});

test('takes over the lock of a process that is gone, and clears its socket folder away', () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const socketFolder = join(base, 'socket');
  mkdirSync(socketFolder);
  plant(holder({ pid: gone, socketFolder }));
  const lock = lockFolder(folder);
  expect(JSON.parse(readFileSync(`${folder}.lock`, 'utf8')).pid).toBe(process.pid);
  expect(existsSync(socketFolder)).toBe(false);
  expect(existsSync(`${folder}.lock.guard`)).toBe(false);
  lock.release();
});

test('takes over the lock of an earlier process whose pid is in use again', () => {
  plant(holder({ pid: process.ppid, started: '1' }));
  lockFolder(folder).release();
});

test('takes over a lock file that says nothing', () => {
  plant('{"pid":');
  lockFolder(folder).release();
});

test('leaves a lock of another host alone: its process can not be looked at', () => {
  plant(holder({ pid: 1, host: 'elsewhere.example' }));
  expect(() => lockFolder(folder)).toThrow(/process 1 on elsewhere\.example.*remove .*pg\.lock/);
});

test('gives up when another process is just taking the lock over', () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  plant(holder({ pid: gone }));
  writeFileSync(`${folder}.lock.guard`, '');
  expect(() => lockFolder(folder)).toThrow('being opened by another process');
});

test('does not remove a lock that somebody else has taken over since', () => {
  const lock = lockFolder(folder);
  const other = holder({ pid: 4_000_000 });
  writeFileSync(`${folder}.lock`, other);
  lock.release();
  expect(readFileSync(`${folder}.lock`, 'utf8')).toBe(other);
});
