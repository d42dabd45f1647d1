import { makeConfig } from '../../server/config.ts';
import { EventBatch, noCell } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { Engine, type EngineOptions } from '../../server/occupancy/engine.ts';
import type { IntervalGauges, StayColumns } from '../../server/occupancy/view.ts';
import { CellRegistry, unheardOf } from '../../server/reference/cell-registry.ts';
import type { Region } from '../../server/reference/read-regions.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import type { OracleRow, OracleSighting, OracleStay } from './oracle.ts';

export function regionOf(id: string, cells: string[]): Region {
  return { id, name: id, kind: 'venue', capacity: null, polygons: null, cells };
}

export interface CityOptions {
  settings?: Record<string, unknown>;
  regions?: Region[];
  /** Parents of cells by CGI, from the branch down; given, the nodes are counted too. */
  parents?: Readonly<Record<string, string[]>>;
  everyUs?: number;
  cellGauges?: boolean;
}

/** An engine over cells named by CGI and subscribers named by text, with what it has handed on so far. */
export class SmallCity {
  readonly registry = new CellRegistry();
  readonly regions: RegionIndex;
  readonly engine: Engine;
  readonly gauges: IntervalGauges[] = [];
  /** Of each interval, by place. */
  readonly regionIds: (readonly string[])[] = [];
  readonly stays: OracleStay[] = [];
  private readonly names = new Map<string, string>();

  constructor(options: CityOptions = {}) {
    const { parents } = options;
    if (parents !== undefined) this.list(parents);
    this.regions = new RegionIndex(options.regions ?? [], this.registry, () => undefined, '', parents !== undefined);
    const engineOptions: EngineOptions = {
      config: makeConfig({ where: 'test', settings: options.settings ?? {} }),
      registry: this.registry,
      regions: this.regions,
      everyUs: options.everyUs ?? 60_000_000,
      onInterval: (gauges, ids) => {
        this.gauges.push(gauges);
        this.regionIds.push(ids);
      },
      onStays: (stays) => this.takeStays(stays),
      ...(options.cellGauges !== undefined && { cellGauges: options.cellGauges }),
    };
    this.engine = new Engine(engineOptions);
  }

  /** Takes in a cell list that says whose each cell is. */
  list(parents: Readonly<Record<string, string[]>>): void {
    this.registry.load(Object.entries(parents).map(([cgi, names]) => ({ ...unheardOf(cgi), parents: names })));
  }

  /** A batch of sightings; the subscriber's name makes the key. */
  batch(sightings: OracleSighting[], options: { plmn?: number; feed?: number } = {}): EventBatch {
    const batch = new EventBatch(Math.max(1, sightings.length));
    for (const { timeUs, subscriber, cell, detach } of sightings) {
      const [lo, hi] = keyOf(subscriber);
      this.names.set(`${lo}/${hi}`, subscriber);
      const flags = eventFlag.sighting | (detach === true ? eventFlag.detach | eventFlag.traffic : 0);
      const kind = detach === true ? kindCode.detach : kindCode.sighting;
      batch.push(timeUs, lo, hi, this.registry.idOf(cell), options.plmn ?? 0, kind, 0, 0, flags, 0, 0, 0);
      batch.feed[batch.n - 1] = options.feed ?? 0;
    }
    return batch;
  }

  /** Knows the subscribers of another city by their names. */
  nameLike(other: SmallCity): void {
    for (const [key, name] of other.names) this.names.set(key, name);
  }

  see(...sightings: OracleSighting[]): void {
    const batch = this.batch(sightings);
    this.engine.apply(batch, 0, batch.n);
  }

  /** The gauges as full rows by interval end and area (a region's id or a cell's CGI). */
  table(): Map<number, Map<string, OracleRow>> {
    const areas = [
      ...this.regions.regions.map(({ id }) => id),
      ...Array.from({ length: this.registry.count }, (_, id) => this.registry.info(id).cgi),
    ];
    const table = new Map<number, Map<string, OracleRow>>();
    const held = new Map<string, { present: number; fresh5: number }>(areas.map((a) => [a, { present: 0, fresh5: 0 }]));
    for (const { endUs, regions, cells } of this.gauges) {
      const row = new Map<string, OracleRow>();
      const put = (columns: IntervalGauges['cells'], nameOf: (id: number) => string): void => {
        for (let i = 0; i < columns.n; i++) {
          row.set(nameOf(columns.id[i]), {
            present: columns.present[i],
            entries: columns.entries[i],
            exits: columns.exits[i],
            appeared: columns.appeared[i],
            vanished: columns.vanished[i],
            visitors: columns.visitors[i],
            fresh5: columns.fresh5[i],
          });
        }
      };
      put(regions, (id) => this.regions.regions[id].id);
      put(cells, (id) => this.registry.info(id).cgi);
      for (const area of areas) {
        const known = row.get(area);
        if (known !== undefined) held.set(area, known);
        else {
          const { present, fresh5 } = held.get(area)!;
          row.set(area, { present, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: present, fresh5 });
        }
      }
      table.set(endUs, row);
    }
    return table;
  }

  /** Trips by interval end, then `from>to` by the regions' ids. */
  trips(): Map<number, Map<string, number>> {
    const name = (region: number) => this.regions.regions[region].id;
    return new Map(
      this.gauges.flatMap(({ endUs, flows }) => {
        if (flows === undefined) return [];
        const rows = Array.from({ length: flows.n }, (_, i): [string, number] => {
          return [`${name(flows.from[i])}>${name(flows.to[i])}`, flows.count[i]];
        });
        return [[endUs, new Map(rows)] as const];
      }),
    );
  }

  /** One region's full row for the interval that ends at `endUs`. */
  row(area: string, endUs: number): OracleRow | undefined {
    return this.table().get(endUs)?.get(area);
  }

  private takeStays(stays: StayColumns): void {
    for (let i = 0; i < stays.n; i++) {
      this.stays.push({
        subscriber: this.names.get(`${stays.subLo[i]}/${stays.subHi[i]}`)!,
        cell: this.registry.info(stays.cell[i]).cgi,
        firstInUs: stays.firstInUs[i],
        lastInUs: stays.lastInUs[i],
        firstOutUs: stays.firstOutUs[i],
        events: stays.events[i],
        toCell: stays.toCell![i] === noCell ? null : this.registry.info(stays.toCell![i]).cgi,
      });
    }
  }
}

/** FNV-1a, twice: stands for the keyed pseudonym. */
function keyOf(name: string): [number, number] {
  let lo = 0x811c9dc5;
  let hi = 0x050c5d1f;
  for (const character of name) {
    lo = Math.imul(lo ^ character.codePointAt(0)!, 0x01000193);
    hi = Math.imul(hi ^ character.codePointAt(0)!, 0x01000193);
  }
  return [lo >>> 0, hi >>> 0];
}
