import type { Config } from '../config.ts';
import { UserError } from '../errors.ts';
import { type GateCount, gateRow, parseGates } from '../estimate/gates.ts';
import type { GateFate } from '../estimate/live-estimates.ts';
import { readBody } from './body.ts';
import { originAllowed } from './guard.ts';
import { type ApiRequest, Refusal, type Reply } from './http.ts';
import { checkQuery } from './query.ts';

/** What errors call the body. */
const source = 'the gate counts sent';

/** Some ten thousand rows: they are read in one go. */
const bytesMax = 1024 * 1024;

const laterCodes = ['GATES_DISK'];

/** Takes counts in and tells what becomes of each, once they are on disk and calibrate. */
export type GateTaker = (counts: readonly GateCount[]) => Promise<readonly GateFate[]>;

/** `POST /api/gates`: gate counts in the form of `--gates FILE`, while the server runs. */
export class GateCounts {
  readonly #take: GateTaker | null;
  readonly #limits: Pick<Config, 'pushBytesMax'>;
  /** One body at a time is held. */
  #receiving = false;

  /** @param take null: no people are estimated */
  constructor(take: GateTaker | null, limits: Pick<Config, 'pushBytesMax'>) {
    this.#take = take;
    this.#limits = limits;
  }

  /**
   * To be called before the request's handler returns.
   *
   * @throws Refusal 400, 403, 409, 413, 415, 503
   */
  async take(request: ApiRequest, reply: Reply): Promise<void> {
    const refusal = this.#firstRefusal(request);
    const wanted = refusal === null;
    if (wanted) this.#receiving = true;
    try {
      const most = Math.min(this.#limits.pushBytesMax, bytesMax);
      // Even a refused body is received: a sender in the middle of one would not read the answer.
      const body = await readBody(reply, most, wanted, {
        cut: ['GATES_CUT', 'the sender went away inside its gate counts'],
        large: ['GATES_BYTES', `the gate counts may have ${most} octets: send them in parts`],
      });
      if (refusal !== null) throw refusal;
      checkQuery(request, []);
      reply.json(200, await this.#taken(body, typeOf(request) === 'application/json' || undefined));
    } finally {
      if (wanted) this.#receiving = false;
    }
  }

  async #taken(body: Uint8Array, isJson: true | undefined): Promise<object> {
    try {
      const counts = parseGates(source, textOf(body), isJson);
      const fates = await this.#take!(counts);
      return { counts: counts.map((gate, i) => ({ ...gateRow(gate), ...fates[i] })) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new Refusal(laterCodes.includes(error.code) ? 503 : 400, error.code, error.message);
    }
  }

  #firstRefusal(request: ApiRequest): Refusal | null {
    if (!originAllowed(request.origin, request.host))
      return new Refusal(403, 'ORIGIN_REFUSED', 'pages of another origin may not send gate counts');
    const type = typeOf(request);
    if ((type !== 'text/csv' && type !== 'application/json') || request.contentEncoding !== '')
      return new Refusal(415, 'GATES_TYPE', 'send text/csv or application/json, without a content encoding');
    if (this.#take === null)
      return new Refusal(409, 'NO_SHARES', 'no people are estimated: start with market shares (--shares FILE)');
    if (this.#receiving) return new Refusal(503, 'GATES_BUSY', 'others are being taken in: send yours again');
    return null;
  }
}

function typeOf({ contentType }: ApiRequest): string {
  return contentType.split(';')[0].trim().toLowerCase();
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new UserError('GATES_TEXT', `${source}: not UTF-8: save them in that encoding`, { cause });
  }
}
