/** Stands for the package `pg-copy-streams` in the simulation's bundle. */
import { Writable } from 'node:stream';

export class SimCopy extends Writable {
  readonly table: string;
  /** Set by the client that the stream is given to. */
  onEnd: (bytes: () => Uint8Array) => Promise<void> = () => Promise.reject(new Error('the stream has no client'));
  readonly #parts: Uint8Array[] = [];

  constructor(text: string) {
    super();
    this.table = text.split(' ')[1];
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.#parts.push(chunk);
    done();
  }

  override _final(done: (error?: Error) => void): void {
    // The octets are read when they are sent, not when they are given.
    this.onEnd(() => Buffer.concat(this.#parts)).then(() => done(), done);
  }
}

export const from = (text: string): SimCopy => new SimCopy(text);
