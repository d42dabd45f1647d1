import {
  restoreBytes,
  restoreColumns,
  type StateReader,
  type StateWriter,
  saveBytes,
  saveColumns,
} from '../state-writer.ts';
import { gaugeColumns, type IntervalHead, packGauges, unpackGauges } from './interval-rows.ts';
import type { Occupancy } from './occupancy.ts';
import type { DwellColumns, FlowColumns, IntervalGauges, OriginColumns, OriginPlaceColumns } from './view.ts';

type Rows = IntervalGauges['cells'];

/** What is saved of one beside its arrays. */
export interface WaitingHead extends IntervalHead {
  regionIds: readonly string[];
  places: number[] | null;
  flows: number;
  dwell: number;
  origins: number;
  /** Rows of `gauges.places`; absent: saved before there were any. */
  originPlaces?: number;
}

const flowKeys = ['from', 'to', 'count'] as const;
const dwellKeys = ['region', 'bucket', 'observed', 'upper'] as const;
const originKeys = ['region', 'class', 'country', 'mcc', 'present'] as const;
const placeKeys = ['region', 'class', 'country', 'mcc', 'plmn', 'area', 'present'] as const;

/**
 * A closed interval that is not final, with the micro-regions of its time: crossings that hold, trips and ended stays
 * are still to come. Where the regions are edited meanwhile, unchanged ones are found by their new places.
 */
export class WaitingInterval {
  gauges: IntervalGauges;
  readonly regionIds: readonly string[];
  /** Of each region of its time the place now, or -1; null: the regions have not been edited since. */
  private places: Int32Array | null = null;
  private flows: FlowColumns | undefined;
  private dwell: DwellColumns | undefined;

  constructor(gauges: IntervalGauges, regionIds: readonly string[]) {
    this.gauges = gauges;
    this.regionIds = regionIds;
  }

  /** Takes what has been counted for it out of the counters, in steps: nothing may be counted meanwhile. */
  *filling(occupancy: Occupancy): Generator<void> {
    const { gauges, places } = this;
    const { areas, trips, regionStays } = occupancy;
    addCrossings(gauges.regions, occupancy, (id) => (places === null ? id : places[id]));
    addCrossings(gauges.cells, occupancy, (id) => areas.regionCount + id);
    yield;
    const ownOf = places === null ? null : new Map(Array.from(places, (place, own) => [place, own]));
    const own = (column: Uint32Array) => (ownOf === null ? column : column.map((place) => ownOf.get(place) ?? -1));
    const flows = yield* trips.taking();
    if (flows !== undefined)
      this.flows = sum(flowKeys, 2, this.flows, { ...flows, from: own(flows.from), to: own(flows.to) });
    yield;
    const dwell = regionStays.take();
    if (dwell !== undefined) this.dwell = sum(dwellKeys, 2, this.dwell, { ...dwell, region: own(dwell.region) });
  }

  /** It tells these of origins, not those it was made with. */
  tellOrigins(told: OriginColumns | undefined): void {
    const { origins: _, ...rest } = this.gauges;
    this.gauges = { ...rest, ...(told !== undefined && { origins: told }) };
  }

  /** The regions change their places. @param placeOf by place before: the place after, or -1 */
  edit(placeOf: Int32Array): void {
    const before = this.places ?? placeOf.map((_, place) => place);
    this.places = before.map((place) => (place < 0 ? -1 : placeOf[place]));
  }

  get final(): IntervalGauges {
    const { gauges, flows, dwell } = this;
    return { ...gauges, ...(flows !== undefined && { flows }), ...(dwell !== undefined && { dwell }) };
  }

  get head(): WaitingHead {
    const { startUs, endUs, present, cells, regions } = this.gauges;
    return {
      ...{ startUs, endUs, present, cells: cells.n, regions: regions.n },
      regionIds: this.regionIds,
      places: this.places === null ? null : [...this.places],
      flows: this.flows?.n ?? 0,
      dwell: this.dwell?.n ?? 0,
      origins: this.gauges.origins?.n ?? 0,
      originPlaces: this.gauges.places?.n ?? 0,
    };
  }

