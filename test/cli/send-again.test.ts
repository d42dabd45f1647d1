/** A file that is sent again: behind what is acknowledged, or not at all. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as listener, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { heardElsewhere, type UserError } from '../../server/errors.ts';
import { FakeHub } from '../tools/push-parts.ts';
import { closing, codeOf, durations, file, losing, numbers, places, rows, send, start } from './send-parts.ts';

test('a sending that broke off goes on behind what is acknowledged, in batches of the same size', async () => {
  const path = file('a.ndjson', rows(25));
  const first = await start(new FakeHub());
  expect(await codeOf(send(await losing(first.port, 1), '--rows', '10', '--patience', '1', path))).toBe('SEND_GAVE_UP');
  const state = JSON.parse(readFileSync(`${path}.north.sent`, 'utf8'));
  expect(state).toMatchObject({ feed: 'north', lives: [{ from: 0, rows: 10 }], sent: { rows: 10 } });
  // What was under way has come.
  const { epoch } = state.lives[0];
  const later = await start(new FakeHub({}, { epoch, seq: 1 }));
  expect(await send(later.to, path)).toBe(0);
  expect(durations(later.hub)).toEqual(numbers(25).slice(10));
  expect(later.hub.batches.map(({ place }) => place)).toEqual([2, 3].map((seq) => ({ epoch, seq })));
});

test('by whatever name the server is called, a file is sent once; to another server it is not taken for sent', async () => {
  const { hub, to, port } = await start();
  const path = file('a.ndjson', rows(25));
  for (const name of [to, `${to}/`, `http://localhost:${port}`]) expect(await send(name, path)).toBe(0);
  expect(hub.rows).toBe(25);
  const other = await start(new FakeHub(), 'another');
  expect(await codeOf(send(other.to, path))).toBe('SEND_STATE');
  expect(await send(other.to, '--state', `${path}.other`, path)).toBe(0);
  expect([hub.rows, other.hub.rows]).toEqual([25, 25]);
});

test('a file that has grown is sent on behind what was sent, also where the last batch had fewer rows', async () => {
  const { hub, to } = await start();
  const path = file('a.ndjson', rows(25));
  expect(await send(to, '--rows', '10', path)).toBe(0);
  file('a.ndjson', rows(47));
  expect(await send(to, path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(47));
  expect(places(hub).at(-1)).toBe('2/3');
});

test('a batch that nobody answered goes out again as it was cut, though the file has grown', async () => {
  const path = file('a.ndjson', rows(15));
  const first = await start(new FakeHub());
  expect(await send(first.to, '--rows', '10', path)).toBe(0);
  const state = JSON.parse(readFileSync(`${path}.north.sent`, 'utf8'));
  const tenRows = createHash('sha256').update(rows(10)).digest('hex');
  writeFileSync(
    `${path}.north.sent`,
    JSON.stringify({ ...state, acked: { rows: 10, digest: tenRows }, sent: state.acked }),
  );
  file('a.ndjson', rows(30));
  for (const seq of [1, 2]) {
    const { hub, to } = await start(new FakeHub({}, { epoch: state.lives[0].epoch, seq }));
    const sent = `${path}.${seq}`;
    writeFileSync(sent, readFileSync(`${path}.north.sent`));
    expect(await send(to, '--state', sent, path)).toBe(0);
    expect(durations(hub)).toEqual(numbers(30).slice(seq === 1 ? 10 : 15));
    expect(hub.batches[0]).toMatchObject({
      rows: seq === 1 ? 5 : 10,
      place: { seq: seq === 1 ? 2 : 1 },
    });
  }
});

test('rows that were refused are mended in the file, and sent behind those that were taken', async () => {
  const { hub, to } = await start();
  const whole = rows(25).split('\n');
  const path = file('a.ndjson', whole.with(14, '{"timeUs": 1}').join('\n'));
  expect(await codeOf(send(to, '--rows', '10', path))).toBe('SEND_REFUSED');
  expect(hub.rows).toBe(10);
  file('a.ndjson', whole.join('\n'));
  expect(await send(to, path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
});

test('what is acknowledged must still be what stands in the file; the whole of it goes once more on request alone', async () => {
  const { hub, to } = await start();
  const path = file('a.ndjson', rows(25));
  expect(await send(to, '--rows', '10', path)).toBe(0);
  for (const text of [rows(25).replace('"durationMs":3}', '"durationMs":4}'), rows(24)]) {
    file('a.ndjson', text);
    expect(await codeOf(send(to, path))).toBe('SEND_CHANGED');
  }
  expect(hub.rows).toBe(25);
  expect(await send(to, '--again', path)).toBe(0);
  expect(hub.batches.at(-1)).toMatchObject({ rows: 24, place: { seq: 1 } });
  for (const text of ['', '{}', '{"to":"http://127.0.0.1","feed":"north","file":"x","epoch":1,"rows":5}']) {
    writeFileSync(`${path}.north.sent`, text);
    expect(await codeOf(send(to, path))).toBe('SEND_STATE');
  }
});

test('other files may be sent in between: each goes on behind its own rows', async () => {
  const { hub, to } = await start();
  const [a, b] = [file('a.ndjson', rows(3)), file('b.ndjson', rows(4))];
  for (const path of [a, b]) expect(await send(to, path)).toBe(0);
  expect(places(hub)).toEqual(['1/1', '2/1']);
  expect(await send(to, a)).toBe(0);
  expect(hub.rows).toBe(7);
  file('a.ndjson', rows(5));
  expect(await send(to, a)).toBe(0);
  expect(hub.batches.at(-1)!.rows).toBe(2);
  expect(places(hub).at(-1)).toBe('3/1');
});

/** An epoch that is higher than those of now. */
const later = 2000 * Date.now();

