import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type CsvError, parse } from 'csv-parse';
import { messageOf, UserError } from '../errors.ts';
import type { EventSink } from '../events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../events/kinds.ts';
import { type XdrRecord, XdrRowParser, xdrColumns } from './xdr-record.ts';

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
}

/** After so many records without a good one the file is refused: it is something else. */
const badRecordsMax = 1000;

interface Row {
  startUs: number;
  endUs: number;
  lo: number;
  hi: number;
  cgi: string;
  typeAllocationCode: number;
  bytes: number;
}

async function openText(path: string): Promise<{ stream: Readable; source: Readable; size: number }> {
  try {
    const file = await open(path);
    const magic = Buffer.alloc(2);
    await file.read(magic, 0, 2, 0);
    await file.close();
    const source = createReadStream(path, { highWaterMark: 1 << 18 });
    const { size } = await stat(path);
    if (magic[0] !== 0x1f || magic[1] !== 0x8b) return { stream: source, source, size };
    const gunzip = createGunzip();
    source.on('error', (error) => gunzip.destroy(error));
    return { stream: source.pipe(gunzip), source, size };
  } catch (error) {
    throw new UserError('FEED_UNREADABLE', `xdr file '${path}' can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Decoded records (xDR) from a CSV file, plain or gzip'd, as rows of events: each record one `data` row at its
 * start that is a sighting too, and a sighting at its end if that is later.
 */
export class XdrReader {
  /** Records skipped, by reason code. */
  readonly faults = new Map<string, number>();
  records = 0;
  /** Why the file ended before its end, once it has; else null. */
  endedEarly: { code: string; message: string } | null = null;
  private readonly options: XdrOptions;
  private readonly cgiByKey = new Map<number, string>();
  private readonly key = new Uint32Array(2);
  private readonly rows: Row[] = [];
  /** Sorted mode: 2 × row + (1 for its end), in order of time. */
  private order: Float64Array | null = null;
  private at = 0;
  private source: Readable | null = null;
  private records$: AsyncIterator<string[]> | null = null;
  private sizeBytes = 0;
  private readBytes = 0;
  private pending: Row | null = null;

  private constructor(options: XdrOptions) {
    this.options = options;
  }

  /** @throws UserError FEED_UNREADABLE, XDR_COLUMNS, XDR_RECORDS naming the file, the line and the remedy */
  static async open(options: XdrOptions): Promise<XdrReader> {
    const reader = new XdrReader(options);
    await reader.start();
    return reader;
  }

  /** Time of the next row, µs; -1 at the end. */
  get nextTimeUs(): number {
    if (this.order === null) return this.pending === null ? -1 : this.pending.startUs;
    return this.at < this.order.length ? this.timeOf(this.order[this.at]) : -1;
  }

  /** Share read, 0 … 1. */
  get progress(): number {
    if (this.order !== null) return this.order.length === 0 ? 1 : this.at / this.order.length;
    return this.sizeBytes === 0 ? 1 : Math.min(1, this.readBytes / this.sizeBytes);
  }

  /** Gives rows with a start before or at `untilUs`, at most `rowsMax`; says why it stopped. */
  async read(sink: EventSink, untilUs: number, rowsMax: number): Promise<'more' | 'until' | 'end'> {
    if (this.order !== null) return this.readSorted(sink, this.order, untilUs, rowsMax);
    for (let n = 0; n < rowsMax; n++) {
      if (this.pending === null) return 'end';
      if (this.pending.startUs > untilUs) return 'until';
      this.emitStart(sink, this.pending);
      if (this.pending.endUs > this.pending.startUs) this.emitEnd(sink, this.pending);
      this.pending = await this.nextRow();
    }
    return 'more';
  }

  async close(): Promise<void> {
    this.source?.destroy();
  }

  private readSorted(sink: EventSink, order: Float64Array, untilUs: number, rowsMax: number): 'more' | 'until' | 'end' {
    for (let n = 0; n < rowsMax; n++) {
      if (this.at === order.length) return 'end';
      const key = order[this.at];
      if (this.timeOf(key) > untilUs) return 'until';
      const row = this.rows[Math.floor(key / 2)];
      if (key % 2 === 0) this.emitStart(sink, row);
      else this.emitEnd(sink, row);
      this.at++;
    }
    return 'more';
  }

  private timeOf(key: number): number {
    const row = this.rows[Math.floor(key / 2)];
    return key % 2 === 0 ? row.startUs : row.endUs;
  }

  private emitStart(sink: EventSink, row: Row): void {
    const flags = eventFlag.sighting | eventFlag.traffic;
    const durationMs = Math.min(0xffffffff, Math.round((row.endUs - row.startUs) / 1000));
    sink.event(
      row.startUs,
      row.lo,
      row.hi,
      row.cgi,
      0,
      kindCode.data,
      outcomeCode.success,
      0,
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
      0,
      kindCode.sighting,
      0,
      0,
      eventFlag.sighting,
      0,
      row.typeAllocationCode,
      0,
    );
  }

  private async start(): Promise<void> {
    const { path, sorted } = this.options;
    const { stream, source, size } = await openText(path);
    this.source = source;
    this.sizeBytes = size;
    source.on('data', (chunk) => {
      this.readBytes += chunk.length;
    });
    const parser = stream.pipe(
      parse({ relax_column_count: true, skip_empty_lines: true, bom: true, max_record_size: 65_536 }),
    );
    stream.on('error', (error) => parser.destroy(error));
    this.records$ = parser[Symbol.asyncIterator]();
    const header = await this.nextRecord();
    const rowParser = new XdrRowParser(header ?? [], this.options.offsetMinutes);
    if (header === null || rowParser.missing.length > 0) {
      await this.close();
      const what =
        header === null ? 'is empty' : `lacks the columns ${rowParser.missing.join(', ')} in its header (line 1)`;
      throw new UserError('XDR_COLUMNS', `xdr file '${path}' ${what}; it must have ${xdrColumns.join(',')}`);
    }
    this.rowParser = rowParser;
    this.pending = await this.nextRow();
    if (this.pending === null) {
      await this.close();
      const reasons = [...this.faults].map(([reason, count]) => `${reason} ${count}×`).join(', ');
      throw new UserError(
        'XDR_RECORDS',
        `xdr file '${path}' has no good record (${reasons || 'only a header'}, first at line 2); times must read 2015-08-02 22:26:52.644817`,
      );
    }
    if (!sorted) return;
    for (let row: Row | null = this.pending; row !== null; row = await this.nextRow()) this.rows.push(row);
    this.order = this.sort();
  }

  private rowParser: XdrRowParser | null = null;

  private sort(): Float64Array {
    const keys: number[] = [];
    this.rows.forEach((row, i) => {
      keys.push(2 * i);
      if (row.endUs > row.startUs) keys.push(2 * i + 1);
    });
    return Float64Array.from(keys.sort((a, b) => this.timeOf(a) - this.timeOf(b) || a - b));
  }

  private async nextRecord(): Promise<string[] | null> {
    try {
      const { value, done } = await this.records$!.next();
      return done === true ? null : value;
    } catch (error) {
      // A cut gzip stream or a broken quote ends the file here: what came before stays good.
      const reason = (error as CsvError).code?.startsWith('CSV_') ? 'XDR_BROKEN_CSV' : 'XDR_CUT_FILE';
      this.faults.set(reason, (this.faults.get(reason) ?? 0) + 1);
      return null;
    }
  }

  /** The next good record as a row, or null at the end; bad ones are counted. */
  private async nextRow(): Promise<Row | null> {
    const record: XdrRecord = { user: '', lac: 0, ci: 0, typeAllocationCode: 0, startUs: 0, endUs: 0, bytes: 0 };
    for (;;) {
      const fields = await this.nextRecord();
      if (fields === null) return null;
      const fault = this.rowParser!.parse(fields, record);
      if (fault === '') break;
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
      let bad = 0;
      for (const count of this.faults.values()) bad += count;
      if (this.records === 0 && bad >= badRecordsMax) return null;
    }
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

  private cgiOf(lac: number, ci: number): string {
    const key = lac * 0x10000000 + ci;
    let cgi = this.cgiByKey.get(key);
    if (cgi === undefined) {
      cgi = `${this.options.plmn}-${lac}-${ci}`;
      this.cgiByKey.set(key, cgi);
    }
    return cgi;
  }
}
