import { expect, test } from 'vitest';
import { readCalendar } from '../../server/store/facts-calendar.ts';

/** The notices' own clauses: holidays from … to, and the days on which people work for them. */
const notices: Record<number, { off: readonly [string, string, number][]; work: readonly string[] }> = {
  // 国办发明电〔2024〕12号
  2025: {
    off: [
      ['01-01', '01-01', 1],
      ['01-28', '02-04', 8],
      ['04-04', '04-06', 3],
      ['05-01', '05-05', 5],
      ['05-31', '06-02', 3],
      ['10-01', '10-08', 8],
    ],
    work: ['01-26', '02-08', '04-27', '09-28', '10-11'],
  },
  // 国办发明电〔2025〕7号
  2026: {
    off: [
      ['01-01', '01-03', 3],
      ['02-15', '02-23', 9],
      ['04-04', '04-06', 3],
      ['05-01', '05-05', 5],
      ['06-19', '06-21', 3],
      ['09-25', '09-27', 3],
      ['10-01', '10-07', 7],
    ],
    work: ['01-04', '02-14', '02-28', '05-09', '09-20', '10-10'],
  },
};

function daysOf(year: number): { off: string[]; work: string[] } {
  const days = readCalendar().filter(({ day }) => day.startsWith(`${year}-`));
  const of = (working: boolean) => days.filter((day) => day.working === working).map(({ day }) => day);
  return { off: of(false), work: of(true) };
}

test.each(Object.entries(notices))(
  'the calendar of %s is the State Council’s notice, day by day',
  (year, { off, work }) => {
    const days = off.flatMap(([from, to, count]) => {
      const first = Date.parse(`${year}-${from}T00:00:00Z`);
      const last = Date.parse(`${year}-${to}T00:00:00Z`);
      const all: string[] = [];
      for (let at = first; at <= last; at += 86_400_000) all.push(new Date(at).toISOString().slice(0, 10));
      expect(all.length).toBe(count);
      return all;
    });
    expect(daysOf(Number(year))).toEqual({ off: days, work: work.map((day) => `${year}-${day}`) });
  },
);

test('whoever works to make up for a holiday does so on a weekend', () => {
  for (const { day, working } of readCalendar())
    if (working) expect([0, 6], day).toContain(new Date(`${day}T00:00:00Z`).getUTCDay());
});

test('says which line is wrong, with those counted that say where days come from', () => {
  expect(() => readCalendar('day,working,name\n# a source\n2026-02-30,false,x\n')).toThrow(
    /line 3: write each day once/,
  );
  expect(() => readCalendar('# a source\nday,working,name\n')).toThrow(/first line must be day,working,name/);
});
