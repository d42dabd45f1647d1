import type { Config } from '../config.ts';
import type { RegionEditor } from '../core/region-editor.ts';
import { UserError } from '../errors.ts';
import { formatRegions, parseRegions } from '../reference/read-regions.ts';
import { readBody } from './body.ts';
import { originAllowed } from './guard.ts';
import { type ApiRequest, Refusal, type Reply, sendCached } from './http.ts';
import { checkQuery } from './query.ts';
import { cachedJson } from './tables.ts';

/** What errors call the body. */
const source = 'the regions sent';

/** The set stands in one record of the journal, and so do the cells of its regions. */
const recordShareBytes = 8 * 1024 * 1024;

const laterCodes = ['REGIONS_BUSY', 'JOURNAL_FULL'];

/** `GET /api/regions.geojson` and `PUT /api/regions`: the whole set, in the form of `--regions FILE`. */
export class RegionEdits {
  readonly #editor: Pick<RegionEditor, 'regions' | 'set'>;
  readonly #limits: Pick<Config, 'pushBytesMax'>;
  readonly #edited: () => void;
  /** One body at a time is held. */
  #receiving = false;

  /** @param edited called when a new set counts, before that is answered */
  constructor(editor: Pick<RegionEditor, 'regions' | 'set'>, limits: Pick<Config, 'pushBytesMax'>, edited: () => void) {
    this.#editor = editor;
    this.#limits = limits;
    this.#edited = edited;
  }

  /** The present set, as it can be sent back. */
  async answer(request: ApiRequest, reply: Reply): Promise<void> {
    checkQuery(request, []);
    sendCached(request, reply, await cachedJson(formatRegions(this.#editor.regions), 'application/geo+json'));
  }

  /**
   * Takes a new set and answers when it counts. To be called before the request's handler returns.
   *
   * @throws Refusal 400, 403, 413, 415, 503
   */
  async take(request: ApiRequest, reply: Reply): Promise<void> {
    const refusal = this.#firstRefusal(request);
    const wanted = refusal === null;
    if (wanted) this.#receiving = true;
    try {
      const bytesMax = Math.min(this.#limits.pushBytesMax, recordShareBytes);
      // Even a refused body is received: a sender in the middle of one would not read the answer.
      const body = await readBody(reply, bytesMax, wanted, {
        cut: ['REGIONS_CUT', 'the sender went away inside its regions'],
        large: ['REGIONS_BYTES', `the regions may have ${bytesMax} octets: draw them with fewer points`],
      });
      if (refusal !== null) throw refusal;
      const change = await this.#set(body);
      this.#edited();
      reply.json(200, change);
    } finally {
      if (wanted) this.#receiving = false;
    }
  }

  async #set(body: Uint8Array): Promise<object> {
    const warnings: string[] = [];
    try {
      const regions = parseRegions(textOf(body), source, (line) => warnings.push(line));
      const change = await this.#editor.set(regions, source);
      return { ...change, warnings: [...warnings, ...change.warnings] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new Refusal(laterCodes.includes(error.code) ? 503 : 400, error.code, error.message);
    }
  }

  #firstRefusal({ origin, host, contentType, contentEncoding }: ApiRequest): Refusal | null {
    if (!originAllowed(origin, host))
      return new Refusal(403, 'ORIGIN_REFUSED', 'pages of another origin may not edit regions');
    const type = contentType.split(';')[0].trim().toLowerCase();
    if ((type !== 'application/geo+json' && type !== 'application/json') || contentEncoding !== '') {
      const types = 'send application/geo+json or application/json, without a content encoding';
      return new Refusal(415, 'REGIONS_TYPE', types);
    }
    if (this.#receiving) return new Refusal(503, 'REGIONS_BUSY', 'another edit is being taken in: send yours again');
    return null;
  }
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new UserError('REGIONS_TEXT', `${source}: not UTF-8: save them in that encoding`, { cause });
  }
}
