import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import { type LiveFeedSpec, parseFeedUri } from '../../server/capture/feed-uri.ts';
import { AheadLane, type AheadRows } from '../../server/cli/ahead-lane.ts';
import { framePipeline } from '../../server/cli/feed-pipeline.ts';
import { startFeedThread } from '../../server/cli/feed-thread.ts';
import { openProbeAside } from '../../server/cli/probe-aside.ts';
import { systemClock, systemTimers } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { BatchWriter } from '../../server/events/batch-writer.ts';
import type { FeedProgress, FeedToHub } from '../../server/events/feed-messages.ts';
import { linesOf } from '../../server/events/push-lines.ts';
import { nodeDisk } from '../../server/journal/disk.ts';
import { OptOuts } from '../../server/privacy/opt-outs.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { feedNote } from '../../shared/feed-note.ts';
import { pcapFile, type TestFrame } from '../capture/pcap-write.ts';
import { bundle } from '../tools/bundle.ts';
import { freePort } from '../tools/serve.ts';
import { root } from '../tools/shared-inputs.ts';

const config = makeConfig({ where: 'test', settings: { homePlmns: '001-01' } });
const key = new Uint8Array(32).fill(5);
const city = { population: 300, date: '2026-10-17', from: '18:00', hours: 0.25 };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()!();
});

interface Frame {
  readonly timeUs: number;
  readonly linkType: number;
  readonly bytes: Uint8Array;
}
const frames: Frame[] = [];
/** Lines of the rows that the same frames give at a right time. */
let counted: string[] = [];

beforeAll(async () => {
  const sink = {
    frame: (timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) =>
      void frames.push({ timeUs, linkType, bytes: bytes.slice(start, end) }),
  };
  const reader = openSimulation(city);
  while ((await reader.read(sink, Number.POSITIVE_INFINITY, 10_000)) !== 'end');
  const writer = new BatchWriter();
  const pseudonymiser = new Pseudonymiser(key);
  const events = { event: (...row: Parameters<BatchWriter['event']>) => writer.event(...row) };
  const pipeline = framePipeline(openSimulation(city), { config, sorted: false, sink: events, pseudonymiser });
  while ((await pipeline.run(Number.POSITIVE_INFINITY, 10_000)) !== 'end');
  counted = linesFrom(writer);
});

function linesFrom(writer: BatchWriter): string[] {
  const cgis: string[] = [];
  let text = '';
  while (writer.waiting > 0) {
    const { batch, newCells } = writer.take();
    cgis.push(...newCells);
    const lines = linesOf(batch, (symbol) => cgis[symbol]);
    let step = lines.next();
    while (!step.done) step = lines.next();
    text += step.value;
  }
  return text.trimEnd().split('\n');
}

/** A lane whose clock stands an hour before the frames, and what it sent. */
function open() {
  let ms = 0;
  const sent: AheadRows[] = [];
  const lane = new AheadLane({
    clock: { nowUs: () => frames[0].timeUs - 3_600e6, monotonicMs: () => ms },
    ...{ config, areas: null, folder: 'quarantine/x', pseudonymiser: new Pseudonymiser(key) },
    port: { postMessage: (rows: AheadRows) => void sent.push(rows) },
  });
  const give = (some: readonly Frame[]) => {
    for (const { timeUs, linkType, bytes } of some) lane.frame(timeUs, linkType, bytes, 0, bytes.length);
  };
  return { lane, sent, give, pass: (by: number) => (ms += by) };
}

test('gives the same events of frames ahead of the clock as they give at a right time, and no plain identity', () => {
  const { lane, sent, give } = open();
  give(frames);
  lane.end();
  const text = sent.map((one) => one.text).join('');
  expect(counted.length).toBeGreaterThan(100);
  expect(text.trimEnd().split('\n').sort()).toEqual([...counted].sort());
  expect(sent.reduce((sum, { rows }) => sum + rows, 0)).toBe(counted.length);
  expect(Object.fromEntries(lane.faults)).toEqual({ EVENT_AHEAD: counted.length });
  expect(text).not.toMatch(/00101\d{10}/);
});

test('gives rows after a while, ends what is open when nothing comes any more, and says so as long as it is new', () => {
  const { lane, sent, give, pass } = open();
  const half = frames.length >> 1;
  give(frames.slice(0, half));
  lane.look();
  expect(sent).toEqual([]);
  pass(6_000);
  lane.look();
  expect(sent.length).toBe(1);
  const seconds = Number(/stamped (\d+) s/.exec(lane.note)?.[1]);
  expect(Math.abs(seconds - 3600)).toBeLessThan(900);
  expect(lane.note).toBe(feedNote('aheadAside', { seconds, folder: 'quarantine/x' }));
  lane.answered({ kept: false, rows: sent[0].rows });
  expect(lane.note).toBe(feedNote('aheadFull', { seconds, folder: 'quarantine/x' }));
  expect(lane.faults.get('EVENT_AHEAD_LOST')).toBe(sent[0].rows);
  pass(60_000);
  lane.look();
  expect(sent.length).toBe(2);
  expect(lane.note).toBe('');
  // Anew: who was known is known no more.
  give(frames.slice(half));
  lane.end();
  expect(sent.length).toBe(3);
});

