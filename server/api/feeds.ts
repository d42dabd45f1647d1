import type { Config } from '../config.ts';
import type { PushFeed, PushTaken } from '../events/push-feed.ts';
import type { PushForm } from '../events/push-reader.ts';
import { PushRefusal } from '../events/push-refusal.ts';
import { readBody } from './body.ts';
import { originAllowed } from './guard.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';

/** Seconds after which a sender that has to wait may try again. */
const retryAfterS = 1;

const paths = /^\/api\/feeds\/([^/]+)(\/events|\/socket)?$/;

/** Feed and part of a path of a feed; null: it is none. */
export function feedPath(path: string): { id: string; part: 'feed' | 'events' | 'socket' } | null {
  const match = paths.exec(path);
  if (match === null) return null;
  return { id: match[1], part: match[2] === undefined ? 'feed' : match[2] === '/events' ? 'events' : 'socket' };
}

/** A batch's refusal as an answer. */
export function refusalOf(error: PushRefusal, feed: PushFeed): Refusal {
  const { acked, credit } = feed.standing;
  const expected = error.expected === undefined ? {} : { expected: error.expected };
  const retry = error.status === 503 ? { retryAfterS, credit: 0 } : { credit };
  return new Refusal(error.status, error.code, error.message, { acked, ...expected, ...retry });
}

export type PushLimits = Pick<Config, 'pushBytesMax' | 'pushRowsMax' | 'pushBatchesMax'>;

/** `GET /api/feeds/ID` and `POST /api/feeds/ID/events`. */
export class FeedAnswers {
  readonly #feeds: ReadonlyMap<string, PushFeed>;
  readonly #limits: PushLimits;
  readonly #receiver: string;
  /** Bodies that are being received, of all feeds. */
  #receiving = 0;

  /** @param receiver tells this server's data folder from others: senders go on where they stood, by whatever address */
  constructor(feeds: ReadonlyMap<string, PushFeed>, limits: PushLimits, receiver: string) {
    this.#feeds = feeds;
    this.#receiver = receiver;
    this.#limits = limits;
  }

  /** @throws Refusal 404 with the remedy */
  feed(id: string): PushFeed {
    const feed = this.#feeds.get(id);
    if (feed !== undefined) return feed;
    throw unknownFeed();
  }

  /** Where the feed stands, so that a sender can go on. */
  answer(reply: Reply, id: string): void {
    const { pushBytesMax: bytesMax, pushRowsMax: rowsMax } = this.#limits;
    reply.json(200, { id, receiver: this.#receiver, ...this.feed(id).standing, bytesMax, rowsMax });
  }

  /**
   * Takes a batch and answers when it is on disk. To be called before the request's handler returns.
   *
   * @throws Refusal 400, 403, 404, 409, 413, 415, 503
   */
  async take(id: string, request: ApiRequest, reply: Reply): Promise<void> {
    const refusal = this.#firstRefusal(id, request);
    // Even a refused body is received: a sender in the middle of one would not read the answer.
    const body = await this.#receive(reply, refusal === null);
    if (refusal !== null) throw refusal;
    const feed = this.feed(id);
    const named = { epoch: placeNumber(request, 'epoch'), seq: placeNumber(request, 'seq') };
    let taken: PushTaken;
    try {
      taken = await feed.offer(body, formOf(request.contentType)!, named);
    } catch (error) {
      throw error instanceof PushRefusal ? refusalOf(error, feed) : error;
    }
    reply.json(200, taken);
  }

  #firstRefusal(id: string, request: ApiRequest): Refusal | null {
    if (!originAllowed(request.origin, request.host))
      return new Refusal(403, 'ORIGIN_REFUSED', 'pages of another origin may not send events');
    const feed = this.#feeds.get(id);
    if (feed === undefined) return unknownFeed();
    if (formOf(request.contentType) === null || request.contentEncoding !== '') {
      const types = 'send application/x-ndjson or application/msgpack, without a content encoding';
      return new Refusal(415, 'PUSH_TYPE', types);
    }
    const { refusal } = feed;
    if (refusal !== null) return refusalOf(refusal, feed);
    if (this.#receiving < this.#limits.pushBatchesMax * this.#feeds.size) return null;
    return refusalOf(new PushRefusal(503, 'PUSH_BUSY', 'too many batches are being received: send it again'), feed);
  }

  async #receive(reply: Reply, wanted: boolean): Promise<Uint8Array> {
    if (wanted) this.#receiving++;
    try {
      return await readBody(reply, this.#limits.pushBytesMax, wanted, {
        cut: ['PUSH_CUT', 'the sender went away inside its batch'],
        large: ['PUSH_BYTES', `a batch may have ${this.#limits.pushBytesMax} octets: send smaller ones`],
      });
    } finally {
      if (wanted) this.#receiving--;
    }
  }
}

function unknownFeed(): Refusal {
  return new Refusal(404, 'UNKNOWN_FEED', 'no feed has this ID: declare it when the server starts, --feed push:ID');
}

function formOf(contentType: string): PushForm | null {
  const type = contentType.split(';')[0].trim().toLowerCase();
  if (type === 'application/x-ndjson') return 'ndjson';
  return type === 'application/msgpack' || type === 'application/x-msgpack' ? 'msgpack' : null;
}

/** From the query, else the header; NaN: it is nowhere, or no number. */
function placeNumber(request: ApiRequest, name: 'epoch' | 'seq'): number {
  const text = request.query.get(name) ?? request[name];
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}