test('where somebody has sent behind a batch whose answer was lost, a user must say what became of it', async () => {
  const path = file('a.ndjson', rows(25));
  const first = await start(new FakeHub());
  expect(await codeOf(send(await losing(first.port, 1), '--rows', '10', '--patience', '1', path))).toBe('SEND_GAVE_UP');
  expect(first.hub.rows).toBe(10);
  const { hub, to } = await start(new FakeHub({}, { epoch: later, seq: 1 }));
  const told = send(to, path).then(String, (error: UserError) => error);
  expect(await told).toMatchObject({ code: 'SEND_OVER', message: expect.stringMatching(/whether rows 1 to 10 were/) });
  expect(hub.rows).toBe(0);
  const state = readFileSync(`${path}.north.sent`);
  expect(await send(to, '--taken', 'yes', path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25).slice(10));
  writeFileSync(`${path}.no`, state);
  const other = await start(new FakeHub({}, { epoch: later, seq: 1 }));
  expect(await send(other.to, '--state', `${path}.no`, '--taken', 'no', path)).toBe(0);
  expect(durations(other.hub)).toEqual(numbers(25));
});

test('what was under way in an earlier run stays so, whatever a server says that ends; its rows may not change', async () => {
  const path = file('a.ndjson', rows(25));
  const first = await start(new FakeHub());
  expect(await codeOf(send(await losing(first.port, 1), '--rows', '10', '--patience', '1', path))).toBe('SEND_GAVE_UP');
  const sent = `${path}.north.sent`;
  const { lives, sent: underWay } = JSON.parse(readFileSync(sent, 'utf8'));
  const ending = await start(new FakeHub());
  ending.hub.feed.post({ k: 'stop' });
  expect(await codeOf(send(ending.to, '--patience', '1', path))).toBe('SEND_GAVE_UP');
  expect(JSON.parse(readFileSync(sent, 'utf8'))).toMatchObject({ lives, sent: underWay });
  file('a.ndjson', rows(25).replace('"durationMs":3}', '"durationMs":4}'));
  const { hub, to } = await start(new FakeHub());
  expect(await codeOf(send(to, '--rows', '4', path))).toBe('SEND_CHANGED');
  file('a.ndjson', rows(25));
  expect(await send(to, '--rows', '4', path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
  expect(hub.batches.map(({ rows: n }) => n)).toEqual([10, 10, 5]);
});

test('a server that has lost a batch while a later one is under way gets each once', async () => {
  const path = file('a.ndjson', rows(25));
  const first = await start();
  expect(await send(first.to, '--rows', '10', path)).toBe(0);
  const sent = `${path}.north.sent`;
  const state = JSON.parse(readFileSync(sent, 'utf8'));
  const digest = createHash('sha256').update(rows(20)).digest('hex');
  file('a.ndjson', rows(50));
  writeFileSync(sent, JSON.stringify({ ...state, acked: { rows: 20, digest }, sent: state.acked }));
  const { hub, to } = await start(new FakeHub({}, { epoch: state.lives[0].epoch, seq: 1 }));
  // What is refused leaves no trace in what is known.
  const known = readFileSync(sent, 'utf8');
  file('a.ndjson', rows(50).replace('"durationMs":22}', '"durationMs":4}'));
  expect(await codeOf(send(to, path))).toBe('SEND_CHANGED');
  expect(readFileSync(sent, 'utf8')).toBe(known);
  file('a.ndjson', rows(50));
  expect(await send(to, path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(50).slice(10));
  expect(hub.batches.map(({ rows: n }) => n)).toEqual([10, 5, 10, 10, 5]);
});

test('a file is sent by one process at a time; its state is none of its rows', async () => {
  const { hub, to } = await start();
  const path = file('a.ndjson', rows(25));
  hub.slow = true;
  const running = send(to, path);
  await vi.waitFor(() => expect(hub.batches.length).toBe(1));
  expect(await codeOf(send(to, path))).toBe('SEND_BUSY');
  hub.keep(1);
  expect(await running).toBe(0);
  for (const more of [['--again'], []]) expect(await codeOf(send(to, '--state', path, ...more, path))).toBe('USAGE');
  const other = file('b.ndjson', rows(2));
  for (const more of [['--again'], []])
    expect(await codeOf(send(to, '--state', other, ...more, path))).toBe('SEND_STATE');
  expect(readFileSync(other, 'utf8')).toBe(rows(2));
});

test('another server that comes in the place of one gets nothing of what that has', async () => {
  const path = file('a.ndjson', rows(40));
  const one = await start(new FakeHub(), 'one');
  const two = await start(new FakeHub(), 'two');
  let port = one.port;
  const clients: Socket[] = [];
  const door = listener((client) => {
    clients.push(client);
    pipeline(client, connect(port, '127.0.0.1'), client, heardElsewhere);
  });
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', resolve));
  closing.push(() => void door.close());
  one.hub.slow = true;
  const running = codeOf(send(`http://127.0.0.1:${(door.address() as AddressInfo).port}`, '--rows', '10', path));
  await vi.waitFor(() => expect(one.hub.batches.length).toBe(1));
  one.hub.keep(1);
  await vi.waitFor(() => expect(one.hub.batches.length).toBe(2));
  port = two.port;
  for (const client of clients) client.destroy();
  expect(await running).toBe('SEND_OTHER');
  expect(two.hub.rows).toBe(0);
});

test('what a server has said that it does not take goes over behind what somebody has sent since', async () => {
  const path = file('a.ndjson', rows(25));
  const first = await start(new FakeHub());
  first.hub.feed.post({ k: 'stop' });
  expect(await codeOf(send(first.to, '--rows', '10', '--patience', '1', path))).toBe('SEND_GAVE_UP');
  const { hub, to } = await start(new FakeHub({}, { epoch: later, seq: 1 }));
  expect(await send(to, path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
});

test('a sending whose life somebody ends goes on when it is started again', async () => {
  const { hub, to } = await start();
  const path = file('a.ndjson', rows(30));
  const other = file('b.ndjson', rows(1));
  hub.slow = true;
  const running = codeOf(send(to, '--rows', '10', path));
  await vi.waitFor(() => expect(hub.batches.length).toBe(1));
  hub.keep(1);
  await vi.waitFor(() => expect(hub.batches.length).toBe(2));
  const between = send(to, other);
  await vi.waitFor(() => expect(hub.batches.length).toBe(3));
  hub.slow = false;
  hub.keep(2);
  expect(await running).toBe('SEND_REFUSED');
  expect(await between).toBe(0);
  expect(await send(to, path)).toBe(0);
  expect(durations(hub)).toEqual([...numbers(20), 0, ...numbers(30).slice(20)]);
});

test('another size of batches holds for what is not sent yet', async () => {
  const path = file('a.ndjson', rows(25));
  const { hub, to } = await start(new FakeHub());
  const bad = rows(25).split('\n').with(12, 'x').join('\n');
  file('a.ndjson', bad);
  expect(await codeOf(send(to, '--rows', '10', path))).toBe('SEND_REFUSED');
  file('a.ndjson', rows(25));
  expect(await send(to, '--rows', '4', path)).toBe(0);
  expect(durations(hub)).toEqual(numbers(25));
  expect(hub.batches.map(({ rows: n }) => n)).toEqual([10, 4, 4, 4, 3]);
});

test('a server that has lost batches gets them again, of an epoch before too', async () => {
  const path = file('a.ndjson', rows(30));
  const { to } = await start();
  expect(await send(to, '--rows', '10', path)).toBe(0);
  file('a.ndjson', rows(45));
  expect(await send(to, '--rows', '7', path)).toBe(0);
  const [first, second] = JSON.parse(readFileSync(`${path}.north.sent`, 'utf8')).lives;
  for (const [epoch, seq, has] of [
    [second.epoch, 1, 37],
    [first.epoch, 1, 10],
    [0, 0, 0],
  ]) {
    const { hub, to } = await start(new FakeHub({}, { epoch, seq }));
    const sent = `${path}.${epoch}`;
    writeFileSync(sent, readFileSync(`${path}.north.sent`));
    expect(await send(to, '--state', sent, path)).toBe(0);
    expect(durations(hub)).toEqual(numbers(45).slice(has));
  }
});

test('two files that are sent to one feed at once do not take their batches for one another’s', async () => {
  const { hub, to } = await start();
  const [a, b] = [file('a.ndjson', rows(30)), file('b.ndjson', rows(20))];
  const first = codeOf(send(to, '--rows', '10', a));
  // In another millisecond.
  await new Promise((resolve) => setTimeout(resolve, 3));
  const codes = await Promise.all([first, codeOf(send(to, '--rows', '10', b))]);
  expect(codes).toContain('0');
  for (const [i, path] of [a, b].entries()) if (codes[i] !== '0') expect(await send(to, path)).toBe(0);
  const counts = numbers(30).map((duration) => durations(hub).filter((each) => each === duration).length);
  expect(counts).toEqual(numbers(30).map((duration) => (duration < 20 ? 2 : 1)));
});
