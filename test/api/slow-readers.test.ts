import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const open: TestServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const it of open.splice(0)) await it.server.close();
});

async function start(settings: Record<string, unknown>): Promise<TestServer> {
  // A table of some 9 MB: more than the system's own buffers take.
  const it = await startTestServer({ cells: 60_000, settings });
  it.server.publish();
  open.push(it);
  return it;
}

/** A client that asks and reads nothing; resolves when the answer has begun to come. */
function asksAndSleeps({ server }: TestServer, path: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\n\r\n`);
  return new Promise((resolve) =>
    socket.once('readable', () => {
      resolve(socket);
    }),
  );
}

test('a table reaches a client whole that takes it slowly', async () => {
  const it = await start({});
  const whole = (await request(it.server.port, '/api/cells')).body;
  expect(whole.length).toBeGreaterThan(5e6);
  const socket = await asksAndSleeps(it, '/api/cells');
  await new Promise((resolve) => setTimeout(resolve, 100));
  let got = Buffer.alloc(0);
  let wanted = Number.POSITIVE_INFINITY;
  while (got.length < wanted) {
    const piece = socket.read(Math.min(400_000, socket.readableLength)) as Buffer | null;
    if (piece === null) await new Promise((resolve) => setTimeout(resolve, 5));
    else got = Buffer.concat([got, piece]);
    const end = got.indexOf('\r\n\r\n');
    if (end >= 0) wanted = end + 4 + whole.length;
  }
  expect(got.subarray(-whole.length).equals(whole)).toBe(true);
});

test('answers that nobody takes are bounded: others are told to wait, and served when those have gone', async () => {
  const it = await start({ answerBytesMax: 2 ** 20 });
  const sleepers = [];
  for (let i = 0; i < 4; i++) sleepers.push(await asksAndSleeps(it, '/api/cells'));
  const refused = await request(it.server.port, '/api/regions');
  expect(refused.status).toBe(503);
  expect(jsonOf<{ error: { code: string } }>(refused).error.code).toBe('BUSY');
  expect(refused.headers.get('retry-after')).toBe('5');
  for (const socket of sleepers) socket.destroy();
  await expect.poll(async () => (await request(it.server.port, '/api/regions')).status).toBe(200);
});

test('no more requests are answered at once than may be', async () => {
  const it = await start({ requestsMax: 3 });
  for (let i = 0; i < 3; i++) await asksAndSleeps(it, '/api/cells');
  expect((await request(it.server.port, '/api/regions')).status).toBe(503);
});
