import { describe, expect, test } from 'vitest';
import { expectedBand, verdictOf, zOf } from '../../server/estimate/band.ts';
import { comparableDays } from '../../server/estimate/comparable-days.ts';
import { readCalendar } from '../../server/store/facts-calendar.ts';

const past = (...values: (number | null)[]) => values.map((value, i) => ({ day: `2026-09-${10 + i}`, value }));

describe('the expected band', () => {
  test('is the median of like days with their mean absolute deviation, days of events among them', () => {
    expect(expectedBand(past(900, 1_000, 1_100, 1_050, 950))).toMatchObject({ median: 1_000, deviation: 60, days: 5 });
    // Five days without an event and three with one.
    const band = expectedBand(past(100, 100, 100, 100, 100, 200, 200, 200))!;
    expect(band).toEqual({ median: 100, deviation: 37.5, low: 0, high: 212.5, days: 8 });
    expect(verdictOf(zOf(170, band))).toBe('usual');
    expect(verdictOf(zOf(220, band))).toBe('unusual');
    expect(verdictOf(zOf(330, band))).toBe('fault first');
  });

  test('leaves out days of which nothing is known, and says nothing of fewer than four', () => {
    expect(expectedBand(past(10, null, 12, 11, null))).toBeNull();
    expect(expectedBand(past(10, null, 12, 11, 9))).toMatchObject({ days: 4, median: 10.5 });
    expect(expectedBand([])).toBeNull();
  });

  test('is never narrower than counts flutter by themselves, nor below nobody', () => {
    expect(expectedBand(past(400, 400, 400, 400))).toMatchObject({ median: 400, deviation: 20, low: 340, high: 460 });
    expect(expectedBand(past(0, 0, 0, 0))).toMatchObject({ low: 0, high: 3 });
  });

  test('calls |z| above 3 unusual and above 6 a fault to be thought of first', () => {
    const band = expectedBand(past(400, 400, 400, 400))!;
    const verdict = (value: number) => verdictOf(zOf(value, band));
    expect([400, 460, 340].map(verdict)).toEqual(['usual', 'usual', 'usual']);
    expect([461, 339, 520, 280].map(verdict)).toEqual(['unusual', 'unusual', 'unusual', 'unusual']);
    expect([521, 279, 0].map(verdict)).toEqual(['fault first', 'fault first', 'fault first']);
  });
});

describe('days to compare with, by the working-day calendar of 2026', () => {
  const calendar = readCalendar();

  test('are those of the same weekday, without holidays and days that make up for them', () => {
    // 10 October 2026 is a working Saturday; 3 October lies in the National Day holiday, but is a free Saturday anyhow.
    expect(comparableDays('2026-10-17', calendar)).toEqual([
      '2026-10-03',
      '2026-09-26',
      '2026-09-19',
      '2026-09-12',
      '2026-09-05',
      '2026-08-29',
      '2026-08-22',
    ]);
    expect(comparableDays('2026-10-15', calendar)).not.toContain('2026-10-01');
    expect(comparableDays('2026-10-15', calendar)).toContain('2026-09-24');
  });

  test('of a Saturday that makes up for a holiday are working days, of a holiday on a weekday free days', () => {
    const makeUp = comparableDays('2026-10-10', calendar);
    expect(makeUp.slice(0, 3)).toEqual(['2026-10-09', '2026-10-08', '2026-09-30']);
    const holiday = comparableDays('2026-10-05', calendar);
    expect(holiday.slice(0, 3)).toEqual(['2026-10-04', '2026-10-03', '2026-10-02']);
    expect(makeUp.length).toBeLessThanOrEqual(12);
  });
});
