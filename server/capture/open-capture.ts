import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';
import { knobs } from '../knobs.ts';
import type { ByteSource } from './byte-source.ts';
import { FileSource, PeekedSource } from './file-source.ts';
import type { FrameReader } from './frame-reader.ts';
import { GzipSource } from './gzip-source.ts';
import { looksLikePcap, PcapParser } from './pcap-parser.ts';
import { CaptureReader } from './pcap-reader.ts';
import { looksLikePcapng, PcapngParser } from './pcapng-parser.ts';

/** Octets that tell the format: a pcap file header. */
const headBytes = 24;

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
    if (looksLikePcap(head, 0, head.length))
      return new CaptureReader(opened, name, new PcapParser(recordBytesMax), head);
    if (looksLikePcapng(head, 0, head.length))
      return new CaptureReader(opened, name, new PcapngParser(recordBytesMax), head);
    if (opened.fault !== null) {
      const what = opened.fault === 'TRUNCATED_GZIP' ? 'cut off' : 'damaged';
      throw new UserError(
        'FEED_NOT_PCAP',
        `${name}: its gzip data is ${what}, nothing of it can be unpacked; copy the file again`,
      );
    }
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
