import { expect, test } from 'vitest';
import { scheduleSim } from '../../server/cli/sim-schedule.ts';
import { formatTimeUs, hourUs } from '../../server/clock.ts';

const warmUpUs = 2 * hourUs;

test('joins two hours before kick-off, having begun one warm-up earlier', () => {
  const { options, joinUs, resumed } = scheduleSim({ seed: 1 }, -1, warmUpUs);
  expect(formatTimeUs(joinUs)).toBe('2026-10-17T09:30:00.000Z');
  expect(options).toMatchObject({ seed: 1, date: '2026-10-17', from: '15:30' });
  expect(resumed).toBe(false);
});

test('goes on behind the last stored event, over midnight too, beginning at a whole minute', () => {
  const storedUs = Date.parse('2026-10-18T00:59:30.123+08:00') * 1000;
  const { options, joinUs, resumed } = scheduleSim({}, storedUs, warmUpUs);
  expect(joinUs).toBe(storedUs);
  expect(options).toMatchObject({ date: '2026-10-17', from: '22:59' });
  expect(resumed).toBe(true);
});

test('what is stored from before the time asked for does not hold a later join back', () => {
  const storedUs = Date.parse('2026-10-17T18:00:00+08:00') * 1000;
  expect(scheduleSim({ from: '19:00' }, storedUs, warmUpUs)).toMatchObject({
    resumed: false,
    options: { from: '17:00' },
  });
});

test('hours count from the join, and a finished feed stays finished', () => {
  expect(scheduleSim({ hours: 3 }, -1, warmUpUs).options.hours).toBe(5);
  const long = Date.parse('2026-10-19T00:00:00+08:00') * 1000;
  const { joinUs, options } = scheduleSim({ hours: 3 }, long, warmUpUs);
  expect(formatTimeUs(joinUs)).toBe('2026-10-17T12:30:00.000Z');
  expect(options.hours).toBe(2);
});

test('a finite day that is gone on with ends when it would have ended', () => {
  const storedUs = Date.parse('2026-10-17T18:13:20.5+08:00') * 1000;
  const { options } = scheduleSim({ hours: 2 }, storedUs, warmUpUs);
  const startMs = Date.parse(`${options.date}T${options.from}:00+08:00`);
  expect(startMs + options.hours! * 3_600_000).toBeCloseTo(Date.parse('2026-10-17T19:30:00+08:00'), 3);
});
