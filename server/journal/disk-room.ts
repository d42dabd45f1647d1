import type { Timers } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Disk } from './disk.ts';

interface Options {
  readonly disk: Disk;
  readonly folder: string;
  readonly timers: Timers;
  readonly bytesMax: number;
  readonly freeBytesMin: number;
  readonly log: Log;
  /** After each look; with why the disk could not be looked at. */
  looked(error: unknown): void;
}

const againMs = 1000;

/** The limits of a journal on its disk: says once that one keeps the feeds waiting, and once that there is room again. */
export class DiskRoom {
  readonly #options: Options;
  #freeBytes = Number.POSITIVE_INFINITY;
  /** Octets written by the journal, ever. */
  #written = 0;
  #asideBytes = 0;
  #told = false;
  #looking: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;
  #cancelLook: () => void = () => undefined;
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @param bytes held by the journal @param pending of them, not on disk yet */
  full(bytes: number, pending: number): boolean {
    return bytes >= this.#options.bytesMax || Math.max(0, this.#freeBytes - pending) < this.#leastBytes;
  }

  /** So much is to stay free beside the reserve: what will be wanted so that the journal may forget something. */
  setAside(bytes: number): void {
    this.#asideBytes = bytes;
  }

  get #leastBytes(): number {
    return this.#options.freeBytesMin + this.#asideBytes;
  }

  /** @param bytes held by the journal @param pending of them, not on disk yet */
  tell(bytes: number, pending: number): void {
    const { bytesMax, folder, log } = this.#options;
    const full = this.full(bytes, pending);
    if (full === this.#told) return;
    this.#told = full;
    const why =
      bytes >= bytesMax
        ? `it holds its ${bytesMax} octets: bring the database back so that it takes them, or raise journalBytesMax`
        : `less than ${this.#leastBytes} octets are free on the disk of ${folder}: make room there`;
    if (full) log('error', `journal: ${why}; until then feeds wait, and nothing is lost`);
    else log('info', 'journal: there is room again');
  }

  /** So many octets more are on disk. */
  wrote(bytes: number): void {
    this.#freeBytes -= bytes;
    this.#written += bytes;
    void this.look();
  }

  /** Asks the disk; others write to it too. */
  look(): Promise<void> {
    // One that is under way may have seen the disk as it was before.
    this.#queued ??= this.#looking.then(() => {
      this.#queued = null;
      this.#looking = this.#look();
      return this.#looking;
    });
    return this.#queued;
  }

  /** Somebody waits for room. */
  lookLater(): void {
    this.#cancelLook();
    if (!this.#closed) this.#cancelLook = this.#options.timers.after(againMs, () => void this.look());
  }

  close(): void {
    this.#closed = true;
    this.#cancelLook();
  }

  async #look(): Promise<void> {
    const { disk, folder, looked } = this.#options;
    const before = this.#written;
    let failed: unknown = null;
    try {
      const free = await disk.freeBytes(folder);
      // What was written meanwhile may be taken off already, or not.
      this.#freeBytes = free - (this.#written - before);
    } catch (error) {
      failed = error;
    }
    looked(failed);
    // Someone else may free space on the disk; and where senders are refused, nobody waits for that.
    if (this.#freeBytes < this.#leastBytes) this.lookLater();
  }
}
