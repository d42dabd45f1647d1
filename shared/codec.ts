import { Packr, Unpackr } from 'msgpackr/index-no-eval';
import {
  type CellColumns,
  type ClientMessage,
  protocolVersion,
  type RegionColumns,
  regionColumns,
  type ServerFrame,
  type SparkColumns,
  type WallStatus,
} from './protocol.ts';
import { trafficClasses, trafficColumns } from './traffic.ts';

/**
 * Bytes of a frame or message and back. Both sides use msgpackr's build without `new Function` and plain maps, so that
 * the wall runs under a strict Content-Security-Policy and hostile bytes never reach a code generator.
 */
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

/** Longest message that a screen may send, bytes. */
export const clientMessageBytesMax = 256;

/** Bytes that are no frame or message of this protocol version. */
export class FrameError extends Error {
  override name = 'FrameError';
}

/** One frame as msgpack. The bytes may be kept; they are never written again. */
export function encodeFrame(frame: ServerFrame): Uint8Array {
  return packr.pack(frame);
}

/**
 * The frame in `bytes`; its columns are views of `bytes` (read them with {@link columnU32}).
 * @throws FrameError for bytes that are no frame of this version, or whose columns don't fit each other.
 */
export function decodeFrame(bytes: Uint8Array): ServerFrame {
  const map = asMap(unpack(bytes));
  if (map.v !== protocolVersion) throw new FrameError(`protocol version ${String(map.v)}, not ${protocolVersion}`);
  if (map.k !== 'snapshot' && map.k !== 'delta') throw new FrameError(`unknown frame kind ${String(map.k)}`);
  if (!isCount(map.seq) || !isCount(map.layout)) throw new FrameError('frame without seq or layout');
  asMap(map.status);
  checkColumns(asMap(map.cells), ['index', 'present']);
  checkColumns(asMap(map.regions), ['index', ...regionColumns]);
  if (map.nodes !== undefined) checkColumns(asMap(map.nodes), ['index', ...regionColumns]);
  if (map.spark !== undefined || map.k === 'snapshot') checkSpark(asMap(map.spark));
  if (map.nodeSpark !== undefined) checkRectangle(asMap(map.nodeSpark), 'nodeSpark');
  if (map.people !== undefined) checkRows(map.people, 'people');
  if (map.places !== undefined && !Array.isArray(map.places)) throw new FrameError('places are no list');
  if (map.crowd !== undefined) checkRows(map.crowd, 'crowd');
  if (map.traffic !== undefined) checkTraffic(asMap(map.traffic));
  // Every field that a reader indexes with has been checked; the status is shown, not computed with.
  return map as unknown as {
    v: typeof protocolVersion;
    k: 'snapshot';
    seq: number;
    layout: number;
    status: WallStatus;
    cells: CellColumns;
    regions: RegionColumns;
    spark: SparkColumns;
  };
}

/** What a screen says, as msgpack. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  return packr.pack(message);
}

/** @throws FrameError for anything that is no message of a screen. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  if (bytes.byteLength > clientMessageBytesMax) throw new FrameError(`message of ${bytes.byteLength} bytes`);
  const map = asMap(unpack(bytes));
  if (map.k !== 'resync' || !isCount(map.have)) throw new FrameError('unknown message');
  return { k: 'resync', have: map.have };
}

/** A column's values. A view where the bytes lie on a multiple of four, else a copy. */
export function columnU32(bytes: Uint8Array): Uint32Array {
  if (bytes.byteLength % 4 !== 0) throw new FrameError(`u32 column of ${bytes.byteLength} bytes`);
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // Not bytes.slice(): on Node's Buffer that makes another view.
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The bytes of a column: a view of `values`, little-endian as every machine that this runs on. */
export function columnBytes(values: Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes);
  } catch (error) {
    throw new FrameError('not msgpack', { cause: error });
  }
}

function asMap(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FrameError('not a map');
  return value as Record<string, unknown>;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function columnLength(value: unknown, name: string): number {
  if (!(value instanceof Uint8Array) || value.byteLength % 4 !== 0) throw new FrameError(`column ${name} is no u32s`);
  return value.byteLength / 4;
}

function checkColumns(columns: Record<string, unknown>, names: readonly string[]): void {
  const rows = columnLength(columns.index, 'index');
  for (const name of names) {
    if (columnLength(columns[name], name) !== rows) throw new FrameError(`column ${name} is not as long as index`);
  }
}

function checkRows(rows: unknown, name: string): void {
  if (!Array.isArray(rows) || !rows.every((row) => isCount(asMap(row).region))) {
    throw new FrameError(`${name} without their regions`);
  }
}

function checkTraffic(traffic: Record<string, unknown>): void {
  if (!isCount(traffic.fromUs) || !isCount(traffic.toUs)) throw new FrameError('traffic without its times');
  const lengths = trafficColumns.map((name) => columnLength(traffic[name], name));
  if (lengths.some((length) => length !== lengths[0] || length % trafficClasses.length !== 0))
    throw new FrameError('traffic is no rectangle');
}

function checkSpark(spark: Record<string, unknown>): void {
  if (!isCount(spark.endUs) || !isCount(spark.everyMs)) throw new FrameError('spark without endUs or everyMs');
  checkRectangle(spark, 'spark');
}

/** `points` values a row. */
function checkRectangle({ points, present }: Record<string, unknown>, name: string): void {
  if (!isCount(points)) throw new FrameError(`${name} without points`);
  const values = columnLength(present, name);
  if (points === 0 ? values !== 0 : values % points !== 0) throw new FrameError(`${name} is no rectangle`);
}
