import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from './byte-source.ts';
import type { CaptureFault } from './ended-early.ts';

/** A file from its start. */
export class FileSource implements ByteSource {
  fault: CaptureFault | null = null;
  /** What the system said where `fault` is UNREADABLE. */
  failure: unknown = null;
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #seeks: boolean;
  #position = 0;

  /** @param seeks whether it reads from its own place, and leaves that of the file alone */
  constructor(file: FileHandle, size: number, seeks = false) {
    this.#file = file;
    this.#size = size;
    this.#seeks = seeks;
  }

  get progress(): number {
    // A file that is still being written may be longer by now than it was at the start.
    return this.#size === 0 ? -1 : Math.min(1, this.#position / this.#size);
  }

  /** A named pipe, which has no size, may keep its reader waiting for ever. */
  get readsAhead(): boolean {
    return this.#size > 0;
  }

  get sizeBytes(): number {
    return Math.max(this.#size, this.#position);
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(into, at, max, this.#seeks ? this.#position : null);
      this.#position += bytesRead;
      return bytesRead;
    } catch (error) {
      this.fault = 'UNREADABLE';
      this.failure = error;
      return 0;
    }
  }

  again(): ByteSource | null {
    // A named pipe has no size, and no start to go back to.
    return this.#size === 0 ? null : new FileSource(this.#file, this.#size, true);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Octets put back in front of a source, so that looking at the format takes nothing away from it. */
export class PeekedSource implements ByteSource {
  readonly #head: Uint8Array;
  readonly #source: ByteSource;
  #given = 0;

  constructor(head: Uint8Array, source: ByteSource) {
    this.#head = head;
    this.#source = source;
  }

  get progress(): number {
    return this.#source.progress;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  get fault(): CaptureFault | null {
    return this.#source.fault;
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    if (this.#given === this.#head.length) return this.#source.read(into, at, max);
    const n = Math.min(max, this.#head.length - this.#given);
    into.set(this.#head.subarray(this.#given, this.#given + n), at);
    this.#given += n;
    return n;
  }

  again(): ByteSource | null {
    return this.#source.again?.() ?? null;
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
