import type { Timers } from '../clock.ts';
import { assertInvariant, errorOf, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BaseFile } from './base.ts';
import type { Disk } from './disk.ts';
import { isFull } from './disk-full.ts';
import { DiskRoom } from './disk-room.ts';
import { JournalReader } from './reader.ts';
import { recordBytes, recordBytesMax, recordHeadBytes, sealRecord } from './record.ts';
import { recover } from './recover.ts';
import { addMissing, removeSegment, type Segment, segmentAt, segmentHeadBytes, segmentPath } from './segment.ts';
import { type Chunk, SegmentWriter } from './segment-writer.ts';

export interface JournalOptions {
  disk: Disk;
  /** Where its files lie; no other process may use it. */
  folder: string;
  timers: Timers;
  /** 32 random hex digits. */
  newId: () => string;
  log: Log;
  /** A segment is closed before it would grow beyond; a larger record has one of its own. */
  segmentBytes: number;
  /** With so much held, and with less than `freeBytesMin` left on the disk, feeds have no room. */
  bytesMax: number;
  freeBytesMin: number;
  /** How long records wait for others to be committed with. */
  commitMs: number;
  /** Told once, when the disk has ended the journal. */
  onFailed?: (error: Error) => void;
  /** Up to where somebody else knows that this journal was on disk. */
  provenTo?: (journal: string) => number;
}

/** Octets of records in memory that are not on disk yet: with more, feeds have no room. */
const pendingBytesMax = 64 << 20;
const chunkBytes = 1 << 20;
/** With so much pending a commit does not wait for more. */
const commitBytes = 4 << 20;
const retryMs = 1000;

interface Waiter {
  offset: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * An append-only log in segments, on disk by group commit. Offsets count octets of the log and only grow. A record is
 * committed once it survives a power cut; nobody reads it before.
 *
 * A full disk is waited out (no room, an alarm, nothing lost). Any other error of the disk is the end of this journal:
 * what is on disk is then unknown until it is opened anew.
 */
export class Journal {
  /** The disk's error that ended the journal; null: it works. */
  failed: Error | null = null;
  #segments: Segment[];
  readonly #writer: SegmentWriter;
  /** The segment that records are appended to. */
  #tailStart: number;
  readonly #baseFile: BaseFile;
  #base: number;
  #next: number;
  #committed: number;
  /** Of {@link #committed}, what is written down. */
  #noted: number;
  #chunks: Chunk[] = [];
  #spare: Uint8Array[] = [];
  #pendingBytes = 0;
  #committing: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #waiters: Waiter[] = [];
  #roomWaiters: (() => void)[] = [];
  #listeners: ((committed: number) => void)[] = [];
  #diskFull = false;
  readonly #disk: DiskRoom;
  #closed = false;
  #releasing: Promise<void> = Promise.resolve();
  readonly id: string;
  readonly #options: JournalOptions;

  private constructor(options: JournalOptions, baseFile: BaseFile, segments: Segment[], end: number) {
    const { id, base, end: noted } = baseFile.base;
    this.#options = options;
    this.#disk = new DiskRoom({ ...options, looked: (error) => this.#looked(error) });
    this.#baseFile = baseFile;
    this.id = id;
    this.#base = base;
    this.#noted = noted;
    this.#segments = segments;
    this.#next = end;
    this.#committed = end;
    this.#tailStart = segments.at(-1)?.start ?? -1;
    const { disk, folder } = options;
    const made = (start: number) => void segments.push({ start, path: segmentPath(folder, start) });
    this.#writer = new SegmentWriter({ disk, folder, id, newest: this.#tailStart, made });
  }

  /** @throws UserError JOURNAL_DAMAGED; the system's error where the folder can't be used */
  static async open(options: JournalOptions): Promise<Journal> {
    const { base, segments, end } = await recover(options);
    const journal = new Journal(options, base, segments, end);
    await journal.look();
    await journal.noteEnd();
    return journal;
  }

  /** Offset of the oldest record that is held. */
  get base(): number {
    return this.#base;
  }

  /** Behind the newest record. */
  get next(): number {
    return this.#next;
  }

  /** Every record before it is on disk. */
  get committed(): number {
    return this.#committed;
  }

  /** Octets held on disk and in memory. */
  get bytes(): number {
    return this.#next - this.#base;
  }

  /** Whether the disk, or the journal's share of it, is full: an alarm. */
  get full(): boolean {
    return this.#diskFull || this.#disk.full(this.bytes, this.#pendingBytes);
  }

