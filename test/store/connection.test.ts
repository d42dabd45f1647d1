import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTimestampUs, timestampUs } from '../../server/store/connection.ts';

test('reads timestamps as PostgreSQL writes them, to the microsecond', () => {
  expect(parseTimestampUs('1970-01-01 00:00:00+00')).toBe(0);
  expect(parseTimestampUs('2015-08-02 12:21:00.000001+00')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000 + 1);
  expect(parseTimestampUs('2015-08-02 20:21:00.5+08')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000 + 500_000);
  expect(parseTimestampUs('2015-08-02 08:51:00-03:30')).toBe(Date.UTC(2015, 7, 2, 12, 21) * 1000);
  expect(parseTimestampUs('-infinity')).toBe(-Infinity);
  expect(() => parseTimestampUs('yesterday')).toThrow(RangeError);
});

test('writes each microsecond so that it reads back the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_680_281_600_000_000 }), (us) => {
      const text = timestampUs(us).replace('T', ' ').replace('Z', '+00');
      expect(parseTimestampUs(text)).toBe(us);
    }),
  );
  expect(timestampUs(Infinity)).toBe('infinity');
});
