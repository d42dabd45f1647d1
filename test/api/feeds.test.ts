import { connect } from 'node:net';
import { Packr } from 'msgpackr';
import { afterEach, expect, test } from 'vitest';
import { closeCode } from '../../shared/protocol.ts';
import { FakeHub, lines, nowUs } from '../tools/push-parts.ts';
import { startTestServer, type TestServer } from '../tools/push-server.ts';
import { WsClient } from '../tools/ws-client.ts';

const packr = new Packr({ useRecords: false });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

const row = { timeUs: nowUs, kind: 'other' };
const imsi = '001010000000099';

async function start(settings: Record<string, unknown> = {}): Promise<TestServer & { hub: FakeHub; url: string }> {
  const hub = new FakeHub(settings);
  const it = await startTestServer({ settings, receiver: 'here', pushFeeds: new Map([['north', hub.feed]]) });
  closing.push(() => it.server.close());
  return Object.assign(it, { hub, url: `http://127.0.0.1:${it.server.port}/api/feeds/north` });
}

async function post(url: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  });
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), ...((await answer.json()) as object) };
}

const msgpack = { 'content-type': 'application/msgpack' };

async function socket({ server }: TestServer, headers: Record<string, string> = {}): Promise<WsClient> {
  const client = await WsClient.open(server.port, headers, '/api/feeds/north/socket');
  if (typeof client === 'string') throw new Error(client);
  closing.push(() => client.close());
  return client;
}

const said = (client: WsClient) => client.messages.map((bytes) => JSON.parse(Buffer.from(bytes).toString()));

test('batches are posted as lines, by query or by headers, or as msgpack; the feed tells where it stands', async () => {
  const { url, hub } = await start();
  const limits = { id: 'north', receiver: 'here', bytesMax: 8 * 2 ** 20, rowsMax: 65_536, flushWithinMs: 10_000 };
  expect(await (await fetch(url)).json()).toEqual({ ...limits, acked: { epoch: 0, seq: 0 }, credit: 8 });
  const taken = { status: 200, retryAfter: null, credit: 8, flushWithinMs: 10_000, late: 0, quarantined: 0 };
  expect(await post(`${url}/events?epoch=5&seq=1`, lines(row, row))).toEqual({
    ...taken,
    ...{ acked: { epoch: 5, seq: 1 }, accepted: 2 },
  });
  expect(await post(`${url}/events`, lines(row), { 'signalwall-epoch': '5', 'signalwall-seq': '2' })).toMatchObject({
    acked: { epoch: 5, seq: 2 },
  });
  const packed = packr.pack({ epoch: 5, seq: 3, rows: [row, { ...row, timeUs: nowUs + 1e12 }] });
  expect(await post(`${url}/events`, packed, msgpack)).toEqual({
    ...taken,
    ...{ acked: { epoch: 5, seq: 3 }, accepted: 1, quarantined: 1 },
    aside: expect.objectContaining({ rows: 1, file: 'quarantine/north/5-3.ndjson' }),
  });
  expect(await (await fetch(url)).json()).toEqual({ ...limits, acked: { epoch: 5, seq: 3 }, credit: 8 });
  expect(hub.rows).toBe(4);
});

