import { decodeFrame, encodeClientMessage, FrameError } from '../../shared/codec.ts';
import type { ServerFrame } from '../../shared/protocol.ts';
import type { ScreenClock } from '../app/clock.ts';
import { backoffMs } from './backoff.ts';

/**
 * State of the connection: `connecting` (never had a frame), `live`, `resync` (a gap was seen, a snapshot is asked
 * for), `lost` (had frames, has no connection).
 */
export type LinkState = 'connecting' | 'live' | 'resync' | 'lost';
export interface LinkStatus {
  readonly state: LinkState;
  /** When the next attempt to connect is made, monotonic ms; -1: one is under way or none is needed. */
  readonly retryAtMs: number;
}

export interface WallSocketOptions {
  url: string;
  clock: ScreenClock;
  /** Applies a frame; `gap` means that frames before it are missing. */
  onFrame(frame: ServerFrame): 'applied' | 'gap';
  onLink(status: LinkStatus): void;
  /** Number of the last frame applied, -1 before the first. */
  lastSeq(): number;
  /** Bytes that are no frame of this protocol: perhaps a newer server. */
  onBadFrame(error: FrameError): void;
  connect?(url: string): WebSocket;
}

/** A connection without a message for this long is taken for dead; frames come each second. */
export const silentMs = 15_000;
const silentMaxMs = 240_000;
const resyncPauseMs = 3_000;
const checkEveryMs = 1_000;

/**
 * Keeps a WebSocket to the server: connects again with back-off and jitter, drops connections that have gone silent,
 * asks for a snapshot after a gap. The server sends a snapshot first on each connection.
 */
export class WallSocket {
  readonly #options: WallSocketOptions;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #hadFrame = false;
  #lastMessageMs = 0;
  #silentMs = silentMs;
  /** Whether this connection has brought a message. */
  #spoken = false;
  #askedMs = -1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #stopped = true;

  constructor(options: WallSocketOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#watch = setInterval(() => this.#check(), checkEveryMs);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    this.#drop();
  }

  /** Tries again at once instead of waiting, e.g. when the browser says that the network is back. */
  retryNow(): void {
    if (this.#stopped || this.#socket !== null) return;
    clearTimeout(this.#retry);
    this.#open();
  }

  #open(): void {
    this.#report(this.#hadFrame ? 'lost' : 'connecting', -1);
    const make = this.#options.connect ?? ((url: string) => new WebSocket(url));
    const socket = make(this.#options.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#askedMs = -1;
    this.#spoken = false;
    this.#lastMessageMs = this.#options.clock.monotonicMs();
    socket.onmessage = (event: MessageEvent) => this.#message(event.data);
    // An error is always followed by a close; the browser gives no reason for either.
    socket.onclose = () => this.#closed(socket);
  }

  #message(data: unknown): void {
    const now = this.#options.clock.monotonicMs();
    // The snapshot after connecting comes at once however rarely the server sends.
    if (this.#spoken && now - this.#lastMessageMs < silentMs / 2) this.#silentMs = silentMs;
    this.#spoken = true;
    this.#lastMessageMs = now;
    if (!(data instanceof ArrayBuffer)) return;
    let outcome: 'applied' | 'gap';
    try {
      outcome = this.#options.onFrame(decodeFrame(new Uint8Array(data)));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#options.onBadFrame(error);
      this.#restart();
      return;
    }
    if (outcome === 'applied') {
      this.#attempt = 0;
      this.#hadFrame = true;
      this.#askedMs = -1;
      this.#report('live', -1);
    } else {
      this.#report('resync', -1);
      this.#askSnapshot(now);
    }
  }

  #askSnapshot(now: number): void {
    if (this.#askedMs >= 0 && now - this.#askedMs < resyncPauseMs) return;
    this.#askedMs = now;
    const message = encodeClientMessage({ k: 'resync', have: Math.max(0, this.#options.lastSeq()) });
    if (this.#socket?.readyState === 1) this.#socket.send(new Uint8Array(message));
  }

  #check(): void {
    if (this.#socket === null) return;
    const silent = this.#options.clock.monotonicMs() - this.#lastMessageMs;
    if (silent < this.#silentMs) return;
    // A server may be set to send rarely: be more patient with the next connection, until frames come quickly again.
    this.#silentMs = Math.min(silentMaxMs, this.#silentMs * 2);
    this.#restart();
  }

  #restart(): void {
    this.#drop();
    this.#waitAndOpen();
  }

  #closed(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#drop();
    if (!this.#stopped) this.#waitAndOpen();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    if (socket.readyState <= 1) socket.close();
  }

  #waitAndOpen(): void {
    const waitMs = backoffMs(this.#attempt++, this.#options.clock.random());
    this.#report(this.#hadFrame ? 'lost' : 'connecting', this.#options.clock.monotonicMs() + waitMs);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), waitMs);
  }

  #report(state: LinkState, retryAtMs: number): void {
    this.#options.onLink({ state, retryAtMs });
  }
}
