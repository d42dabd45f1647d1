/** The tables that rows are copied into, and how each kind of row is written. */
import { type EventBatch, noCause, noCell } from '../events/event-batch.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import { type CopyBuffer, rowBytes } from './copy-buffer.ts';
import { activityColumns } from './facts-activity.ts';

/** Columns in the order in which they are written; widest first, as they stand in the table. */
export const copyTables = {
  event:
    'ts, sub, bytes, peer, cell_id, plmn, duration_ms, type_allocation_code, area, kind, outcome, cause, flags, peer_class, country',
  cell_gauge: 'ts, cell_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors',
  region_gauge: 'ts, region_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors',
  city_gauge: 'ts, every_ms, present, events_one_in, events_kept',
  activity: activityColumns,
  stay: 'first_out, first_in, last_in, sub, cell_id, plmn, events',
} as const;
export type CopyTable = keyof typeof copyTables;
export const copyTableNames = Object.keys(copyTables) as CopyTable[];

const eventBytes = rowBytes({ int8: 4, int4: 5, int2: 6 });
const gaugeBytes = rowBytes({ int8: 1, int4: 9 });
const cityBytes = rowBytes({ int8: 1, int4: 3, bool: 1 });
const stayBytes = rowBytes({ int8: 4, int4: 3 });

/** @param flags those of the row, but for how its traffic is counted (`eventFlag.sampledTraffic`) */
export function writeEvent(out: CopyBuffer, batch: EventBatch, i: number, flags: number): void {
  out.row(15, eventBytes);
  out.timestamp(batch.timeUs[i]);
  out.int8Halves(batch.subLo[i], batch.subHi[i]);
  out.int8(batch.bytes[i]);
  out.int8Halves(batch.peerLo[i], batch.peerHi[i]);
  const cell = batch.cell[i];
  if (cell === noCell) out.null();
  else out.int4(cell);
  out.int4(batch.plmn[i]);
  out.int4(batch.durationMs[i]);
  out.int4(batch.typeAllocationCode[i]);
  out.int4(batch.area[i]);
  out.int2(batch.kind[i]);
  out.int2(batch.outcome[i]);
  out.int2(batch.cause[i] === noCause ? -1 : batch.cause[i]);
  out.int2(flags);
  out.int2(batch.peerClass[i]);
  out.int2(batch.country[i]);
}

/** @param id surrogate of the cell or region in the database */
export function writeGauge(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  id: number,
  gauges: IntervalGauges['cells'],
  i: number,
): void {
  out.row(10, gaugeBytes);
  out.timestamp(startUs);
  out.int4(id);
  out.int4(everyMs);
  out.int4(gauges.present[i]);
  out.int4(gauges.fresh5[i]);
  out.int4(gauges.entries[i]);
  out.int4(gauges.exits[i]);
  out.int4(gauges.appeared[i]);
  out.int4(gauges.vanished[i]);
  out.int4(gauges.visitors[i]);
}

/** @param eventsOneIn whose events are stored; traffic is known in any case, from them or from `activity` */
export function writeCity(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  present: number,
  eventsOneIn: number,
): void {
  out.row(5, cityBytes);
  out.timestamp(startUs);
  out.int4(everyMs);
  out.int4(present);
  out.int4(eventsOneIn);
  out.bool(true);
}

export function writeStay(out: CopyBuffer, stays: StayColumns, i: number): void {
  out.row(7, stayBytes);
  out.timestamp(stays.firstOutUs[i]);
  out.timestamp(stays.firstInUs[i]);
  out.timestamp(stays.lastInUs[i]);
  out.int8Halves(stays.subLo[i], stays.subHi[i]);
  out.int4(stays.cell[i]);
  out.int4(stays.plmn[i]);
  out.int4(stays.events[i]);
}
