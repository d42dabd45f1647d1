/**
 * One client's connection to the wire server: cuts its bytes into frames, gathers them into groups that can run as
 * one turn (up to Sync or Flush; a simple query; a COPY with all of its data).
 */
import type { Socket } from 'node:net';
import type { Admission } from './session-guard.ts';
import {
  copyInMessage,
  encodeError,
  frontend,
  prefixNames,
  readCstring,
  readyIdle,
  startupCode,
} from './wire-messages.ts';

/** What the server keeps of a client while its turns run. */
export interface ClientSession {
  /** Names of its prepared statements as the shared session knows them. */
  readonly statements: ReadonlySet<string>;
  send(bytes: Buffer): void;
  /** Says why and cuts the client off. */
  refuse(error: Buffer): void;
}

export interface WireClientOptions {
  readonly welcome: Buffer;
  readonly groupBytesMax: number;
  admit(sql: string, protocol: 'simple' | 'extended'): Admission;
  turn(messages: Buffer, copyIn: boolean): void;
  gone(): void;
}

/** In Close and Describe: the name is a prepared statement's ('S'), not a portal's. */
const statementKind = 0x53;

/** Unsent answers of a client that does not read; beyond it the client is cut off. */
const unsentBytesMax = 256 * 1024 * 1024;

export class WireClient {
  readonly session: ClientSession;
  readonly #socket: Socket;
  readonly #prefix: string;
  readonly #options: WireClientOptions;
  readonly #statements = new Set<string>();
  /** Received and not yet cut into frames. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Nothing can be cut before so many bytes are here. */
  #need = 1;
  #started = false;
  #group: Buffer[] = [];
  #groupBytes = 0;
  /** Gathering the data of a COPY FROM STDIN. */
  #copying = false;
  /** A message of this group was refused: everything up to Sync is skipped, as PostgreSQL does after an error. */
  #skipping = false;

  constructor(socket: Socket, id: number, options: WireClientOptions) {
    this.#socket = socket;
    this.#prefix = `c${id}_`;
    this.#options = options;
    this.session = {
      statements: this.#statements,
      send: (bytes) => this.#send(bytes),
      refuse: (error) => this.#refuse(error),
    };
    socket.on('data', (piece: Buffer) => this.#receive(piece));
    // A broken connection ends in 'close' like any other end; that is where it is dealt with.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => options.gone());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(bytes: Buffer): void {
    if (!this.#socket.writable || bytes.length === 0) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > unsentBytesMax) this.#socket.destroy();
  }

  #refuse(error: Buffer): void {
    this.#send(error);
    this.#socket.destroySoon();
  }

  #receive(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes < this.#need) return;
    let bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    while (!this.#socket.destroyed) {
      const head = this.#started ? 5 : 8;
      if (bytes.length < head) {
        this.#need = head;
        break;
      }
      const length = this.#started ? 1 + bytes.readInt32BE(1) : bytes.readInt32BE(0);
      if (length < head || length + this.#groupBytes > this.#options.groupBytesMax) {
        this.#refuse(encodeError('FATAL', '08P01', `message of ${length} bytes: too large, or no PostgreSQL client`));
        return;
      }
      if (bytes.length < length) {
        this.#need = length;
        break;
      }
      const message = bytes.subarray(0, length);
      bytes = bytes.subarray(length);
      if (this.#started) this.#message(message);
      else this.#startup(message);
    }
    this.#pieces = bytes.length > 0 ? [bytes] : [];
    this.#pieceBytes = bytes.length;
  }

  #startup(message: Buffer): void {
    const code = message.readInt32BE(4);
    if (code === startupCode.tls || code === startupCode.gss) this.#send(Buffer.from('N'));
    else if (code === startupCode.cancel) this.#socket.destroy();
    else {
      this.#started = true;
      this.#send(this.#options.welcome);
    }
  }

  #message(message: Buffer): void {
    const type = message[0];
    if (this.#copying) {
      if (type !== frontend.copyData && type !== frontend.copyDone && type !== frontend.copyFail) return;
      this.#gather(message);
      if (type !== frontend.copyData) this.#endGroup(true);
    } else if (type === frontend.terminate) this.#socket.destroySoon();
    else if (type === frontend.query) this.#query(message);
    else if (this.#skipping) {
      if (type !== frontend.sync) return;
      this.#skipping = false;
      this.#gather(message);
      this.#endGroup(false);
    } else {
      if (type === frontend.parse && !this.#admitParse(message)) return;
      const renamed = prefixNames(message, this.#prefix);
      if (type === frontend.parse) this.#noteStatement(renamed);
      if (type === frontend.close && renamed[5] === statementKind) this.#statements.delete(readCstring(renamed, 6));
      this.#gather(renamed);
      if (type === frontend.sync || type === frontend.flush) this.#endGroup(false);
    }
  }

  #query(message: Buffer): void {
    const admission = this.#options.admit(readCstring(message, 5), 'simple');
    if (admission.kind === 'refused') {
      this.#send(Buffer.concat([encodeError('ERROR', admission.code, admission.message), readyIdle]));
      return;
    }
    this.#gather(message);
    if (admission.kind === 'copy in') {
      this.#copying = true;
      this.#send(copyInMessage);
    } else this.#endGroup(false);
  }

  #admitParse(message: Buffer): boolean {
    const admission = this.#options.admit(readCstring(message, message.indexOf(0, 5) + 1), 'extended');
    if (admission.kind !== 'refused') return true;
    this.#send(encodeError('ERROR', admission.code, admission.message));
    this.#skipping = true;
    return false;
  }

  #noteStatement(parse: Buffer): void {
    const name = readCstring(parse, 5);
    if (name !== '') this.#statements.add(name);
  }

  #gather(message: Buffer): void {
    this.#group.push(message);
    this.#groupBytes += message.length;
  }

  #endGroup(copyIn: boolean): void {
    const messages = Buffer.concat(this.#group);
    this.#group = [];
    this.#groupBytes = 0;
    this.#copying = false;
    this.#options.turn(messages, copyIn);
  }
}
