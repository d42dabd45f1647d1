import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import type { Clock, Timers } from '../clock.ts';
import { messageOf, UserError } from '../errors.ts';
import type { PushStanding, PushTaken } from '../events/push-feed.ts';
import type { PushPlace } from '../events/push-refusal.ts';
import type { Log } from '../log.ts';

/** Waits between attempts: the first one, and the longest. */
const retryMs = { min: 200, max: 5_000 } as const;
/** An answer that takes longer is lost. */
const answerMs = 30_000;
/** The slowest line that is waited for: so many octets go over in a millisecond. */
const lineBytesPerMs = 8;

interface ErrorAnswer {
  error?: { code: string; message: string };
  retryAfterS?: number;
}

/** The feed as its server tells it. */
export type FeedAnswer = PushStanding & {
  /** Of the server's data folder: by what name it is asked is no matter. */
  readonly receiver: string;
  readonly bytesMax: number;
  readonly rowsMax: number;
};

/**
 * What became of a batch. `elsewhere`: another one is next; `large`: it has more than the server, or one on the way to it,
 * takes at once; `wrong`: a row or the batch is, whenever it comes; `gaveUp`: there was no answer for too long. `isSure`: no attempt of it was taken; else the answer to one may have been lost.
 */
export type SendOutcome =
  | { k: 'taken'; taken: PushTaken }
  | { k: 'elsewhere' | 'large' | 'wrong' | 'refused' | 'gaveUp'; why: string; isSure: boolean };

interface Asked {
  /** 0: there was no answer for too long. */
  status: number;
  /** null: it is no answer of a Signalwall. */
  body: object | null;
  isSure: boolean;
  gaveUp?: string;
}

/** One feed of a server, asked again and again while it is away or has no room. */
export class SendLink {
  readonly #url: string;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #log: Log;

  /** @param options.patienceMs a server that takes nothing for so long is given up */
  constructor(options: { to: string; feed: string; patienceMs: number; clock: Clock; timers: Timers; log: Log }) {
    this.#url = `${options.to.replace(/\/+$/, '')}/api/feeds/${options.feed}`;
    this.#patienceMs = options.patienceMs;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#log = options.log;
  }

  /** Where the feed stands. @throws UserError SEND_REFUSED, SEND_GAVE_UP */
  async standing(): Promise<FeedAnswer> {
    const asked = await this.#ask(this.#url, {}, null);
    if (asked.status === 200 && isStanding(asked.body)) return asked.body;
    throw new UserError(asked.status === 0 ? 'SEND_GAVE_UP' : 'SEND_REFUSED', whyRefused(asked));
  }

  /** Sends a batch until it is acknowledged or refused, or nobody answers for too long. */
  async send({ epoch, seq }: PushPlace, text: Uint8Array): Promise<SendOutcome> {
    const headers = { 'content-type': 'application/x-ndjson', 'content-length': text.length };
    const url = `${this.#url}/events?epoch=${epoch}&seq=${seq}`;
    const asked = await this.#ask(url, { method: 'POST', headers }, text);
    const { status, body, isSure } = asked;
    if (status === 200 && isTaken(body)) return { k: 'taken', taken: body };
    // Who knows whether a 200 of somebody else's has come from behind it.
    const code = codeOf(body);
    const isOther = code === 'PUSH_OTHER_BATCH' || code === 'PUSH_TAKEN';
    const told = { why: whyRefused(asked), isSure: isSure && status !== 200 && !isOther };
    if (status === 0) return { k: 'gaveUp', ...told };
    if (status === 400 && code !== '') return { k: 'wrong', ...told };
    if (code === 'PUSH_GAP') return { k: 'elsewhere', ...told };
    return { k: status === 413 ? 'large' : 'refused', ...told };
  }

