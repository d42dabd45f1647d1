import type { Readable } from 'node:stream';
import type { ByteSource } from './byte-source.ts';
import type { CaptureFault } from './ended-early.ts';

/** Octets of a Node stream, pulled: nothing is read from it but what is asked for. */
export class ReadableSource implements ByteSource {
  readonly progress = -1;
  readonly sizeBytes = -1;
  fault: CaptureFault | null = null;
  readonly #readable: Readable;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(readable: Readable) {
    this.#readable = readable;
    readable.on('readable', () => this.#wake());
    readable.on('end', () => this.#end());
    readable.on('close', () => this.#end());
    readable.on('error', () => {
      this.fault = 'UNREADABLE';
      this.#end();
    });
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    while (this.#rest.length === 0) {
      const chunk: Uint8Array | null = this.#ended ? null : this.#readable.read();
      if (chunk !== null) this.#rest = chunk;
      else if (this.#ended) return 0;
      else await this.#arrival();
    }
    const n = Math.min(max, this.#rest.length);
    into.set(this.#rest.subarray(0, n), at);
    this.#rest = this.#rest.subarray(n);
    return n;
  }

  async close(): Promise<void> {
    this.#readable.destroy();
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}
