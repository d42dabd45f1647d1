/**
 * What the journal's records say. Everything that happens is a function of them: each decision that is not (which cell
 * gets which id, when the clock moves, how far a feed has been read) is a record of its own. A restart applies them again.
 */
import type { EventBatch } from '../events/event-batch.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import type { CellInfo } from '../reference/cell-registry.ts';
import type { Region } from '../reference/read-regions.ts';
import { readBatch, writeBatch } from './batch-columns.ts';
import { readTable, writeTable } from './columns.ts';
import { badRecord, PayloadReader, PayloadWriter } from './payload.ts';

/** Never renumbered: journals outlive versions. */
export const recordKind = {
  run: 1,
  cells: 2,
  batch: 3,
  clock: 4,
  regions: 5,
  finish: 6,
  gauges: 7,
  stays: 8,
  leave: 9,
} as const;

/** The server starts. */
export interface RunRecord {
  readonly k: 'run';
  readonly wallUs: number;
  /** Of the settings that shape the counters. */
  readonly fingerprint: string;
  /** Counting begins anew here: nothing is known of before, or its counters can't go on by these settings. */
  readonly fresh: boolean;
  /** Gauges of intervals before it are nobody's history (a simulation warms up), µs; null: all are. */
  readonly historyFromUs: number | null;
  /** In the first run: which journal's rows the database holds already, and how far the feeds were read for them. */
  readonly after: string | null;
  readonly positions: readonly FeedPosition[];
}

/** Cells with their ids, of ones that turn up or about which something new is known: before rows that name them. */
export interface CellsRecord {
  readonly k: 'cells';
  /** Whether they stand in a cell list, as opposed to having turned up. */
  readonly listed: boolean;
  readonly cells: readonly { readonly id: number; readonly cell: CellInfo }[];
}

/** Rows of one feed in order of arrival, and its position behind them. */
export interface BatchRecord {
  readonly k: 'batch';
  readonly position: FeedPosition;
  /** Rows of all batches in this journal before it. */
  readonly rowsBefore: number;
  readonly batch: EventBatch;
}

/** All rows before `releaseUs` have come. */
export interface ClockRecord {
  readonly k: 'clock';
  readonly releaseUs: number;
  /** Wall time where it is told (once a second at most), µs; else 0. */
  readonly wallUs: number;
  /** By feed number: nobody last seen by the feed vanishes before it. */
  readonly feedClocksUs: Float64Array;
  /** By feed number: how far the feed has been read; -1: nothing yet. */
  readonly readUs: Float64Array;
}

/** The micro-regions are these from here on. */
export interface RegionsRecord {
  readonly k: 'regions';
  readonly regions: readonly Region[];
  /** Counts the sets up; absent in journals of before: one more than the last one. */
  readonly version?: number;
  /** Of a set that was drawn while the server ran; absent: the start brought it. */
  readonly edit?: RegionsEdit;
}

export interface RegionsEdit {
  /** Event time of the edit, µs. */
  readonly fromUs: number;
  /** Ids of the cells in each region, row-aligned with `regions`. */
  readonly members: readonly (readonly number[])[];
}

/** All feeds have come to their end. */
export interface FinishRecord {
  readonly k: 'finish';
}

/** What the counting of the records before has given; numbered from 0 in the journal, gauges and stays together. */
export interface GaugesRecord {
  readonly k: 'gauges';
  readonly number: number;
  /** The interval is not final: the feeds have ended, and this is what it will be if nothing more comes. */
  readonly foretold: boolean;
  /** It has been foretold; this is in place of that. */
  readonly again: boolean;
  /** Every micro-region has a row, in the order of `regionIds`; cells as the engine hands them on. */
  readonly gauges: IntervalGauges;
  readonly regionIds: readonly string[];
}

export interface StaysRecord {
  readonly k: 'stays';
  readonly number: number;
  readonly stays: StayColumns;
}

/** Those present of these subscribers are not any more: they have opted out. */
export interface LeaveRecord {
  readonly k: 'leave';
  /** Both words of each pseudonym, one behind the other. */
  readonly subs: readonly number[];
}

export type LogRecord =
  | RunRecord
  | CellsRecord
  | BatchRecord
  | ClockRecord
  | RegionsRecord
  | FinishRecord
  | GaugesRecord
  | StaysRecord
  | LeaveRecord;

type GaugeTables = Omit<IntervalGauges, 'startUs' | 'endUs' | 'present'>;

/** Rows of a batch; far above what is written, and far below what memory there is. */
const rowsMax = 1 << 24;

