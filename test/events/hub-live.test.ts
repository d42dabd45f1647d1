import { afterEach, describe, expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { type FeedToHub, type HubToFeed, noCounters } from '../../server/events/feed-messages.ts';
import { FeedHub } from '../../server/events/hub.ts';
import { newPosition, noPast, sortingSink } from '../tools/sorting-sink.ts';

const config = makeConfig({ where: 'test', settings: { staleMs: 15_000 } });
const hubs: FeedHub[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.stop()));
});

/** Until the hub's own timer has run a few times. */
const ticks = () => new Promise((resolve) => setTimeout(resolve, 80));

/** A hub with feeds that a test speaks for. @param wallS wall time at the beginning */
function start(live: boolean[], speed: number, wallS = 20_000, staleMs?: number) {
  let nowMs = 0;
  const late: number[] = [];
  const released: number[] = [];
  const lines: string[] = [];
  const clocks: number[] = [];
  let feedClocks: number[] = [];
  const ports = live.map(() => {
    let listener: (message: FeedToHub) => void = () => undefined;
    const until: number[] = [];
    let frames = 0;
    let newestS = -1;
    const port = {
      until,
      toldLate: 0,
      post(message: HubToFeed) {
        if (message.k === 'until') until.push(message.untilUs);
        if (message.k === 'late') this.toldLate += message.rows;
      },
      onMessage: (given: (message: FeedToHub) => void) => {
        listener = given;
      },
      close: async () => undefined,
      open: (firstUs: number) => listener({ k: 'open', firstUs }),
      clock: (clockS: number, frames: number, note = '') => {
        const counters = { ...noCounters(), frames };
        listener({ k: 'clock', at: { clockUs: clockS * 1e6, nextUs: 0, progress: -1, counters, note } });
      },
      /** Rows of these seconds; the feed's own clock is the newest time that it ever told, as with captures. */
      rows: (...timesS: number[]) => say(timesS),
      /** The same as a batch of an acknowledged feed. */
      pushed: (...timesS: number[]) => say(timesS, { epoch: 1, seq: 1 }),
    };
    function say(timesS: number[], place?: { epoch: number; seq: number }) {
      const batch = new EventBatch(timesS.length);
      for (const timeS of timesS) batch.push(timeS * 1e6, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
      frames += batch.n;
      newestS = Math.max(newestS, ...timesS);
      const at = { clockUs: newestS * 1e6, nextUs: 0, progress: -1, counters: { ...noCounters(), frames }, note: '' };
      listener({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells: [], at, ...(place && { place }) });
    }
    return port;
  });
  const hub = new FeedHub({
    config,
    clock: { nowUs: () => wallS * 1e6 + nowMs * 1000, monotonicMs: () => nowMs },
    log: (level, line) => lines.push(`${level} ${line}`),
    feeds: ports.map((port, i) => ({
      id: `f${i}`,
      uri: `test:${i}`,
      port,
      position: newPosition(i),
      live: live[i],
      ...(staleMs && { staleMs }),
    })),
    past: noPast(),
    speed,
    sink: sortingSink({
      latenessUs: config.latenessMs * 1000,
      rowsMax: config.reorderRowsMax,
      cellIdOf: () => 0,
      onRows: (batch, from, to) => released.push(...batch.timeUs.subarray(from, to).map((us) => us / 1e6)),
      onLate: (batch, from, to) => late.push(...batch.timeUs.subarray(from, to)),
      onClock: (clockUs, own) => {
        clocks.push(clockUs / 1e6);
        feedClocks = [...own].map((us) => us / 1e6);
      },
    }),
    room: () => null,
    onFailed: (error) => lines.push(`failed ${String(error)}`),
  });
  hubs.push(hub);
  const started = hub.start();
  const feedClock = (feed: number) => feedClocks[feed];
  return { hub, ports, lines, clocks, feedClock, released, late, started, pass: (ms: number) => (nowMs += ms) };
}

describe('a live feed', () => {
  test('is read as it comes, whatever the speed of a replay beside it', async () => {
    const { ports, started } = start([true, false], 1);
    ports[0].open(-1);
    ports[1].open(100e6);
    await started;
    ports[0].clock(5000, 1);
    await ticks();
    expect(ports[0].until.at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(ports[1].until.at(-1)).toBe(100e6);
  });

  test('without frames is stale and holds nobody back, though it keeps answering', async () => {
    const { hub, ports, clocks, started, pass } = start([true, true], 1);
    for (const port of ports) port.open(-1);
    await started;
    ports[1].clock(50, 1);
    ports[0].clock(100, 1);
    expect(clocks.at(-1)).toBe(40);
    for (let s = 1; s <= 20; s++) {
      pass(1000);
      ports[1].clock(50, 1);
      ports[0].clock(100 + s, 1 + s);
    }
    expect(clocks.at(-1)).toBe(110);
    expect(hub.status().map(({ state }) => state)).toEqual(['running', 'stale']);
    ports[1].clock(60, 2);
    expect(hub.status()[1].state).toBe('running');
  });

  test('that has gone for good keeps its people for a day, is told of once, and goes on where it speaks again', async () => {
    const { clocks, feedClock, late, lines, pass, ports, started } = start([true, true], 1);
    for (const port of ports) port.open(-1);
    await started;
    const [dayS, hourS] = [86_400, 3600];
    ports[0].rows(20_000);
    ports[1].rows(20_000);
    const told = () => lines.filter((line) => line.includes('test:1: silent, and a day behind'));
    for (let hour = 1; hour <= 60; hour++) {
      pass(hourS * 1000);
      // Credits are given.
      await new Promise((resolve) => setImmediate(resolve));
      ports[0].rows(20_000 + hour * hourS);
      const behindS = clocks.at(-1)! - feedClock(1);
      // Its people are there for as long as it may be the network that is away.
      if (hour <= 24) expect(feedClock(1)).toBe(19_990);
      else expect(behindS).toBe(dayS);
      expect(told().length).toBe(hour <= 24 ? 0 : 1);
    }
    expect(feedClock(0)).toBe(clocks.at(-1)!);
    ports[1].rows(20_001 + 60 * hourS);
    expect(late).toEqual([]);
    pass(1000);
    ports[0].rows(20_002 + 60 * hourS);
    expect(feedClock(1)).toBe(19_991 + 60 * hourS);
    expect(told().length).toBe(1);
  });

  test('that nobody has sent anything to is not waited for', async () => {
    const { ports, clocks, started } = start([true, true], 1);
    for (const port of ports) port.open(-1);
    await started;
    ports[1].clock(-1, 0, 'connecting to probe:1');
    ports[0].clock(100, 1);
    expect(clocks.at(-1)).toBe(90);
  });

  test('says how it stands, in its status at once and in the log once a second at most', async () => {
    const { hub, ports, lines, started, pass } = start([true], 1);
    ports[0].open(-1);
    await started;
    for (const note of ['connecting to probe:1', 'connected to probe:1', 'connected to probe:1']) {
      ports[0].clock(-1, 0, note);
      await ticks();
      expect(hub.status()[0].note).toBe(note);
    }
    expect(lines).toEqual(['info feed test:0: connecting to probe:1']);
    pass(1000);
    await ticks();
    expect(lines).toEqual(['info feed test:0: connecting to probe:1', 'info feed test:0: connected to probe:1']);
  });

  test('whose clock is off by more than two seconds is warned of once, until it is right again', async () => {
    const { hub, ports, lines, started, pass } = start([true], 1, 0);
    ports[0].open(-1);
    await started;
    let frames = 0;
    // One late message among the others says nothing.
    let nowS = 0;
    const send = async (offS: number, seconds: number) => {
      for (let s = 0; s < seconds; s++) {
        pass(1000);
        nowS++;
        ports[0].clock(nowS + (s % 4 === 1 ? -30 : offS) + 0.001, ++frames);
      }
      await ticks();
    };
    await send(1.9, 30);
    expect(hub.status()[0].note).toBe('');
    await send(2.5, 30);
    expect(hub.status()[0].note).toMatch(/^its times are 2\.5 s ahead of this machine's clock/);
    await send(-7, 30);
    expect(hub.status()[0].note).toMatch(/^its times are 7\.0 s behind/);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    await send(0, 30);
    expect(hub.status()[0].note).toBe('');
    expect(lines.at(-1)).toMatch(/^info feed test:0: its times are right again/);
  });

  test('is not carried away by one row stamped ahead, which waits for its time and raises no warning', async () => {
    const { hub, ports, lines, clocks, released, late, started, pass } = start([true], 1, 1000);
    ports[0].open(-1);
    await started;
    ports[0].rows(1000);
    ports[0].rows(1110);
    const send = (seconds: number, nowS: () => number) => {
      for (let s = 0; s < seconds; s++) {
        pass(1000);
        ports[0].rows(nowS());
      }
    };
    let nowS = 1000;
    send(60, () => ++nowS);
    await ticks();
    expect(late).toEqual([]);
    expect(clocks.at(-1)).toBe(1050);
    expect(hub.status()[0].note).toBe('');
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
    expect(released).not.toContain(1110);
    // It answers on, and nothing comes: its clock stands.
    pass(10_000);
    for (let i = 0; i < 10; i++) ports[0].rows();
    expect(clocks.at(-1)).toBe(1050);
    nowS += 10;
    send(60, () => ++nowS);
    expect(late).toEqual([]);
    expect(released.filter((timeS) => timeS === 1110)).toHaveLength(2);
  });

  test('all of whose times are ahead goes on at wall time, is warned of at once, and loses nothing when it is set right', async () => {
    const { hub, ports, clocks, late, started, pass } = start([true], 1, 1000);
    ports[0].open(-1);
    await started;
    for (let s = 1; s <= 30; s++) {
      pass(1000);
      ports[0].rows(1000 + s + 60);
    }
    await ticks();
    expect(clocks.at(-1)).toBe(1030 + 2 - 10);
    expect(hub.status()[0].note).toMatch(/^its times are 60\.0 s ahead of/);
    for (let s = 31; s <= 60; s++) {
      pass(1000);
      ports[0].rows(1000 + s);
    }
    await ticks();
    expect(late).toEqual([]);
    expect(hub.status()[0].note).toBe('');
  });

  // A sender that fills its batches for 25 s beside one that sends each second, for 80 s.
  const together = async (staleMs?: number) => {
    const it = start([true, true], 1, 1000, staleMs);
    const [north, south] = it.ports;
    for (const port of it.ports) port.open(-1);
    await it.started;
    const waiting: number[] = [];
    for (let nowS = 1001; nowS <= 1080; nowS++) {
      it.pass(1000);
      north.pushed(nowS);
      waiting.push(nowS - 0.5);
      if (nowS % 25 === 0) south.pushed(...waiting.splice(0));
    }
    await ticks();
    return { ...it, north, south };
  };

  test('whose batches lie further apart than others wait is told of the rows that are late by it, and of the way out', async () => {
    const { hub, north, south, lines, late } = await together();
    expect(late.length).toBeGreaterThan(10);
    expect(south.toldLate).toBe(late.length);
    expect(north.toldLate).toBe(0);
    const [northNote, southNote] = hub.status().map(({ note }) => note);
    expect(northNote).toBe('');
    expect(southNote).toBe(
      `${late.length} rows came late and move nobody, for the last batch came after 25 s and others wait 15 s: send at least every 10 s, or start with test:1?wait=50`,
    );
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  test('for which others are told to wait longer loses nothing', async () => {
    const { hub, late } = await together(50_000);
    expect(late).toEqual([]);
    expect(hub.status().map(({ note }) => note)).toEqual(['', '']);
  });

  test('that is replayed has no clock to be wrong', async () => {
    const { hub, ports, lines, started, pass } = start([false], 0);
    ports[0].open(100e6);
    await started;
    for (let frames = 1; frames <= 20; frames++) {
      pass(1000);
      ports[0].clock(100 + frames * 60, frames);
    }
    await ticks();
    expect(hub.status()[0].note).toBe('');
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});
