import { createServer, type Server, type Socket } from 'node:net';
import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import { messageOf, UserError } from '../errors.ts';
import { type LiveOptions, type LiveOrigin, LiveReader } from './live-reader.ts';
import type { LiveStream } from './live-stream.ts';
import { addressText, endNote, peerOf } from './probe-address.ts';

const keepAliveMs = 30_000;

export interface ListenOptions extends LiveOptions {
  host: string;
  port: number;
  /** Probes connected at once; more are turned away. */
  probesMax: number;
}

/** Takes the captures of any probes that connect. */
class TcpListener implements LiveOrigin {
  readonly #reader: LiveReader;
  readonly #server: Server;
  readonly #address: string;
  readonly #probesMax: number;
  #last = '';

  constructor(reader: LiveReader, server: Server, address: string, probesMax: number) {
    this.#reader = reader;
    this.#server = server;
    this.#address = address;
    this.#probesMax = probesMax;
    server.on('connection', (socket) => this.#accept(socket));
    // An accept that fails (too many open files) costs that probe only; it comes again.
    server.on('error', () => this.#reader.count('PROBE_REFUSED'));
  }

  get note(): string {
    const address = this.#address;
    const names = this.#reader.streams.map(({ name }) => name);
    const probes = { address, n: names.length, max: this.#probesMax, names: names.join(', ') };
    const who = names.length === 0 ? feedNote('alone', { address }) : feedNote('probes', probes);
    return joinFeedNotes(who, this.#last);
  }

  ended({ name, fault }: LiveStream): void {
    this.#last = endNote(name, fault);
  }

  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const name = peerOf(socket);
    if (this.#reader.streams.length >= this.#probesMax) {
      this.#reader.count('PROBE_REFUSED');
      this.#last = feedNote('turnedAway', { address: name });
      socket.destroy();
      return;
    }
    socket.setKeepAlive(true, keepAliveMs);
    this.#reader.add(socket, name);
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * A feed from all probes that connect (`pcap+listen://HOST:PORT`).
 *
 * @returns the feed, and the port it listens on (chosen by the system where 0 was asked for)
 * @throws UserError FEED_LISTEN where it can't listen there
 */
export async function listenLive(options: ListenOptions): Promise<{ reader: LiveReader; port: number }> {
  const { host, probesMax } = options;
  const server = createServer();
  const address = addressText(host, options.port);
  try {
    await listening(server, host, options.port);
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const why = taken ? 'the port is taken' : messageOf(cause);
    throw new UserError('FEED_LISTEN', `pcap+listen://${address}: can't listen there (${why}); choose another port`, {
      cause,
    });
  }
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  const reader = new LiveReader(options);
  reader.attach(new TcpListener(reader, server, addressText(host, port), probesMax));
  return { reader, port };
}
