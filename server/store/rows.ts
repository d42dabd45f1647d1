/** The tables that rows are copied into, and how each kind of row is written. */
import { type EventBatch, noCause, noCell, unknownCell } from '../events/event-batch.ts';
import type {
  DwellColumns,
  FlowColumns,
  IntervalGauges,
  OriginColumns,
  OriginPlaceColumns,
  StayColumns,
} from '../occupancy/view.ts';
import { type CopyBuffer, rowBytes } from './copy-buffer.ts';
import { activityColumns } from './facts-activity.ts';
import { identityToldColumns, servingToldColumns } from './learnt-rows.ts';

/** Columns in the order in which they are written; widest first, as they stand in the table. */
export const copyTables = {
  event:
    'ts, sub, bytes, peer, cell_id, plmn, duration_ms, type_allocation_code, area, kind, outcome, cause, flags, peer_class, country',
  cell_gauge: 'ts, cell_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors',
  region_gauge: 'ts, region_id, every_ms, present, fresh5, entries, exits, appeared, vanished, visitors',
  city_gauge: 'ts, every_ms, present, events_one_in, events_kept',
  activity: activityColumns,
  origin_gauge: 'ts, region_id, every_ms, present, mcc, country, class',
  origin_place: 'ts, region_id, every_ms, present, plmn, mcc, country, class, area',
  region_flow: 'ts, from_region, to_region, every_ms, count',
  region_dwell: 'ts, region_id, every_ms, observed, upper, bucket',
  stay: 'first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell',
  identity_told: identityToldColumns,
  serving_told: servingToldColumns,
} as const;
export type CopyTable = keyof typeof copyTables;
export const copyTableNames = Object.keys(copyTables) as CopyTable[];
/** Those whose rows a gauge interval brings, with its start as `ts`. */
export const gaugeTableNames = [
  'cell_gauge',
  'region_gauge',
  'city_gauge',
  'origin_gauge',
  'origin_place',
  'region_flow',
  'region_dwell',
] as const satisfies readonly CopyTable[];

const eventBytes = rowBytes({ int8: 4, int4: 5, int2: 6 });
const gaugeBytes = rowBytes({ int8: 1, int4: 9 });
const cityBytes = rowBytes({ int8: 1, int4: 3, bool: 1 });
const originBytes = rowBytes({ int8: 1, int4: 3, int2: 3 });
const placeBytes = rowBytes({ int8: 1, int4: 4, int2: 4 });
const flowBytes = rowBytes({ int8: 1, int4: 4 });
const dwellBytes = rowBytes({ int8: 1, int4: 4, int2: 1 });
const stayBytes = rowBytes({ int8: 4, int4: 4 });

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

/**
 * @param eventsOneIn whose events are stored; traffic is known in any case, from them or from `activity`
 * @param known false: some of its rows are lost
 */
export function writeCity(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  present: number,
  eventsOneIn: number,
  known = true,
): void {
  out.row(5, cityBytes);
  out.timestamp(startUs);
  out.int4(everyMs);
  out.int4(present);
  out.int4(eventsOneIn);
  out.bool(known);
}

/** In place of the surrogate of a micro-region or node of the tree that the database does not know: it gets no rows. */
export const unknownRegion = -1;

/** @param idOf surrogate in the database of a region by its place, or {@link unknownRegion} */
export function writeOrigins(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  origins: OriginColumns,
  idOf: (place: number) => number,
): void {
  for (let i = 0; i < origins.n; i++) {
    const id = origins.region[i] === 0 ? 0 : idOf(origins.region[i] - 1);
    if (id === unknownRegion) continue;
    out.row(7, originBytes);
    out.timestamp(startUs);
    out.int4(id);
    out.int4(everyMs);
    out.int4(origins.present[i]);
    out.int2(origins.mcc[i]);
    out.int2(origins.country[i]);
    out.int2(origins.class[i]);
  }
}

/** @param idOf as of {@link writeOrigins} */
export function writePlaces(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  places: OriginPlaceColumns,
  idOf: (place: number) => number,
): void {
  for (let i = 0; i < places.n; i++) {
    const id = places.region[i] === 0 ? 0 : idOf(places.region[i] - 1);
    if (id === unknownRegion) continue;
    out.row(9, placeBytes);
    out.timestamp(startUs);
    out.int4(id);
    out.int4(everyMs);
    out.int4(places.present[i]);
    out.int4(places.plmn[i]);
    out.int2(places.mcc[i]);
    out.int2(places.country[i]);
    out.int2(places.class[i]);
    out.int2(places.area[i]);
  }
}

/** @param idOf as of {@link writeOrigins} */
export function writeFlows(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  flows: FlowColumns,
  idOf: (place: number) => number,
): void {
  for (let i = 0; i < flows.n; i++) {
    const from = idOf(flows.from[i]);
    const to = idOf(flows.to[i]);
    if (from === unknownRegion || to === unknownRegion) continue;
    out.row(5, flowBytes);
    out.timestamp(startUs);
    out.int4(from);
    out.int4(to);
    out.int4(everyMs);
    out.int4(flows.count[i]);
  }
}

/** @param idOf as of {@link writeOrigins} */
export function writeDwell(
  out: CopyBuffer,
  startUs: number,
  everyMs: number,
  dwell: DwellColumns,
  idOf: (place: number) => number,
): void {
  for (let i = 0; i < dwell.n; i++) {
    const id = idOf(dwell.region[i]);
    if (id === unknownRegion) continue;
    out.row(6, dwellBytes);
    out.timestamp(startUs);
    out.int4(id);
    out.int4(everyMs);
    out.int4(dwell.observed[i]);
    out.int4(dwell.upper[i]);
    out.int2(dwell.bucket[i]);
  }
}

/** Journals from before there was `toCell` leave it open where the stay went. */
export function writeStay(out: CopyBuffer, stays: StayColumns, i: number): void {
  out.row(8, stayBytes);
  out.timestamp(stays.firstOutUs[i]);
  out.timestamp(stays.firstInUs[i]);
  out.timestamp(stays.lastInUs[i]);
  out.int8Halves(stays.subLo[i], stays.subHi[i]);
  out.int4(stays.cell[i]);
  out.int4(stays.plmn[i]);
  out.int4(stays.events[i]);
  if (stays.toCell === undefined || stays.toCell[i] === unknownCell) out.null();
  else out.int4(stays.toCell[i] === noCell ? -1 : stays.toCell[i]);
}