  *save(to: StateWriter, name: string): Generator<void> {
    yield* saveBytes(to, name, packGauges(this.gauges));
    const { origins, places } = this.gauges;
    if (origins !== undefined) yield* saveColumns(to, `${name}.origins`, columnsOf(originKeys, origins));
    if (places !== undefined) yield* saveColumns(to, `${name}.places`, columnsOf(placeKeys, places));
    if (this.flows !== undefined) yield* saveColumns(to, `${name}.flows`, columnsOf(flowKeys, this.flows));
    if (this.dwell !== undefined) yield* saveColumns(to, `${name}.dwell`, columnsOf(dwellKeys, this.dwell));
  }

  static restore(from: StateReader, name: string, head: WaitingHead): WaitingInterval {
    const words = new Uint32Array((head.cells + head.regions) * gaugeColumns.length);
    restoreBytes(from, name, words);
    const origins = head.origins > 0 ? tableOf<OriginColumns>(originKeys, head.origins) : undefined;
    if (origins !== undefined) restoreColumns(from, `${name}.origins`, columnsOf(originKeys, origins));
    const { originPlaces = 0 } = head;
    const places = originPlaces > 0 ? tableOf<OriginPlaceColumns>(placeKeys, originPlaces) : undefined;
    if (places !== undefined) restoreColumns(from, `${name}.places`, columnsOf(placeKeys, places));
    const ofOrigins = { ...(origins !== undefined && { origins }), ...(places !== undefined && { places }) };
    const gauges = { ...unpackGauges(head, words), ...ofOrigins };
    const waiting = new WaitingInterval(gauges, head.regionIds);
    if (head.places !== null) waiting.places = Int32Array.from(head.places);
    if (head.flows > 0) {
      waiting.flows = tableOf<FlowColumns>(flowKeys, head.flows);
      restoreColumns(from, `${name}.flows`, columnsOf(flowKeys, waiting.flows));
    }
    if (head.dwell > 0) {
      waiting.dwell = tableOf<DwellColumns>(dwellKeys, head.dwell);
      restoreColumns(from, `${name}.dwell`, columnsOf(dwellKeys, waiting.dwell));
    }
    return waiting;
  }
}

function addCrossings(rows: Rows, { areas }: Occupancy, areaOf: (id: number) => number): void {
  const { entries, exits } = areas;
  const { entries: rowsEntries, exits: rowsExits, id, n } = rows;
  for (let row = 0; row < n; row++) {
    const area = areaOf(id[row]);
    if (area < 0) continue;
    rowsEntries[row] += entries[area];
    rowsExits[row] += exits[area];
    entries[area] = 0;
    exits[area] = 0;
  }
}

/** Rows of two tables, those of one key added up, in order of the key: the first columns. */
function sum<T extends { readonly n: number }>(
  keys: readonly (keyof T & string)[],
  keyColumns: number,
  a: T | undefined,
  b: T,
): T {
  if (a === undefined) return b;
  const rows = [a, b].flatMap((table) =>
    Array.from({ length: table.n }, (_, i) => keys.map((key) => (table[key] as unknown as Uint32Array)[i])),
  );
  const byKey = new Map<string, number[]>();
  for (const row of rows) {
    const key = row.slice(0, keyColumns).join(',');
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, row);
    else for (let i = keyColumns; i < row.length; i++) known[i] += row[i];
  }
  const order = [...byKey.values()].sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  const table = tableOf<T>(keys, order.length);
  keys.forEach((key, i) => {
    (table[key] as unknown as Uint32Array).set(order.map((row) => row[i]));
  });
  return table;
}

function tableOf<T extends { readonly n: number }>(keys: readonly string[], n: number): T {
  return { n, ...Object.fromEntries(keys.map((key) => [key, new Uint32Array(n)])) } as unknown as T;
}

function columnsOf<K extends string>(keys: readonly K[], table: Record<K, Uint32Array>): Record<K, Uint32Array> {
  return Object.fromEntries(keys.map((key) => [key, table[key]])) as Record<K, Uint32Array>;
}
