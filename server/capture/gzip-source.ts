import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import type { CaptureFault } from './ended-early.ts';

/** Compressed octets given to zlib at once. Deflate packs up to 1032 to 1, so this bounds what one step may unpack. */
const stepBytes = 16_384;

/**
 * Unpacks a gzip source as it is read. Damage ends it with a fault after everything that could be unpacked before,
 * so that a cut file still gives its whole records.
 */
export class GzipSource implements ByteSource {
  fault: CaptureFault | null = null;
  /** Nobody knows before the end how much will come out. */
  readonly sizeBytes = -1;
  readonly #packed: ByteSource;
  readonly #gunzip: Gunzip;
  readonly #input = new Uint8Array(stepBytes);
  #output: Uint8Array[] = [];
  #failed: NodeJS.ErrnoException | null = null;
  #ended = false;
  #unpackedBytes = 0;
  #givenBytes = 0;
  #wake: () => void = () => {};

  /** @param packed the compressed octets; closed together with this source */
  constructor(packed: ByteSource) {
    this.#packed = packed;
    this.#gunzip = createGunzip({ chunkSize: 262_144 });
    this.#gunzip.on('data', (chunk: Uint8Array) => {
      this.#unpackedBytes += chunk.length;
      this.#output.push(chunk);
    });
    this.#gunzip.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#gunzip.on('error', (error) => {
      this.#failed = error;
      this.#wake();
    });
  }

  get progress(): number {
    const share = this.#packed.progress;
    // A little packed input may have become much output that nobody has taken yet.
    return share < 0 || this.#unpackedBytes === 0 ? share : share * (this.#givenBytes / this.#unpackedBytes);
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    while (this.#output.length === 0 && !this.#ended && this.#failed === null) await this.#unpackMore();
    if (this.#output.length === 0) {
      if (this.#failed !== null) this.fault = this.#failed.code === 'Z_BUF_ERROR' ? 'TRUNCATED_GZIP' : 'CORRUPT_GZIP';
      this.fault ??= this.#packed.fault;
      return 0;
    }
    const chunk = this.#output[0];
    const n = Math.min(max, chunk.length);
    into.set(chunk.subarray(0, n), at);
    this.#givenBytes += n;
    if (n === chunk.length) this.#output.shift();
    else this.#output[0] = chunk.subarray(n);
    return n;
  }

  async #unpackMore(): Promise<void> {
    const n = await this.#packed.read(this.#input, 0, stepBytes);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      // zlib is done with `#input` when it calls back, so the buffer can be filled again.
      if (n > 0) this.#gunzip.write(this.#input.subarray(0, n), () => resolve());
      else this.#gunzip.end();
    });
  }

  async close(): Promise<void> {
    this.#gunzip.destroy();
    await this.#packed.close();
  }
}
