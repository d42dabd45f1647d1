/**
 * A PostgreSQL wire server in front of ONE database session: several clients take turns, and a transaction keeps
 * the session until it ends. A turn leaves the event loop only by way of microtasks, so that no client's event arrives
 * in the middle of one.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { admit } from './session-guard.ts';
import { type ClientSession, WireClient } from './wire-client.ts';
import { encodeError, encodeMessage, encodeQuery, encodeWelcome, readAnswer, syncMessage } from './wire-messages.ts';

export interface WireServerOptions {
  readonly serverVersion: string;
  /** Runs whole messages on the session; the raw answer is valid until the next call. Rejects when the session is lost. */
  run(messages: Uint8Array): Promise<Uint8Array>;
  /** The session is lost; every client has been cut off. */
  onLost(error: unknown): void;
  readonly connectionsMax: number;
  /** Largest group of messages (one COPY with its data) that a client may send, bytes. */
  readonly groupBytesMax: number;
  /** A client that keeps a transaction open without asking for anything is cut off after this long. */
  readonly ownerIdleMs: number;
}

/** One turn: a group of messages up to a point where the server answers. */
interface Turn {
  readonly session: ClientSession | null;
  readonly messages: Buffer;
  readonly copyIn: boolean;
  /** Resolves what the server itself asked for. */
  readonly done?: (error: string) => void;
}

export class WireServer {
  readonly #options: WireServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<WireClient>();
  readonly #turns: Turn[] = [];
  readonly #welcome: Buffer;
  #owner: ClientSession | null = null;
  #ownerTimer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #lost = false;
  #nextId = 1;

  constructor(options: WireServerOptions) {
    this.#options = options;
    this.#welcome = encodeWelcome(options.serverVersion);
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = options.connectionsMax;
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** Runs a statement of the server's own between the clients' turns; resolves to its error text, '' if none. */
  ask(sql: string): Promise<string> {
    return new Promise((resolve) => {
      if (this.#lost) resolve('the instance is lost');
      else this.#push({ session: null, messages: encodeQuery(sql), copyIn: false, done: resolve });
    });
  }

  /** Cuts every client off and stops listening; the session stays usable by its owner. */
  close(): Promise<void> {
    clearTimeout(this.#ownerTimer);
    for (const client of this.#clients) client.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const client: WireClient = new WireClient(socket, this.#nextId++, {
      welcome: this.#welcome,
      groupBytesMax: this.#options.groupBytesMax,
      admit,
      turn: (messages, copyIn) => this.#push({ session: client.session, messages, copyIn }),
      gone: () => this.#gone(client),
    });
    this.#clients.add(client);
  }

  #push(turn: Turn): void {
    this.#turns.push(turn);
    this.#schedule();
  }

  /** One turn per round of the event loop, so that sockets are read between turns. */
  #schedule(): void {
    if (this.#scheduled || this.#lost) return;
    this.#scheduled = true;
    setImmediate(() => {
      const turn = this.#take();
      if (turn === undefined) this.#scheduled = false;
      else
        void this.#serve(turn).then(() => {
          this.#scheduled = false;
          this.#schedule();
        });
    });
  }

  #take(): Turn | undefined {
    if (this.#owner === null) return this.#turns.shift();
    const at = this.#turns.findIndex((turn) => turn.session === this.#owner);
    return at < 0 ? undefined : this.#turns.splice(at, 1)[0];
  }

  async #serve(turn: Turn): Promise<void> {
    clearTimeout(this.#ownerTimer);
    let output: Uint8Array;
    try {
      output = await this.#options.run(turn.messages);
    } catch (error) {
      this.#lose(error);
      turn.done?.('the instance is lost');
      return;
    }
    const answer = readAnswer(output, turn.copyIn);
    if (turn.session !== null) {
      this.#owner = answer.state === 'I' ? null : turn.session;
      turn.session.send(answer.bytes);
      this.#watchOwner();
    }
    turn.done?.(answer.error);
  }

  #watchOwner(): void {
    const owner = this.#owner;
    if (owner === null) return;
    this.#ownerTimer = setTimeout(() => {
      owner.refuse(encodeError('FATAL', '25P03', 'a transaction was left open without a statement for too long'));
    }, this.#options.ownerIdleMs);
  }

  /** A client went: what it left open on the shared session is undone before anybody else's turn. */
  #gone(client: WireClient): void {
    this.#clients.delete(client);
    const session = client.session;
    for (let i = this.#turns.length - 1; i >= 0; i--) if (this.#turns[i].session === session) this.#turns.splice(i, 1);
    if (this.#lost) return;
    if (this.#owner === session) {
      clearTimeout(this.#ownerTimer);
      this.#owner = null;
      const rollback = Buffer.concat([syncMessage, encodeQuery('rollback')]);
      this.#turns.unshift({ session: null, messages: rollback, copyIn: false });
    }
    if (session.statements.size > 0) {
      const closes = [...session.statements].map((name) => encodeMessage('C', Buffer.from(`S${name}\0`)));
      this.#turns.push({ session: null, messages: Buffer.concat([...closes, syncMessage]), copyIn: false });
    }
    this.#schedule();
  }

  #lose(error: unknown): void {
    this.#lost = true;
    for (const turn of this.#turns.splice(0)) turn.done?.('the instance is lost');
    for (const client of this.#clients) client.destroy();
    this.#server.close();
    this.#options.onLost(error);
  }
}
