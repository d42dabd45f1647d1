import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';

const chunkBytes = 256 * 1024;

/** The PMTiles file of the base map, answered in ranges (`GET /api/base.pmtiles`). */
export class TileFile {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #etag: string;

  private constructor(file: FileHandle, size: number, etag: string) {
    this.#file = file;
    this.#size = size;
    this.#etag = etag;
  }

  /** @throws UserError PMTILES_UNREADABLE, PMTILES_BROKEN */
  static async open(path: string): Promise<TileFile> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'r');
      const { size, mtimeMs } = await file.stat();
      const magic = Buffer.alloc(7);
      await file.read(magic, 0, 7, 0);
      if (magic.toString('latin1') !== 'PMTiles') {
        throw new UserError('PMTILES_BROKEN', `${path} is no PMTiles file; give one or leave pmtilesFile empty`);
      }
      return new TileFile(file, size, `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`);
    } catch (error) {
      await file?.close();
      if (error instanceof UserError) throw error;
      throw new UserError('PMTILES_UNREADABLE', `cannot read pmtilesFile ${path}: ${messageOf(error)}`);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** @throws Refusal 416 for a range outside the file */
  async answer(request: ApiRequest, reply: Reply): Promise<void> {
    const range = readByteRange(request.range, this.#size);
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      etag: this.#etag,
    };
    if (range === 'outside') throw new Refusal(416, 'BAD_RANGE', `the file has ${this.#size} bytes`);
    const [first, end] = range ?? [0, this.#size];
    if (range !== null) headers['content-range'] = `bytes ${first}-${end - 1}/${this.#size}`;
    if (!reply.open) return;
    const { response } = reply;
    response.cork(() => {
      reply.writeHead(range === null ? 200 : 206, headers);
      if (reply.isHead) response.endWithoutBody(end - first);
    });
    if (reply.isHead) reply.finished();
    else await this.#stream(reply, first, end - first);
  }

  /** Hands over the bytes as fast as the client takes them, one chunk in memory. */
  async #stream(reply: Reply, first: number, total: number): Promise<void> {
    const { response } = reply;
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, total));
    let wake: (() => void) | null = null;
    reply.onAborted(() => wake?.());
    response.onWritable(() => {
      wake?.();
      return true;
    });
    while (reply.open) {
      const offset = response.getWriteOffset();
      const { bytesRead } = await this.#file.read(chunk, 0, Math.min(chunk.length, total - offset), first + offset);
      if (!reply.open) return;
      if (bytesRead === 0) {
        // The file became shorter than when it was opened: the promised length can't be kept.
        response.close();
        return;
      }
      let taken = false;
      let complete = false;
      response.cork(() => {
        [taken, complete] = response.tryEnd(chunk.subarray(0, bytesRead), total);
      });
      if (complete) {
        reply.finished();
      } else if (!taken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    }
  }
}

/** [first, end) of a Range header; null without one that is understood (several ranges count as none: RFC 9110 §14.2). */
function readByteRange(header: string, size: number): [number, number] | 'outside' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const last = Math.min(Number(match[2]), size);
    return last === 0 ? 'outside' : [size - last, size];
  }
  const first = Number(match[1]);
  if (match[2] !== '' && Number(match[2]) < first) return null;
  if (first >= size) return 'outside';
  return [first, match[2] === '' ? size : Math.min(Number(match[2]) + 1, size)];
}
