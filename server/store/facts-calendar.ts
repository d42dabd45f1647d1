/** China's working-day calendar: the file `sql/data/calendar-cn.csv` and the table `calendar_day`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { UserError } from '../errors.ts';
import { projectRoot } from '../root.ts';
import { namedQuery } from './queries.ts';

export interface CalendarDay {
  /** `2026-10-01` */
  readonly day: string;
  readonly working: boolean;
  readonly name: string;
}

const calendarFile = join(projectRoot, 'sql', 'data', 'calendar-cn.csv');
const row = /^(\d{4}-\d\d-\d\d),(true|false),([^,"]{1,60})$/;

/**
 * Days that are not as their weekday says. Lines that begin with # say where they come from.
 *
 * @throws UserError CALENDAR naming the line
 */
export function readCalendar(text: string = readFileSync(calendarFile, 'utf8')): CalendarDay[] {
  const lines = text.trimEnd().split(/\r?\n/);
  if (lines[0] !== 'day,working,name')
    throw new UserError('CALENDAR', `calendar: the first line must be day,working,name`);
  const seen = new Set<string>();
  return lines.flatMap((line, i) => {
    if (i === 0 || line.startsWith('#')) return [];
    const match = row.exec(line);
    const day = match?.[1] ?? '';
    const time = Date.parse(`${day}T00:00:00Z`);
    if (match === null || Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day || seen.has(day)) {
      throw new UserError('CALENDAR', `calendar, line ${i + 1}: write each day once, as 2026-10-01,false,国庆节`);
    }
    seen.add(day);
    return [{ day, working: match[2] === 'true', name: match[3] }];
  });
}

/** Makes the table hold these days and no others. */
export async function saveCalendar(client: pg.ClientBase, days: readonly CalendarDay[]): Promise<void> {
  await client.query(namedQuery('save-calendar'), [JSON.stringify(days)]);
}