  /** Asks until there is an answer that says more than: try again. */
  async #ask(url: string, options: RequestOptions, sent: Uint8Array | null): Promise<Asked> {
    const sinceMs = this.#clock.monotonicMs();
    const lineMs = (sent?.length ?? 0) / lineBytesPerMs;
    const quietMs = Math.min(answerMs, this.#patienceMs);
    let waitMs: number = retryMs.min;
    let told = false;
    let isSure = true;
    for (;;) {
      let why: string;
      try {
        const { status, text } = await exchange(url, options, sent, { quietMs, lineMs });
        const body = parsed(text);
        const isLater = status >= 500 || ((status === 408 || status === 429) && codeOf(body) === '');
        if (!isLater) return { status, body, isSure };
        // A Signalwall that is to be asked later has taken nothing; one on the way may have handed it on.
        if (status !== 503 || codeOf(body) === '') isSure = false;
        why = whyRefused({ status, body });
      } catch (error) {
        // No connection, one that was cut, or half an answer: what was sent may have been taken, and is sent again.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') isSure = false;
        why = messageOf(error) || 'no connection';
      }
      if (this.#clock.monotonicMs() - sinceMs + waitMs > this.#patienceMs + lineMs) {
        const gaveUp = `${new URL(url).origin} takes nothing (${why}): given up. What is acknowledged stays; started again, without --again, it goes on behind that`;
        return { status: 0, body: null, isSure, gaveUp };
      }
      if (!told) this.#log('warn', `waits for ${new URL(url).origin}: ${why}`);
      told = true;
      await new Promise<void>((resolve) => void this.#timers.after(waitMs, resolve));
      waitMs = Math.min(2 * waitMs, retryMs.max);
    }
  }
}

/**
 * A request and its whole answer; rejects if the connection is refused, cut, or gives none in time. By `node:http`: the
 * `fetch` of Node.js 20 never answers when a server closes the connection before the request, as proxies do whose server
 * is away.
 *
 * @param wait.quietMs until there is a connection, and then for the answer
 * @param wait.lineMs that what is sent may take beside: how much of it has left the machine, nobody tells
 */
async function exchange(
  url: string,
  options: RequestOptions,
  sent: Uint8Array | null,
  { quietMs, lineMs }: { quietMs: number; lineMs: number },
): Promise<{ status: number; text: string }> {
  const late = new AbortController();
  const { signal } = late;
  let timer = setTimeout(() => late.abort(), quietMs);
  const connected = () => {
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(), quietMs + lineMs);
  };
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const ask = url.startsWith('https:') ? httpsRequest : httpRequest;
      const asking: ClientRequest = ask(url, { ...options, signal }, resolve);
      asking.once('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
      asking.once('error', reject);
      asking.end(sent);
    });
    return { status: answer.statusCode!, text: await textOf(answer) };
  } catch (error) {
    throw signal.aborted ? new Error(`no answer in ${Math.ceil((quietMs + lineMs) / 1000)} s`) : error;
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** What a Signalwall calls a refusal; '': it is none of its. */
function codeOf(body: object | null): string {
  const { code } = (body as ErrorAnswer | null)?.error ?? {};
  return typeof code === 'string' ? code : '';
}

function whyRefused({ status, body, gaveUp }: Pick<Asked, 'status' | 'body' | 'gaveUp'>): string {
  if (gaveUp !== undefined) return gaveUp;
  if (codeOf(body) !== '') return `the server refuses (${status}): ${(body as ErrorAnswer).error!.message}`;
  return `the answer is no Signalwall's (status ${status}): is --to the server, and does what stands before it let through?`;
}

function isPlace(value: unknown): boolean {
  const { epoch, seq } = (value ?? {}) as Partial<PushPlace>;
  return Number.isSafeInteger(epoch) && Number.isSafeInteger(seq);
}

function isStanding(body: object | null): body is FeedAnswer {
  const { acked, bytesMax, rowsMax, receiver } = (body ?? {}) as Partial<FeedAnswer>;
  return isPlace(acked) && bytesMax! > 0 && rowsMax! > 0 && typeof receiver === 'string';
}

function isTaken(body: object | null): body is PushTaken {
  const { acked, quarantined } = (body ?? {}) as Partial<PushTaken>;
  return isPlace(acked) && Number.isSafeInteger(quarantined);
}
