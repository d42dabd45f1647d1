import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeClientMessage, encodeFrame } from '../../shared/codec.ts';
import type { ServerFrame } from '../../shared/protocol.ts';
import { backoffMs } from '../../web/link/backoff.ts';
import { type LinkStatus, silentMs, WallSocket } from '../../web/link/socket.ts';
import { Figures } from '../../web/state/figures.ts';
import { fakeLayout } from './tools/fake-city.ts';
import { FakeFeed, kickOffUs } from './tools/fake-feed.ts';
import { ManualClock } from './tools/make-wall.ts';

class FakeSocket {
  binaryType = '';
  readyState = 1;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: Uint8Array[] = [];
  send(bytes: Uint8Array) {
    this.sent.push(bytes);
  }
  close() {
    this.readyState = 3;
  }
  receive(frame: ServerFrame) {
    this.receiveBytes(encodeFrame(frame));
  }
  receiveBytes(bytes: Uint8Array) {
    this.onmessage?.({ data: Uint8Array.from(bytes).buffer });
  }
  breakOff() {
    this.readyState = 3;
    this.onclose?.();
  }
}

function setUp() {
  const layout = fakeLayout({
    seed: 1,
    cells: 40,
    positions: true,
    regions: true,
    minCount: 0,
    title: '',
    schematic: null,
  });
  const feed = new FakeFeed(layout, { seed: 2, startUs: kickOffUs, stepUs: 1_000_000 });
  const clock = new ManualClock();
  const figures = new Figures();
  const sockets: FakeSocket[] = [];
  const states: LinkStatus[] = [];
  const bad: string[] = [];
  const socket = new WallSocket({
    url: 'ws://wall.test/ws',
    clock,
    onFrame: (frame) => figures.apply(frame),
    onLink: (status) => states.push(status),
    lastSeq: () => figures.state.seq,
    onBadFrame: (error) => bad.push(error.message),
    connect: () => {
      const made = new FakeSocket();
      sockets.push(made);
      return made as unknown as WebSocket;
    },
  });
  const pass = (ms: number) => {
    for (let k = 0; k < ms / 500; k++) {
      clock.ms += 500;
      vi.advanceTimersByTime(500);
    }
  };
  return { feed, clock, figures, sockets, states, bad, socket, pass };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the link', () => {
  test('asks for a snapshot once after a gap and goes on with it', () => {
    const { feed, figures, sockets, states, socket } = setUp();
    socket.start();
    sockets[0]!.receive(feed.snapshot());
    feed.delta();
    sockets[0]!.receive(feed.delta());
    sockets[0]!.receive(feed.delta());
    expect(sockets[0]!.sent.map((bytes) => decodeClientMessage(bytes))).toEqual([{ k: 'resync', have: 1 }]);
    expect(states.at(-1)!.state).toBe('resync');
    sockets[0]!.receive(feed.snapshot());
    sockets[0]!.receive(feed.delta());
    expect(states.at(-1)!.state).toBe('live');
    expect(figures.state.seq).toBe(feed.seq);
    socket.stop();
  });

  test('connects again with a growing pause and says when', () => {
    const { feed, clock, sockets, states, socket, pass } = setUp();
    socket.start();
    expect(states.at(-1)).toEqual({ state: 'connecting', retryAtMs: -1 });
    sockets[0]!.receive(feed.snapshot());
    sockets[0]!.breakOff();
    expect(states.at(-1)).toEqual({ state: 'lost', retryAtMs: clock.ms + backoffMs(0, 0.5) });
    pass(500);
    expect(sockets.length).toBe(2);
    sockets[1]!.breakOff();
    expect(states.at(-1)!.retryAtMs).toBe(clock.ms + backoffMs(1, 0.5));
    pass(1000);
    sockets[2]!.receive(feed.snapshot());
    expect(states.at(-1)!.state).toBe('live');
    socket.stop();
    pass(60_000);
    expect(sockets.length).toBe(3);
  });

  test('takes a silent connection for dead, and is more patient with a server that sends rarely', () => {
    const { feed, sockets, states, socket, pass } = setUp();
    socket.start();
    sockets[0]!.receive(feed.snapshot());
    pass(silentMs - 1000);
    expect(sockets.length).toBe(1);
    pass(2000);
    expect(sockets[0]!.readyState).toBe(3);
    expect(states.some(({ state }) => state === 'lost')).toBe(true);
    expect(sockets.length).toBe(2);
    sockets[1]!.receive(feed.snapshot());
    pass(silentMs + 4000);
    expect(sockets.length).toBe(2);
    socket.stop();
  });

  test('drops a connection whose bytes are no frame and reports it', () => {
    const { sockets, bad, socket } = setUp();
    socket.start();
    sockets[0]!.receiveBytes(Uint8Array.of(0xc1, 0x00));
    expect(bad.length).toBe(1);
    expect(sockets[0]!.readyState).toBe(3);
    socket.stop();
  });

  test('ignores what an abandoned connection still says', () => {
    const { feed, figures, sockets, socket, pass } = setUp();
    socket.start();
    const old = sockets[0]!;
    old.breakOff();
    pass(500);
    old.receive(feed.snapshot());
    expect(figures.state.seq).toBe(-1);
    socket.stop();
  });
});

test('pauses double up to twenty seconds and are spread over their upper half', () => {
  expect([0, 1, 2, 5, 6, 60].map((attempt) => backoffMs(attempt, 1))).toEqual([
    500, 1000, 2000, 16_000, 20_000, 20_000,
  ]);
  expect(backoffMs(6, 0)).toBe(10_000);
});
