import { afterEach, expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { type FeedToHub, type HubToFeed, noCounters } from '../../server/events/feed-messages.ts';
import { FeedHub } from '../../server/events/hub.ts';
import type { FeedPort } from '../../server/events/hub-feed.ts';
import { newPosition, noPast, sortingSink } from '../tools/sorting-sink.ts';

const config = makeConfig({ where: 'test', settings: { reorderWindowMs: 10_000 } });
const counters = noCounters();
const hubs: FeedHub[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.stop()));
});

class FakeFeed implements FeedPort {
  sent: HubToFeed[] = [];
  private frames = 0;
  private listener: (message: FeedToHub) => void = () => undefined;
  post(message: HubToFeed): void {
    this.sent.push(message);
  }
  onMessage(listener: (message: FeedToHub) => void): void {
    this.listener = listener;
  }
  async close(): Promise<void> {}
  say(message: FeedToHub): void {
    this.listener(message);
  }
  rows(timesS: number[], cells: number[], newCells: string[]): void {
    const batch = new EventBatch(8);
    timesS.forEach((timeS, i) => {
      batch.push(timeS * 1e6, i + 1, 1, cells[i], 0, 0, 0, 0, 1, 0, 0, 0);
    });
    const clockUs = Math.max(...timesS) * 1e6;
    this.frames += timesS.length;
    const at = { clockUs, nextUs: 0, progress: 0, counters: { ...counters, frames: this.frames }, note: '' };
    this.say({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at });
  }
}

/** Until the hub's own timer has run a few times. */
const ticks = () => new Promise((resolve) => setTimeout(resolve, 80));
const mayReadTo = (port: FakeFeed) =>
  port.sent.reduce((last, message) => (message.k === 'until' ? message.untilUs : last), Number.NaN);

/** @param readToS up to where the first feed was read before the server started, event time; null: nothing was */
function start(count: number, room: () => Promise<void> | null = () => null, speed = 0, readToS: number | null = null) {
  let nowMs = 0;
  const lines: string[] = [];
  const released: [number, number, number][] = [];
  const clocks: number[] = [];
  let ends = 0;
  const ids = new Map<string, number>();
  const ports = Array.from({ length: count }, () => new FakeFeed());
  const sink = sortingSink({
    latenessUs: config.latenessMs * 1000,
    rowsMax: config.reorderRowsMax,
    cellIdOf: (cgi) => {
      if (!ids.has(cgi)) ids.set(cgi, 100 + ids.size);
      return ids.get(cgi)!;
    },
    onRows: (batch, from, to) => {
      for (let i = from; i < to; i++) released.push([batch.timeUs[i] / 1e6, batch.cell[i], batch.feed[i]]);
    },
    onClock: (clockUs) => clocks.push(clockUs / 1e6),
    onEnd: () => ends++,
  });
  const hub = new FeedHub({
    config,
    clock: { nowUs: () => nowMs * 1000, monotonicMs: () => nowMs },
    log: (level, line) => lines.push(`${level} ${line}`),
    feeds: ports.map((port, i) => {
      const feed = { id: `f${i}`, uri: `test:${i}`, port, position: newPosition(i) };
      if (readToS === null || i > 0) return feed;
      const us = readToS * 1e6;
      return { ...feed, position: { ...feed.position, seq: 1, eventUs: us, clockUs: us, firstUs: 0 }, joinUs: us };
    }),
    past: noPast(),
    speed,
    sink,
    room,
    onFailed: (error) => lines.push(`failed ${String(error)}`),
  });
  hubs.push(hub);
  const started = hub.start();
  return {
    hub,
    sink,
    ports,
    released,
    clocks,
    lines,
    ends: () => ends,
    started,
    pass: (ms: number) => (nowMs += ms),
  };
}

test('maps each feed’s own cell symbols to the one list of cells', async () => {
  const { ports, released, started } = start(2);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([1, 2], [0, 1], ['460-00-1-1', '460-00-1-2']);
  ports[1].rows([3, 4], [0, 1], ['460-00-1-2', '460-00-1-3']);
  for (const port of ports) port.say({ k: 'end', early: null });
  expect(released).toEqual([
    [1, 100, 0],
    [2, 101, 0],
    [3, 101, 1],
    [4, 102, 1],
  ]);
});

test('the slowest running feed sets the clock, ten seconds behind its newest event', async () => {
  const { ports, released, clocks, started } = start(2);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([100], [0], ['460-00-1-1']);
  ports[1].rows([30], [0], ['460-00-1-1']);
  expect(clocks.at(-1)).toBe(20);
  expect(released).toEqual([]);
  ports[1].rows([45], [0], []);
  expect(clocks.at(-1)).toBe(35);
  expect(released).toEqual([[30, 100, 1]]);
});

