import { type Commit, simDayUs, simHourUs, type Tables } from './tables.ts';

export interface Result {
  rows: unknown[];
  rowCount: number;
  command: string;
}

export const resultOf = (rows: unknown[], command = 'SELECT'): Result => ({ rows, rowCount: rows.length, command });
const inserted = (rows: unknown[] = []): Result => resultOf(rows, 'INSERT');

/** A time as the store writes it, µs. */
export function timeIn(text: unknown): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const [whole, micros] = String(text).slice(0, -1).split('.');
  return Date.parse(`${whole}Z`) * 1000 + Number(micros);
}

/** What a statement is asked of: all that is committed, and what its own transaction has put there. */
export interface Asked {
  tables: Tables;
  into: Commit;
  values: readonly unknown[];
  nextMark: () => number;
}

type Statement = (asked: Asked) => Result;

const unknownCell = { name: '', lon: null, lat: null, azimuth: null, radio: '', site: null };

type LedgerValues = [string, number, number, string, number, number, string, number];

/** The ledger's row moves only where it stands where its writer left it, or where there is none yet. */
const moveLedger: Statement = ({ tables, into, values }) => {
  const [, from, batch, journal, offset, eventUs, fromJournal, fromOffset] = values as LedgerValues;
  const { ledger } = tables;
  const stands = ledger?.batch === from && ledger.journal === fromJournal && ledger.offset === fromOffset;
  const moves = ledger === null ? from === 0 : stands;
  if (moves) into.ledger = { batch, journal, offset, eventUs };
  return { rows: [], rowCount: moves ? 1 : 0, command: 'INSERT' };
};

const saveRegions: Statement = ({ tables, into, values }) => {
  const saved = JSON.parse(values[0] as string) as { id: string; level?: number }[];
  into.regions.push(...saved.map(({ id, level }) => ({ id, ...(level !== undefined && { level }) })));
  const all = [...new Set([...tables.regions, ...into.regions].map(({ id }) => id))];
  return inserted(saved.map(({ id }) => ({ region_id: all.indexOf(id) + 1, id })));
};

const pairsOf = (regions: unknown, cells: unknown) =>
  (regions as number[]).map((region, i) => ({ region, cell: (cells as number[])[i] }));

const closeMembership: Statement = ({ tables, into, values }) => {
  const [looked, regions, cells, from] = values;
  const now = new Set(pairsOf(regions, cells).map(({ region, cell }) => `${region} ${cell}`));
  const fromUs = timeIn(from);
  const gone = tables
    .members(into)
    .filter(({ region, cell, toUs }) => toUs === Number.POSITIVE_INFINITY && !now.has(`${region} ${cell}`))
    .filter(({ region }) => (looked as number[]).includes(region));
  const rows = gone.filter((row) => row.fromUs < fromUs).map((row) => ({ ...row, toUs: fromUs }));
  if (gone.length > 0) into.members.push({ gone, rows });
  return resultOf([], 'UPDATE');
};

const addMembership: Statement = ({ tables, into, values }) => {
  const [regions, cells, from, newFromId] = values;
  const known = tables.members(into);
  const drawn = new Set(known.map(({ region }) => region));
  const open = new Set(
    known.filter(({ toUs }) => toUs === Number.POSITIVE_INFINITY).map(({ region, cell }) => `${region} ${cell}`),
  );
  const all = tables.regions;
  const levelOf = (region: number) => all[region - 1]?.level;
  const rows = pairsOf(regions, cells)
    .filter(({ region, cell }) => !open.has(`${region} ${cell}`))
    .map(({ region, cell }) => {
      const level = levelOf(region);
      const had = level !== undefined && known.some((row) => row.cell === cell && levelOf(row.region) === level);
      const always = !had && (!drawn.has(region) || cell >= (newFromId as number));
      const left = known.filter((row) => row.region === region && row.cell === cell).map(({ toUs }) => toUs);
      const fromUs = always ? Number.NEGATIVE_INFINITY : Math.max(timeIn(from), ...left);
      return { region, cell, fromUs, toUs: Number.POSITIVE_INFINITY };
    });
  if (rows.length > 0) into.members.push({ gone: [], rows });
  return inserted();
};

/** What upkeep keeps of subscribers, in numbers of rows: the oldest hour or day that is due, taken and counted in one transaction. */
const markHours: Statement = ({ into, values, nextMark }) => {
  for (const start of values[0] as string[]) into.marks.push({ id: nextMark(), grain: 'hour', startUs: timeIn(start) });
  return inserted();
};

const take: Statement = ({ tables, into, values }) => {
  const startUs = timeIn(values[1]);
  const ids = tables.marks(values[0] as string, into).flatMap((mark) => (mark.startUs === startUs ? [mark.id] : []));
  into.taken.push(...ids);
  return resultOf(
    ids.slice(0, 1).map(() => ({ touched: ids.length })),
    'DELETE',
  );
};

