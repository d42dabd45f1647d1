import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedForm } from '../../server/privacy/opt-outs.ts';
import { timestampUs } from '../../server/store/connection.ts';
import { erase, erasedTables } from '../../server/store/erasure.ts';
import { namedQuery } from '../../server/store/queries.ts';
import { openPlainDatabase, type PlainDatabase } from './tools/plain-database.ts';

let database: PlainDatabase;
beforeAll(async () => {
  database = await openPlainDatabase();
});
afterAll(() => database.remove());

const [gone, other] = ['-7000000000000000001', '7000000000000000002'];
const [peerGone, numberGone, otherValue] = ['-7000000000000000003', '7000000000000000004', '7000000000000000005'];

interface Column {
  table: string;
  column: string;
  type: string;
}

const wanted = `select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relname = any ($1) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity = ''
  order by c.relname, a.attnum`;

/** A row of a table whose other columns hold something. */
async function insert(columns: Column[], of: { sub: string; other: string; hour: number; flags?: number }) {
  const { sub, hour, flags = 4 } = of;
  const givenTo = ({ column, type }: Column) => {
    if (column === 'sub') return sub;
    if (column === 'peer' || column === 'value') return of.other;
    if (column === 'flags') return String(flags);
    if (column === 'kind') return '1';
    if (type === 'timestamp with time zone') return `2026-03-${10 + (hour % 2)}T0${hour % 10}:00:00Z`;
    if (type === 'date') return `2026-03-0${1 + hour}`;
    return '3';
  };
  const names = columns.map(({ column }) => column).join(', ');
  const places = columns.map(({ type }, i) => `$${i + 1}::${type}`).join(', ');
  await database.sql(`insert into ${columns[0].table} (${names}) values (${places})`, columns.map(givenTo));
}

/** How many rows of a table name somebody, in whichever column. */
async function naming(columns: Column[], whom: string): Promise<number> {
  const named = columns.filter(({ column }) => ['sub', 'peer', 'value'].includes(column));
  const where = named.map(({ column }) => `${column} = ${whom}`).join(' or ');
  const rows = await database.sql<{ n: number }>(`select count(*) as n from ${columns[0].table} where ${where}`);
  return rows[0].n;
}

test('erases a subscriber and a number from every table, compressed chunks too, and nobody else', async () => {
  const tables = Object.keys(erasedTables).filter((table) => table !== 'refused_row');
  const all = await database.sql<Column>(wanted, [tables]);
  const columnsOf = new Map(tables.map((table) => [table, all.filter((column) => column.table === table)]));
  for (const columns of columnsOf.values()) {
    expect(columns.length).toBeGreaterThan(2);
    await insert(columns, { sub: gone, other: otherValue, hour: 1 });
    await insert(columns, { sub: gone, other: otherValue, hour: 2, flags: 1 });
    await insert(columns, { sub: other, other: otherValue, hour: 1 });
  }
  for (const table of ['event', 'peer_hour', 'peer_month'])
    await insert(columnsOf.get(table)!, { sub: other, other: peerGone, hour: 3 });
  await insert(columnsOf.get('identity_told')!, { sub: '77', other: numberGone, hour: 3 });
  await database.sql(
    `insert into refused_row (table_name, sqlstate, copied) values ('stay', '22003', '\\x00080000'::bytea || int8send($1)), ('stay', '22003', int8send($2))`,
    [gone, other],
  );
  const compressed = await database.sql<{ chunk: string }>(
    `select compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)::text as chunk
     from timescaledb_information.chunks c join timescaledb_information.hypertables h using (hypertable_schema, hypertable_name)
     where h.compression_enabled and h.hypertable_name = any ($1)`,
    [tables],
  );
  expect(compressed.length).toBeGreaterThan(10);

  const client = await database.pool.connect();
  const whom = { subscribers: [gone], peers: [peerGone], numbers: [numberGone] };
  const told = await erase(client, whom);
  const again = await erase(client, whom);
  client.release();

  const rows = Object.fromEntries(told.map(({ table, removed, anonymous }) => [table, [removed, anonymous]]));
  const expected = Object.fromEntries(Object.keys(erasedTables).map((table) => [table, [2, 0]]));
  expect(rows).toEqual({
    ...expected,
    // One was traffic, and one named the peer.
    event: [1, 2],
    refused_row: [1, 0],
    identity_told: [3, 0],
    peer_hour: [3, 0],
    peer_month: [3, 0],
  });
  const packed = await database.sql<{ n: number }>(
    'select count(*) as n from timescaledb_information.chunks where is_compressed and hypertable_name = any ($1)',
    [tables],
  );
  expect(packed[0].n).toBe(compressed.length);
  for (const columns of columnsOf.values()) {
    for (const whose of [gone, peerGone, numberGone]) expect(await naming(columns, whose)).toBe(0);
    expect(await naming(columns, other)).toBe(columns[0].table === 'event' ? 2 : 1);
  }
  expect(again.every(({ removed, anonymous }) => removed + anonymous === 0)).toBe(true);
  const events = await database.sql('select sub, peer, plmn, area, flags, cell_id from event where sub = 0');
  expect(events).toEqual([{ sub: 0, peer: 0, plmn: 0, area: 0, flags: 20, cell_id: 3 }]);
  expect((await database.sql<{ n: number }>('select count(*) as n from refused_row'))[0].n).toBe(1);
});

