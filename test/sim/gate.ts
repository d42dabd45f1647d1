import { FeedSockets } from '../../server/api/feed-sockets.ts';
import { FeedAnswers } from '../../server/api/feeds.ts';
import { type ApiRequest, Refusal, Reply } from '../../server/api/http.ts';
import type { Config } from '../../server/config.ts';
import type { PushFeed } from '../../server/events/push-feed.ts';
import type { PushPlace } from '../../server/events/push-refusal.ts';
import type { UwsApp, UwsBehavior, UwsRequest, UwsResponse, UwsSocket } from '../../server/push/uws.ts';
import type { Life } from './schedule.ts';

/** What a sender hears: of a POST, or as a message of its socket. */
export interface Answer {
  status: number;
  acked: PushPlace;
  credit: number;
  expected?: PushPlace;
  /** Of a batch that was taken. */
  accepted?: number;
  quarantined?: number;
  aside?: { ahead: number; old: number; behind: number };
  error?: { code: string };
}

/** A sender's socket: what comes in at the server's end. */
export interface Line {
  send(bytes: Uint8Array, isBinary: boolean): void;
  /** The connection is gone. */
  cut(): void;
}

type Sender = ReturnType<UwsSocket<never>['getUserData']>;

/** The server's door for senders: production's answers and sockets, without uWebSockets.js. */
export class Gate {
  readonly #answers: FeedAnswers;
  readonly #sockets: FeedSockets;
  readonly #life: Life;
  readonly #onFailed: (error: Error) => void;
  #behavior!: UwsBehavior<Sender>;
  /** Posts that are not answered yet. */
  #pending = 0;
  #closing = false;

  constructor(options: {
    feeds: ReadonlyMap<string, PushFeed>;
    config: Config;
    life: Life;
    onFailed: (error: Error) => void;
  }) {
    this.#life = options.life;
    this.#onFailed = options.onFailed;
    this.#answers = new FeedAnswers(options.feeds, options.config, 'simulation');
    this.#sockets = new FeedSockets(this.#answers, options.config, options.onFailed);
    const app: UwsApp = {
      any: () => app,
      ws: (_, behavior) => {
        this.#behavior = behavior as unknown as UwsBehavior<Sender>;
        return app;
      },
      listen: () => app,
      close: () => app,
    };
    this.#sockets.serve(app, 0, () => true);
  }

  /** One request; nobody answers where the server is ending. */
  post(id: string, { epoch, seq }: PushPlace, type: string, bytes: Uint8Array, hear: (answer: Answer) => void): void {
    if (this.#closing || !this.#life.alive) return;
    let status = 0;
    const response = {
      onAborted: () => response,
      onData: (handler: (chunk: ArrayBuffer, isLast: boolean) => void) => {
        this.#life.after(0.05, () => handler(new Uint8Array(bytes).buffer, true));
        return response;
      },
      cork: (write: () => void) => {
        write();
        return response;
      },
      writeStatus: (line: string) => {
        status = Number.parseInt(line, 10);
        return response;
      },
      writeHeader: () => response,
      end: (body: Uint8Array) => {
        if (this.#life.alive) hear({ ...JSON.parse(Buffer.from(body).toString()), status });
        return response;
      },
    };
    const reply = new Reply(response as unknown as UwsResponse, 'POST', [], () => this.#pending--);
    const request: ApiRequest = {
      ...{ method: 'POST', path: `/api/feeds/${id}/events`, host: 'localhost', origin: '', range: '' },
      ...{ query: new URLSearchParams({ epoch: String(epoch), seq: String(seq) }), ifNoneMatch: '' },
      ...{ acceptsGzip: false, contentType: type, contentEncoding: '', epoch: '', seq: '' },
    };
    this.#pending++;
    this.#answers.take(id, request, reply).catch((error) => {
      if (error instanceof Refusal) reply.error(error);
      else this.#onFailed(error);
    });
  }

  /** @returns null where the server takes no socket */
  connect(id: string, hear: (answer: Answer) => void, closed: () => void): Line | null {
    if (this.#closing || !this.#life.alive) return null;
    let data: Sender | null = null;
    const response = {
      writeStatus: () => response,
      end: () => response,
      upgrade: (given: Sender) => {
        data = given;
      },
    };
    const request = { getHeader: () => '', getUrl: () => `/api/feeds/${id}/socket`, getMethod: () => 'GET' };
    this.#behavior.upgrade(
      response as unknown as UwsResponse,
      { ...request, getQuery: () => '' } as UwsRequest,
      {} as never,
    );
    if (data === null) return null;
    const user: Sender = data;
    let open = true;
    const cut = () => {
      if (!open || !this.#life.alive) return;
      open = false;
      this.#behavior.close(socket, 1006);
      closed();
    };
    const socket: UwsSocket<Sender> = {
      send: (message) => {
        if (open && this.#life.alive) hear(JSON.parse(Buffer.from(message).toString()));
        return 1;
      },
      getBufferedAmount: () => 0,
      end: cut,
      close: cut,
      getUserData: () => user,
    };
    this.#behavior.open(socket);
    return {
      send: (bytes, isBinary) => {
        if (open && this.#life.alive) this.#behavior.message(socket, new Uint8Array(bytes).buffer, isBinary);
      },
      cut,
    };
  }

  /** As the server closes its sockets: what is under way is still answered. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#sockets.stopTaking();
    for (let waits = 0; this.#pending + this.#sockets.pending > 0 && waits < 150; waits++)
      await new Promise<void>((resolve) => void this.#life.after(20, resolve));
    this.#sockets.endAll();
  }
}
