/** Thirty days of a city of 10,012 cells, by generate_series: as large as the city, and plain. */
import type pg from 'pg';
import { timestampUs } from '../../server/store/connection.ts';

export interface FillSize {
  readonly days: number;
  /** Of the newest hours there is a gauge of each cell each minute, and an event in every other one; before, each hour. */
  readonly denseHours: number;
  readonly cells: number;
  readonly regions: number;
}

const noise = (salt: number, ...of: string[]) => `(hashint4((${of.join(' + ')} + ${salt})::integer) & 65535)`;

/** The statements, in order. $1: end of the last day, $2: days, $3: dense hours, $4: cells. */
const fills = (size: FillSize, endUs: number): string[] => {
  const end = `timestamptz '${timestampUs(endUs)}'`;
  const start = `${end} - interval '${size.days} days'`;
  const dense = `${end} - interval '${size.denseHours} hours'`;
  const cell = `generate_series(0, ${size.cells - 1}) c`;
  const every = (from: string, to: string, step: string) =>
    `generate_series(${from}, ${to} - interval '1 second', interval '${step}') t`;
  const minute = 'extract(epoch from t)::bigint / 60 % 100000';
  const gauges = (times: string) =>
    `insert into cell_gauge select t, c, 60000, ${noise(1, 'c', minute)} % 400, ${noise(2, 'c', minute)} % 40, 3, 3, 1, 1,
       ${noise(1, 'c', minute)} % 400 from ${times} cross join ${cell} where ${noise(3, 'c', minute)} % 20 <> 0`;
  const events = (times: string, share: number) =>
    `insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags)
     select t + interval '1 millisecond' * (${noise(4, 'c', minute)} % 60000), ${noise(5, 'c', minute)} + c::bigint * 65536,
       100, c, 942080, 1000, 35000000, 1 + ${noise(6, 'c', minute)} % 12, 1, -1, 5
     from ${times} cross join ${cell} where ${noise(7, 'c', minute)} % 100 < ${share}`;
  return [
    `insert into cell (cell_id, cgi, name, lon, lat, radio)
     select c, '460-00-9000-' || c, 'cell ' || c, 113, 23, 'gsm' from ${cell}`,
    `insert into micro_region (id, name, kind) select 'r' || r, 'r' || r, 'venue' from generate_series(1, ${size.regions}) r`,
    `insert into micro_region_cell (region_id, cell_id)
     select r, (r * 40 + k) % ${size.cells} from generate_series(1, ${size.regions}) r, generate_series(0, 39) k`,
    `insert into city_gauge (ts, every_ms, present, events_kept, events_one_in)
     select t, 60000, 1000000, true, 1 from ${every(start, end, '1 minute')}`,
    `insert into region_gauge select t, r, 60000, ${noise(8, 'r', minute)} % 20000, 900, 30, 29, 3, 3, 21000
     from ${every(start, end, '1 minute')} cross join generate_series(1, ${size.regions}) r`,
    `insert into origin_gauge (ts, region_id, every_ms, present, mcc, country, class)
     select t, r, 60000, ${noise(9, 'r', 'o', minute)} % 5000, 460 + o, 110 + o, o % 7
     from ${every(start, end, '5 minutes')} cross join generate_series(0, ${size.regions}) r cross join generate_series(0, 11) o`,
    gauges(every(start, dense, '1 hour')),
    gauges(every(dense, end, '1 minute')),
    events(every(start, dense, '1 hour'), 50),
    events(every(dense, end, '1 minute'), 50),
    `insert into stay (first_out, first_in, last_in, sub, cell_id, plmn, events, to_cell)
     select t + s, t + s - interval '25 minutes', t + s - interval '5 minutes', ${noise(10, 'c', minute)} + c::bigint * 65536,
       c, 942080, 3, (c + 1) % ${size.cells}
     from ${every(start, end, '1 hour')} cross join ${cell}
     cross join lateral (select interval '1 millisecond' * (${noise(11, 'c', minute)} % 3600000) as s) k`,
  ];
};

/** Fills an empty database with the schema in it. */
export async function fillCity(client: pg.ClientBase, size: FillSize, endUs: number): Promise<void> {
  for (const statement of fills(size, endUs)) await client.query(statement);
}

/** Not aggregated when the history is asked for: the open minute, and what came while the one before was aggregated. */
export const tailSeconds = 75;

/** Events behind the last day, that nobody has aggregated yet: one of each cell in six seconds. */
export async function fillTail(client: pg.ClientBase, { cells }: FillSize, endUs: number): Promise<void> {
  const rows = Math.round((tailSeconds * cells) / 6);
  await client.query(
    `insert into event (ts, sub, bytes, cell_id, plmn, duration_ms, type_allocation_code, kind, outcome, cause, flags)
     select timestamptz '${timestampUs(endUs)}' + i * interval '${tailSeconds} seconds' / ${rows}, i, 100,
       (hashint4(i::integer) & 65535) % ${cells}, 942080, 1000, 35000000, 1 + i % 12, 1, -1, 5
     from generate_series(0, ${rows - 1}) i`,
  );
}
