import { decodeClientMessage, FrameError } from '../../shared/codec.ts';
import { closeCode } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { FrameSource, TickFrame } from './frames.ts';

/** What a screen needs of its WebSocket. */
export interface ScreenSocket {
  /** 1 sent, 0 buffered, 2 dropped. */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
  close(): void;
}

/** A snapshot is answered to `resync` at most this often; asked sooner, it comes with a later tick. */
export const resyncEveryMs = 2_000;
/** Messages that a screen may send in {@link messageWindowMs}. */
const messagesMax = 30;
const messageWindowMs = 10_000;

export type ScreenLimits = Pick<Config, 'screensMax' | 'screenBufferBytesMax' | 'screenBlockedMs'>;

class Screen {
  /** Unsent bytes below which deltas go on: a snapshot in flight is no sign of a slow screen. */
  allowance = 0;
  /** It has lost frames and gets a snapshot as soon as it can take one. */
  dirty = false;
  blockedSinceMs = 0;
  snapshotMs = Number.NEGATIVE_INFINITY;
  windowMs = 0;
  messages = 0;
}

/**
 * The open screens. Every screen gets each frame or, when it can't keep up, the latest state once it can: never a
 * backlog. What is unsent per screen is bounded by `screenBufferBytesMax` and one snapshot.
 */
export class Screens {
  readonly #frames: FrameSource;
  readonly #limits: ScreenLimits;
  readonly #clock: Clock;
  readonly #open = new Map<ScreenSocket, Screen>();
  /** Counters since the start. */
  readonly counts = {
    opened: 0,
    framesSent: 0,
    bytesSent: 0,
    snapshotsSent: 0,
    framesSkipped: 0,
    resyncs: 0,
    badMessages: 0,
    closedBlocked: 0,
    refusedFull: 0,
  };

  constructor(frames: FrameSource, limits: ScreenLimits, clock: Clock) {
    this.#frames = frames;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Screens open now. */
  get size(): number {
    return this.#open.size;
  }

  /** Screens that have lost frames and wait for a snapshot. */
  get behind(): number {
    let behind = 0;
    for (const screen of this.#open.values()) if (screen.dirty) behind++;
    return behind;
  }

  opened(socket: ScreenSocket): void {
    if (this.#open.size >= this.#limits.screensMax) {
      this.counts.refusedFull++;
      socket.end(closeCode.full, 'as many screens as allowed are open');
      return;
    }
    const screen = new Screen();
    this.#open.set(socket, screen);
    this.counts.opened++;
    this.#sendSnapshot(socket, screen);
  }

  closed(socket: ScreenSocket): void {
    this.#open.delete(socket);
  }

  /** The socket can take bytes again. */
  drained(socket: ScreenSocket): void {
    const screen = this.#open.get(socket);
    if (screen?.dirty && socket.getBufferedAmount() === 0) this.#sendSnapshot(socket, screen);
  }

  /** Makes the next frame and sends it, or notes who could not take it. */
  tick(): void {
    const frame = this.#frames.tick(this.#open.size > 0);
    if (frame === null) return;
    for (const [socket, screen] of this.#open) this.#sendFrame(socket, screen, frame);
  }

  message(socket: ScreenSocket, bytes: Uint8Array, isBinary: boolean): void {
    const screen = this.#open.get(socket);
    if (screen === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - screen.windowMs > messageWindowMs) {
      screen.windowMs = nowMs;
      screen.messages = 0;
    }
    const refusal = refusalOf(++screen.messages, bytes, isBinary);
    if (refusal !== null) {
      this.counts.badMessages++;
      socket.end(refusal.code, refusal.reason);
      return;
    }
    this.counts.resyncs++;
    if (nowMs - screen.snapshotMs >= resyncEveryMs && socket.getBufferedAmount() === 0) {
      this.#sendSnapshot(socket, screen);
    } else {
      this.#markDirty(screen, nowMs);
    }
  }

  /** Closes every screen with a code that means: come back. */
  endAll(): void {
    for (const socket of [...this.#open.keys()]) socket.end(closeCode.restart, 'the server restarts');
  }

  #sendFrame(socket: ScreenSocket, screen: Screen, frame: TickFrame): void {
    const buffered = socket.getBufferedAmount();
    const { screenBufferBytesMax, screenBlockedMs } = this.#limits;
    if (buffered <= screenBufferBytesMax) screen.allowance = 0;
    const nowMs = this.#clock.monotonicMs();
    if (screen.dirty) {
      if (buffered === 0) {
        if (nowMs - screen.snapshotMs >= resyncEveryMs) this.#sendSnapshot(socket, screen);
      } else if (nowMs - screen.blockedSinceMs > screenBlockedMs) {
        this.counts.closedBlocked++;
        // By force: a close frame would queue behind what it does not take.
        socket.close();
      } else {
        this.counts.framesSkipped++;
      }
      return;
    }
    if (buffered > screenBufferBytesMax + screen.allowance) {
      this.counts.framesSkipped++;
      this.#markDirty(screen, nowMs);
      return;
    }
    if (frame.whole) this.#sendSnapshot(socket, screen);
    else this.#count(socket.send(frame.bytes, true, false), frame.bytes, screen, nowMs);
  }

  #sendSnapshot(socket: ScreenSocket, screen: Screen): void {
    const bytes = this.#frames.snapshot();
    screen.dirty = false;
    screen.snapshotMs = this.#clock.monotonicMs();
    screen.allowance = bytes.byteLength;
    this.counts.snapshotsSent++;
    this.#count(socket.send(bytes, true, false), bytes, screen, screen.snapshotMs);
  }

  #count(sent: number, bytes: Uint8Array, screen: Screen, nowMs: number): void {
    if (sent === 2) {
      this.#markDirty(screen, nowMs);
      return;
    }
    this.counts.framesSent++;
    this.counts.bytesSent += bytes.byteLength;
  }

  #markDirty(screen: Screen, nowMs: number): void {
    if (screen.dirty) return;
    screen.dirty = true;
    screen.blockedSinceMs = nowMs;
  }
}

/** Why a message ends the connection; null for one that is answered. */
function refusalOf(count: number, bytes: Uint8Array, isBinary: boolean): { code: number; reason: string } | null {
  if (count > messagesMax) return { code: closeCode.policy, reason: 'too many messages' };
  if (!isBinary) return { code: closeCode.unsupported, reason: 'binary messages only' };
  try {
    decodeClientMessage(bytes);
    return null;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { code: closeCode.invalid, reason: 'no message of this protocol' };
  }
}
