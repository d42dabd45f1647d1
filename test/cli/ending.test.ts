import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../tools/bundle.ts';
import { root } from '../tools/shared-inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-ending-'));
const built = join(root, 'node_modules', `.ending-test-${process.pid}.mjs`);
const held: Socket[] = [];
let silent: Server;

beforeAll(async () => {
  await bundle(`import './server/cli/index.ts';`, built);
  // It takes connections and says nothing.
  silent = createServer((socket) => {
    held.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const socket of held) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  rmSync(folder, { recursive: true });
  rmSync(built, { force: true });
});

interface Started {
  child: ChildProcess;
  said: () => string;
  exit: Promise<[code: number | null, signal: string | null]>;
}

function serve(): Started {
  const { port } = silent.address() as AddressInfo;
  const argv = ['serve', '--feed', 'push:x', '--data', folder, '--listen', '127.0.0.1:1'];
  const env = { ...process.env, DATABASE_URL: `postgres://me:secret@127.0.0.1:${port}/wall` };
  const child = spawn(process.execPath, [built, ...argv], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (bytes) => {
    text += bytes;
  });
  const exit = new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (code, signal) => resolve([code, signal]));
  });
  return { child, said: () => text, exit };
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('ends with 0 and in order during a start that waits for a database', async () => {
  const { child, said, exit } = serve();
  await until(() => held.length > 0);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(said()).toMatch(/SIGTERM during the start: ending\nEnded\.\n$/);
});

test('comes to its end when it is told to end several times', async () => {
  const before = held.length;
  const { child, said, exit } = serve();
  await until(() => held.length > before);
  child.kill('SIGTERM');
  await until(() => said().includes('ending'));
  child.kill('SIGTERM');
  child.kill('SIGINT');
  await exit;
  // Behind that the process has nothing that a signal could interrupt.
  expect(said()).toMatch(/SIGTERM during the start: ending\n(.*it is ending already.*\n)?Ended\.\n$/);
});
