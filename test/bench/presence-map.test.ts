import { expect, test } from 'vitest';
import { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import type { IntervalGauges } from '../../server/occupancy/view.ts';
import { cellCount, cityEngine, randomOf, regionCount, regionsOfCells } from './presence-city.ts';
import { type MapInterval, MapPresence } from './presence-map.ts';

/** `area|…figures` of an interval's rows, in an order of their own. */
const rowsOfEngine = ({ cells, regions }: IntervalGauges) =>
  [cells, regions].flatMap((rows, isRegion) =>
    Array.from({ length: rows.n }, (_, row) =>
      [
        isRegion === 0,
        ...[rows.id, rows.present, rows.entries, rows.exits, rows.appeared, rows.vanished, rows.visitors].map(
          (column) => column[row],
        ),
        rows.fresh5[row],
      ].join('|'),
    ),
  );

const rowsOfMap = ({ rows }: MapInterval) =>
  [...rows.values()].map((row) =>
    [
      row.isCell,
      ...[row.id, row.present, row.entries, row.exits, row.appeared, row.vanished, row.visitors, row.fresh5],
    ].join('|'),
  );

/** Twelve hours of some who go to and fro among sixty cells, detach, or are silent for longer than presenceTtl. */
function* hours(): Generator<EventBatch> {
  const random = randomOf(7);
  const homePlmn = packPlmn(460, 0, 2);
  const cellOf = new Map<number, number>();
  const batch = new EventBatch(1000);
  for (let timeUs = 1_700_000_000_000_000; timeUs < 1_700_043_200_000_000; ) {
    batch.n = 0;
    while (batch.n < 1000) {
      timeUs += 1 + Math.floor(random() * 2e6);
      // The first ones are seen often, the last ones twice a day.
      const sub = 1 + Math.floor(random() ** 6 * 400);
      const cell = (cellOf.get(sub) ?? sub % 60) + (random() < 0.5 ? 0 : random() < 0.5 ? 1 : -1);
      cellOf.set(sub, Math.min(Math.max(cell, 0), 59));
      const detach = random() < 0.01 ? eventFlag.detach : 0;
      const flags = eventFlag.sighting | eventFlag.traffic | detach;
      batch.push(timeUs, sub, sub, cellOf.get(sub)!, homePlmn, kindCode['location update'], 1, 0, flags, 0, 0, 0);
    }
    yield batch;
  }
}

test('the peer on a Map of objects tells the rows that the engine tells, interval by interval', () => {
  const engineRows: string[][] = [];
  const mapRows: string[][] = [];
  const engine = cityEngine(false, (gauges) => void engineRows.push(rowsOfEngine(gauges).sort()));
  const map = new MapPresence(cellCount, regionCount, regionsOfCells(), {
    ...{ ttlUs: 7_200e6, holdDownUs: 60e6, everyUs: 60e6, windowUs: 900e6 },
    onInterval: (interval) => void mapRows.push(rowsOfMap(interval).sort()),
  });
  let moves = 0;
  for (const batch of hours()) {
    engine.apply(batch, 0, batch.n);
    map.apply(batch);
    moves += batch.n;
  }
  expect(engine.view.present).toBe(map.present);
  const told = Math.min(mapRows.length, engineRows.length);
  expect(told).toBeGreaterThan(700);
  for (let i = 0; i < told; i++) expect(mapRows[i], `interval ${i}`).toEqual(engineRows[i]);
  const total = (column: number) =>
    engineRows.flat().reduce((sum, row) => sum + (row.startsWith('true') ? Number(row.split('|')[column]) : 0), 0);
  const [entries, vanished, detachesAtMost] = [total(3), total(6), moves * 0.015];
  // Some crossings were undone, and some vanished without a detach.
  expect(entries).toBeGreaterThan(1000);
  expect(entries).toBeLessThan(moves / 3);
  expect(vanished).toBeGreaterThan(detachesAtMost / 3);
});
