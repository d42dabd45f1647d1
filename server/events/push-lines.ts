import { formatIso } from '../reference/country-codes.ts';
import { causeListName, causeValue } from './cause.ts';
import { type EventBatch, noCause, noCell } from './event-batch.ts';
import { eventFlag, eventKinds, outcomes, peerClasses } from './kinds.ts';

/** The two words of a pseudonym as `subscriber` and `peer` are written. */
function hexOf(lo: number, hi: number): string {
  const octets = Buffer.alloc(8);
  octets.writeUInt32LE(lo, 0);
  octets.writeUInt32LE(hi, 4);
  return octets.toString('hex');
}

/** Rows between two looks at the time. */
const sliceRows = 256;

/**
 * Rows as the lines that a sender would have sent, with pseudonyms in place of plain identities: read again, they are the
 * same rows. A slice at a time.
 *
 * @param cgiOf the name behind a cell symbol
 */
export function* linesOf(batch: EventBatch, cgiOf: (symbol: number) => string): Generator<void, string> {
  const lines: string[] = [];
  for (let i = 0; i < batch.n; i++) {
    const row = batch.row(i);
    const { timeUs, kind, outcome, cause, flags, peerClass } = row;
    const line = {
      ...{ timeUs, kind: eventKinds[kind], outcome: outcomes[outcome] },
      ...((row.subLo | row.subHi) !== 0 && { subscriber: hexOf(row.subLo, row.subHi) }),
      ...(row.cell !== noCell && { cell: cgiOf(row.cell) }),
      ...(row.plmn > 0 && { plmn: row.plmn }),
      ...(cause !== noCause && { cause: causeValue(cause), causeOf: causeListName(cause) }),
      ...(row.durationMs > 0 && { durationMs: row.durationMs }),
      ...(row.bytes > 0 && { bytes: row.bytes }),
      ...(row.typeAllocationCode > 0 && { typeAllocationCode: row.typeAllocationCode }),
      ...((row.peerLo | row.peerHi) !== 0 && { peer: hexOf(row.peerLo, row.peerHi) }),
      ...(peerClass > 0 && { peerClass: peerClasses[peerClass] }),
      ...(row.country > 0 && { country: formatIso(row.country) }),
      ...(row.area > 0 && { area: row.area }),
      sighting: (flags & eventFlag.sighting) !== 0,
      traffic: (flags & eventFlag.traffic) !== 0,
      detach: (flags & eventFlag.detach) !== 0,
    };
    lines.push(JSON.stringify(line));
    if (i % sliceRows === sliceRows - 1) yield;
  }
  return `${lines.join('\n')}\n`;
}
