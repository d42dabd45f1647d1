import { beforeEach, expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { FrameSource } from '../../server/push/frames.ts';
import { resyncEveryMs, type ScreenSocket, Screens } from '../../server/push/screens.ts';
import { decodeFrame, encodeClientMessage } from '../../shared/codec.ts';
import { closeCode } from '../../shared/protocol.ts';
import { WallState } from '../../shared/wall-state.ts';
import { FakeView, fakeLayout } from '../tools/fake-view.ts';
import { fakeStatus } from '../tools/push-server.ts';

const limits = { screensMax: 3, screenBufferBytesMax: 32_768, screenBlockedMs: 30_000 };
let nowMs = 0;
let view: FakeView;
let frames: FrameSource;
let screens: Screens;

/** A socket whose buffer the test fills: `stuck` bytes stay until it is set to 0. */
class FakeSocket implements ScreenSocket {
  sent: Uint8Array[] = [];
  stuck = 0;
  endedWith = 0;
  cut = false;
  send(message: Uint8Array): number {
    this.sent.push(message);
    return 1;
  }
  getBufferedAmount(): number {
    return this.stuck;
  }
  end(code: number): void {
    this.endedWith = code;
    screens.closed(this);
  }
  close(): void {
    this.cut = true;
    screens.closed(this);
  }
  kinds(): string[] {
    return this.sent.map((bytes) => decodeFrame(bytes).k);
  }
}

beforeEach(() => {
  nowMs = 1_000_000;
  view = new FakeView(1_000, 2);
  const layout = fakeLayout(1_000, 2);
  const clock = { nowUs: () => 0, monotonicMs: () => nowMs };
  const exit = new FigureExit(0);
  frames = new FrameSource({
    view: () => view,
    layout: () => layout,
    status: fakeStatus,
    exit,
    clock,
    gaugeEveryMs: 60_000,
  });
  screens = new Screens(frames, limits, clock);
});

function open(): FakeSocket {
  const socket = new FakeSocket();
  screens.opened(socket);
  return socket;
}

function tick(count = 1): void {
  for (let i = 0; i < count; i++) {
    nowMs += 1_000;
    view.cellPresent[i]!++;
    screens.tick();
  }
}

test('all screens get the same bytes of one delta', () => {
  const [a, b] = [open(), open()];
  tick();
  expect(a.kinds()).toEqual(['snapshot', 'delta']);
  expect(b.sent[1]).toBe(a.sent[1]);
  expect(b.sent[0]).toBe(a.sent[0]);
});

test('a screen that takes no bytes is sent nothing, then one snapshot when it drains', () => {
  const [slow, good] = [open(), open()];
  slow.stuck = 32_768 + frames.stats.snapshotBytes + 1;
  tick(10);
  expect(slow.kinds()).toEqual(['snapshot']);
  expect(good.sent.length).toBe(11);
  expect(screens.behind).toBe(1);
  slow.stuck = 5;
  screens.drained(slow);
  expect(slow.sent.length).toBe(1);
  slow.stuck = 0;
  screens.drained(slow);
  expect(slow.kinds()).toEqual(['snapshot', 'snapshot']);
  tick();
  expect(slow.kinds()).toEqual(['snapshot', 'snapshot', 'delta']);
  expect(screens.behind).toBe(0);
  const states = [slow.sent.slice(1), good.sent].map((sent) => {
    const state = new WallState();
    for (const bytes of sent) expect(state.apply(decodeFrame(bytes))).toBe('applied');
    return [...state.cellPresent];
  });
  expect(states[0]).toEqual(states[1]);
});

test('a snapshot still in flight does not make a screen slow', () => {
  const screen = open();
  screen.stuck = frames.stats.snapshotBytes;
  tick();
  expect(screen.kinds()).toEqual(['snapshot', 'delta']);
});

test('a screen that stays blocked is cut, others are not', () => {
  const [slow, good] = [open(), open()];
  slow.stuck = 10_000_000;
  tick(31);
  expect(slow.cut).toBe(false);
  tick(2);
  expect(slow.cut).toBe(true);
  expect(good.cut).toBe(false);
  expect(screens.counts.closedBlocked).toBe(1);
  expect(screens.size).toBe(1);
});

test('resync is answered with a snapshot, and not more often than allowed', () => {
  const screen = open();
  nowMs += resyncEveryMs;
  for (let i = 0; i < 5; i++) screens.message(screen, encodeClientMessage({ k: 'resync', have: 1 }), true);
  expect(screen.kinds()).toEqual(['snapshot', 'snapshot']);
  tick();
  expect(screen.kinds().length).toBe(2);
  tick();
  expect(screen.kinds()).toEqual(['snapshot', 'snapshot', 'snapshot']);
  tick();
  expect(screen.kinds()[3]).toBe('delta');
});

test.each([
  ['text', new Uint8Array(), false, closeCode.unsupported],
  ['bytes that are no msgpack', Uint8Array.of(0xc1), true, closeCode.invalid],
  ['an unknown message', Uint8Array.of(0x81, 0xa1, 0x6b, 0xa1, 0x78), true, closeCode.invalid],
  ['a long message', new Uint8Array(300), true, closeCode.invalid],
])('closes with a code and counts: %s', (_name, bytes, isBinary, code) => {
  const screen = open();
  screens.message(screen, bytes, isBinary);
  expect(screen.endedWith).toBe(code);
  expect(screens.counts.badMessages).toBe(1);
  expect(screens.size).toBe(0);
});

test('a screen that talks without end is closed', () => {
  const screen = open();
  for (let i = 0; i < 40; i++) screens.message(screen, encodeClientMessage({ k: 'resync', have: 1 }), true);
  expect(screen.endedWith).toBe(closeCode.policy);
});

test('no more screens than allowed are open', () => {
  const sockets = [open(), open(), open(), open()];
  expect(sockets.map((socket) => socket.endedWith)).toEqual([0, 0, 0, closeCode.full]);
  expect(sockets[3]!.sent.length).toBe(0);
  expect(screens.size).toBe(3);
});