  /**
   * Octets that others must leave free on the disk: the reserve. Where the feeds wait already, what helps them on may
   * take most of that, for a while: it is there for this.
   */
  get leaveBytes(): number {
    const { freeBytesMin } = this.#options;
    return this.full ? Math.floor(freeBytesMin / 4) : freeBytesMin;
  }

  /** Whether feeds may go on. What is derived from records may be appended at any time. */
  get room(): boolean {
    return this.failed === null && !this.full && this.#pendingBytes < pendingBytesMax;
  }

  /** Resolves when there is room again, never where it is closed before; rejects when the journal has failed. */
  async whenRoom(): Promise<void> {
    while (!this.room) {
      if (this.failed !== null) throw this.failed;
      await new Promise<void>((resolve) => {
        this.#roomWaiters.push(resolve);
        if (this.#roomWaiters.length === 1) this.#disk.lookLater();
      });
    }
  }

  /** Called after each commit. */
  onCommit(listener: (committed: number) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes a record; its parts are copied.
   *
   * @returns the offset behind it: what {@link whenCommitted} and acknowledgements speak of
   */
  append(kind: number, parts: readonly Uint8Array[]): number {
    assertInvariant(!this.#closed, 'the journal is closed');
    if (this.failed !== null) throw this.failed;
    let payloadBytes = 0;
    for (const part of parts) payloadBytes += part.length;
    assertInvariant(payloadBytes <= recordBytesMax, `a record of ${payloadBytes} octets is too large`);
    const bytes = recordBytes(payloadBytes);
    const chunk = this.#chunkFor(bytes);
    let at = chunk.used + recordHeadBytes;
    for (const part of parts) {
      chunk.bytes.set(part, at);
      at += part.length;
    }
    chunk.bytes.fill(0, at, chunk.used + bytes);
    sealRecord(chunk.bytes, chunk.used, this.#next, kind, payloadBytes, this.#committed);
    chunk.used += bytes;
    this.#next += bytes;
    this.#pendingBytes += bytes;
    this.#disk.tell(this.bytes, this.#pendingBytes);
    this.#schedule();
    return this.#next;
  }

  /** Resolves when all before the offset is on disk; rejects when the journal fails or is closed before. */
  whenCommitted(offset: number): Promise<void> {
    if (offset <= this.#committed) return Promise.resolve();
    if (this.failed !== null) return Promise.reject(this.failed);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ offset, resolve, reject });
    });
  }

  /**
   * Reads committed records from an offset on, which must be one that `append` or a reader gave, or the base.
   *
   * @throws UserError JOURNAL_GONE where that has been released
   */
  reader(from: number): JournalReader {
    if (from < this.#base || from > this.#next) {
      throw new UserError('JOURNAL_GONE', `the journal holds ${this.#base} to ${this.#next}, not ${from}`);
    }
    return new JournalReader(this.#options.disk, this, from);
  }

  /** For readers: the segment that holds an offset; null: none has been written there. */
  segmentAt(offset: number): { segment: Segment; end: number } | null {
    return segmentAt(this.#segments, offset);
  }

  /** For readers: a missing segment ends there, as is known now, and another one begins. @returns whether that was not known */
  missesFrom(start: number): boolean {
    return addMissing(this.#segments, { start, path: segmentPath(this.#options.folder, start) });
  }

  /** Nothing before the offset is needed any more: segments that lie wholly before it are removed. */
  release(offset: number): Promise<void> {
    this.#releasing = this.#releasing.then(() => this.#release(offset));
    return this.#releasing;
  }

  async #release(offset: number): Promise<void> {
    const { disk } = this.#options;
    if (this.failed !== null) return;
    let gone = 0;
    while (gone + 1 < this.#segments.length && this.#segments[gone + 1].start <= offset) gone++;
    if (gone === 0) return;
    try {
      // First the base: a segment may be missing only from before it.
      if (await this.#note(this.#segments[gone].start))
        for (const segment of this.#segments.splice(0, gone)) await removeSegment(disk, segment);
    } catch (error) {
      // What could not be removed goes at the next start.
      if (!isFull(error)) this.#fail(errorOf(error));
    }
    await this.look();
  }

  /**
   * Notes how far the log is on disk: from then on a log that ends before it is known for a damaged one.
   *
   * @returns up to where that is noted: not all on a full disk
   */
  async noteEnd(): Promise<number> {
    this.#releasing = this.#releasing.then(async () => {
      if (this.failed === null && this.#noted < this.#committed)
        await this.#note(this.#base).catch((error) => this.#fail(errorOf(error)));
    });
    await this.#releasing;
    return this.#noted;
  }

  /** Writes down base and end. @returns false: the disk is full, and wants room for that though it is in place */
  async #note(base: number): Promise<boolean> {
    const end = this.#committed;
    try {
      await this.#baseFile.write({ id: this.id, base, end });
    } catch (error) {
      if (isFull(error)) return false;
      throw error;
    }
    this.#base = base;
    this.#noted = end;
    return true;
  }

  /** Commits what is pending, where the disk takes it, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#disk.close();
    await this.#committing;
    if (this.failed === null && this.#chunks.length > 0) await this.#commit();
    const error = this.failed ?? new UserError('JOURNAL_CLOSED', 'the journal was closed before this was on disk');
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    await this.noteEnd();
    await this.#writer.close();
  }

  /** Where the next record of so many octets goes. */
  #chunkFor(bytes: number): Chunk {
    const { segmentBytes } = this.#options;
    if (this.#tailStart < 0 || this.#next - this.#tailStart + bytes > segmentBytes) {
      this.#tailStart = this.#next;
      this.#next += segmentHeadBytes;
    }
    const last = this.#chunks.at(-1);
    if (last?.start === this.#tailStart && last.used + bytes <= last.bytes.length) return last;
    const spare = bytes <= chunkBytes ? this.#spare.pop() : undefined;
    const chunk: Chunk = {
      start: this.#tailStart,
      at: this.#next - this.#tailStart,
      bytes: spare ?? new Uint8Array(Math.max(bytes, chunkBytes)),
      used: 0,
    };
    this.#chunks.push(chunk);
    return chunk;
  }

  #schedule(): void {
    if (this.#committing !== null || this.#closed) return;
    const now = this.#pendingBytes >= commitBytes;
    if (now) this.#cancelTimer?.();
    else if (this.#cancelTimer !== null) return;
    this.#cancelTimer = this.#options.timers.after(now ? 0 : this.#options.commitMs, () => {
      this.#cancelTimer = null;
      this.#committing ??= this.#commit().finally(() => {
        this.#committing = null;
        if (this.#chunks.length > 0 && this.failed === null) this.#schedule();
      });
    });
  }

  /** Writes what is pending and syncs it. Never rejects: a failure is noted. */
  async #commit(): Promise<void> {
    const chunks = this.#chunks;
    const target = this.#next;
    this.#chunks = [];
    try {
      await this.#untilRoom(() => this.#writer.write(chunks));
    } catch (error) {
      this.#fail(errorOf(error));
      return;
    }
    for (const chunk of chunks) {
      this.#pendingBytes -= chunk.used;
      this.#disk.wrote(chunk.used);
      if (chunk.bytes.length === chunkBytes && this.#spare.length < 8) this.#spare.push(chunk.bytes);
    }
    this.#committed = target;
    this.#tellCommitted();
  }

  #tellCommitted(): void {
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ offset }) => offset > this.#committed);
    for (const { offset, resolve } of waiting) if (offset <= this.#committed) resolve();
    for (const listener of this.#listeners) listener(this.#committed);
    if (this.room) for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  /** Tries again while the disk is full. */
  async #untilRoom(step: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await step();
        if (this.#diskFull) this.#options.log('info', 'journal: the disk has room again');
        this.#diskFull = false;
        return;
      } catch (error) {
        if (!isFull(error) || this.#closed) throw error;
        if (!this.#diskFull)
          this.#options.log(
            'error',
            `journal: the disk of ${this.#options.folder} is full: feeds wait until there is room`,
          );
        this.#diskFull = true;
        await new Promise<void>((resolve) => void this.#options.timers.after(retryMs, resolve));
      }
    }
  }

  /** Feeds wait while less than so much is free beside the reserve: a snapshot's size, for without one nothing is let go. */
  setAside(bytes: number): void {
    this.#disk.setAside(bytes);
  }

  /** Looks how much room the disk has; never rejects. */
  look(): Promise<void> {
    return this.#disk.look();
  }

  #looked(error: unknown): void {
    if (error !== null) this.#fail(errorOf(error));
    this.#disk.tell(this.bytes, this.#pendingBytes);
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  #fail(error: Error): void {
    if (this.failed !== null) return;
    this.failed = new UserError(
      'JOURNAL_FAILED',
      `the journal in ${this.#options.folder} can't be written (${error.message}): mend the disk and start again; nothing acknowledged is lost`,
      { cause: error },
    );
    this.#options.log('error', this.failed.message);
    this.#options.onFailed?.(this.failed);
    for (const { reject } of this.#waiters.splice(0)) reject(this.failed);
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }
}
