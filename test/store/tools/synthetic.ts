/** Events, gauges and stays for tests of the store: plain arithmetic, the same at every run. */
import { minuteUs } from '../../../server/clock.ts';
import { EventBatch, noCell } from '../../../server/events/event-batch.ts';
import { eventFlag, eventKinds } from '../../../server/events/kinds.ts';
import { packPlmn } from '../../../server/events/plmn.ts';
import type { IntervalGauges, StayColumns } from '../../../server/occupancy/view.ts';
import type { StoredCell } from '../../../server/store/types.ts';

/** 2026-06-06T12:00:00Z, the start of what the tests store. */
export const startUs = Date.UTC(2026, 5, 6, 12) * 1000;

/** `rows` events spread evenly over [fromUs, fromUs + spanUs) and over the cells, in order of time. */
export function makeEvents(rows: number, fromUs: number, spanUs: number, cells = 40, seed = 0): EventBatch {
  const batch = new EventBatch(rows);
  for (let i = 0; i < rows; i++) {
    const n = i + seed;
    const kind = n % eventKinds.length;
    batch.push(
      fromUs + Math.floor((i * spanUs) / rows),
      Math.imul(n + 1, 0x9e3779b1) >>> 0,
      Math.imul(n + 1, 0x85ebca6b) >>> 0,
      n % 97 === 0 ? noCell : (Math.imul(n, 7919) % cells) >>> 0,
      packPlmn(460, n % 9, 2),
      kind,
      n % 5,
      n % 48,
      kind === 0 ? eventFlag.sighting : eventFlag.sighting | eventFlag.traffic,
      n % 4000,
      35_000_000 + (n % 1000),
      kind === 12 ? n * 1000 : 0,
      n % 3 === 0
        ? { peerLo: n, peerHi: n >>> 1, peerClass: n % 6, country: n % 1024, area: n % 2_000_000 }
        : undefined,
    );
  }
  return batch;
}

/** Cells 0 … n − 1 with positions, sites of three and places in the region tree. */
export function makeCells(n: number): { id: number; cell: StoredCell }[] {
  return Array.from({ length: n }, (_, id) => ({
    id,
    cell: {
      cgi: `460-00-${9000 + (id >> 6)}-${id + 1}`,
      name: `cell ${id}`,
      lon: 113 + id / 1000,
      lat: id % 7 === 0 ? null : 23 + id / 1000,
      azimuth: id % 3 === 0 ? null : (id % 3) * 120,
      radio: 'gsm',
      site: `site ${Math.floor(id / 3)}`,
      ...(id % 5 === 4 ? {} : { parents: [`branch ${id % 2}`, `centre ${id % 4}`, 'area', `hall ${id % 8}`] }),
    },
  }));
}

/** Gauges of `cells` cells and `regions` regions for the minute from `startUs`; every figure tells its row. */
export function makeGauges(startUs: number, cells: number, regions: number, everyUs = minuteUs): IntervalGauges {
  const columns = (n: number, base: number) => {
    const column = (step: number) => Uint32Array.from({ length: n }, (_, i) => base + i * 10 + step);
    return {
      n,
      id: Uint32Array.from({ length: n }, (_, i) => i),
      present: column(1),
      fresh5: column(2),
      entries: column(3),
      exits: column(4),
      appeared: column(5),
      vanished: column(6),
      visitors: column(7),
    };
  };
  const base = Math.floor((startUs / minuteUs) % 1000);
  return {
    startUs,
    endUs: startUs + everyUs,
    cells: columns(cells, base),
    regions: columns(regions, base + 1000),
    present: base,
  };
}

export function makeStays(n: number, fromUs: number): StayColumns {
  const times = (offset: number) => Float64Array.from({ length: n }, (_, i) => fromUs + offset + i * 1_000_003);
  const numbers = (step: number) => Uint32Array.from({ length: n }, (_, i) => i * step);
  return {
    n,
    subLo: numbers(2_654_435_761 % 1000),
    subHi: numbers(4_000_001),
    cell: Uint32Array.from({ length: n }, (_, i) => i % 40),
    firstInUs: times(0),
    lastInUs: times(300_000_001),
    firstOutUs: times(600_000_007),
    events: numbers(1),
    plmn: numbers(3),
    toCell: Uint32Array.from({ length: n }, (_, i) => (i % 5 === 0 ? noCell : (i + 1) % 40)),
  };
}
