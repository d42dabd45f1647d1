import type { LogRecord } from '../journal/records.ts';

/** Objects around a record's columns, the views of a batch's above all, about. */
const objectBytes = 3_072;

/**
 * Octets that a record takes in memory, about: its columns with the room behind their rows, which a batch may have much
 * of, and not the few octets that it is on disk.
 *
 * @param parts of the record, encoded: of what has no columns they tell the size
 */
export function recordMemory(record: LogRecord, parts: readonly Uint8Array[]): number {
  let bytes = objectBytes;
  if (record.k === 'batch') return bytes + record.batch.buffer.byteLength;
  if (record.k === 'stays') return bytes + columnBytes(record.stays);
  if (record.k === 'gauges') {
    for (const table of Object.values(record.gauges)) if (typeof table === 'object') bytes += columnBytes(table);
    return bytes;
  }
  for (const part of parts) bytes += part.length;
  return bytes;
}

function columnBytes(table: object): number {
  let bytes = 0;
  for (const column of Object.values(table)) if (ArrayBuffer.isView(column)) bytes += column.buffer.byteLength;
  return bytes;
}
