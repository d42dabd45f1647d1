import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as listener } from 'node:net';
import { pipeline } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { sendCommand } from '../../server/cli/send.ts';
import { batchesOf } from '../../server/cli/send-file.ts';
import { heardElsewhere, type UserError } from '../../server/errors.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { pushFields } from '../../server/events/push-fields.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { slowWay } from '../kill/slow-way.ts';
import { FakeHub, nowUs, pushKey } from '../tools/push-parts.ts';
import { closing, codeOf, durations, file, losing, numbers, places, rows, send, start } from './send-parts.ts';

test('a file goes over in batches, in order; sent again it is known', async () => {
  const { hub, to } = await start();
  const path = file('a.ndjson', rows(25));
  expect(await send(to, '--rows', '10', path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
  expect(places(hub)).toEqual(['1/1', '1/2', '1/3']);
  expect(await send(to, path)).toBe(0);
  expect(hub.rows).toBe(25);
  // On request all of it again, as another life.
  expect(await send(to, '--again', '--rows', '25', path)).toBe(0);
  expect(hub.rows).toBe(50);
  expect(places(hub).at(-1)).toBe('2/1');
});

test('batches are made smaller where the server takes none so large, in octets or rows, and one row is told', async () => {
  const { hub, to } = await start(new FakeHub(), '', { pushBytesMax: 2000 });
  expect(await send(to, file('a.ndjson', rows(100)))).toBe(0);
  expect(durations(hub)).toEqual(numbers(100));
  expect(Math.max(...hub.batches.map(({ rows: n }) => n))).toBeLessThan(40);
  const few = await start(new FakeHub(), '', { pushRowsMax: 7 });
  expect(await send(few.to, file('c.ndjson', rows(20)))).toBe(0);
  expect(few.hub.batches.map(({ rows: n }) => n)).toEqual([7, 7, 6]);
  const long = `${JSON.stringify({ timeUs: nowUs, kind: 'other', user: 'x'.repeat(3000) })}\n`;
  const told = send(to, file('b.ndjson', `${rows(3)}${long}`)).then(String, (error: UserError) => error);
  expect(await told).toMatchObject({ code: 'SEND_ROW', message: expect.stringMatching(/^row 4 of /) });
  expect(durations(hub)).toEqual([...numbers(100), 0, 1, 2]);
});

/** Answers everything in the same way. */
async function answering(status: number, text: string): Promise<{ to: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, answer) => {
    asked++;
    request.resume();
    answer.writeHead(status, { 'content-type': 'text/html' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { to: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

test.each([
  [401, 'Unauthorized'],
  [404, 'null'],
  [301, ''],
  [200, '<html>hello</html>'],
  [200, '{}'],
  [200, '{"acked":null}'],
])("an answer that is no Signalwall's is told at once with its status: %i %s", async (status, text) => {
  const { to, asked } = await answering(status, text);
  const told = send(to, file('a.ndjson', rows(1))).then(String, (error: UserError) => error);
  expect(await told).toMatchObject({
    code: 'SEND_REFUSED',
    message: expect.stringContaining(`no Signalwall's (status ${status})`),
  });
  expect(asked()).toBe(1);
});

test('one that may pass is waited for, and then told with its status', async () => {
  const { to, asked } = await answering(502, '<html>Bad Gateway</html>');
  const told = send(to, '--patience', '1', file('a.ndjson', rows(1))).then(String, (error: UserError) => error);
  expect(await told).toMatchObject({ code: 'SEND_GAVE_UP', message: expect.stringContaining('(status 502)') });
  expect(asked()).toBeGreaterThan(1);
});

test('a server that takes connections and says nothing is given up in the time that was asked for', async () => {
  const door = listener((client) => void client.on('error', heardElsewhere));
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', resolve));
  closing.push(() => void door.close());
  const to = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const told = send(to, '--patience', '1', file('a.ndjson', rows(1))).then(String, (error: UserError) => error);
  expect(await told).toMatchObject({ code: 'SEND_GAVE_UP', message: expect.stringContaining('no answer in 1 s') });
});

test('a batch gets over a line on which it takes longer than the patience', async () => {
  const { hub, port } = await start();
  const text = rows(1200);
  // Two seconds for the batch, at twice the speed of the slowest line that is waited for.
  const way = await slowWay(port, text.length / 2000);
  closing.push(() => way.close());
  expect(await send(`http://127.0.0.1:${way.port}`, '--patience', '1', file('a.ndjson', text))).toBe(0);
  expect(hub.batches.map(({ rows: n }) => n)).toEqual([1200]);
});

test('batches whose answers are lost are sent again and taken once', async () => {
  const { hub, port } = await start();
  const said: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  expect(await send(await losing(port, 3), '--rows', '10', file('a.ndjson', rows(60)))).toBe(0);
  spy.mockRestore();
  expect(durations(hub)).toEqual(numbers(60));
  // Of those whose first answer was lost, too.
  expect(said.join('')).toMatch(/a\.ndjson: 60 rows acknowledged\n/);
});

test('connections that are closed before a word is said are tried again', async () => {
  const { hub, port } = await start();
  let closed = 0;
  const door = listener((client) => {
    client.on('error', heardElsewhere);
    if (closed++ < 3) return void client.end();
    pipeline(client, connect(port, '127.0.0.1'), client, heardElsewhere);
  });
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', resolve));
  closing.push(() => void door.close());
  const to = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  expect(await send(to, '--rows', '10', file('a.ndjson', rows(25)))).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
  expect(closed).toBeGreaterThan(3);
});

test('waits while the journal is full', async () => {
  const { hub, to } = await start();
  hub.full = true;
  setTimeout(() => {
    hub.full = false;
  }, 300);
  expect(await send(to, file('a.ndjson', rows(3)))).toBe(0);
  expect(hub.rows).toBe(3);
});

test('records of an xDR file become the rows that the feed xdr: gives, in order of time', async () => {
  const header = 'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat\n';
  const records = [
    'U2,1,7,352021,2015-08-02 12:05:00,2015-08-02 12:05:09,1,2,1',
    'U1,1,6,,2015-08-02 12:00:01,2015-08-02 12:00:01,0,5,1',
  ];
  const { hub, to } = await start(new FakeHub({ pushAgeMaxMs: 4_000_000_000_000 }));
  expect(await send(to, `xdr:${file('a.csv', header + records.join('\n'))}?plmn=460-01`)).toBe(0);
  const { buffer, rows: n, newCells } = hub.batches[0];
  const batch = EventBatch.adopt(buffer, n);
  const users = new Pseudonymiser(pushKey);
  const sub = (user: string) => {
    users.user(user);
    return { subLo: users.lo, subHi: users.hi };
  };
  const at = (minute: number, second: number) => Date.UTC(2015, 7, 2, 12, minute, second) * 1000;
  expect(newCells).toEqual(['460-01-1-6', '460-01-1-7']);
  expect(Array.from({ length: n }, (_, i) => batch.row(i))).toMatchObject([
    {
      timeUs: at(0, 1),
      ...sub('U1'),
      cell: 0,
      kind: kindCode.data,
      flags: eventFlag.sighting | eventFlag.traffic,
      bytes: 5,
    },
    {
      timeUs: at(5, 0),
      ...sub('U2'),
      cell: 1,
      kind: kindCode.data,
      outcome: 1,
      durationMs: 9000,
      typeAllocationCode: 352_021,
    },
    { timeUs: at(5, 9), ...sub('U2'), cell: 1, kind: kindCode.sighting, flags: eventFlag.sighting, bytes: 0 },
  ]);
});

test('a file in gzip is read too; one that is cut is sent up to there, and is an error', async () => {
  const { hub, to } = await start();
  const zipped = gzipSync(rows(5000));
  expect(await send(to, file('a.ndjson.gz', zipped))).toBe(0);
  expect(hub.rows).toBe(5000);
  expect(await codeOf(send(to, file('b.ndjson.gz', zipped.subarray(0, -2000))))).toBe('SEND_CUT');
  expect(hub.rows).toBeGreaterThan(5000);
});

test.each([
  ['USAGE', []],
  ['USAGE', ['--rows', '0', 'x']],
  ['USAGE', ['--to', 'ftp://x', 'x']],
  ['SEND_FILE', ['/nowhere/x.ndjson']],
])('%s for wrong arguments %o', async (code, more) => {
  expect(await codeOf(sendCommand.run(['--feed', 'north', '--to', 'http://127.0.0.1:1', ...more]))).toBe(code);
});

test('what the server refuses is told with the rows of the file, and never with a value', async () => {
  const { hub, to } = await start();
  const secret = '001010000000042';
  const bad = JSON.stringify({ timeUs: nowUs, kind: 'other', imsi: `${secret}x` });
  const told = send(to, '--rows', '10', file('a.ndjson', `${rows(14)}${bad}\n`));
  const message = await told.then(String, (error: UserError) => error.message);
  expect(message).toMatch(/^rows 11 to 15 of .*: the server refuses \(400\): line 5: field 'imsi' must be/);
  expect(message).not.toContain(secret);
  expect(hub.rows).toBe(10);
  expect(await codeOf(sendCommand.run(['--feed', 'south', '--to', to, file('b.ndjson', rows(1))]))).toBe(
    'SEND_REFUSED',
  );
});

test('batches are cut from wherever they begin', async () => {
  const path = file('a.ndjson', `${rows(9)}\n\n`);
  const all: number[][] = [];
  for (const [behind, first] of [[0], [4], [5, 1]]) {
    const cut: number[] = [behind];
    for await (const { length } of batchesOf({ kind: 'lines', path }, behind, 4, first)) cut.push(length);
    all.push(cut);
  }
  expect(all).toEqual([
    [0, 4, 4, 1],
    [4, 4, 1],
    [5, 1, 3],
  ]);
});

test('the help names every field of a row', () => {
  for (const name of pushFields.keys()) expect(sendCommand.usage).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
});
