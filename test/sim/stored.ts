import { noCause, noCell, unknownCell } from '../../server/events/event-batch.ts';
import { eventFlag, type Outcome, outcomeCode } from '../../server/events/kinds.ts';
import { learntKind } from '../../server/events/learnt.ts';
import type { BatchRecord, GaugesRecord, LogRecord, StaysRecord } from '../../server/journal/records.ts';
import { type Field, fieldOf } from './copy-rows.ts';

/** Tables whose rows a gauge interval brings: told again, they stand in place of those of before. */
export const gaugeTables = [
  'cell_gauge',
  'region_gauge',
  'city_gauge',
  'origin_gauge',
  'origin_place',
  'region_flow',
  'region_dwell',
] as const;
const tables = [...gaugeTables, 'event', 'stay', 'stay_queue', 'identity_told', 'serving_told'] as const;
export type StoredTable = (typeof tables)[number];

const slotUs = 10_000_000;
const wordOf = (high: number, low: number) => high * 2 ** 32 + low;

/** Where a stay led to, as the table has it: -1 is nowhere, null unknown. */
function placeOf(cell: number): Field {
  if (cell === unknownCell) return null;
  return cell === noCell ? -1 : cell;
}

/** The rows that the records of a log come to, by the meaning of the tables (sql/): in the log's order, each once. */
export class Stored {
  readonly rows = Object.fromEntries(tables.map((table) => [table, []])) as unknown as Record<StoredTable, Field[][]>;
  /** Traffic where not all events are stored: units, outcomes, durationMs, bytes by `ts cell kind`. */
  readonly activity = new Map<string, number[]>();
  /** Starts of intervals that were told again. */
  readonly toldAgain = new Set<number>();
  readonly #oneIn: number;
  readonly #regions: ReadonlyMap<string, number>;

  /** @param regions surrogates by id */
  constructor(records: readonly LogRecord[], keepEvents: string, regions: ReadonlyMap<string, number>) {
    this.#oneIn = keepEvents === 'all' ? 1 : keepEvents === 'off' ? 0 : Number(keepEvents.slice(2));
    this.#regions = regions;
    for (const record of records) {
      if (record.k === 'batch') this.#events(record);
      else if (record.k === 'stays') this.#stays(record);
      else if (record.k === 'gauges') this.#gauges(record);
    }
  }

  #events({ batch }: BatchRecord): void {
    for (let i = 0; i < batch.n; i++) {
      const row = batch.row(i);
      const { timeUs, subLo, subHi, plmn, kind, bytes, typeAllocationCode, area, country } = row;
      const ts = fieldOf(timeUs);
      const sub = wordOf(subHi, subLo);
      const peer = wordOf(row.peerHi, row.peerLo);
      if (kind === learntKind.serving) this.rows.serving_told.push([ts, sub, bytes, plmn, area, country]);
      else if (kind === learntKind.msisdn || kind === learntKind.handset)
        this.rows.identity_told.push([ts, sub, peer, plmn, typeAllocationCode, kind === learntKind.msisdn ? 1 : 2]);
      else {
        let { flags } = row;
        if (this.#oneIn !== 1 && (flags & eventFlag.traffic) !== 0) {
          this.#count(row);
          flags = (flags & ~eventFlag.traffic) | eventFlag.sampledTraffic;
        }
        const isKept = this.#oneIn === 1 || (this.#oneIn > 0 && subLo % this.#oneIn === 0);
        const cell = row.cell === noCell ? null : row.cell;
        const cause = row.cause === noCause ? -1 : row.cause;
        if (isKept)
          this.rows.event.push([
            ...[ts, sub, bytes, peer, cell, plmn, row.durationMs, typeAllocationCode, area],
            ...[kind, row.outcome, cause, flags, row.peerClass, country],
          ]);
      }
    }
  }

  #count(row: ReturnType<BatchRecord['batch']['row']>): void {
    const ts = fieldOf(Math.floor(row.timeUs / slotUs) * slotUs);
    const key = [ts, row.cell === noCell ? null : row.cell, row.kind].join(' ');
    const endedAs = (...names: Outcome[]) => Number(names.some((name) => row.outcome === outcomeCode[name]));
    const outcomes = [endedAs('failed', 'rejected'), endedAs('unknown'), endedAs('rejected')];
    const more = [endedAs('unanswered'), endedAs('dropped'), row.durationMs, row.bytes];
    addTo(this.activity, key, [1, ...outcomes, ...more]);
  }

  #stays({ stays }: StaysRecord): void {
    for (let i = 0; i < stays.n; i++) {
      const times = [stays.firstOutUs[i], stays.firstInUs[i], stays.lastInUs[i]].map(fieldOf);
      const to = placeOf(stays.toCell![i]);
      const sub = wordOf(stays.subHi[i], stays.subLo[i]);
      const row = [...times, sub, stays.cell[i], stays.plmn[i], stays.events[i], to];
      this.rows.stay.push(row);
      this.rows.stay_queue.push(row);
    }
  }

  #gauges({ gauges, regionIds, again }: GaugesRecord): void {
    const { startUs, endUs, cells, regions, present, origins, places, flows, dwell } = gauges;
    const ts = fieldOf(startUs);
    if (again) {
      this.toldAgain.add(startUs);
      for (const table of gaugeTables) this.rows[table] = this.rows[table].filter(([start]) => start !== ts);
    }
    const everyMs = (endUs - startUs) / 1000;
    const idOf = (place: number) => this.#regions.get(regionIds[place])!;
    this.rows.city_gauge.push([ts, everyMs, present, this.#oneIn, true]);
    for (const [table, of] of [
      ['cell_gauge', cells],
      ['region_gauge', regions],
    ] as const)
      for (let i = 0; i < of.n; i++) {
        const { present, fresh5, entries, exits, appeared, vanished, visitors } = of;
        const figures = [present, fresh5, entries, exits, appeared, vanished, visitors].map((column) => column[i]);
        this.rows[table].push([ts, table === 'cell_gauge' ? of.id[i] : idOf(of.id[i]), everyMs, ...figures]);
      }
    for (let i = 0; i < (origins?.n ?? 0); i++) {
      const { region, present, mcc, country, class: of } = origins!;
      const id = region[i] === 0 ? 0 : idOf(region[i] - 1);
      this.rows.origin_gauge.push([ts, id, everyMs, present[i], mcc[i], country[i], of[i]]);
    }
    for (let i = 0; i < (places?.n ?? 0); i++) {
      const { region, present, plmn, mcc, country, class: of, area } = places!;
      const id = region[i] === 0 ? 0 : idOf(region[i] - 1);
      this.rows.origin_place.push([ts, id, everyMs, present[i], plmn[i], mcc[i], country[i], of[i], area[i]]);
    }
    for (let i = 0; i < (flows?.n ?? 0); i++)
      this.rows.region_flow.push([ts, idOf(flows!.from[i]), idOf(flows!.to[i]), everyMs, flows!.count[i]]);
    for (let i = 0; i < (dwell?.n ?? 0); i++) {
      const { region, observed, upper, bucket } = dwell!;
      this.rows.region_dwell.push([ts, idOf(region[i]), everyMs, observed[i], upper[i], bucket[i]]);
    }
  }
}

/** Adds figures to those of a key. */
export function addTo(sums: Map<string, number[]>, key: string, figures: readonly number[]): void {
  const before = sums.get(key);
  sums.set(
    key,
    figures.map((figure, i) => figure + (before?.[i] ?? 0)),
  );
}
