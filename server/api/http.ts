import { STATUS_CODES } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ApiError } from '../../shared/protocol.ts';
import type { UwsRequest, UwsResponse } from '../push/uws.ts';

/** A request's parts, copied while uWebSockets.js still lets them be read. */
export interface ApiRequest {
  readonly method: string;
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly host: string;
  readonly ifNoneMatch: string;
  readonly acceptsGzip: boolean;
  readonly range: string;
  readonly origin: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Of a batch for a feed, where the query does not name its place. */
  readonly epoch: string;
  readonly seq: string;
}

export function readRequest(request: UwsRequest): ApiRequest {
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    host: request.getHeader('host'),
    ifNoneMatch: request.getHeader('if-none-match'),
    acceptsGzip: /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(request.getHeader('accept-encoding')),
    range: request.getHeader('range'),
    origin: request.getHeader('origin'),
    contentType: request.getHeader('content-type'),
    contentEncoding: request.getHeader('content-encoding'),
    epoch: request.getHeader('signalwall-epoch'),
    seq: request.getHeader('signalwall-seq'),
  };
}

/** A request that is refused with a status and a stable code; the message says what to do. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: string;
  /** What the answer says beside `error`. */
  readonly more: object;
  constructor(status: number, code: string, message: string, more: object = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

/** Octets of larger answers that clients have not taken yet, of all together. */
export class Unsent {
  bytes = 0;
}

/** An answer so short is handed over whole, whether or not the client takes it at once. */
const shortBytes = 64 * 1024;

/**
 * One answer. Every call is safe at any time: after an abort or a second answer nothing happens, and writes are corked
 * so that an answer leaves in one piece even from an asynchronous handler.
 */
export class Reply {
  readonly response: UwsResponse;
  readonly #method: string;
  readonly #headers: readonly [string, string][];
  readonly #onDone: () => void;
  readonly #unsent: Unsent;
  /** Of {@link Unsent}, what is this answer's. */
  #unsentBytes = 0;
  #open = true;
  #done = false;
  #abortListener: (() => void) | null = null;

  /** `headers` go out with every answer. `onDone` is called once: when the client has the answer, or it was aborted. */
  constructor(
    response: UwsResponse,
    method: string,
    headers: readonly [string, string][],
    onDone: () => void,
    unsent = new Unsent(),
  ) {
    this.response = response;
    this.#method = method;
    this.#headers = headers;
    this.#onDone = onDone;
    this.#unsent = unsent;
    response.onAborted(() => {
      this.finished();
      this.#abortListener?.();
    });
  }

  /** False once answered or aborted: the response must not be touched. */
  get open(): boolean {
    return this.#open;
  }

  get isHead(): boolean {
    return this.#method === 'HEAD';
  }

  /** Called when the client goes away before the answer is complete. */
  onAborted(listener: () => void): void {
    this.#abortListener = listener;
  }

  /** For who writes the body itself: the last byte has been handed over. */
  finished(): void {
    this.#open = false;
    if (this.#done) return;
    this.#done = true;
    this.#note(0);
    this.#onDone();
  }

  /** Status line and headers; call inside `response.cork`. */
  writeHead(status: number, headers: Record<string, string>): void {
    this.response.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`);
    for (const [name, value] of this.#headers) this.response.writeHeader(name, value);
    for (const [name, value] of Object.entries(headers)) this.response.writeHeader(name, value);
  }

  /** The whole answer. `closeConnection` where the request's body was not read. */
  send(status: number, headers: Record<string, string>, body: Uint8Array, closeConnection = false): void {
    if (!this.#open) return;
    const isShort = status === 304 || this.isHead || closeConnection || body.byteLength <= shortBytes;
    let complete = true;
    this.response.cork(() => {
      this.writeHead(status, headers);
      if (status === 304) this.response.endWithoutBody();
      else if (this.isHead) this.response.endWithoutBody(body.byteLength, closeConnection);
      else if (isShort) this.response.end(body, closeConnection);
      else [, complete] = this.#hand(body, 0);
    });
    if (complete) {
      this.finished();
      return;
    }
    // The rest stays here, and once, until the client takes it.
    this.#open = false;
    this.response.onWritable((offset) => {
      const [taken, all] = this.#hand(body, offset);
      if (all) this.finished();
      return taken;
    });
  }

  /** @returns whether the client has taken what it could be given, and whether that was all */
  #hand(body: Uint8Array, offset: number): [taken: boolean, complete: boolean] {
    const [taken, complete] = this.response.tryEnd(body.subarray(offset), body.byteLength);
    if (!complete) this.#note(body.byteLength - this.response.getWriteOffset());
    return [taken, complete];
  }

  #note(bytes: number): void {
    this.#unsent.bytes += bytes - this.#unsentBytes;
    this.#unsentBytes = bytes;
  }

  /** A JSON answer that nobody may keep. */
  json(status: number, value: unknown, headers: Record<string, string> = {}): void {
    this.send(status, { 'content-type': jsonType, 'cache-control': 'no-store', ...headers }, encodeText(json(value)));
  }

  error(refusal: Refusal, headers: Record<string, string> = {}, closeConnection = false): void {
    const body: ApiError = { error: { code: refusal.code, message: refusal.message }, ...refusal.more };
    const all = { 'content-type': jsonType, 'cache-control': 'no-store', ...headers };
    this.send(refusal.status, all, encodeText(json(body)), closeConnection);
  }
}

export const jsonType = 'application/json; charset=utf-8';

const encoder = new TextEncoder();
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

const gzipAsync = promisify(gzip);

/** A body that is made once and answered often: plain and gzip, with an entity tag. */
export interface CachedBody {
  readonly plain: Uint8Array;
  readonly zipped: Uint8Array | null;
  readonly etag: string;
  readonly type: string;
  readonly cacheControl: string;
}

/** Zips in the thread pool; bodies that would not get smaller stay plain. */
export async function zipBody(body: Omit<CachedBody, 'zipped'>): Promise<CachedBody> {
  if (body.plain.byteLength < 1024) return { ...body, zipped: null };
  const zipped = await gzipAsync(body.plain);
  return { ...body, zipped: zipped.byteLength < body.plain.byteLength ? zipped : null };
}

/** Answers with a cached body, with 304 when the client has it already. */
export function sendCached(request: ApiRequest, reply: Reply, body: CachedBody): void {
  const headers: Record<string, string> = { etag: body.etag, 'cache-control': body.cacheControl };
  if (body.zipped !== null) headers.vary = 'accept-encoding';
  if (tagMatches(request.ifNoneMatch, body.etag)) {
    reply.send(304, headers, new Uint8Array(0));
    return;
  }
  headers['content-type'] = body.type;
  const zipped = request.acceptsGzip ? body.zipped : null;
  if (zipped !== null) headers['content-encoding'] = 'gzip';
  reply.send(200, headers, zipped ?? body.plain);
}

/** RFC 9110 §13.1.2: weak comparison with any of the listed tags. */
function tagMatches(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === '') return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etag);
}
