import { afterEach, describe, expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
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

/** A hub with feeds that a test speaks for. */
function start(live: boolean[], speed: number) {
  let nowMs = 0;
  const lines: string[] = [];
  const clocks: number[] = [];
  const ports = live.map(() => {
    let listener: (message: FeedToHub) => void = () => undefined;
    const until: number[] = [];
    return {
      until,
      post: (message: HubToFeed) => {
        if (message.k === 'until') until.push(message.untilUs);
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
    };
  });
  const hub = new FeedHub({
    config,
    clock: { nowUs: () => nowMs * 1000, monotonicMs: () => nowMs },
    log: (level, line) => lines.push(`${level} ${line}`),
    feeds: ports.map((port, i) => ({ id: `f${i}`, uri: `test:${i}`, port, position: newPosition(i), live: live[i] })),
    past: noPast(),
    speed,
    sink: sortingSink({
      latenessUs: config.latenessMs * 1000,
      rowsMax: config.reorderRowsMax,
      cellIdOf: () => 0,
      onRows: () => undefined,
      onClock: (clockUs) => clocks.push(clockUs / 1e6),
    }),
    room: () => null,
    onFailed: (error) => lines.push(`failed ${String(error)}`),
  });
  hubs.push(hub);
  const started = hub.start();
  return { hub, ports, lines, clocks, started, pass: (ms: number) => (nowMs += ms) };
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
    const { hub, ports, lines, started, pass } = start([true], 1);
    ports[0].open(-1);
    await started;
    let frames = 0;
    // The hub's wall time begins at 0; one late message among the others says nothing.
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
