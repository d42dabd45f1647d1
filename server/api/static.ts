import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { type ApiRequest, type CachedBody, Refusal, type Reply, sendCached, zipBody } from './http.ts';

const filesMax = 2_000;
const bytesMax = 64 * 1024 * 1024;

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
};
const zippable = new Set(['.html', '.js', '.mjs', '.css', '.json', '.map', '.webmanifest', '.svg', '.txt', '.wasm']);

/**
 * The built web application, read into memory once. A request's path is only looked up among the files found then, so
 * no path leads out of the folder; symbolic links are not followed.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, CachedBody>;

  private constructor(files: ReadonlyMap<string, CachedBody>) {
    this.#files = files;
  }

  /** Count of files; 0 when the application is not built. */
  get count(): number {
    return this.#files.size;
  }

  /** Reads `folder`; a missing one gives no files. @throws UserError WEB_ROOT_UNREADABLE, WEB_ROOT_TOO_LARGE */
  static async read(folder: string): Promise<StaticFiles> {
    const files = new Map<string, CachedBody>();
    let bytes = 0;
    for (const path of await filesUnder(folder)) {
      const plain = await readFile(path);
      bytes += plain.byteLength;
      if (files.size >= filesMax || bytes > bytesMax) {
        throw new UserError(
          'WEB_ROOT_TOO_LARGE',
          `${folder} holds more than ${filesMax} files or ${bytesMax >> 20} MiB: it is not the built web application`,
        );
      }
      files.set(`/${relative(folder, path).split(sep).join('/')}`, await cachedFile(path, plain));
    }
    return new StaticFiles(files);
  }

  /** Answers a path outside `/api`; one that names no file and has no ending is a page of the application. */
  answer(request: ApiRequest, reply: Reply): void {
    const path = decodePath(request.path);
    const page = extname(path) === '' ? this.#files.get('/index.html') : undefined;
    const file = this.#files.get(path) ?? page;
    if (file !== undefined) {
      sendCached(request, reply, file);
    } else if (this.#files.size === 0) {
      throw new Refusal(503, 'WEB_NOT_BUILT', 'the web application is not built: run npm run build and start again');
    } else {
      throw new Refusal(404, 'NOT_FOUND', 'no such file');
    }
  }
}

/** @throws Refusal 400 for broken percent-encoding. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) throw new Refusal(400, 'BAD_PATH', 'the path is not valid percent-encoding');
    throw error;
  }
}

async function filesUnder(folder: string): Promise<string[]> {
  try {
    const files: string[] = [];
    for (const name of await readdir(folder, { recursive: true })) {
      const path = join(folder, name);
      if ((await lstat(path)).isFile()) files.push(path);
    }
    return files;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UserError('WEB_ROOT_UNREADABLE', `cannot read the web application in ${folder}: ${messageOf(error)}`);
  }
}

async function cachedFile(path: string, plain: Uint8Array): Promise<CachedBody> {
  const ending = extname(path);
  const body = {
    plain,
    etag: `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    type: types[ending] ?? 'application/octet-stream',
    // The build puts a hash of the content into these names, so a name never changes its content.
    cacheControl: /-[\w-]{8,}\.\w+$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  return zippable.has(ending) ? zipBody(body) : { ...body, zipped: null };
}
