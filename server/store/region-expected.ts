import type pg from 'pg';
import { namedQuery } from './queries.ts';

/** What was present in a region at a time of a local day; null: nothing is known of it. */
export interface DayFigure {
  /** `2026-10-17` */
  readonly day: string;
  readonly value: number | null;
}

/** In order of the days. The figures are exact: only the exit may let them out. @param time local, `19:30:00` */
export async function readDayFigures(
  pool: pg.Pool,
  id: string,
  days: readonly string[],
  time: string,
  timeZone: string,
): Promise<DayFigure[]> {
  const query = namedQuery('region-expected');
  const { rows } = await pool.query<{ day: string; present: number | null }>(query, [id, days, time, timeZone]);
  return rows.map(({ day, present }) => ({ day, value: present }));
}
