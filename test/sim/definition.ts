import { eventFlag } from '../../server/events/kinds.ts';
import type { IntervalGauges } from '../../server/occupancy/view.ts';
import { countByDefinition, type OracleRow, type OracleSighting } from '../occupancy/oracle.ts';
import type { Straight } from './straight.ts';
import type { World } from './world.ts';

/** Sightings of a log in order of time and arrival, without those that came behind the clock. */
function sightingsOf({ records }: Straight): OracleSighting[] {
  const cells = new Map<number, string>();
  const sightings: OracleSighting[] = [];
  let releasedUs = Number.NEGATIVE_INFINITY;
  for (const { record } of records) {
    if (record.k === 'cells') for (const { id, cell } of record.cells) cells.set(id, cell.cgi);
    if (record.k === 'clock') releasedUs = Math.max(releasedUs, record.releaseUs);
    if (record.k !== 'batch') continue;
    for (let i = 0; i < record.batch.n; i++) {
      const { timeUs, subLo, cell, flags } = record.batch.row(i);
      if (timeUs < releasedUs) continue;
      sightings.push({
        timeUs,
        subscriber: String(subLo),
        cell: cells.get(cell)!,
        detach: (flags & eventFlag.detach) !== 0,
      });
    }
  }
  return sightings.sort((a, b) => a.timeUs - b.timeUs);
}

function rowAt(columns: IntervalGauges['cells'], i: number): OracleRow {
  const { present, entries, exits, appeared, vanished, visitors, fresh5 } = columns;
  return {
    ...{ present: present[i], entries: entries[i], exits: exits[i], appeared: appeared[i], vanished: vanished[i] },
    ...{ visitors: visitors[i], fresh5: fresh5[i] },
  };
}

/**
 * Gauges in the log against the slow way from the definitions: of worlds with one acknowledged feed, whose clock is that
 * of all, and with the regions that they began with.
 *
 * @returns what is wrong; null: nothing, or the world is another one
 */
export function differsFromDefinition(world: World, straight: Straight): string | null {
  const { config, regions, scripts } = world;
  const { records, state } = straight;
  const sets = records.filter(({ record }) => record.k === 'regions').length;
  if (scripts.length !== 1 || scripts[0].kind !== 'push' || sets !== 1) return null;
  const sightings = sightingsOf(straight);
  const cells = Array.from({ length: state.registry.count }, (_, id) => state.registry.info(id).cgi);
  const areas = new Map<string, Set<string>>(cells.map((cell) => [cell, new Set([cell])]));
  for (const { id, cells: own } of regions) areas.set(id, new Set(own));
  world.schedule.coverage.meet('counters by definition');
  const expected = countByDefinition({
    ...{ sightings, areas, everyUs: config.gaugeEveryMs * 1000, holdDownUs: config.holdDownMs * 1000 },
    ttlUs: () => config.presenceTtlMs * 1000,
  });
  const held = new Map<string, Pick<OracleRow, 'present' | 'fresh5'>>();
  for (const { record } of records) {
    if (record.k !== 'gauges' || record.foretold) continue;
    const { gauges, regionIds } = record;
    const told = new Map<string, OracleRow>();
    for (let i = 0; i < gauges.cells.n; i++) told.set(cells[gauges.cells.id[i]], rowAt(gauges.cells, i));
    for (let i = 0; i < gauges.regions.n; i++) told.set(regionIds[gauges.regions.id[i]], rowAt(gauges.regions, i));
    for (const [area, want] of expected.get(gauges.endUs) ?? []) {
      const { present, fresh5 } = held.get(area) ?? { present: 0, fresh5: 0 };
      const carried = { present, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: present, fresh5 };
      const got = told.get(area) ?? carried;
      held.set(area, got);
      const wrong = (Object.keys(want) as (keyof OracleRow)[]).find((name) => want[name] !== got[name]);
      if (wrong === undefined) continue;
      return `${wrong} of ${area} up to ${gauges.endUs} is ${got[wrong]}, by definition ${want[wrong]}`;
    }
  }
  return null;
}
