import { afterEach, expect, test } from 'vitest';
import type { GateTaker } from '../../server/api/gate-counts.ts';
import { UserError } from '../../server/errors.ts';
import type { GateCount } from '../../server/estimate/gates.ts';
import { jsonOf, request, startTestServer, type TestServer } from '../tools/push-server.ts';

const open: TestServer[] = [];
afterEach(async () => {
  for (const it of open.splice(0)) await it.server.close();
});

async function start(gates?: GateTaker): Promise<TestServer> {
  const it = await startTestServer(gates && { gates });
  open.push(it);
  return it;
}

interface Answer {
  status: number;
  body: { error?: { code: string; message: string }; counts?: object[] };
}

async function post(it: TestServer, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const answer = await fetch(`http://127.0.0.1:${it.server.port}/api/gates`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/csv', ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

const csv = 'time,region,people,error\n2026-10-17T19:30:00+08:00,hall,12345,0.01\n2026-10-17T19:00+08:00,gone,5,\n';

test('gate counts are taken in as a file of them is, as CSV and as JSON, and each is told what becomes of it', async () => {
  const taken: GateCount[] = [];
  const it = await start((counts) => {
    taken.push(...counts);
    return Promise.resolve(
      counts.map(({ region }) => (region === 'gone' ? { state: 'refused', why: 'no such region' } : { state: 'used' })),
    );
  });
  const { status, body } = await post(it, csv);
  expect(status).toBe(200);
  const refused = { time: '2026-10-17T11:00:00.000Z', region: 'gone', people: 5, error: 0.02 };
  expect(body.counts).toEqual([
    { ...refused, state: 'refused', why: 'no such region' },
    { time: '2026-10-17T11:30:00.000Z', region: 'hall', people: 12345, error: 0.01, state: 'used' },
  ]);
  const first = taken.splice(0);
  expect(first[1]).toEqual({
    timeUs: Date.parse('2026-10-17T11:30:00Z') * 1000,
    region: 'hall',
    people: 12345,
    error: 0.01,
  });
  // The answer's rows can be sent again.
  const rows = body.counts!.map((row) => ({ ...row, state: undefined, why: undefined }));
  expect((await post(it, JSON.stringify(rows), { 'content-type': 'application/json' })).status).toBe(200);
  expect(taken).toEqual(first);
});

test.each([
  ['nothing', '', 'GATES_EMPTY', 'the gate counts sent'],
  ['another table', 'a,b\n1,2\n', 'GATES_COLUMNS', 'lacks time, region'],
  ['a time without its zone', csv.replace('+08:00,hall', ',hall'), 'GATES_ROW', 'line 2: time'],
  ['a day that is none', csv.replace('2026-10-17T19:30', '2026-09-31T19:30'), 'GATES_ROW', 'line 2: time'],
  ['half a head', csv.replace('12345', '1.5'), 'GATES_ROW', "line 2: people '1.5'"],
  ['broken JSON', '[{', 'GATES_JSON', 'no valid JSON'],
  ['other octets', new Uint8Array([0xff, 0xfe]), 'GATES_TEXT', 'not UTF-8'],
])('%s is refused with what to mend, and none is taken in', async (_, body, code, message) => {
  const it = await start(() => expect.unreachable());
  const answer = await post(it, body as string);
  expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
  expect(answer.body.error!.message).toContain(message);
});

test.each(['null', '"2026"', '7', 'true', '{}', ' '])('JSON that is no array is refused as JSON: %s', async (body) => {
  const it = await start(() => expect.unreachable());
  const answer = await post(it, body, { 'content-type': 'application/json' });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'GATES_JSON' } } });
  expect(answer.body.error!.message).toMatch(/array of objects|no valid JSON/);
});

test('no rows in JSON are answered with what its objects have, not with a header', async () => {
  const answer = await post(await start(() => expect.unreachable()), '[]', { 'content-type': 'application/json' });
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'GATES_EMPTY' } } });
  expect(answer.body.error!.message).toContain('objects with time, region');
});

test('pages elsewhere, other types, other methods, too many octets and servers without shares take none', async () => {
  const it = await start(() => expect.unreachable());
  const elsewhere = { origin: 'http://evil.example' };
  expect(await post(it, csv, elsewhere)).toMatchObject({ status: 403, body: { error: { code: 'ORIGIN_REFUSED' } } });
  const plain = { 'content-type': 'text/plain' };
  expect(await post(it, csv, plain)).toMatchObject({ status: 415, body: { error: { code: 'GATES_TYPE' } } });
  const large = await post(it, 'x'.repeat(1024 * 1024 + 1));
  expect(large).toMatchObject({ status: 413, body: { error: { code: 'GATES_BYTES' } } });
  for (const method of ['GET', 'PUT']) {
    const answer = await request(it.server.port, '/api/gates', {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  }
  const rebound = await request(it.server.port, '/api/gates', { host: 'evil.example', 'content-length': '0' }, 'POST');
  expect(rebound.status).toBe(403);
  expect(jsonOf<Answer['body']>(rebound).error!.code).toBe('ORIGIN_REFUSED');
  const answer = await post(await start(), csv);
  expect(answer).toMatchObject({ status: 409, body: { error: { code: 'NO_SHARES' } } });
});

test('a disk that refuses them is no fault of theirs: later', async () => {
  const it = await start(() => Promise.reject(new UserError('GATES_DISK', 'the disk is full')));
  expect(await post(it, csv)).toMatchObject({ status: 503, body: { error: { code: 'GATES_DISK' } } });
});
