import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { EventBatch, noCell } from './event-batch.ts';
import { isMap, type MsgpackMap, type MsgpackValue, readMsgpack } from './msgpack-reader.ts';
import { readColumns, writeColumns } from './push-columns.ts';
import { digestOfRows } from './push-digest.ts';
import { type PushIdentities, pushFields } from './push-fields.ts';
import { badBatch, badField, type PushPlace, PushRefusal } from './push-refusal.ts';
import { clearDraft, newDraft, pushDraft } from './push-row.ts';

/** `headed`: the first line is an object with epoch and seq, and no row. */
export type PushForm = 'ndjson' | 'headed ndjson' | 'msgpack';

/** A batch of which only its place has been read. */
export interface PushBody {
  readonly place: PushPlace;
  /** Text of lines, or a map with `columns`, `cells` and `rows`. */
  readonly content: string | MsgpackMap;
}

/**
 * Rows of a batch that are not to be counted, in its order. What lies far ahead would make all others late. Each row of
 * long ago that stands alone has its own hours of intervals counted, and its own chunks in the database: a few thousand
 * of them, spread over decades, would keep the server busy for minutes. And what lies behind all that is still refreshed
 * would be a row of the database until its chunk is dropped, and in no figure.
 */
export interface RowsAside {
  readonly batch: EventBatch;
  /** How many of them lie too far ahead of the clock, and how many are too old. */
  readonly ahead: number;
  readonly old: number;
  /** Of the old ones: those that are not too old by the clock, but too far behind what has been counted. */
  readonly behind: number;
  /** Of all of them, µs. */
  readonly newestUs: number;
  readonly oldestUs: number;
}

/** Rows of a batch, as a feed's thread hands them on: cells are symbols that count up over the feed's life. */
export interface PushRows {
  readonly batch: EventBatch;
  readonly newCells: string[];
  /** Rows left out because their times are too far from the clock; null: none. */
  readonly aside: RowsAside | null;
  readonly quarantined: number;
  /** See `digestOfRows`: of all rows, the quarantined ones too. */
  readonly digest: string;
  readonly resolved: number;
  /** -1: there is no row. */
  readonly newestUs: number;
}

/** Rows between two looks at the time. */
const sliceRows = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const mapKeys = ['epoch', 'seq', 'columns', 'cells', 'rows'];

function placeOf(epoch: unknown, seq: unknown, where: string): PushPlace {
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
  if (isCount(epoch) && isCount(seq)) return { epoch, seq };
  throw new PushRefusal(
    400,
    'PUSH_PLACE',
    `${where} must tell epoch (your life: a positive integer that only grows) and seq (counts batches from 1 in it)`,
  );
}

/**
 * Reads a batch's place.
 *
 * @param named epoch and seq as the request names them; of `ndjson` alone
 * @throws PushRefusal
 */
export function openBody(bytes: Uint8Array, form: PushForm, named: { epoch: number; seq: number }): PushBody {
  if (form === 'msgpack') {
    const map = readMsgpack(bytes);
    if (!isMap(map)) throw badBatch('a batch must be a map');
    if (Object.keys(map).some((key) => !mapKeys.includes(key)))
      throw badBatch(`the batch has a key that is not known; there are ${mapKeys.join(', ')}`);
    return { place: placeOf(map.epoch, map.seq, 'the map'), content: map };
  }
  const text = decodeText(bytes);
  if (form === 'ndjson') return { place: placeOf(named.epoch, named.seq, 'the query (?epoch=1&seq=1)'), content: text };
  const end = text.indexOf('\n');
  const head = parseLine(end < 0 ? text : text.slice(0, end), 1) as { epoch?: unknown; seq?: unknown };
  // The rest keeps its line numbers.
  return { place: placeOf(head.epoch, head.seq, 'the first line'), content: end < 0 ? '' : text.slice(end) };
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw badBatch('the lines are no UTF-8');
    throw error;
  }
}

