import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { UserError } from '../../server/errors.ts';
import { decodeFrame, encodeClientMessage } from '../../shared/codec.ts';
import { closeCode } from '../../shared/protocol.ts';
import { WallState } from '../../shared/wall-state.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';
import { freePort } from '../tools/serve.ts';
import { WsClient } from '../tools/ws-client.ts';

const open: TestServer[] = [];
const clients: WsClient[] = [];

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const it = await startTestServer(options);
  open.push(it);
  return it;
}

async function join(it: TestServer): Promise<WsClient> {
  const client = await WsClient.mustOpen(it.server.port);
  clients.push(client);
  await client.until(1);
  return client;
}

function listenAnywhere(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const it of open.splice(0)) await it.server.close();
});

test('screens that join at different times end up with the engine’s state', async () => {
  const it = await start({ cells: 10_012, regions: 50 });
  const early = await join(it);
  let late: WsClient | undefined;
  for (let tick = 0; tick < 20; tick++) {
    for (let i = 0; i < 800; i++) it.view.cellPresent[(tick * 977 + i * 13) % 10_012]!++;
    it.view.regionInflow[tick % 50] = tick;
    it.server.publish();
    if (tick === 9) late = await join(it);
  }
  await early.until(21);
  await late!.until(11);
  for (const client of [early, late!]) {
    const state = new WallState();
    for (const bytes of client.messages) expect(state.apply(decodeFrame(bytes))).toBe('applied');
    expect([...state.cellPresent]).toEqual([...it.view.cellPresent.subarray(0, 10_012)]);
    expect([...state.regions.inflow]).toEqual([...it.view.regionInflow.subarray(0, 50)]);
  }
});

test('a screen that lost a frame asks for a snapshot and goes on from it', async () => {
  const it = await start();
  const client = await join(it);
  for (let i = 0; i < 3; i++) {
    it.view.cellPresent[i] = i + 1;
    it.server.publish();
  }
  await client.until(4);
  const state = new WallState();
  state.apply(decodeFrame(client.messages[0]!));
  expect(state.apply(decodeFrame(client.messages[2]!))).toBe('gap');
  it.clock.addedMs = 5_000;
  client.send(encodeClientMessage({ k: 'resync', have: state.seq }));
  await client.until(5);
  expect(state.apply(decodeFrame(client.messages[4]!))).toBe('applied');
  expect([...state.cellPresent.subarray(0, 3)]).toEqual([1, 2, 3]);
});