test('asks whose a number is by the newest telling, whatever other number that subscriber has since', async () => {
  const [first, second, both] = ['7100000000000000001', '7100000000000000002', '7100000000000000003'];
  const told = (number: string, sub: string, at: string) =>
    database.sql(
      `insert into identity_told (ts, sub, value, plmn, type_allocation_code, kind) values ($1, $2, $3, 0, 0, 1)`,
      [at, sub, number],
    );
  await told('91', first, '2026-04-01T00:00:00Z');
  await told('91', second, '2026-04-02T00:00:00Z');
  await told('92', both, '2026-04-01T00:00:00Z');
  await told('93', both, '2026-04-02T00:00:00Z');
  const rows = await database.sql(namedQuery('number-holders'), [['91', '92', '94']]);
  expect(rows).toEqual([
    { number: '91', subscriber: second, timeUs: Date.UTC(2026, 3, 2) * 1000 },
    { number: '92', subscriber: both, timeUs: Date.UTC(2026, 3, 1) * 1000 },
  ]);
});

test('tells who was told another number since, not who was told none or two at once', async () => {
  const [moved, both, gone, back] = [
    '7200000000000000001',
    '7200000000000000002',
    '7200000000000000003',
    '7200000000000000004',
  ];
  const of: [sub: string, number: string, day: number][] = [
    ...([
      [moved, '95', 1],
      [moved, '96', 2],
    ] as [string, string, number][]),
    ...([
      [both, '97', 1],
      [both, '98', 1],
    ] as [string, string, number][]),
    ...([
      [gone, '99', 1],
      [gone, '0', 2],
    ] as [string, string, number][]),
    ...([
      [back, '100', 1],
      [back, '101', 2],
      [back, '100', 3],
    ] as [string, string, number][]),
  ];
  for (const [sub, number, day] of of)
    await database.sql(
      `insert into identity_told (ts, sub, value, plmn, type_allocation_code, kind) values ($1, $2, $3, 0, 0, 1)`,
      [`2026-05-0${day}T00:00:00Z`, sub, number],
    );
  const numbers = ['95', '97', '99', '100'];
  const held = await database.sql<{ number: string; subscriber: string; timeUs: number }>(
    namedQuery('number-holders'),
    [numbers],
  );
  expect(held.map(({ subscriber }) => subscriber).sort()).toEqual([moved, both, gone, back]);
  const rows = await database.sql(namedQuery('holders-told-others'), [
    held.map(({ number }) => number),
    held.map(({ subscriber }) => subscriber),
    held.map(({ timeUs }) => timestampUs(timeUs)),
  ]);
  expect(rows).toEqual([{ number: '95' }]);
});

test('the forms of a pseudonym name the same one', () => {
  expect(storedForm('0100000000000080')).toBe('-9223372036854775807');
});
