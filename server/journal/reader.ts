import { isFromOutside } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { Journal } from './journal.ts';
import { findRecord, recordHeadBytes } from './record.ts';
import { damaged, segmentHeadBytes, unreadable } from './segment.ts';

export interface JournalRecord {
  kind: number;
  /** Its offset, and that behind it. */
  from: number;
  to: number;
  /** A view into the reader's buffer, at a multiple of 8 octets: valid until the next call. */
  payload: Uint8Array;
}

const windowBytes = 1 << 20;

/** Reads committed records in order. One caller at a time. */
export class JournalReader {
  readonly #disk: Disk;
  readonly #journal: Journal;
  #at: number;
  #file: DiskFile | null = null;
  #fileStart = -1;
  /** What has been read of the file, from the log's octet {@link #windowAt} on. */
  #window = new Uint8Array(0);
  #windowAt = 0;
  /** The file ended within what was asked for. */
  #isCut = false;
  #buffer = new Uint8Array(windowBytes);

  constructor(disk: Disk, journal: Journal, from: number) {
    this.#disk = disk;
    this.#journal = journal;
    this.#at = from;
  }

  /** Offset of the record that comes next. */
  get at(): number {
    return this.#at;
  }

  /**
   * The next record; null: all that is committed has been read.
   *
   * @throws UserError JOURNAL_DAMAGED, JOURNAL_UNREADABLE, naming file and place
   */
  async next(): Promise<JournalRecord | null> {
    const { committed } = this.#journal;
    let place = this.#journal.segmentAt(this.#at);
    for (; place !== null; place = this.#journal.segmentAt(this.#at)) {
      this.#at = Math.max(this.#at, place.segment.start + segmentHeadBytes);
      if (this.#at >= committed) return null;
      // One without a record, where the next one did not fit, goes on in the one behind it.
      if (this.#at < place.end) break;
    }
    if (place === null) return null;
    const { segment, end } = place;
    const limit = Math.min(end, committed);
    for (let bytes = windowBytes; ; bytes *= 4) {
      const found = this.#covers(recordHeadBytes)
        ? findRecord(this.#window, this.#at - this.#windowAt, this.#at)
        : 'short';
      if (found !== 'short') {
        if (found === null) throw damaged(segment.path, this.#at - segment.start, 'a damaged record');
        const from = this.#at;
        this.#at += found.bytes;
        return { kind: found.kind, from, to: this.#at, payload: found.payload };
      }
      if (this.#windowAt === this.#at && (this.#at + this.#window.length >= limit || this.#isCut)) {
        // It has come back, and the one behind it was missing, too: what is wanted may stand there.
        if (segment.isMissing && this.#window.length === 0 && this.#at > segment.start + segmentHeadBytes) {
          const isNews = this.#journal.missesFrom(segment.start + (await this.#file!.size()));
          this.#windowAt = -1;
          this.#window = new Uint8Array(0);
          if (isNews) return await this.next();
        }
        throw damaged(segment.path, this.#at - segment.start, 'a record that is cut off');
      }
      try {
        await this.#load(segment.start, segment.path, Math.min(bytes, limit - this.#at));
      } catch (error) {
        if (!isFromOutside(error)) throw error;
        throw unreadable(segment.path, this.#at - segment.start, error);
      }
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    this.#fileStart = -1;
  }

  #covers(bytes: number): boolean {
    return this.#at >= this.#windowAt && this.#at + bytes <= this.#windowAt + this.#window.length;
  }

  async #load(start: number, path: string, bytes: number): Promise<void> {
    if (this.#fileStart !== start) {
      await this.close();
      this.#file = await this.#disk.open(path, 'read');
      this.#fileStart = start;
    }
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes);
    const n = await this.#file!.read(this.#buffer.subarray(0, bytes), this.#at - start);
    this.#window = this.#buffer.subarray(0, n);
    this.#isCut = n < bytes;
    this.#windowAt = this.#at;
  }
}
