/** The imported segments of numbers and IMSIs in the tables of sql/015. */
import type pg from 'pg';
import type { NumberSegments, SegmentRow } from '../reference/number-segments.ts';

const key = 'segments';
/** Rows of one statement. */
const rowsMax = 20_000;

/** Makes the tables hold these and no others, where they hold another set; whole or not at all. */
export async function saveSegments(client: pg.ClientBase, { rows, digest }: NumberSegments): Promise<void> {
  const held = await client.query<{ value: string }>('select value from meta where key = $1', [key]);
  if (held.rows[0]?.value === digest) return;
  await client.query('begin');
  try {
    await client.query('delete from number_segment');
    await client.query('delete from imsi_segment');
    for (const part of partsOf(rows, 'msisdn')) {
      const of = (value: (row: SegmentRow) => unknown) => part.map(value);
      await client.query(
        `insert into number_segment (segment, area_code, province, city, operator)
         select g, area, province, city, operator
         from unnest($1::integer[], $2::integer[], $3::smallint[], $4::text[], $5::text[], $6::text[])
           as s (first, last, area, province, city, operator), generate_series(s.first, s.last) as g`,
        [of((r) => r.first), of((r) => r.last), ...placeOf(part)],
      );
    }
    for (const part of partsOf(rows, 'imsi')) {
      const of = (value: (row: SegmentRow) => unknown) => part.map(value);
      await client.query(
        `insert into imsi_segment (first_imsi, last_imsi, area_code, province, city, operator)
         select * from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[])`,
        [of((r) => r.first), of((r) => r.last), ...placeOf(part)],
      );
    }
    await client.query(
      'insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
      [key, digest],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function placeOf(rows: readonly SegmentRow[]): unknown[][] {
  return [
    rows.map(({ area }) => area),
    rows.map(({ province }) => province),
    rows.map(({ city }) => city),
    rows.map(({ operator }) => operator),
  ];
}

function* partsOf(rows: readonly SegmentRow[], type: SegmentRow['type']): Generator<SegmentRow[]> {
  const own = rows.filter((row) => row.type === type);
  for (let from = 0; from < own.length; from += rowsMax) yield own.slice(from, from + rowsMax);
}