/** The payload in pieces, most of them views of the record's own arrays: append them before those change. */
export function encodeRecord(record: LogRecord): { kind: number; parts: readonly Uint8Array[] } {
  const to = new PayloadWriter();
  switch (record.k) {
    case 'run':
    case 'cells':
    case 'leave':
    case 'regions': {
      const { k: _, ...told } = record;
      to.json(told);
      break;
    }
    case 'finish':
      break;
    case 'batch': {
      const { number, identity, epoch, seq, eventUs, clockUs, firstUs, digests, streams } = record.position;
      to.doubles(record.batch.n, record.rowsBefore, number, epoch, seq, eventUs, clockUs, firstUs).text(identity);
      writeBatch(to, record.batch);
      if (digests !== undefined) to.text(digests.join(' '));
      else if (streams !== undefined) to.text(JSON.stringify(streams));
      break;
    }
    case 'clock':
      to.doubles(record.releaseUs, record.wallUs, record.feedClocksUs.length);
      to.column(record.feedClocksUs).column(record.readUs);
      break;
    case 'gauges': {
      const { startUs, endUs, present, ...tables } = record.gauges;
      to.doubles(record.number, startUs, endUs, present).json(record.regionIds);
      to.json({ foretold: record.foretold, again: record.again, tables: Object.keys(tables) });
      for (const table of Object.values(tables)) writeTable(to, table);
      break;
    }
    case 'stays':
      to.doubles(record.number);
      writeTable(to, record.stays);
  }
  return { kind: recordKind[record.k], parts: to.parts };
}

/**
 * The record of a payload. Arrays of gauges, stays and clocks are views into the payload; a batch is the caller's own.
 *
 * @param offset of the record, for errors
 * @throws UserError JOURNAL_RECORD where the kind is unknown or the payload is none of its kind
 */
export function decodeRecord(kind: number, payload: Uint8Array, offset: number): LogRecord {
  const from = new PayloadReader(payload, offset);
  const record = readRecord(kind, from, offset);
  from.end();
  return record;
}

/** Digests have no brackets. */
function moreOf(text: string): Pick<FeedPosition, 'digests' | 'streams'> {
  if (text === '') return {};
  return text.startsWith('[') ? { streams: JSON.parse(text) as FeedPosition['streams'] } : { digests: text.split(' ') };
}

function readRecord(kind: number, from: PayloadReader, offset: number): LogRecord {
  switch (kind) {
    case recordKind.run:
      return { k: 'run', ...from.json<Omit<RunRecord, 'k'>>() };
    case recordKind.cells:
      return { k: 'cells', ...from.json<Omit<CellsRecord, 'k'>>() };
    case recordKind.regions:
      return { k: 'regions', ...from.json<Omit<RegionsRecord, 'k'>>() };
    case recordKind.leave:
      return { k: 'leave', ...from.json<Omit<LeaveRecord, 'k'>>() };
    case recordKind.finish:
      return { k: 'finish' };
    case recordKind.batch: {
      const rows = from.count(rowsMax);
      const [rowsBefore, number, epoch, seq, eventUs, clockUs, firstUs] = from.column(Float64Array, 7);
      const identity = from.text();
      const batch = readBatch(from, rows);
      // Digests of an acknowledged feed, streams of probes; those of other feeds end here.
      const more = from.isAtEnd ? '' : from.text();
      const position = { number, identity, epoch, seq, eventUs, clockUs, firstUs, ...moreOf(more) };
      return { k: 'batch', position, rowsBefore, batch };
    }
    case recordKind.clock: {
      const [releaseUs, wallUs] = from.column(Float64Array, 2);
      const feeds = from.count(256);
      const feedClocksUs = from.column(Float64Array, feeds);
      return { k: 'clock', releaseUs, wallUs, feedClocksUs, readUs: from.column(Float64Array, feeds) };
    }
    case recordKind.gauges: {
      const [number, startUs, endUs, present] = from.column(Float64Array, 4);
      const regionIds = from.json<string[]>();
      const { tables: names, ...told } = from.json<{ foretold: boolean; again: boolean; tables: string[] }>();
      if (!Array.isArray(names)) return from.fail('its tables have no names');
      const tables = Object.fromEntries(names.map((name) => [name, readTable(from)])) as unknown as GaugeTables;
      if (tables.cells === undefined || tables.regions === undefined) return from.fail('cells or regions are missing');
      return { k: 'gauges', number, ...told, regionIds, gauges: { startUs, endUs, present, ...tables } };
    }
    case recordKind.stays:
      return { k: 'stays', number: from.double(), stays: readTable<StayColumns>(from) };
    default:
      throw badRecord(offset, `its kind ${kind} is unknown`);
  }
}

/** The number of a derived record, without decoding the rest of it; -1 of another kind. */
export function derivedNumber(kind: number, payload: Uint8Array): number {
  if (kind !== recordKind.gauges && kind !== recordKind.stays) return -1;
  return new DataView(payload.buffer, payload.byteOffset, 8).getFloat64(0, true);
}