test('has so many files under way and no more: what comes beyond is counted as lost', () => {
  const { lane, sent, give, pass } = open();
  const part = Math.ceil(frames.length / 12);
  for (let from = 0; from < frames.length; from += part) {
    give(frames.slice(from, from + part));
    pass(6_000);
    lane.look();
  }
  lane.end();
  expect(sent.length).toBe(8);
  const rows = sent.reduce((sum, one) => sum + one.rows, 0);
  expect(lane.faults.get('EVENT_AHEAD_LOST')).toBe(lane.faults.get('EVENT_AHEAD')! - rows);
});

/** Lines of files, their times put back by so much. */
const linesBack = (files: readonly AheadRows[], byUs: number) =>
  files
    .flatMap(({ text }) => text.trimEnd().split('\n'))
    .map((line) => line.replace(/"timeUs":(\d+)/, (_, us) => `"timeUs":${Number(us) - byUs}`))
    .sort();
const shifted = ({ timeUs, ...frame }: Frame, byUs: number): Frame => ({ ...frame, timeUs: timeUs + byUs });

test('a frame of another time does not end the calls of those before', () => {
  const { lane, sent, give, pass } = open();
  const far = { ...frames[0], timeUs: Date.UTC(2100, 0, 1) * 1000 };
  const half = frames.length >> 1;
  pass(20_000);
  give(frames.slice(0, half));
  pass(20_000);
  give([far]);
  give(frames.slice(half, half + 1));
  pass(20_000);
  give(frames.slice(half + 1));
  lane.end();
  const lines = sent.flatMap(({ text }) => text.trimEnd().split('\n'));
  const here = lines.filter((line) => !line.includes(`"timeUs":${far.timeUs}`));
  expect(here.sort()).toEqual([...counted].sort());
});

test('two probes on one port whose clocks are ahead by one and by three hours give what each gives alone', () => {
  const { lane, sent, give, pass } = open();
  const apartUs = 7_200e6;
  frames.forEach((frame, i) => {
    give([frame, shifted(frame, apartUs)]);
    // The sooner the more often, so that much is open.
    if (i % 100 === 0) pass(11_000);
  });
  expect(Number(/stamped (\d+) s/.exec(lane.note)?.[1])).toBeGreaterThan(9_000);
  lane.end();
  const isLater = ({ text }: AheadRows) => Number(/"timeUs":(\d+)/.exec(text)![1]) > frames.at(-1)!.timeUs + 1e9;
  expect(linesBack(sent.filter(isLater), apartUs)).toEqual([...counted].sort());
  expect(
    linesBack(
      sent.filter((one) => !isLater(one)),
      0,
    ),
  ).toEqual([...counted].sort());
});

test('frames of a fifth clock are counted as lost until one of the others is silent', () => {
  const { lane, give, pass } = open();
  const clocks = [0, 1, 2, 3, 4].map((hour) => shifted(frames[0], hour * 3_600e6));
  give(clocks);
  give(clocks);
  expect(lane.faults.get('FRAME_AHEAD_LOST')).toBe(2);
  pass(9_000);
  give(clocks.slice(1));
  pass(2_000);
  give(clocks.slice(1));
  expect(lane.faults.get('FRAME_AHEAD_LOST')).toBe(3);
  give(clocks.slice(0, 1));
  expect(lane.faults.get('FRAME_AHEAD_LOST')).toBe(4);
});

function captureOf(some: readonly Frame[], shiftUs: number): Uint8Array {
  const records = some.map((frame): TestFrame => {
    const us = frame.timeUs + shiftUs;
    return { seconds: Math.floor(us / 1e6), fraction: us % 1e6, bytes: frame.bytes };
  });
  return pcapFile(records, { linkType: some[0].linkType });
}