const dueDay: Statement = ({ tables, into, values }) => {
  const hours = tables.marks('hour', into);
  const due = tables
    .marks('day', into)
    .find(
      ({ startUs }) =>
        startUs < timeIn(values[0]) &&
        !hours.some((hour) => hour.startUs >= startUs && hour.startUs < startUs + simDayUs),
    );
  return resultOf(due === undefined ? [] : [{ start: due.startUs }]);
};

const ofHour =
  (fact: string): Statement =>
  ({ tables, into, values }) => {
    const startUs = timeIn(values[0]);
    into.facts.push({ fact, startUs, rows: tables.hours.get(startUs) ?? 0 });
    return inserted();
  };

const ofDay =
  (fact: string): Statement =>
  ({ tables, into, values }) => {
    const startUs = timeIn(values[0]);
    let rows = 0;
    const facts = tables.facts(into);
    for (let us = startUs; us < startUs + simDayUs; us += simHourUs) rows += facts.get(`subscriber ${us}`) ?? 0;
    into.facts.push({ fact, startUs, rows });
    return inserted();
  };

/** Facts by hour and by day: their queries are `facts-hour-…` and `facts-day-…`. */
export const hourFacts = ['subscriber', 'peer', 'serving', 'identity'];
export const dayFacts = ['subscriber', 'area', 'known'];

/** By how their text begins. */
export const statements: readonly (readonly [string, Statement])[] = [
  ['insert into ledger', moveLedger],
  [
    'insert into feed_position',
    ({ into, values }) => {
      into.positions.push(...JSON.parse(values[0] as string));
      return inserted();
    },
  ],
  [
    'insert into refused_row',
    ({ into, values }) => {
      const [table, sqlstate, row] = values as [string, string, Uint8Array];
      into.refused.push({ table, sqlstate, row: Uint8Array.from(row) });
      return inserted();
    },
  ],
  [
    'select stream, batch',
    ({ tables }) => resultOf(tables.ledger === null ? [] : [{ stream: 'journal', ...tables.ledger }]),
  ],
  ['select number, identity', ({ tables }) => resultOf(tables.positions)],
  [
    'query add-cells',
    ({ into, values }) => {
      for (const { id, cgi, parents } of JSON.parse(values[0] as string))
        into.cells.push({ id, cgi, ...(parents !== undefined && { parents }) });
      return inserted();
    },
  ],
  [
    'query load-cells',
    ({ tables }) => resultOf(tables.cells.map((cell) => ({ ...unknownCell, parents: null, ...cell }))),
  ],
  ['query save-regions', saveRegions],
  ['query close-membership', closeMembership],
  ['query add-membership', addMembership],
  // Only `close-cells` and its like know of versions of a cell, and no world changes one.
  ['query save-sites', () => inserted()],
  ['query save-region-nodes', () => inserted()],
  ['query close-cells', () => inserted()],
  ['query save-cell-parents', () => inserted()],
  ['select region_id as id from micro_region where level is null', (asked) => regionsOf(asked, true)],
  ['select region_id as id from micro_region', (asked) => regionsOf(asked, false)],
  [
    'select region_id, id from micro_region',
    ({ tables }) => resultOf(tables.regions.map(({ id }, i) => ({ region_id: i + 1, id }))),
  ],
  [
    'select coalesce(max(cell_id) + 1, 0)',
    ({ tables, into }) =>
      resultOf([{ next: [...tables.cells, ...into.cells].reduce((most, { id }) => Math.max(most, id + 1), 0) }]),
  ],
  ['query facts-mark-hours', markHours],
  [
    'query facts-mark-day',
    ({ into, values, nextMark }) => {
      const startUs = Math.floor(timeIn(values[0]) / simDayUs) * simDayUs;
      into.marks.push({ id: nextMark(), grain: 'day', startUs });
      return inserted();
    },
  ],
  ['query facts-take', take],
  [
    'query facts-due-hour',
    ({ tables, into, values }) => {
      const due = tables.marks('hour', into).find(({ startUs }) => startUs < timeIn(values[0]));
      return resultOf(due === undefined ? [] : [{ start: due.startUs }]);
    },
  ],
  ['query facts-due-day', dueDay],
  [
    'query facts-drain-stays',
    ({ tables, into, values }) => {
      const n = Math.min(values[0] as number, tables.queued);
      into.drained += n;
      return resultOf([{ n }]);
    },
  ],
  ...hourFacts.map((fact) => [`query facts-hour-${fact}`, ofHour(fact)] as const),
  ...dayFacts.map((fact) => [`query facts-day-${fact}`, ofDay(`day ${fact}`)] as const),
  // Nothing is so old here that it would have to be told again: all of it is done.
  ['select value from meta', () => resultOf([{ value: `${Number.MAX_SAFE_INTEGER} 63` }])],
  ['analyze ', () => resultOf([], 'ANALYZE')],
];

function regionsOf({ tables, into }: Asked, drawnOnly: boolean): Result {
  const all = [...tables.regions];
  for (const region of into.regions) if (!all.some(({ id }) => id === region.id)) all.push(region);
  return resultOf(all.flatMap(({ level }, i) => (drawnOnly && level !== undefined ? [] : [{ id: i + 1 }])));
}
