import { connect, type Socket } from 'node:net';
import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import { Backoff } from './backoff.ts';
import { type LiveOptions, type LiveOrigin, LiveReader } from './live-reader.ts';
import type { LiveStream } from './live-stream.ts';
import { addressText, endNote } from './probe-address.ts';

/** How long a connection may take to be made. */
const connectMs = 10_000;
/** A connection whose other end has gone silently is noticed after a few of these. */
const keepAliveMs = 30_000;

export interface ConnectOptions extends LiveOptions {
  host: string;
  port: number;
  /** Shortest and longest wait between two attempts. */
  retryMsMin: number;
  retryMsMax: number;
  /** 0 … 1, by chance: spreads attempts. */
  random: () => number;
}

/** Connects to a probe that serves a capture, and again whenever that ends, with growing waits. */
class TcpConnector implements LiveOrigin {
  note = '';
  readonly #reader: LiveReader;
  readonly #options: ConnectOptions;
  readonly #backoff: Backoff;
  readonly #address: string;
  #socket: Socket | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(reader: LiveReader, options: ConnectOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#backoff = new Backoff(options.retryMsMin, options.retryMsMax, options.random);
    this.#address = addressText(options.host, options.port);
    this.#dial();
  }

  ended(stream: LiveStream): void {
    // Whoever has sent frames is a probe; one that closes at once, or sends something else, is left alone for longer.
    if (stream.frames > 0) this.#backoff.reset();
    this.#later(endNote(this.#address, stream.fault));
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #dial(): void {
    const address = this.#address;
    this.note = feedNote('connecting', { address });
    const socket = connect({ host: this.#options.host, port: this.#options.port });
    this.#socket = socket;
    socket.setTimeout(connectMs, () => socket.destroy(new Error(`no answer within ${connectMs / 1000} s`)));
    let why = feedNote('unreachable', { address, reason: 'closed' });
    const failed = (error: NodeJS.ErrnoException) => {
      why =
        error.code === 'ECONNREFUSED'
          ? feedNote('refused', { address })
          : feedNote('unreachable', { address, reason: error.code ?? error.message });
    };
    const over = () => this.#later(why);
    socket.once('error', failed);
    socket.once('close', over);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, keepAliveMs);
      socket.off('error', failed);
      socket.off('close', over);
      this.note = feedNote('connected', { address });
      this.#reader.add(socket, address);
    });
  }

  #later(why: string): void {
    if (this.#closed) return;
    const waitMs = this.#backoff.next();
    this.note = joinFeedNotes(why, feedNote('next', { seconds: (waitMs / 1000).toFixed(1) }));
    this.#retry = setTimeout(() => this.#dial(), waitMs);
  }
}

/** A feed from a probe that is connected to (`pcap+tcp://HOST:PORT`). It opens at once, whether the probe is there or not. */
export function connectLive(options: ConnectOptions): LiveReader {
  const reader = new LiveReader(options);
  reader.attach(new TcpConnector(reader, options));
  return reader;
}
