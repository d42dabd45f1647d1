import type { Journal } from '../journal/journal.ts';
import type { JournalReader } from '../journal/reader.ts';
import { decodeRecord, encodeRecord, type LogRecord } from '../journal/records.ts';
import { recordMemory } from './record-memory.ts';

/** A committed record and the offset behind it. */
export interface LogEntry {
  /** Not to be changed: others read it too. Arrays of one that came from the disk hold until the next call. */
  readonly record: LogRecord;
  readonly to: number;
}

interface Kept extends LogEntry {
  readonly bytes: number;
}

/**
 * The journal as records, the newest of which stay in memory until all who read have been given them: whoever reads near
 * the head does not read the disk, and decodes nothing.
 */
export class EventLog {
  readonly #journal: Journal;
  readonly #keptBytesMax: number;
  #kept: Kept[] = [];
  /** Of the records in {@link #kept}, so many at its beginning are gone already. */
  #gone = 0;
  #keptBytes = 0;
  /** Every record that ends behind it is kept. */
  #keptFrom: number;
  readonly #readers = new Set<LogReader>();
  #waiting: (() => void)[] = [];
  #ended = false;

  /** @param keptBytesMax octets of memory that kept records take, whoever still wants them */
  constructor(journal: Journal, keptBytesMax: number) {
    this.#journal = journal;
    this.#keptBytesMax = keptBytesMax;
    this.#keptFrom = journal.next;
    journal.onCommit(() => this.#wake());
  }

  get next(): number {
    return this.#journal.next;
  }

  get committed(): number {
    return this.#journal.committed;
  }

  /** Takes a record, whose arrays must not change from now on. @returns the offset behind it */
  append(record: LogRecord): number {
    const { kind, parts } = encodeRecord(record);
    const to = this.#journal.append(kind, parts);
    const bytes = recordMemory(record, parts);
    this.#kept.push({ record, to, bytes });
    this.#keptBytes += bytes;
    this.#letGo();
    return to;
  }

  /** Octets of memory that kept records take, about. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Has whoever waits for records look around. */
  look(): void {
    this.#wake();
  }

  /** Whoever waits for records gets none any more. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** From the record behind `offset` on; what it has not been given stays, as far as there is room, until it is closed. */
  reader(offset: number): LogReader {
    const reader = new LogReader(this, this.#journal, offset);
    this.#readers.add(reader);
    return reader;
  }

  /** Of a reader that is closed: it wants nothing any more. */
  left(reader: LogReader): void {
    this.#readers.delete(reader);
  }

  /** Index of the first kept record that ends behind `offset`; -1: it may not be kept. */
  keptAfter(offset: number): number {
    if (offset < this.#keptFrom) return -1;
    let low = this.#gone;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#kept[middle].to <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A kept record, if it is committed. */
  kept(index: number): LogEntry | null {
    const entry = this.#kept[index];
    return entry !== undefined && entry.to <= this.#journal.committed ? entry : null;
  }

  /** Resolves when more than up to `offset` may have been committed; false: nothing will come any more. */
  async more(offset: number): Promise<boolean> {
    if (this.#journal.committed <= offset && !this.#ended)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#journal.committed > offset || !this.#ended;
  }

  /** What all have been given, and the oldest of what there is no room for; the newest one stays. */
  #letGo(): void {
    let given = Number.POSITIVE_INFINITY;
    for (const { at } of this.#readers) if (at < given) given = at;
    const newest = this.#kept.length - 1;
    while (this.#gone < newest && (this.#keptBytes > this.#keptBytesMax || this.#kept[this.#gone].to <= given))
      this.#forget();
  }

  #forget(): void {
    const { bytes, to } = this.#kept[this.#gone];
    this.#keptBytes -= bytes;
    this.#keptFrom = to;
    // Let go of the record at once, and of its place now and then.
    this.#kept[this.#gone++] = { record: { k: 'finish' }, to, bytes: 0 };
    if (this.#gone < 1024) return;
    this.#kept = this.#kept.slice(this.#gone);
    this.#gone = 0;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Reads committed records in order, from memory where they are kept. One caller at a time. */
export class LogReader {
  readonly #log: EventLog;
  readonly #journal: Journal;
  #at: number;
  #disk: JournalReader | null = null;
  /** Up to where {@link #disk} has read; behind {@link #at} when records have come from memory since. */
  #diskAt = -1;

  constructor(log: EventLog, journal: Journal, at: number) {
    this.#log = log;
    this.#journal = journal;
    this.#at = at;
  }

  /** Every record that ends at or before it has been given. */
  get at(): number {
    return this.#at;
  }

  /** The next record if it is in memory and committed. */
  tryNext(): LogEntry | null {
    if (this.#at >= this.#journal.committed) return null;
    const index = this.#log.keptAfter(this.#at);
    const entry = index < 0 ? null : this.#log.kept(index);
    if (entry !== null) this.#at = entry.to;
    return entry;
  }

  /**
   * The next record, from the disk if need be; null: all that is committed has been read.
   *
   * @throws UserError JOURNAL_DAMAGED, JOURNAL_RECORD
   */
  async next(): Promise<LogEntry | null> {
    const kept = this.tryNext();
    if (kept !== null) return kept;
    const { committed } = this.#journal;
    if (this.#at >= committed || this.#log.keptAfter(this.#at) >= 0) return null;
    if (this.#diskAt !== this.#at) await this.#closeDisk();
    this.#disk ??= this.#journal.reader(this.#at);
    const found = await this.#disk.next();
    if (found === null) {
      // The head of a segment that has no record yet.
      this.#at = committed;
      return null;
    }
    this.#at = found.to;
    this.#diskAt = found.to;
    return { record: decodeRecord(found.kind, found.payload, found.from), to: found.to };
  }

  async close(): Promise<void> {
    this.#log.left(this);
    await this.#closeDisk();
  }

  async #closeDisk(): Promise<void> {
    const disk = this.#disk;
    this.#disk = null;
    await disk?.close();
  }
}
