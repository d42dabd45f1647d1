import { type FileHandle, open } from 'node:fs/promises';
import { knobs } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';
import type { FrameReader } from './frame-reader.ts';
import { GzipSource } from './gzip-source.ts';
import { type CaptureFault, looksLikePcap, PcapParser } from './pcap-parser.ts';
import { type ByteSource, CaptureReader } from './pcap-reader.ts';
import { looksLikePcapng, PcapngParser } from './pcapng-parser.ts';

/** Octets that tell the format: a pcap file header. */
const headBytes = 24;

class FileSource implements ByteSource {
  fault: CaptureFault | null = null;
  readonly #file: FileHandle;
  readonly #size: number;
  #position = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  get progress(): number {
    // A file that is still being written may be longer by now than it was at the start.
    return this.#size === 0 ? -1 : Math.min(1, this.#position / this.#size);
  }

  async read(into: Uint8Array, at: number, max: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(into, at, max, null);
      this.#position += bytesRead;
      return bytesRead;
    } catch {
      this.fault = 'UNREADABLE';
      return 0;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Octets put back in front of a source, so that looking at the format takes nothing away from it. */
class PeekedSource implements ByteSource {
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

  close(): Promise<void> {
    return this.#source.close();
  }
}

async function readHead(source: ByteSource): Promise<Uint8Array> {
  const head = new Uint8Array(headBytes);
  let n = 0;
  while (n < headBytes) {
    const got = await source.read(head, n, headBytes - n);
    if (got === 0) break;
    n += got;
  }
  return head.subarray(0, n);
}

/**
 * A reader for the capture in any byte source, by its content: pcap, pcapng, or either of them in gzip.
 *
 * @param name what messages call the source
 * @throws UserError `FEED_EMPTY`, `FEED_UNREADABLE` or `FEED_NOT_PCAP`; the source is closed then
 */
export async function openCaptureSource(
  source: ByteSource,
  name: string,
  recordBytesMax: number = knobs.captureRecordBytesMax.default,
): Promise<FrameReader> {
  let opened = source;
  let where = name;
  try {
    let head = await readHead(opened);
    if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) {
      opened = new GzipSource(new PeekedSource(head, opened));
      where = `${name} (unpacked)`;
      head = await readHead(opened);
    }
    if (opened.fault === 'UNREADABLE') {
      throw new UserError('FEED_UNREADABLE', `${where}: can't be read; check the disk and the file's permissions`);
    }
    if (head.length === 0 && opened.fault === null) {
      throw new UserError('FEED_EMPTY', `${where}: is empty; give a capture in pcap or pcapng format`);
    }
    if (looksLikePcap(head, 0, head.length) && head.length < headBytes) {
      throw new UserError('FEED_NOT_PCAP', `${where}: is cut inside its file header; copy the capture again`);
    }
    if (looksLikePcap(head, 0, head.length)) return new CaptureReader(opened, new PcapParser(recordBytesMax), head);
    if (looksLikePcapng(head, 0, head.length)) return new CaptureReader(opened, new PcapngParser(recordBytesMax), head);
    throw new UserError(
      'FEED_NOT_PCAP',
      `${where}: is not a pcap or pcapng capture; give one, or name the format (xdr:PATH for records)`,
    );
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * Opens a capture file: pcap or pcapng, gzip'd or not, recognised by its content. `nextTimeUs` is known at once.
 *
 * @throws UserError `FEED_NOT_FOUND`, `FEED_UNREADABLE`, `FEED_EMPTY` or `FEED_NOT_PCAP`
 */
export async function openCapture(
  path: string,
  recordBytesMax: number = knobs.captureRecordBytesMax.default,
): Promise<FrameReader> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UserError('FEED_NOT_FOUND', `${path}: no such file; check the path of the feed`, { cause });
    }
    throw new UserError('FEED_UNREADABLE', `${path}: can't be opened (${messageOf(cause)}); check its permissions`, {
      cause,
    });
  }
  const info = await file.stat();
  if (info.isDirectory()) {
    await file.close();
    throw new UserError('FEED_UNREADABLE', `${path}: is a folder; give a capture file`);
  }
  const reader = await openCaptureSource(new FileSource(file, info.size), path, recordBytesMax);
  // A file can be looked into without waiting, so the time of its first frame is known from the start.
  await reader.read({ frame() {} }, Number.NEGATIVE_INFINITY, 0);
  return reader;
}
