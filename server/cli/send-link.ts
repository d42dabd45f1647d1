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

interface ErrorAnswer {
  error?: { code: string; message: string };
  expected?: PushPlace;
  retryAfterS?: number;
}

/** The feed as its server tells it. */
export type FeedAnswer = PushStanding & { readonly bytesMax: number; readonly rowsMax: number };

/** What became of a batch. `expected`: another one is next. */
export type SendOutcome = { k: 'taken'; taken: PushTaken } | { k: 'expected'; place: PushPlace };

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
    const { status, body } = await this.#ask(this.#url, {}, '');
    if (status !== 200) throw refused(status, body);
    return body as unknown as FeedAnswer;
  }

  /** Sends a batch until it is acknowledged. @throws UserError SEND_REFUSED, SEND_GAVE_UP */
  async send({ epoch, seq }: PushPlace, text: string): Promise<SendOutcome> {
    const headers = { 'content-type': 'application/x-ndjson' };
    const url = `${this.#url}/events?epoch=${epoch}&seq=${seq}`;
    const { status, body } = await this.#ask(url, { method: 'POST', headers }, text);
    if (status === 200) return { k: 'taken', taken: body as unknown as PushTaken };
    const { error, expected } = body;
    if (error?.code === 'PUSH_GAP' && expected !== undefined) return { k: 'expected', place: expected };
    throw refused(status, body);
  }

  /** Asks until there is an answer that says more than: try again. */
  async #ask(url: string, options: RequestOptions, sent: string): Promise<{ status: number; body: ErrorAnswer }> {
    const sinceMs = this.#clock.monotonicMs();
    let waitMs: number = retryMs.min;
    let told = false;
    for (;;) {
      let why: string;
      try {
        const { status, text } = await exchange(url, options, sent);
        const body = JSON.parse(text) as ErrorAnswer;
        if (status < 500) return { status, body };
        why = body.error?.message ?? `status ${status}`;
      } catch (error) {
        // No connection, one that was cut, or half an answer: what was sent may have been taken, and is sent again.
        why = messageOf(error) || 'no connection';
      }
      if (this.#clock.monotonicMs() - sinceMs + waitMs > this.#patienceMs) {
        throw new UserError(
          'SEND_GAVE_UP',
          `${new URL(url).origin} takes nothing (${why}): given up. What is acknowledged stays; send the file again to go on behind it`,
        );
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
 */
async function exchange(url: string, options: RequestOptions, sent: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(answerMs);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const ask = url.startsWith('https:') ? httpsRequest : httpRequest;
    const asking: ClientRequest = ask(url, { ...options, signal }, resolve);
    asking.once('error', (error) => reject(signal.aborted ? new Error(`no answer in ${answerMs / 1000} s`) : error));
    asking.end(sent);
  });
  return { status: answer.statusCode!, text: await textOf(answer) };
}

function refused(status: number, { error }: ErrorAnswer): UserError {
  return new UserError('SEND_REFUSED', `the server refuses (${status}): ${error?.message ?? 'it is no Signalwall'}`);
}
