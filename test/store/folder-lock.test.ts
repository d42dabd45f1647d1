import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLocked, lockFolder } from '../../server/store/embedded/folder-lock.ts';

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sw-lock-'));
  folder = join(base, 'sim', 'pg');
});
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) process.kill(pid, 'SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

const holder = (of: object) =>
  JSON.stringify({ pid: process.pid, host: hostname(), started: '', socketFolder: '', ...of });
const plant = (text: string) => {
  mkdirSync(join(base, 'sim'));
  writeFileSync(`${folder}.lock`, text);
};

test('refuses a folder in use, naming it and the process', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder, '', 0)).rejects.toMatchObject({
    code: 'DATA_IN_USE',
    message: expect.stringContaining(`${folder} is in use by process ${process.pid}`),
  });
  lock.release();
  (await lockFolder(folder)).release();
  expect(existsSync(`${folder}.lock`)).toBe(false);
});

test('takes over the lock of a process that is gone, and clears its socket folder away', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const socketFolder = join(base, 'socket');
  mkdirSync(socketFolder);
  plant(holder({ pid: gone, socketFolder }));
  const lock = await lockFolder(folder);
  expect(JSON.parse(readFileSync(`${folder}.lock`, 'utf8')).pid).toBe(process.pid);
  expect(existsSync(socketFolder)).toBe(false);
  expect(existsSync(`${folder}.lock.guard`)).toBe(false);
  lock.release();
});

test('takes over the lock of an earlier process whose pid is in use again', async () => {
  plant(holder({ pid: process.ppid, started: '1' }));
  (await lockFolder(folder)).release();
});

test('takes over a lock file that says nothing', async () => {
  plant('{"pid":');
  (await lockFolder(folder)).release();
});

test('leaves a lock of another host alone: its process can not be looked at', async () => {
  plant(holder({ pid: 1, host: 'elsewhere.example' }));
  await expect(lockFolder(folder, '', 0)).rejects.toThrow(/process 1 on elsewhere\.example.*remove .*pg\.lock/);
});

test('gives up when another process is just taking the lock over', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  plant(holder({ pid: gone }));
  writeFileSync(`${folder}.lock.guard`, '');
  await expect(lockFolder(folder, '', 0)).rejects.toThrow('being opened by another process');
});

test('does not remove a lock that somebody else has taken over since', async () => {
  const lock = await lockFolder(folder);
  const other = holder({ pid: 4_000_000 });
  writeFileSync(`${folder}.lock`, other);
  lock.release();
  expect(readFileSync(`${folder}.lock`, 'utf8')).toBe(other);
});

/**
 * A process below another one, which never asks what has become of it: a shell would, until it has become `sleep`.
 * @returns its pid
 */
async function orphaned(): Promise<number> {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(parent.pid!);
  const [text] = (await once(parent.stdout!, 'data')) as [Buffer];
  const name = () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim();
  while (name() !== 'sleep') await new Promise((resolve) => setTimeout(resolve, 5));
  return Number(text.toString());
}
const stateOf = (pid: number) => /\) (\S) (?:\S+ ){18}(\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))!;

test('takes over the lock of a process that was killed and that its parent never asks about', async () => {
  const child = await orphaned();
  const [, , since] = stateOf(child);
  plant(holder({ pid: child, started: since }));
  await expect(lockFolder(folder, '', 0)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
  process.kill(child, 'SIGKILL');
  while (stateOf(child)[1] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isLocked(folder)).toBe(false);
  (await lockFolder(folder, '', 0)).release();
});

test('waits for a process that is being taken down', async () => {
  const child = await orphaned();
  plant(holder({ pid: child, started: stateOf(child)[2] }));
  const taken = lockFolder(folder, '', 60_000);
  await expect(Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 120, 'waits'))])).resolves.toBe(
    'waits',
  );
  process.kill(child, 'SIGKILL');
  (await taken).release();
});
