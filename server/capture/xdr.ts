import { type CsvError, type Parser, parse } from 'csv-parse';
import { type Config, makeConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { type EventSink, noCause } from '../events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../events/kinds.ts';
import type { EndedEarly, RecordsFault } from './ended-early.ts';
import { TextSource } from './text-source.ts';
import { type XdrRecord, XdrRowParser, xdrColumns } from './xdr-record.ts';
import { isNear, middleUs, type Row, timeOf, timeOrder } from './xdr-rows.ts';

/** Writes the pseudonym (lo, hi) of an xDR file's user into `out`. */
export type SubscriberOf = (user: string, out: Uint32Array) => void;

export interface XdrOptions {
  path: string;
  /** PLMN of the cells, `460-01`: the file names only LAC and CI. */
  plmn: string;
  /** Minutes east of UTC that the file's times are in. */
  offsetMinutes: number;
  /** Read the whole file first and give its rows in order of (time, line, start before end). */
  sorted: boolean;
  subscriberOf: SubscriberOf;
  /** Home of a subscriber heard with a handset model (0: not known), as `machineHome` packs it; absent: always 0, unknown. */
  homeOf?: (model: number) => number;
  /** Bounds what is held of the file; absent: by the settings' defaults. */
  config?: Pick<Config, 'sortedRecordsMax' | 'cellsMax'>;
}

/** After so many records without a good one the file is refused: it is something else. */
const badRecordsMax = 1000;
const recordCharsMax = 65_536;

/** What the parser can't recover from, in words; other mistakes cost one record. */
const fatalCsvErrors: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text follows a closing quote',
  CSV_MAX_RECORD_SIZE: `a record is longer than ${recordCharsMax} characters`,
};

/** Records of a file that is not sorted first which are read in advance, to know about when it begins. */
const earlyRowsMax = 1000;

/**
 * Decoded records (xDR) from a CSV file, plain or gzip'd, as rows of events: each record one `data` row at its
 * start that is a sighting too, and a sighting at its end if that is later.
 */
export class XdrReader {
  /** Records skipped, by reason code. */
  readonly faults = new Map<string, number>();
  records = 0;
  /** Why the file ended before its end, once it has; else null. */
  endedEarly: EndedEarly | null = null;
  private readonly options: XdrOptions;
  private readonly config: Pick<Config, 'sortedRecordsMax' | 'cellsMax'>;
  private readonly cgiByKey = new Map<number, string>();
  private readonly key = new Uint32Array(2);
  private rows: Row[] = [];
  /** Sorted mode: 2 × row + (1 for its end), in order of time. */
  private order: Float64Array | null = null;
  private at = 0;
  private readonly text: TextSource;
  private readonly parser: Parser;
  private readonly records$: AsyncIterator<string[]>;
  private rowParser: XdrRowParser | null = null;
  /** Records taken from the file so far, good and bad. */
  private taken = 0;
  /** A record that was read in advance; undefined: none was. */
  private ahead: string[] | null | undefined;
  /** What broke the file's CSV. */
  private broken: string | null = null;
  private pending: Row | null = null;
  /** Not sorted: rows read in advance, the next one last; and about when the last row given was. */
  private early: Row[] = [];
  private nearUs = 0;

  private constructor(options: XdrOptions, text: TextSource) {
    this.options = options;
    this.config = options.config ?? makeConfig();
    this.text = text;
    const stream = text.stream();
    this.parser = parse({
      relax_column_count: true,
      skip_empty_lines: true,
      bom: true,
      max_record_size: recordCharsMax,
      // Else a broken quote would take the good records of its block with it.
      skip_records_with_error: true,
    });
    this.parser.on('skip', (error) => this.skipped(error));
    stream.on('error', (error) => this.parser.destroy(error));
    this.records$ = stream.pipe(this.parser)[Symbol.asyncIterator]();
  }

