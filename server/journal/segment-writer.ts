import { heardElsewhere } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import { createSegment, segmentPath } from './segment.ts';

/** Records that are written in one go, at `at` of the segment that starts at `start`. */
export interface Chunk {
  start: number;
  at: number;
  bytes: Uint8Array;
  used: number;
}

interface Options {
  readonly disk: Disk;
  readonly folder: string;
  /** The journal's. */
  readonly id: string;
  /** Start of the newest segment that is there; -1: none. */
  readonly newest: number;
  /** A segment has been made. */
  made(start: number): void;
}

/** Puts groups of records into segments. */
export class SegmentWriter {
  readonly #options: Options;
  #newest: number;
  #file: DiskFile | null = null;
  /** The segment that {@link #file} is. */
  #fileStart = -1;

  constructor(options: Options) {
    this.#options = options;
    this.#newest = options.newest;
  }

  /**
   * Writes a group and syncs it. After a rejection the whole of it must be written again, not only synced: a system that
   * could not write a page forgets that it still has to (fsync(2)), and its next sync succeeds.
   */
  async write(chunks: readonly Chunk[]): Promise<void> {
    try {
      for (const { start, at, bytes, used } of chunks) {
        const file = await this.#fileOf(start);
        await file.write(bytes.subarray(0, used), at);
      }
      await this.#file?.sync();
    } catch (error) {
      // The error that is told is the first one.
      await this.close().catch(heardElsewhere);
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** The open file of a segment: the one before it is on disk as a whole when the next one is made. */
  async #fileOf(start: number): Promise<DiskFile> {
    const { disk, folder, id, made } = this.#options;
    if (this.#file !== null && this.#fileStart === start) return this.#file;
    await this.#file?.sync();
    await this.close();
    const exists = start <= this.#newest;
    this.#file = exists
      ? await disk.open(segmentPath(folder, start), 'write')
      : await createSegment(disk, folder, id, start);
    this.#fileStart = start;
    if (exists) return this.#file;
    this.#newest = start;
    made(start);
    return this.#file;
  }
}
