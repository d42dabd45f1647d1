import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { openStore } from '../../server/store/open-store.ts';
import { putDatabase } from '../store/tools/test-database.ts';
import { freePort, type RunningServer, serve, temporaryFolder, until } from '../tools/serve.ts';
import { root } from '../tools/shared-inputs.ts';

const folder = temporaryFolder('push');
const at = (name: string) => join(folder.path, name);
afterAll(() => folder.remove());

const events = 60_000;
const rowsOfBatch = 150;
const batches = events / rowsOfBatch;

/** The built client; says everything it has said when it ends. */
function client(
  to: string,
  file: string,
): { process: ChildProcess; ended: Promise<{ code: number | null; said: string }> } {
  const child = spawn(
    process.execPath,
    [
      join(root, 'dist/server/signalwall.js'),
      'send',
      '--to',
      to,
      '--feed',
      'north',
      '--rows',
      String(rowsOfBatch),
      file,
    ],
    { cwd: root },
  );
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  return { process: child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, said }))) };
}

interface Standing {
  receiver: string;
  acked: { epoch: number; seq: number };
  credit: number;
}

const standing = async (to: string): Promise<Standing> =>
  (await fetch(`${to}/api/feeds/north`)).json() as Promise<Standing>;

async function killed(server: RunningServer): Promise<void> {
  const exited = new Promise((resolve) => server.process.once('close', resolve));
  server.kill();
  await exited;
}

test('every event of a file is in the database exactly once, though the server is killed twice and the client once', async () => {
  const file = at('events.ndjson');
  // Each has a duration of its own, by which it is known again.
  const firstUs = (systemClock.nowUs() - 3_000_000_000) / 1000;
  const lines = Array.from({ length: events }, (_, i) =>
    JSON.stringify({
      timeUs: Math.round(firstUs) * 1000 + i * 40_000,
      imsi: `00101${String(i % 997).padStart(10, '0')}`,
      cell: `460-00-${1 + (i % 3)}-${i % 50}`,
      kind: 'mo call',
      durationMs: i,
    }),
  );
  writeFileSync(file, lines.join('\n'));
  const port = await freePort();
  const to = `http://127.0.0.1:${port}`;
  const start = () => serve(['--feed', 'push:north'], { dataDir: at('data'), port });
  const acked: number[] = [];
  const passed = async (share: number) =>
    until(`${share} of the batches`, async () => {
      const { acked: place } = await standing(to);
      acked.push(place.seq);
      return place.seq >= share * batches;
    });

  await putDatabase(at('data'), 'live');
  let server = await start();
  let sending = client(to, file);
  for (const share of [0.2, 0.45]) {
    await passed(share);
    await killed(server);
    server = await start();
  }
  await passed(0.6);
  sending.process.kill('SIGKILL');
  await sending.ended;
  sending = client(to, file);
  const { code, said } = await sending.ended;
  expect(said).toMatch(/goes on behind [\d,]+ rows that are acknowledged/);
  expect(code).toBe(0);
  const last = await standing(to);
  acked.push(last.acked.seq);
  expect(last).toMatchObject({ acked: { seq: batches }, credit: 8 });
  // What was acknowledged once stayed so.
  expect(acked).toEqual([...acked].sort((a, b) => a - b));
  const health = (await (await fetch(`${to}/api/health`)).json()) as { feeds: { uri: string; dataAgeMs: number }[] };
  expect(health.feeds[0]).toMatchObject({ uri: 'push:north', state: 'running', dataAgeMs: expect.any(Number) });
  expect((await server.interrupt()).code).toBe(0);
  expect(server.output()).not.toMatch(/00101\d{10}/);

  // A start brings the database up to the journal; then SQL counts.
  server = await start();
  await until('the database has all', async () => {
    const { store } = (await (await fetch(`${to}/api/health`)).json()) as {
      store: { state: string; queuedRows: number };
    };
    return store.state === 'up' && store.queuedRows === 0;
  });
  // By the receiver its senders know it again.
  expect(last.receiver).toMatch(/^[0-9a-f]{16}$/);
  const { acked: place, receiver } = await standing(to);
  expect({ place, receiver }).toEqual({ place: last.acked, receiver: last.receiver });
  await server.interrupt();
  const store = await openStore({
    dataDir: at('data'),
    network: 'live',
    config: makeConfig(),
    clock: systemClock,
    log: () => undefined,
    progress: () => undefined,
  });
  const [row] = await store.sql<Record<string, number>>(
    `select count(*)::int as rows, count(distinct duration_ms)::int as known, min(duration_ms)::int as least, max(duration_ms)::int as most,
            count(distinct sub)::int as subscribers from event`,
  );
  await store.close();
  expect(row).toEqual({ rows: events, known: events, least: 0, most: events - 1, subscribers: 997 });
});