test('over a WebSocket each message is a batch with an answer, and the first word from here tells where the feed stands', async () => {
  const it = await start();
  const client = await socket(it);
  await client.until(1);
  client.send(packr.pack({ epoch: 1, seq: 1, rows: [row] }));
  client.send(Buffer.from(lines({ epoch: 1, seq: 2 }, row, row)).toString());
  client.send(packr.pack({ epoch: 1, seq: 2, rows: [row, row] }));
  client.send(packr.pack({ epoch: 1, seq: 4, rows: [row] }));
  client.send(packr.pack({ epoch: 1, seq: 3, rows: [{ ...row, imsi: 5 }] }));
  await client.until(6);
  const told = said(client);
  expect(told[0]).toEqual({ status: 200, acked: { epoch: 0, seq: 0 }, credit: 8, flushWithinMs: 10_000 });
  const answered = told.slice(1);
  const seqs = answered.filter(({ status }) => status === 200).map(({ acked }) => acked.seq);
  expect(seqs).toEqual([...seqs].sort());
  expect(answered.filter(({ status }) => status === 200).map(({ accepted }) => accepted)).toEqual([1, 2, 0]);
  expect(answered.filter(({ status }) => status !== 200)).toMatchObject([
    { status: 409, error: { code: 'PUSH_GAP' }, expected: { epoch: 1, seq: 3 } },
    { status: 400, error: { code: 'PUSH_FIELD', message: expect.stringContaining("row 1: field 'imsi'") } },
  ]);
  expect(it.hub.rows).toBe(3);
});

test('what comes again and what leaves a gap is told over both transports, whichever brought it first', async () => {
  const it = await start();
  const client = await socket(it);
  await client.until(1);
  await post(`${it.url}/events?epoch=1&seq=1`, lines(row));
  client.send(packr.pack({ epoch: 1, seq: 1, rows: [row] }));
  await client.until(2);
  client.send(packr.pack({ epoch: 1, seq: 2, rows: [row] }));
  await client.until(3);
  expect(await post(`${it.url}/events?epoch=1&seq=2`, lines(row))).toMatchObject({ status: 200, accepted: 0 });
  expect(await post(`${it.url}/events?epoch=1&seq=9`, lines(row))).toMatchObject({
    status: 409,
    error: { code: 'PUSH_GAP' },
    expected: { epoch: 1, seq: 3 },
    acked: { epoch: 1, seq: 2 },
  });
  expect(await post(`${it.url}/events?epoch=0&seq=1`, lines(row))).toMatchObject({ status: 400 });
  expect(it.hub.rows).toBe(2);
});

test.each([
  [
    'a feed that is not declared',
    'south/events?epoch=1&seq=1',
    {},
    404,
    /declare it when the server starts, --feed push:ID$/,
  ],
  ['another type', 'north/events?epoch=1&seq=1', { 'content-type': 'text/plain' }, 415, /send application\/x-ndjson/],
  [
    'a content encoding',
    'north/events?epoch=1&seq=1',
    { 'content-encoding': 'gzip' },
    415,
    /without a content encoding/,
  ],
  ['a page of another origin', 'north/events?epoch=1&seq=1', { origin: 'http://evil.example' }, 403, /another origin/],
  ['no place', 'north/events', {}, 400, /must tell epoch/],
  ['a part that is none', 'north/rows', {}, 405, /only GET and HEAD/],
])('%s is refused, whatever is in the body', async (_, path, headers, status, message) => {
  const { server, hub, log } = await start();
  const url = `http://127.0.0.1:${server.port}/api/feeds/${path}`;
  const answer = await post(url, lines({ ...row, imsi }), headers as Record<string, string>);
  expect(answer).toMatchObject({ status, error: { message: expect.stringMatching(message) } });
  expect(hub.batches).toEqual([]);
  expect(JSON.stringify([answer, log])).not.toContain(imsi);
});

