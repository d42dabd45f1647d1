import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPlainDatabase, type PlainDatabase } from '../store/tools/plain-database.ts';

let database: PlainDatabase;

beforeAll(async () => {
  database = await openPlainDatabase();
});
afterAll(() => database.remove());

/** One line a fact of the schema, without what differs between versions of PostgreSQL and TimescaleDB. */
const facts = [
  `select format('%s %s', case c.relkind when 'v' then 'view' else 'table' end, c.relname) as line,
     array(select format('  %s %s%s', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end)
       from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as more
   from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
   order by c.relname`,
  `select 'index ' || regexp_replace(indexdef, ' ON ONLY | ON ', ' on ') as line, '{}'::text[] as more
   from pg_indexes where schemaname = 'public' order by indexdef`,
  `select format('constraint of %s: %s', conrelid::regclass, pg_get_constraintdef(oid)) as line, '{}'::text[] as more
   from pg_constraint where connamespace = 'public'::regnamespace and contype in ('c', 'f') order by 1`,
  `select format('function %s(%s) → %s', proname, pg_get_function_identity_arguments(oid), pg_get_function_result(oid)) as line,
     '{}'::text[] as more
   from pg_proc p where pronamespace = 'public'::regnamespace
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1`,
  `select format('hypertable %s by %s every %s, compressed: %s', d.hypertable_name, d.column_name, d.time_interval, h.compression_enabled) as line,
     '{}'::text[] as more
   from timescaledb_information.dimensions d join timescaledb_information.hypertables h using (hypertable_schema, hypertable_name)
   where d.hypertable_schema = 'public' order by 1`,
  `select format('aggregate %s every %s, real time: %s, compressed: %s', c.view_name, d.time_interval, not c.materialized_only, c.compression_enabled) as line,
     '{}'::text[] as more
   from timescaledb_information.continuous_aggregates c
   join timescaledb_information.dimensions d on d.hypertable_name = c.materialization_hypertable_name
   order by 1`,
];

test('the schema after all migrations is the one that is written down (vitest -u writes it anew)', async () => {
  const lines: string[] = [];
  for (const query of facts) {
    const rows = await database.sql<{ line: string; more: string[] }>(query);
    for (const { line, more } of rows) lines.push(line, ...more);
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../../sql/schema-snapshot.txt');
});

test('every aggregate is read in real time', async () => {
  const rows = await database.sql(
    'select view_name from timescaledb_information.continuous_aggregates where materialized_only',
  );
  expect(rows).toEqual([]);
});