test('a feed that has fallen silent no longer holds the others back', async () => {
  const { ports, clocks, started, pass } = start(2);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  ports[1].rows([30], [0], ['460-00-1-1']);
  await ticks();
  pass(config.staleMs + 1);
  ports[0].rows([100], [0], ['460-00-1-1']);
  expect(clocks.at(-1)).toBe(90);
});

test('when all feeds have ended every row comes out and the clock stands behind the newest', async () => {
  const { hub, ports, released, clocks, started } = start(1);
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([5, 7], [0, 0], ['460-00-1-1']);
  ports[0].say({ k: 'end', early: null });
  expect(released.map(([time]) => time)).toEqual([5, 7]);
  expect(clocks.at(-1)).toBeGreaterThan(7);
  expect(hub.allDone).toBe(true);
});

test('a feed gets its credit back only when what comes next has room', async () => {
  let open: () => void = () => undefined;
  let isFull = true;
  const full = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { ports, started } = start(1, () => (isFull ? full : null));
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([1], [0], ['460-00-1-1']);
  const credits = () => ports[0].sent.filter(({ k }) => k === 'credit').length;
  await ticks();
  expect(credits()).toBe(0);
  isFull = false;
  open();
  await ticks();
  expect(credits()).toBe(1);
});

test('a feed that can’t be opened is a failure with its message, and the others go on', async () => {
  const { hub, ports, started, released } = start(2);
  ports[0].say({ k: 'failed', message: 'not a capture' });
  ports[1].say({ k: 'open', firstUs: 0 });
  await started;
  expect(hub.failures).toEqual(['not a capture']);
  ports[1].rows([1], [0], ['460-00-1-1']);
  ports[1].say({ k: 'end', early: null });
  expect(released).toHaveLength(1);
  expect(hub.status().map(({ state }) => state)).toEqual(['failed', 'ended']);
});

test('a feed that waits for room in the store is not taken for a silent one, and loses no row', async () => {
  let open: () => void = () => undefined;
  const full = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isFull = false;
  const { hub, sink, ports, released, started, pass } = start(2, () => (isFull ? full : null));
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  isFull = true;
  ports[1].rows([30], [0], ['460-00-1-1']);
  pass(config.staleMs + 1);
  ports[0].rows([60], [0], ['460-00-1-1']);
  expect(hub.status().map(({ state }) => state)).toEqual(['running', 'running']);
  isFull = false;
  open();
  await full;
  ports[1].rows([31], [0], []);
  for (const port of ports) port.say({ k: 'end', early: null });
  expect(released.map(([time]) => time)).toEqual([30, 31, 60]);
  expect(sink.sorter.stats.late).toBe(0);
});

test('data age grows while no record comes, although time goes on in a replay', async () => {
  const { hub, ports, started, pass } = start(1);
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([1], [0], ['460-00-1-1']);
  pass(5000);
  const at = { clockUs: 6e6, nextUs: 60e6, progress: 0, counters: { ...counters, frames: 1 }, note: '' };
  ports[0].say({ k: 'clock', at });
  expect(hub.status()[0]).toMatchObject({ dataAgeMs: 5000, clockUs: 6e6, state: 'running' });
});

test('a capture without a packet ends, and the others are released to their ends', async () => {
  const { hub, ports, released, started } = start(2);
  ports[0].say({ k: 'open', firstUs: -1 });
  ports[1].say({ k: 'open', firstUs: 0 });
  await started;
  expect(ports[0].sent.some((message) => message.k === 'until')).toBe(true);
  ports[1].rows([5], [0], ['460-00-1-1']);
  ports[1].say({ k: 'end', early: null });
  ports[0].say({ k: 'end', early: null });
  expect(hub.allDone).toBe(true);
  expect(released.map(([time]) => time)).toEqual([5]);
});

test('a feed that has fallen silent does not keep the others from reading on either', async () => {
  const { hub, ports, started, pass } = start(2);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  await ticks();
  expect(mayReadTo(ports[1])).toBe(60e6);
  pass(config.staleMs + 1);
  ports[1].rows([50], [0], ['460-00-1-1']);
  await ticks();
  expect(mayReadTo(ports[1])).toBe(110e6);
  // And not at a replay's pace either: the machine keeps up, it is the other feed that says nothing.
  expect(hub.status().map(({ state }) => state)).toEqual(['stale', 'running']);
});