test('a screen that stops reading gets a snapshot later, not a backlog; one that never reads again is cut', async () => {
  const it = await start({ cells: 60_000 });
  const slow = await join(it);
  const dead = await join(it);
  const good = await join(it);
  slow.pause();
  dead.pause();
  const tick = async () => {
    for (let cell = 0; cell < 60_000; cell++) it.view.cellPresent[cell]!++;
    it.server.publish();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  let ticks = 0;
  while (it.server.stats.behind < 2 && ticks < 100) {
    await tick();
    ticks++;
  }
  expect(it.server.stats.behind).toBe(2);
  const sentBefore = it.server.stats.framesSent;
  for (let i = 0; i < 20; i++) await tick();
  // Only the reading screen was sent anything.
  expect(it.server.stats.framesSent - sentBefore).toBe(20);
  slow.resume();
  // What was under way when it stopped, then the snapshot, which holds the newest tick.
  const newest = it.server.stats.seq;
  while (slow.messages.length === 0 || decodeFrame(slow.messages.at(-1)!).seq < newest) {
    await slow.until(slow.messages.length + 1);
  }
  const held = slow.messages.length;
  await tick();
  await slow.until(held + 1);
  const state = new WallState();
  let snapshots = 0;
  for (const bytes of slow.messages) {
    const frame = decodeFrame(bytes);
    if (frame.k === 'snapshot') snapshots++;
    expect(state.apply(frame)).toBe('applied');
  }
  expect(snapshots).toBe(2);
  expect(state.cellPresent[59_999]).toBe(it.view.cellPresent[59_999]);
  it.clock.addedMs = 31_000;
  await tick();
  await tick();
  expect(it.server.stats.closedBlocked).toBe(1);
  dead.resume();
  expect((await dead.ended).code).toBe(-1);
  expect(good.isOpen).toBe(true);
});

test.each([
  ['another site', { origin: 'https://evil.example' }],
  ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
  ['an opaque origin', { origin: 'null' }],
  ['a name that resolves here', { host: 'evil.example:8080', origin: 'http://evil.example:8080' }],
  ['a name that looks like ours', { host: '127.0.0.1.evil.example', origin: 'http://127.0.0.1.evil.example' }],
  ['user information', { host: '127.0.0.1@evil.example' }],
])('refuses a WebSocket from %s', async (_name, headers) => {
  const it = await start();
  expect(await WsClient.open(it.server.port, headers)).toContain('403');
  expect(it.server.stats.strangers).toBe(1);
  expect(it.server.stats.opened).toBe(0);
});

test('opens a WebSocket from its own page under each of its names', async () => {
  const it = await start();
  for (const name of ['localhost', '127.0.0.1', '[::1]']) {
    const host = `${name}:${it.server.port}`;
    const client = await WsClient.open(it.server.port, { host, origin: `http://${host}` });
    expect(client).toBeInstanceOf(WsClient);
    clients.push(client as WsClient);
  }
});

test('answers no request under a foreign host name, against DNS rebinding', async () => {
  const it = await start();
  for (const path of ['/', '/api/health', '/api/layout']) {
    const answer = await request(it.server.port, path, { host: 'evil.example' });
    expect(answer.status).toBe(403);
    expect(jsonOf<{ error: { code: string } }>(answer).error.code).toBe('HOST_REFUSED');
  }
});

test('closes a screen that sends nonsense with a code, and goes on', async () => {
  const it = await start();
  const text = await join(it);
  text.send('hello');
  expect((await text.ended).code).toBe(closeCode.unsupported);
  const noise = await join(it);
  noise.send(Uint8Array.of(0xc1, 0xff));
  expect((await noise.ended).code).toBe(closeCode.invalid);
  const huge = await join(it);
  huge.send(new Uint8Array(60_000));
  await huge.ended;
  expect(it.server.stats.screens).toBe(0);
  expect(it.server.stats.badMessages).toBe(2);
  await join(it);
});

test('turns away more screens than allowed with a code that says try later', async () => {
  const it = await start({ settings: { screensMax: 2 } });
  await join(it);
  await join(it);
  const third = await WsClient.mustOpen(it.server.port);
  expect((await third.ended).code).toBe(closeCode.full);
  expect(it.server.stats).toMatchObject({ screens: 2, refusedFull: 1 });
});

test('closing tells every screen to come back, ends connections, and the next start gets the same port', async () => {
  const port = await freePort();
  for (let round = 0; round < 2; round++) {
    const it = await startTestServer({ port });
    const client = await WsClient.mustOpen(port);
    expect((await request(port, '/api/health')).status).toBe(200);
    await it.server.close();
    expect((await client.ended).code).toBe(closeCode.restart);
    await expect(request(port, '/api/health')).rejects.toThrow();
  }
});

test('a port in use is one line with a remedy', async () => {
  const other = createServer();
  const port = await listenAnywhere(other);
  const failure = await startTestServer({ port }).catch((error: unknown) => error);
  await new Promise((resolve) => other.close(resolve));
  expect(failure).toBeInstanceOf(UserError);
  expect(failure).toMatchObject({ code: 'PORT_IN_USE' });
  expect((failure as UserError).message).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} is in use .*--listen`));
});

test('two servers never share a port', async () => {
  const port = await freePort();
  await start({ port });
  await expect(startTestServer({ port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});

test.each(['0.0.0.0', '192.168.1.5', '::', 'wall.example', '127.0.0.1.evil.example', ''])(
  'refuses to listen where others can reach it: %s',
  async (host) => {
    await expect(startTestServer({ host })).rejects.toMatchObject({ code: 'LISTEN_NOT_LOOPBACK' });
  },
);

test('with a threshold, no frame and no answer holds an exact figure', async () => {
  const it = await start({ cells: 3, regions: 1, settings: { minCount: 20 } });
  it.view.cellPresent.set([7, 33, 0]);
  it.view.regionPresent.set([13]);
  it.view.regionInflow.set([777]);
  Object.assign(it.view, { present: 12_347, appeared: 11_113, vanished: 3 });
  it.view.origins = [{ class: 'international', country: 'FR', mcc: '208', present: 17 }];
  it.server.publish();
  const client = await join(it);
  const frame = decodeFrame(client.messages[0]!);
  const bodies = [
    JSON.stringify(frame.status),
    ...(await Promise.all(
      ['/api/cells', '/api/regions', '/api/health', '/api/layout'].map(async (path) =>
        (await request(it.server.port, path)).body.toString(),
      ),
    )),
  ].join('\n');
  expect(bodies).toContain('12350');
  expect(bodies).not.toMatch(/\b(33|13|777|12347|11113|17)\b(?!")/);
  const state = new WallState();
  state.apply(frame);
  expect([...state.cellPresent]).toEqual([0xfffffffe, 30, 0]);
  expect(frame.status.topCells).toEqual([[1, 30]]);
});
