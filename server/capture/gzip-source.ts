import { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import type { CaptureFault } from './ended-early.ts';
import { ReadableSource } from './readable-source.ts';

/** Compressed octets given to zlib at once. Deflate packs up to 1032 to 1, so this bounds what one step may unpack. */
const stepBytes = 16_384;
/** The same where damage could not be gone back to: what one step loses with it. */
const shortStepBytes = 2_048;
/** Compressed octets kept of a source that comes only once. */
const keptBytesMax = 1 << 25;

/**
 * Unpacks a gzip source as it is read. Damage ends it with a fault after everything that could be unpacked before,
 * so that a cut file still gives its whole records.
 *
 * Node's zlib reports damage without what the same step had unpacked before it, and its state can't be copied. So at
 * damage the source is unpacked once more from its start, and the step that failed octet by octet: undamaged sources
 * pay nothing. A source that comes only once is kept for that, up to `keptBytesMax`; behind that place short steps
 * keep the loss small.
 */
export class GzipSource implements ByteSource {
  fault: CaptureFault | null = null;
  /** Nobody knows before the end how much will come out. */
  readonly sizeBytes = -1;
  readonly #packed: ByteSource;
  readonly #input = new Uint8Array(stepBytes);
  /** Where the packed octets come from: `#packed`, or the same once more. */
  #from: ByteSource;
  #gunzip: Gunzip;
  /** Whether `#packed` can be read once more. */
  readonly #comesAgain: boolean;
  /** What was read, where it comes only once and is not too long. */
  #kept: Uint8Array[] | null;
  /** Packed octets taken from `#from`. */
  #takenBytes = 0;
  /** Packed octets before the step under way. */
  #stepAt = 0;
  /** Packed octets behind which each octet is a step of its own; -1 before damage was found. */
  #singlyFrom = -1;
  /** Unpacked octets that were handed on before, to be left out. */
  #skipBytes = 0;
  #output: Uint8Array[] = [];
  #failed: NodeJS.ErrnoException | null = null;
  #ended = false;
  #closed = false;
  #unpackedBytes = 0;
  #givenBytes = 0;
  #wake: () => void = () => {};

  /** @param packed the compressed octets; closed together with this source */
  constructor(packed: ByteSource) {
    this.#packed = packed;
    this.#from = packed;
    this.#comesAgain = (packed.again?.() ?? null) !== null;
    this.#kept = this.#comesAgain ? null : [];
    this.#gunzip = this.#newGunzip();
  }

  get progress(): number {
    const share = this.#packed.progress;
    // A little packed input may have become much output that nobody has taken yet.
    return share < 0 || this.#unpackedBytes === 0 ? share : share * (this.#givenBytes / this.#unpackedBytes);
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    while (this.#output.length === 0 && !this.#ended && !this.#closed) {
      if (this.#failed === null) await this.#unpackMore();
      else if (!this.#goBack()) break;
    }
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

  async close(): Promise<void> {
    this.#closed = true;
    this.#gunzip.destroy();
    this.#wake();
    await this.#packed.close();
  }

  #newGunzip(): Gunzip {
    const gunzip = createGunzip({ chunkSize: 262_144 });
    gunzip.on('data', (chunk: Uint8Array) => {
      const skipped = Math.min(this.#skipBytes, chunk.length);
      this.#skipBytes -= skipped;
      if (skipped === chunk.length) return;
      this.#unpackedBytes += chunk.length - skipped;
      this.#output.push(chunk.subarray(skipped));
    });
    gunzip.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    gunzip.on('error', (error) => {
      this.#failed = error;
      this.#wake();
    });
    return gunzip;
  }

  async #unpackMore(): Promise<void> {
    const n = await this.#from.read(this.#input, 0, this.#stepMax());
    if (this.#closed) return;
    this.#stepAt = this.#takenBytes;
    this.#takenBytes += n;
    if (this.#singlyFrom < 0) this.#keep(this.#input.subarray(0, n));
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      // zlib is done with `#input` when it calls back, so the buffer can be filled again.
      if (n > 0) this.#gunzip.write(this.#input.subarray(0, n), () => resolve());
      else this.#gunzip.end();
    });
  }

  #stepMax(): number {
    if (this.#singlyFrom < 0) return this.#kept === null && !this.#comesAgain ? shortStepBytes : stepBytes;
    return Math.max(1, Math.min(stepBytes, this.#singlyFrom - this.#takenBytes));
  }

  #keep(step: Uint8Array): void {
    if (this.#kept === null) return;
    if (this.#takenBytes > keptBytesMax) this.#kept = null;
    else this.#kept.push(step.slice());
  }

  /** Begins anew to get what came before the damage in its step; false where that can't be, or has been done. */
  #goBack(): boolean {
    // What is cut gave everything it had.
    if (this.#singlyFrom >= 0 || this.#failed?.code === 'Z_BUF_ERROR') return false;
    const kept = this.#kept;
    const again = this.#packed.again?.() ?? (kept && new ReadableSource(Readable.from(kept)));
    if (again === null) return false;
    this.#kept = null;
    this.#from = again;
    this.#singlyFrom = this.#stepAt;
    this.#takenBytes = 0;
    this.#skipBytes = this.#unpackedBytes;
    this.#failed = null;
    this.#gunzip = this.#newGunzip();
    return true;
  }
}
