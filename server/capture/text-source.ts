import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { UserError, whyUnreadable } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import type { CaptureFault } from './ended-early.ts';
import { FileSource, PeekedSource } from './file-source.ts';
import { GzipSource } from './gzip-source.ts';

const blockBytes = 1 << 18;
/** Longest line that is held back until its end has come. */
const lineBytesMax = 1 << 16;
/** So many octets tell whether it is a text. */
const headBytes = 4096;
const lineFeed = 0x0a;

/** Octets that no text in UTF-8 has: control characters but for tab, line ends, form feed and escape. */
function isBinary(block: Uint8Array): boolean {
  return block.some((octet) => octet < 0x20 && (octet < 0x09 || octet > 0x0d) && octet !== 0x1b);
}

/**
 * The octets of a text file, plain or gzip'd by content, in blocks of whole lines. Where the file is cut or damaged,
 * the piece of a line in front of that place is left out.
 */
export class TextSource {
  /** Octets at its start are those of no text. Known once the first block was read. */
  binary = false;
  /** The last line has no line end. Known at the end. */
  openEnd = false;
  private readonly source: ByteSource;
  private stopped = false;

  private constructor(source: ByteSource) {
    this.source = source;
  }

  /** @throws UserError FEED_UNREADABLE */
  static async open(path: string): Promise<TextSource> {
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const { size } = await file.stat();
      const plain = new FileSource(file, size);
      const head = new Uint8Array(2);
      const n = await plain.read(head, 0, 2);
      if (plain.fault !== null) throw plain.failure;
      const whole = new PeekedSource(head.subarray(0, n), plain);
      return new TextSource(n === 2 && head[0] === 0x1f && head[1] === 0x8b ? new GzipSource(whole) : whole);
    } catch (error) {
      await file?.close();
      throw new UserError('FEED_UNREADABLE', `${path}: ${whyUnreadable(error)}`, { cause: error });
    }
  }

  /** Share that was read, 0…1. */
  get progress(): number {
    return Math.max(0, this.source.progress);
  }

  /** Why it ended early; known once the stream has ended. */
  get fault(): CaptureFault | null {
    return this.source.fault;
  }

  stream(): Readable {
    return Readable.from(this.blocks(), { objectMode: false });
  }

  /** The stream ends after the block that is under way. */
  stop(): void {
    this.stopped = true;
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private async *blocks(): AsyncGenerator<Buffer> {
    let held = Buffer.alloc(0);
    for (let seen = 0; !this.stopped; ) {
      const block = Buffer.allocUnsafe(held.length + blockBytes);
      held.copy(block);
      const n = await this.source.read(block, held.length, blockBytes);
      if (n === 0) break;
      const all = block.subarray(0, held.length + n);
      if (seen < headBytes) this.binary ||= isBinary(all.subarray(0, headBytes));
      seen += n;
      const end = all.lastIndexOf(lineFeed) + 1;
      const whole = all.length - end > lineBytesMax ? all : all.subarray(0, end);
      held = Buffer.from(all.subarray(whole.length));
      if (whole.length > 0) yield whole;
    }
    this.openEnd = held.length > 0;
    if (held.length > 0 && this.source.fault === null && !this.stopped) yield held;
  }
}