test('at a replay’s speed a silent feed does not make the others slow down', async () => {
  const { hub, ports, started, pass } = start(2, () => null, 1);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  for (let second = 1; second <= 60; second++) {
    pass(1000);
    ports[1].rows([second], [0], second === 1 ? ['460-00-1-1'] : []);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  // The first 15 s, until it counted as silent, were waited.
  expect(hub.pace.behind).toBe(false);
  expect(mayReadTo(ports[1])).toBeGreaterThanOrEqual(44e6);
});

test('a file that was read is read again though one that is given for the first time begins long before its end', async () => {
  const { hub, ports, started } = start(2, () => null, 1, 600);
  for (const port of ports) port.say({ k: 'open', firstUs: 1e6 });
  await started;
  await ticks();
  // It holds the others back until it is there, so nobody may hold it.
  expect(mayReadTo(ports[0])).toBe(600e6);
  ports[0].rows([600], [0], ['460-00-1-1']);
  await ticks();
  expect(hub.status()[0].state).toBe('running');
});

test('a feed whose records lie years ahead of another’s says that it waits, once in the log', async () => {
  const { hub, ports, lines, started } = start(2, () => null, 1);
  const [early, late] = [Date.UTC(2015, 7, 2) * 1000, Date.UTC(2026, 0, 1) * 1000];
  ports[0].say({ k: 'open', firstUs: early });
  ports[1].say({ k: 'open', firstUs: late });
  await started;
  const at = { clockUs: late, nextUs: late, progress: 0, counters, note: '' };
  ports[1].say({ k: 'clock', at });
  await ticks();
  const told = /^waits: its next record is of 2026-01-01T00:00:00\.000Z, 3,805 days ahead of the replay/;
  expect(hub.status().map(({ note }) => note)).toEqual(['', expect.stringMatching(told)]);
  expect(lines.filter((line) => /^warn feed test:1 waits/.test(line))).toHaveLength(1);
  // Still so when the other has ended: it waits for its own time.
  ports[0].say({ k: 'end', early: null });
  await ticks();
  expect(hub.status()[1].note).toMatch(told);
});

test('a feed that breaks off is not at its end: what may be out of order or half counted is left to the next start', async () => {
  const { hub, ports, released, started, ends } = start(1);
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([100, 105, 112], [0, 0, 0], ['460-00-1-1']);
  ports[0].say({ k: 'failed', message: 'the disk is gone' });
  expect(hub.allDone).toBe(true);
  expect(released.map(([time]) => time)).toEqual([100]);
  expect(ends()).toBe(0);
});

test('the end is told once, when the last feed has come to its own', async () => {
  const { ports, started, ends } = start(3);
  ports[0].say({ k: 'open', firstUs: 0 });
  ports[1].say({ k: 'open', firstUs: 0 });
  ports[2].say({ k: 'failed', message: 'not a capture' });
  await started;
  ports[0].rows([100], [0], ['460-00-1-1']);
  ports[0].say({ k: 'end', early: null });
  expect(ends()).toBe(0);
  ports[1].say({ k: 'end', early: null });
  expect(ends()).toBe(1);
});

test('a feed that says nothing is told how far it may read a few times only, and again when it has spoken', async () => {
  const { ports, started, pass } = start(1, () => null, 60);
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  ports[0].rows([1], [0], ['460-00-1-1']);
  const told = () => ports[0].sent.filter(({ k }) => k === 'until').length;
  for (let second = 0; second < 20; second++) {
    pass(1000);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const before = told();
  expect(before).toBeLessThanOrEqual(2 * config.feedBatchesMax);
  ports[0].rows([2], [0], []);
  await ticks();
  expect(told()).toBeGreaterThan(before);
});

test('a feed that may read no further than it has been told is not told again until it speaks', async () => {
  const { ports, started } = start(1);
  ports[0].say({ k: 'open', firstUs: 0 });
  await started;
  await ticks();
  await ticks();
  expect(ports[0].sent.filter(({ k }) => k === 'until')).toHaveLength(1);
  const at = { clockUs: 6e6, nextUs: 0, progress: 0, counters, note: '' };
  ports[0].say({ k: 'clock', at });
  await ticks();
  expect(ports[0].sent.filter(({ k }) => k === 'until')).toHaveLength(2);
});

test('a feed that has read further than it may now is told when it may go on, however often the others speak first', async () => {
  const { ports, started, pass } = start(2);
  for (const port of ports) port.say({ k: 'open', firstUs: 0 });
  await started;
  await ticks();
  pass(config.staleMs + 1);
  ports[0].rows([1000], [0], ['460-00-1-1']);
  await ticks();
  expect(mayReadTo(ports[0])).toBe(1060e6);
  // The silent one goes on, far behind.
  for (let second = 1; second <= 2 * config.feedBatchesMax; second++) {
    ports[1].rows([second], [0], second === 1 ? ['460-00-1-1'] : []);
    await ticks();
  }
  ports[1].rows([1010], [0], []);
  await ticks();
  expect(mayReadTo(ports[0])).toBe(1060e6);
});