test('a batch may have pushBytesMax octets, in one piece or in many', async () => {
  const { url, hub, server } = await start({ pushBytesMax: 1024 });
  const body = (bytes: number) => Buffer.concat([lines(row), Buffer.alloc(bytes - lines(row).length, '\n')]);
  expect(await post(`${url}/events?epoch=1&seq=1`, body(1024))).toMatchObject({ status: 200, accepted: 1 });
  expect(await post(`${url}/events?epoch=1&seq=2`, body(1025))).toMatchObject({
    status: 413,
    error: { code: 'PUSH_BYTES' },
  });
  // Chunked, without a length told first.
  const raw = await new Promise<string>((resolve, reject) => {
    const connection = connect({ host: '127.0.0.1', port: server.port });
    let answer = '';
    connection.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) connection.end();
    });
    connection.once('close', () => resolve(answer));
    connection.once('error', reject);
    const chunk = (bytes: Uint8Array) => `${bytes.length.toString(16)}\r\n${Buffer.from(bytes)}\r\n`;
    connection.write(
      `POST /api/feeds/north/events?epoch=1&seq=2 HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const bytes = body(700);
    connection.write(chunk(bytes.subarray(0, 20)));
    setTimeout(() => connection.write(`${chunk(bytes.subarray(20))}0\r\n\r\n`), 20);
  });
  expect(raw).toMatch(/^HTTP\/1\.1 200 /);
  expect(hub.rows).toBe(2);
});

test('a full journal is 503 with Retry-After and no credit, over both transports, until there is room', async () => {
  const it = await start();
  const client = await socket(it);
  await client.until(1);
  it.hub.full = true;
  const full = { error: { code: 'PUSH_FULL' }, status: 503, credit: 0, retryAfterS: 1 };
  expect(await post(`${it.url}/events?epoch=1&seq=1`, lines(row))).toMatchObject({ ...full, retryAfter: '1' });
  client.send(packr.pack({ epoch: 1, seq: 1, rows: [row] }));
  await client.until(2);
  expect(said(client)[1]).toMatchObject(full);
  expect(await (await fetch(it.url)).json()).toMatchObject({ credit: 0 });
  it.hub.full = false;
  expect(await post(`${it.url}/events?epoch=1&seq=1`, lines(row))).toMatchObject({ status: 200, accepted: 1 });
});

test('sockets are refused to strange pages, to feeds that are not declared, and above probesMax', async () => {
  const it = await start({ probesMax: 2 });
  const refused = (headers: Record<string, string>, path = '/api/feeds/north/socket') =>
    WsClient.open(it.server.port, headers, path);
  expect(await refused({ origin: 'http://evil.example' })).toMatch(/ 403 /);
  expect(await refused({ host: 'evil.example' })).toMatch(/ 403 /);
  expect(await refused({}, '/api/feeds/south/socket')).toMatch(/ 404 /);
  await socket(it);
  await socket(it);
  expect(await refused({})).toMatch(/ 503 /);
  expect((await fetch(`${it.url}/socket`)).status).toBe(426);
  expect((await fetch(`${it.url}/events`)).status).toBe(405);
});

test('the end of the server waits for what is under way, acknowledges it, and then closes the sockets with 1012', async () => {
  const it = await start();
  it.hub.slow = true;
  const client = await socket(it);
  await client.until(1);
  client.send(packr.pack({ epoch: 1, seq: 1, rows: [row] }));
  const posted = post(`${it.url}/events?epoch=1&seq=2`, lines(row)).catch((error: Error) => error.message);
  for (let i = 0; it.hub.batches.length < 2 && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = it.server.close();
  client.send(packr.pack({ epoch: 1, seq: 3, rows: [row] }));
  await client.until(2);
  it.hub.keep(2);
  await closed;
  expect(said(client)[1]).toMatchObject({ status: 503, error: { code: 'PUSH_ENDING' } });
  expect(said(client)[2]).toMatchObject({ status: 200, acked: { epoch: 1, seq: 2 } });
  expect(await posted).toMatchObject({ status: 200, acked: { epoch: 1, seq: 2 } });
  expect((await client.ended).code).toBe(closeCode.restart);
});

test('a sender that goes away inside its batch leaves nothing behind', async () => {
  const { server, hub, url } = await start();
  const connection = connect({ host: '127.0.0.1', port: server.port });
  connection.write(
    `POST /api/feeds/north/events?epoch=1&seq=1 HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\ncontent-type: application/x-ndjson\r\ncontent-length: 500\r\n\r\n{"timeUs":`,
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  connection.destroy();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(hub.batches).toEqual([]);
  expect(await post(`${url}/events?epoch=1&seq=1`, lines(row))).toMatchObject({ status: 200, accepted: 1 });
});
