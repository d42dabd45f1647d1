import { closeCode } from '../../shared/protocol.ts';
import type { Config } from '../config.ts';
import { errorOf } from '../errors.ts';
import type { PushFeed } from '../events/push-feed.ts';
import { PushRefusal } from '../events/push-refusal.ts';
import type { UwsApp, UwsSocket } from '../push/uws.ts';
import { type FeedAnswers, feedPath, refusalOf } from './feeds.ts';
import { encodeText, Refusal } from './http.ts';

interface Sender {
  readonly feed: PushFeed;
  open: boolean;
}
type SenderSocket = UwsSocket<Sender>;

/** Answers are short: who takes none of so many octets does not read. */
const unsentBytesMax = 256 * 1024;

/**
 * `/api/feeds/ID/socket`: one message a batch, binary msgpack or text of lines whose first one tells epoch and seq. Each
 * is answered by a text of JSON, as its POST would be, with its `status`; the first message from here tells where the feed
 * stands.
 */
export class FeedSockets {
  readonly #open = new Set<SenderSocket>();
  readonly #answers: FeedAnswers;
  readonly #config: Pick<Config, 'probesMax' | 'pushBytesMax'>;
  readonly #onFailed: (error: Error) => void;
  #ending = false;
  /** Batches that are not answered yet. */
  pending = 0;

  /** @param onFailed a bug: the batch can't be answered */
  constructor(
    answers: FeedAnswers,
    config: Pick<Config, 'probesMax' | 'pushBytesMax'>,
    onFailed: (error: Error) => void,
  ) {
    this.#answers = answers;
    this.#config = config;
    this.#onFailed = onFailed;
  }

  /** @param allowed whether a host may be answered, and an origin open a socket */
  serve(app: UwsApp, compression: number, allowed: (host: string, origin: string) => boolean): void {
    app.ws<Sender>('/api/feeds/:id/socket', {
      compression,
      maxPayloadLength: this.#config.pushBytesMax,
      maxBackpressure: unsentBytesMax,
      closeOnBackpressureLimit: true,
      idleTimeout: 60,
      sendPingsAutomatically: true,
      upgrade: (response, request, context) => {
        if (!allowed(request.getHeader('host'), request.getHeader('origin'))) {
          response.writeStatus('403 Forbidden').end('this page may not send events', true);
          return;
        }
        let feed: PushFeed;
        try {
          feed = this.#answers.feed(feedPath(request.getUrl())?.id ?? '');
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          response.writeStatus('404 Not Found').end(error.message, true);
          return;
        }
        const sockets = [...this.#open].filter((socket) => socket.getUserData().feed === feed).length;
        if (this.#ending || sockets >= this.#config.probesMax) {
          response.writeStatus('503 Service Unavailable').end('as many sockets as allowed are open (probesMax)', true);
          return;
        }
        const key = request.getHeader('sec-websocket-key');
        const protocol = request.getHeader('sec-websocket-protocol');
        const extensions = request.getHeader('sec-websocket-extensions');
        response.upgrade<Sender>({ feed, open: true }, key, protocol, extensions, context);
      },
      open: (socket) => {
        this.#open.add(socket);
        say(socket, { status: 200, ...socket.getUserData().feed.standing });
      },
      // The message is the server's own once this call is over.
      message: (socket, message, isBinary) => void this.#take(socket, new Uint8Array(message.slice(0)), isBinary),
      drain: () => undefined,
      close: (socket) => {
        socket.getUserData().open = false;
        this.#open.delete(socket);
      },
    });
  }

  /** No further batch is taken; those under way are still answered. */
  stopTaking(): void {
    this.#ending = true;
  }

  /** Closes the sockets with a code that means: come back. */
  endAll(): void {
    for (const socket of [...this.#open]) socket.end(closeCode.restart, 'the server restarts');
  }

  async #take(socket: SenderSocket, bytes: Uint8Array, isBinary: boolean): Promise<void> {
    const sender = socket.getUserData();
    this.pending++;
    try {
      if (this.#ending) throw new PushRefusal(503, 'PUSH_ENDING', 'the server is ending: send it again in a moment');
      const taken = await sender.feed.offer(bytes, isBinary ? 'msgpack' : 'headed ndjson');
      if (sender.open) say(socket, { status: 200, ...taken });
    } catch (error) {
      if (!(error instanceof PushRefusal)) {
        this.#onFailed(errorOf(error));
        return;
      }
      const { status, code, message, more } = refusalOf(error, sender.feed);
      if (sender.open) say(socket, { status, error: { code, message }, ...more });
    } finally {
      this.pending--;
    }
  }
}

function say(socket: SenderSocket, answer: object): void {
  socket.send(encodeText(JSON.stringify(answer)), false, false);
}