/** The parser's own words would hold a piece of the line. */
function parseLine(line: string, number: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw badBatch(`line ${number} is no JSON object; write one row a line`);
}

type Limits = Pick<Config, 'pushRowsMax' | 'cellsMax' | 'liveAheadMs' | 'pushAgeMaxMs'>;

/** Makes event batches of what one sender sends. A batch is taken as a whole or not at all. */
export class PushReader {
  readonly #identities: PushIdentities;
  readonly #clock: Clock;
  readonly #config: Limits;
  readonly #countsFromUs: () => number;
  readonly #symbols = new Map<string, number>();
  /** By symbol. */
  readonly #cgis: string[] = [];
  /** Cells that are new in the batch under way. */
  #fresh: string[] = [];
  readonly #draft = newDraft();

  /** @param countsFromUs rows before this time would be in no figure any more, µs; -Infinity: none would */
  constructor(
    identities: PushIdentities,
    clock: Clock,
    config: Limits,
    countsFromUs: () => number = () => Number.NEGATIVE_INFINITY,
  ) {
    this.#identities = identities;
    this.#clock = clock;
    this.#config = config;
    this.#countsFromUs = countsFromUs;
  }

  /** Reads the rows, a slice at a time. @throws PushRefusal naming line or row, field and remedy */
  *read({ content }: PushBody): Generator<void, PushRows> {
    this.#fresh = [];
    try {
      const batch = yield* typeof content === 'string' ? this.#lines(content) : this.#map(content);
      return this.#finish(batch);
    } catch (error) {
      this.forget(this.#fresh);
      throw error;
    }
  }

  /** A batch that was read is not handed on: its new cells are as new as before. */
  forget(newCells: readonly string[]): void {
    for (const cgi of newCells) this.#symbols.delete(cgi);
    this.#cgis.length -= newCells.length;
  }

  readonly cgiOf = (symbol: number): string => this.#cgis[symbol];

  *#lines(text: string): Generator<void, EventBatch> {
    let lines = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
    const batch = new EventBatch(Math.min(lines, this.#config.pushRowsMax));
    let number = 0;
    for (let at = 0; at < text.length; ) {
      const next = text.indexOf('\n', at);
      const end = next < 0 ? text.length : next;
      const line = text.slice(at, end);
      at = end + 1;
      number++;
      if (line === '' || line === '\r') continue;
      this.#row(parseLine(line, number), 'line', number, batch);
      if (batch.n % sliceRows === 0) yield;
    }
    return batch;
  }

  *#map({ columns: told, cells, rows }: MsgpackMap): Generator<void, EventBatch> {
    const columns = readColumns(told);
    if (rows !== undefined && !Array.isArray(rows)) throw badBatch("'rows' must be an array of maps");
    const count = columns.rows + (rows?.length ?? 0);
    if (count > this.#config.pushRowsMax) throw this.#tooMany();
    const batch = new EventBatch(count);
    yield* writeColumns(columns, this.#symbolsOf(cells), batch, this.#identities);
    let number = 0;
    for (const row of rows ?? []) {
      number++;
      if (!isMap(row)) throw badBatch(`row ${number} is no map`);
      this.#row(row, 'row', number, batch);
      if (batch.n % sliceRows === 0) yield;
    }
    return batch;
  }

  #symbolsOf(cells: MsgpackValue | undefined): Uint32Array {
    if (cells === undefined) return new Uint32Array(0);
    const must = "'cells' must be an array of CGIs such as 460-00-42285-28831, at most one for each row";
    if (!Array.isArray(cells)) throw badBatch(must);
    const symbols = new Uint32Array(cells.length);
    cells.forEach((cgi, i) => {
      if (typeof cgi !== 'string' || !(this.#symbols.has(cgi) || this.#identities.isCgi(cgi))) throw badBatch(must);
      symbols[i] = this.#symbolOf(cgi);
    });
    return symbols;
  }

  #row(row: object, word: string, number: number, batch: EventBatch): void {
    const draft = this.#draft;
    if (batch.n >= this.#config.pushRowsMax) throw this.#tooMany();
    clearDraft(draft);
    for (const name in row) {
      const field = pushFields.get(name);
      if (field === undefined)
        throw badBatch(`${word} ${number}: a field has no known name; there are ${[...pushFields.keys()].join(', ')}`);
      if (!field.read((row as Record<string, unknown>)[name], draft, this.#identities))
        throw badField(`${word} ${number}`, name, field.must);
    }
    const fault = pushDraft(draft, draft.cgi === '' ? noCell : this.#symbolOf(draft.cgi), batch);
    if (fault === '') return;
    const blank = fault.indexOf(' ');
    throw badField(`${word} ${number}`, fault.slice(0, blank), fault.slice(blank + 1));
  }

  #symbolOf(cgi: string): number {
    const known = this.#symbols.get(cgi);
    if (known !== undefined) return known;
    const symbol = this.#symbols.size;
    const { cellsMax } = this.#config;
    if (symbol >= cellsMax)
      throw new PushRefusal(400, 'PUSH_CELLS', `more than ${cellsMax} different cells: raise the setting cellsMax`);
    this.#symbols.set(cgi, symbol);
    this.#cgis.push(cgi);
    this.#fresh.push(cgi);
    return symbol;
  }

  #tooMany(): PushRefusal {
    const { pushRowsMax } = this.#config;
    return new PushRefusal(413, 'PUSH_ROWS', `a batch may have ${pushRowsMax} rows: send smaller ones`);
  }

  #finish(batch: EventBatch): PushRows {
    const { liveAheadMs, pushAgeMaxMs } = this.#config;
    const nowUs = this.#clock.nowUs();
    const youngUs = nowUs - pushAgeMaxMs * 1000;
    const fromUs = Math.max(youngUs, this.#countsFromUs());
    const untilUs = nowUs + liveAheadMs * 1000;
    const { n, timeUs, subLo, subHi, plmn, typeAllocationCode } = batch;
    const digest = digestOfRows(batch, this.cgiOf);
    let newestUs = -1;
    let resolved = 0;
    let ahead = 0;
    let old = 0;
    let behind = 0;
    for (let i = 0; i < n; i++) {
      if (timeUs[i] > untilUs) ahead++;
      else if (timeUs[i] < fromUs) {
        old++;
        if (timeUs[i] >= youngUs) behind++;
      } else if (timeUs[i] > newestUs) newestUs = timeUs[i];
      if ((subLo[i] | subHi[i]) === 0) continue;
      resolved++;
      if (typeAllocationCode[i] !== 0) plmn[i] = this.#identities.heardWith(plmn[i], typeAllocationCode[i]);
    }
    const newCells = this.#fresh;
    const quarantined = ahead + old;
    if (quarantined === 0) return { batch, newCells, aside: null, quarantined, digest, resolved, newestUs };
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const isKept = (i: number) => timeUs[i] >= fromUs && timeUs[i] <= untilUs;
    const kept = rows.filter(isKept);
    const left = gathered(
      batch,
      rows.filter((i) => !isKept(i)),
    );
    const times = left.timeUs.subarray(0, quarantined);
    const aside = {
      ...{ batch: left, ahead, old, behind },
      newestUs: times.reduce((newest, us) => Math.max(newest, us)),
      oldestUs: times.reduce((oldest, us) => Math.min(oldest, us)),
    };
    resolved = kept.reduce((sum, i) => sum + Number((subLo[i] | subHi[i]) !== 0), 0);
    return { batch: gathered(batch, kept), newCells, aside, quarantined, digest, resolved, newestUs };
  }
}

function gathered(batch: EventBatch, rows: Int32Array): EventBatch {
  const to = new EventBatch(rows.length);
  to.gather(batch, rows, rows.length);
  return to;
}
