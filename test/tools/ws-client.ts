import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** How a connection ended: the close frame's code, or -1 when it was cut without one. */
export interface Ended {
  code: number;
  reason: string;
}

/**
 * A WebSocket client (RFC 6455) of a few lines for tests: unlike others it can claim any Origin and Host, send
 * anything, and stop reading so that the server's buffers fill.
 */
export class WsClient {
  readonly messages: Uint8Array[] = [];
  readonly ended: Promise<Ended>;
  pings = 0;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #end: (ended: Ended) => void = () => undefined;
  #closeCode: Ended = { code: -1, reason: '' };
  isOpen = true;

  private constructor(socket: Socket, rest: Buffer) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.isOpen = false;
      this.#end(this.#closeCode);
      this.#wake();
    });
    this.#take(rest);
  }

  /** Opens `/ws` or another path. Resolves to the HTTP status line where the upgrade is refused. */
  static open(port: number, headers: Record<string, string> = {}, path = '/ws'): Promise<WsClient | string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      const key = randomBytes(16).toString('base64');
      const all: Record<string, string> = {
        host: `127.0.0.1:${port}`,
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-key': key,
        'sec-websocket-version': '13',
        ...headers,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.once('error', reject);
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
      let head = Buffer.alloc(0);
      const read = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', read);
        socket.off('error', reject);
        const text = head.subarray(0, end).toString('latin1');
        if (!text.startsWith('HTTP/1.1 101')) {
          socket.destroy();
          resolve(text.split('\r\n')[0]!);
          return;
        }
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        if (!text.includes(accept)) reject(new Error('wrong Sec-WebSocket-Accept'));
        resolve(new WsClient(socket, head.subarray(end + 4)));
      };
      socket.on('data', read);
    });
  }

  /** Like {@link open}, but a refusal is an error. */
  static async mustOpen(port: number, headers: Record<string, string> = {}): Promise<WsClient> {
    const client = await WsClient.open(port, headers);
    if (typeof client === 'string') throw new Error(`upgrade refused: ${client}`);
    return client;
  }

  /** Takes no more bytes from the network until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  send(message: Uint8Array | string): void {
    const payload = Buffer.from(message);
    this.#write(typeof message === 'string' ? 1 : 2, payload);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits until `count` messages have come in all; throws when the connection ends or `timeoutMs` passes first. */
  async until(count: number, timeoutMs = 10_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.messages.length < count) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${this.messages.length} of ${count} messages within ${timeoutMs} ms`);
      if (!this.isOpen) throw new Error(`connection ended (${this.#closeCode.code}) after ${this.messages.length}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** §5.2: frames of a server are unmasked; ours never fragments. */
  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const bytes = this.#bytes;
      if (bytes.length < 2) break;
      const opcode = bytes[0]! & 0x0f;
      let length = bytes[1]! & 0x7f;
      let head = 2;
      if (length === 126) {
        if (bytes.length < 4) break;
        length = bytes.readUInt16BE(2);
        head = 4;
      } else if (length === 127) {
        if (bytes.length < 10) break;
        length = Number(bytes.readBigUInt64BE(2));
        head = 10;
      }
      if (bytes.length < head + length) break;
      const payload = bytes.subarray(head, head + length);
      this.#bytes = bytes.subarray(head + length);
      this.#frame(opcode, payload);
    }
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === 8) {
      this.#closeCode = { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
      this.#socket.end();
    } else if (opcode === 9) {
      this.pings++;
      this.#write(10, payload);
    } else if (opcode === 2 || opcode === 1) {
      this.messages.push(new Uint8Array(payload));
      this.#wake();
    }
  }

  /** §5.3: frames of a client are masked; a mask of zeros leaves the payload readable in captures. */
  #write(opcode: number, payload: Buffer): void {
    const long = payload.length > 125;
    const head = Buffer.alloc(long ? 8 : 6);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (long ? 126 : payload.length);
    if (long) head.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }
}