/** A server's feed of a probe, whose frames lie so far from the clock. */
async function startProbe(settings: Record<string, unknown> = {}) {
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), 'ahead-'));
  closing.push(() => rmSync(dataDir, { recursive: true }));
  const spec = parseFeedUri(`pcap+listen://127.0.0.1:${port}`, '001-01') as LiveFeedSpec;
  const asideFolder = join(dataDir, 'quarantine');
  const lines: string[] = [];
  const log = (level: string, line: string) => void lines.push(`${level} ${line}`);
  const own = { ...config, ...settings };
  const optedOut = new OptOuts();
  const timers = systemTimers;
  const aside = openProbeAside(spec, { config: own, disk: nodeDisk, asideFolder, optedOut, timers, log });
  const said: FeedToHub[] = [];
  const broken = (error: Error) => {
    throw error;
  };
  const feed = startFeedThread({ spec, config: own, key, known: {} }, broken, aside);
  let at: FeedProgress | null = null;
  let rows = 0;
  feed.onMessage((message) => {
    said.push(message);
    if ('at' in message) at = message.at;
    if (message.k === 'batch') {
      rows += message.rows;
      feed.post({ k: 'credit' });
    }
    feed.post({ k: 'until', untilUs: Number.POSITIVE_INFINITY });
  });
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    feed.post({ k: 'stop' });
    await feed.close();
  };
  closing.push(end);
  await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(0);
  feed.post({ k: 'until', untilUs: Number.POSITIVE_INFINITY });
  const folder = join(asideFolder, `pcap+listen_127.0.0.1_${port}`);
  const send = (some: readonly Frame[], shiftUs: number): Socket => {
    const socket = connect({ host: '127.0.0.1', port });
    closing.push(() => socket.destroy());
    socket.write(captureOf(some, shiftUs));
    return socket;
  };
  const files = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return { send, end, folder, files, at: () => at, rows: () => rows };
}

test("a probe's frames far ahead are set aside as events when the server ends at the latest; those in time count alone", async () => {
  const { send, end, files, at, rows } = await startProbe();
  const toNowUs = systemClock.nowUs() - frames.at(-1)!.timeUs;
  send(frames, toNowUs);
  await expect.poll(() => at()?.counters.frames, { timeout: 20_000 }).toBe(frames.length);
  const clockUs = at()!.clockUs;
  const inTime = rows();
  send(frames, toNowUs + 7_200e6);
  await expect.poll(() => at()?.counters.faults.TIME_AHEAD, { timeout: 20_000 }).toBe(frames.length);
  expect(at()!.note).toMatch(
    /; frames stamped \d{4} s ahead of this machine's clock are not counted, their events set aside/,
  );
  expect(at()!.isAlarm).toBe(true);
  await end();
  expect([at()!.clockUs, rows()]).toEqual([clockUs, inTime]);
  const text = files().join('');
  const shift = (line: string) =>
    line.replace(/"timeUs":(\d+)/, (_, us) => `"timeUs":${Number(us) - toNowUs - 7_200e6}`);
  expect(text.trimEnd().split('\n').map(shift).sort()).toEqual([...counted].sort());
  expect(text).not.toMatch(/00101\d{10}/);
}, 60_000);

test('where there is no room for them they are counted as lost, and the feed says so', async () => {
  const { send, folder, at } = await startProbe({ pushAsideBytesMax: 65_536 });
  const aside = join(folder, 'before.ndjson');
  await nodeDisk.makeFolder(folder);
  writeFileSync(aside, 'x'.repeat(65_536));
  send(frames, systemClock.nowUs() - frames[0].timeUs + 7_200e6);
  await expect.poll(() => at()?.counters.faults.EVENT_AHEAD_LOST ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(at()!.note).toMatch(/are lost, for quarantine\/.* has no room: set the probe's clock and move its files away/);
  expect(readdirSync(folder)).toEqual(['before.ndjson']);
}, 60_000);

test('a pipe that ends soon has counted what of it was found and what could not be kept', async () => {
  const built = join(root, 'node_modules', `.ahead-test-${process.pid}.mjs`);
  closing.push(() => rmSync(built, { force: true }));
  await bundle(
    `import { MessageChannel } from 'node:worker_threads';
    import { parseFeedUri } from './server/capture/feed-uri.ts';
    import { DecodedApart } from './server/cli/decode-thread.ts';
    import { AheadKeeper } from './server/cli/probe-aside.ts';
    import { systemClock } from './server/clock.ts';
    import { makeConfig } from './server/config.ts';
    const { port1, port2 } = new MessageChannel();
    new AheadKeeper(port1, { folder: 'x', keep: async () => false, drop: async () => true }, systemClock);
    const source = await DecodedApart.open({
      spec: parseFeedUri('pcap:-', '001-01'),
      config: makeConfig({ where: 'test', settings: { homePlmns: '001-01' } }),
      ahead: { port: port2, folder: 'x', key: new Uint8Array(32).fill(5), areas: null },
    });
    while ((await source.read({ message: () => undefined }, Number.POSITIVE_INFINITY, 1000)) !== 'end');
    process.stdout.write(JSON.stringify(source.counters.faults));
    await source.close();`,
    built,
  );
  const input = captureOf(frames, systemClock.nowUs() - frames[0].timeUs + 7_200e6);
  const said = execFileSync(process.execPath, [built], { input, encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual({
    TIME_AHEAD: frames.length,
    EVENT_AHEAD: counted.length,
    EVENT_AHEAD_LOST: counted.length,
  });
}, 60_000);