  /** @throws UserError FEED_UNREADABLE, XDR_COLUMNS, XDR_RECORDS naming the file, the line and the remedy */
  static async open(options: XdrOptions): Promise<XdrReader> {
    const reader = new XdrReader(options, await TextSource.open(options.path));
    try {
      await reader.start();
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** Time of the next row, µs; -1 at the end. */
  get nextTimeUs(): number {
    if (this.order === null) return this.pending === null ? -1 : this.pending.startUs;
    return this.at < this.order.length ? timeOf(this.rows, this.order[this.at]) : -1;
  }

  /** Share read, 0 … 1. */
  get progress(): number {
    if (this.order !== null) return this.order.length === 0 ? 1 : this.at / this.order.length;
    return this.pending === null ? 1 : this.text.progress;
  }

  /** Gives rows with a start before or at `untilUs`, at most `rowsMax`; says why it stopped. */
  async read(sink: EventSink, untilUs: number, rowsMax: number): Promise<'more' | 'until' | 'end'> {
    if (this.order !== null) return this.readSorted(sink, this.order, untilUs, rowsMax);
    for (let n = 0; n < rowsMax; n++) {
      if (this.pending === null) return 'end';
      if (this.pending.startUs > untilUs) return 'until';
      this.emitStart(sink, this.pending);
      if (this.pending.endUs > this.pending.startUs) this.emitEnd(sink, this.pending);
      this.pending = await this.nextNear();
    }
    return 'more';
  }

  async close(): Promise<void> {
    this.text.stop();
    this.parser.destroy();
    await this.text.close();
  }

  private readSorted(sink: EventSink, order: Float64Array, untilUs: number, rowsMax: number): 'more' | 'until' | 'end' {
    for (let n = 0; n < rowsMax; n++) {
      if (this.at === order.length) return 'end';
      const key = order[this.at];
      if (timeOf(this.rows, key) > untilUs) return 'until';
      const row = this.rows[Math.floor(key / 2)];
      if (key % 2 === 0) this.emitStart(sink, row);
      else this.emitEnd(sink, row);
      this.at++;
    }
    return 'more';
  }

  private emitStart(sink: EventSink, row: Row): void {
    const flags = eventFlag.sighting | eventFlag.traffic;
    const durationMs = Math.min(0xffffffff, Math.round((row.endUs - row.startUs) / 1000));
    sink.event(
      row.startUs,
      row.lo,
      row.hi,
      row.cgi,
      this.options.homeOf?.(row.typeAllocationCode) ?? 0,
      kindCode.data,
      outcomeCode.success,
      noCause,
      flags,
      durationMs,
      row.typeAllocationCode,
      row.bytes,
    );
  }

  private emitEnd(sink: EventSink, row: Row): void {
    sink.event(
      row.endUs,
      row.lo,
      row.hi,
      row.cgi,
      this.options.homeOf?.(row.typeAllocationCode) ?? 0,
      kindCode.sighting,
      0,
      noCause,
      eventFlag.sighting,
      0,
      row.typeAllocationCode,
      0,
    );
  }

  private async start(): Promise<void> {
    const { path, sorted } = this.options;
    const header = await this.nextRecord();
    this.rowParser = new XdrRowParser(header ?? [], this.options.offsetMinutes);
    if (header === null || this.text.binary || this.rowParser.missing.length > 0) {
      throw new UserError('XDR_COLUMNS', `xdr file '${path}' ${this.whatOfHeader(header)}`);
    }
    this.taken = 0;
    const rowsMax = sorted ? this.config.sortedRecordsMax : earlyRowsMax;
    const rows: Row[] = [];
    for (let row = await this.nextRow(); row !== null; row = await this.nextRow()) {
      rows.push(row);
      if (rows.length < rowsMax) continue;
      if (sorted) await this.refuseMore(rowsMax);
      break;
    }
    if (rows.length === 0) throw new UserError('XDR_RECORDS', this.whyNoRecord());
    this.nearUs = middleUs(rows);
    if (sorted) {
      this.rows = rows.filter((row) => isNear(row, this.nearUs));
      this.count('XDR_TIME_FAR', rows.length - this.rows.length);
      this.order = timeOrder(this.rows);
    } else {
      this.early = rows.reverse();
      this.pending = await this.nextNear();
    }
  }

  private async refuseMore(rowsMax: number): Promise<void> {
    if ((await this.nextRow()) === null) return;
    throw new UserError(
      'XDR_TOO_LARGE',
      `xdr file '${this.options.path}' has more than ${rowsMax.toLocaleString('en')} records, and a replay sorts them all in memory: raise the setting sortedRecordsMax, or split the file by time`,
    );
  }

  /**
   * The next row of a file that is not sorted. Leaves out, as the sorted reader does, records that lie more than a
   * year from the others: a wrong clock, which would end everyone's presence and let retention drop the history.
   */
  private async nextNear(): Promise<Row | null> {
    for (;;) {
      const row = this.early.pop() ?? (await this.nextRow());
      if (row === null) return null;
      if (isNear(row, this.nearUs)) {
        this.nearUs = row.startUs;
        return row;
      }
      this.count('XDR_TIME_FAR');
    }
  }

  private whatOfHeader(header: string[] | null): string {
    const remedy = `it must have ${xdrColumns.join(',')}`;
    if (this.text.binary) return `is no text; give CSV in UTF-8 (.gz too): ${remedy}`;
    if (header !== null)
      return `lacks the columns ${this.rowParser!.missing.join(', ')} in its header (line 1); ${remedy}`;
    if (this.text.fault !== null) return 'is cut off or damaged inside its header (line 1); copy the file again';
    if (this.broken !== null) return `has a broken header (line 1: ${this.broken}); ${remedy}`;
    return `is empty; ${remedy}`;
  }

  private whyNoRecord(): string {
    const file = `xdr file '${this.options.path}'`;
    if (this.endedEarly !== null) return `${file}: ${this.endedEarly.message}`;
    if (this.faults.size === 0) return `${file} has a header and no records; give one with records`;
    const reasons = [...this.faults].map(([reason, count]) => `${reason} ${count}×`).join(', ');
    const remedy = this.faults.has('XDR_BAD_TIME')
      ? 'times must read 2015-08-02 22:26:52.644817'
      : `compare that line with the columns ${xdrColumns.join(',')}`;
    return `${file} has no good record (${reasons}, first at line 2); ${remedy}`;
  }

  private async nextRecord(): Promise<string[] | null> {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead !== undefined) return ahead;
    const { value, done } = await this.records$.next();
    return done === true ? null : value;
  }

  /** The parser leaves a record out. */
  private skipped(error: CsvError): void {
    if (this.broken !== null) return;
    const fatal = fatalCsvErrors[error.code];
    if (fatal === undefined) {
      this.count('XDR_BAD_QUOTE');
      return;
    }
    this.broken = fatal;
    this.text.stop();
  }

  private count(reason: string, times = 1): void {
    if (times > 0) this.faults.set(reason, (this.faults.get(reason) ?? 0) + times);
  }

  /** The next good record as a row, or null at the end; bad ones are counted. */
  private async nextRow(): Promise<Row | null> {
    const record: XdrRecord = { user: '', lac: 0, ci: 0, typeAllocationCode: 0, startUs: 0, endUs: 0, bytes: 0 };
    for (;;) {
      const fields = await this.nextRecord();
      if (fields === null) return this.finish();
      const fault = this.rowParser!.parse(fields, record);
      if (fault === '') break;
      if (fault === 'XDR_COLUMN_COUNT' && (await this.isCutLine())) return this.finish(true);
      this.taken++;
      this.count(fault);
      if (this.records === 0 && this.taken >= badRecordsMax) return null;
    }
    this.taken++;
    this.records++;
    this.options.subscriberOf(record.user, this.key);
    return {
      startUs: record.startUs,
      endUs: record.endUs,
      lo: this.key[0],
      hi: this.key[1],
      cgi: this.cgiOf(record.lac, record.ci),
      typeAllocationCode: record.typeAllocationCode,
      bytes: record.bytes,
    };
  }

  /** Whether the record just taken is the file's last one and its line has no end. */
  private async isCutLine(): Promise<boolean> {
    this.ahead = await this.nextRecord();
    return this.ahead === null && this.text.openEnd && this.broken === null;
  }

  /** There is no record any more: says so if there should be. */
  private finish(cutLine = false): null {
    const { path } = this.options;
    const behind = `record ${this.taken.toLocaleString('en')}`;
    if (this.endedEarly !== null) return null;
    if (this.text.fault !== null) {
      const how = this.text.fault === 'TRUNCATED_GZIP' ? 'is cut off' : 'is damaged';
      this.end('XDR_CUT_FILE', `${path} ${how} behind ${behind}; copy the file again`);
    } else if (this.broken !== null) {
      this.end('XDR_BROKEN_CSV', `${path} can't be read on behind ${behind}: ${this.broken}; mend that line`);
    } else if (cutLine) {
      this.end('XDR_CUT_FILE', `${path} ends inside the record behind ${behind}; copy the file again`);
    }
    return null;
  }

  private end(code: RecordsFault, message: string): void {
    this.count(code);
    this.endedEarly = { code, message };
  }

  private cgiOf(lac: number, ci: number): string {
    const key = lac * 0x10000000 + ci;
    let cgi = this.cgiByKey.get(key);
    if (cgi === undefined) {
      const { cellsMax } = this.config;
      if (this.cgiByKey.size >= cellsMax) {
        throw new UserError(
          'XDR_CELLS',
          `xdr file '${this.options.path}' names more than ${cellsMax.toLocaleString('en')} cells (record ${this.taken.toLocaleString('en')}): check its columns lac and ci, or raise the setting cellsMax`,
        );
      }
      cgi = `${this.options.plmn}-${lac}-${ci}`;
      this.cgiByKey.set(key, cgi);
    }
    return cgi;
  }
}
