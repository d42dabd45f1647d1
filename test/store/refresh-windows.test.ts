import { expect, test } from 'vitest';
import { hull, planWindows, type Span, without } from '../../server/store/refresh-windows.ts';

const tens = { bucketUs: 10, offsetUs: 0 };
const span = (fromUs: number, toUs: number): Span => ({ fromUs, toUs });

test('windows are bounded, whole, ascending, and cover all that is held and nothing else', () => {
  expect(planWindows(span(0, 100), [span(0, 100)], tens, 40)).toEqual([span(0, 40), span(40, 80), span(80, 100)]);
  // Chunks that touch share windows; a gap of any length costs none.
  expect(planWindows(span(0, 1e12), [span(0, 25), span(25, 40), span(1e9, 1e9 + 25)], tens, 100)).toEqual([
    span(0, 40),
    span(1e9, 1e9 + 30),
  ]);
  expect(planWindows(span(20, 60), [span(-1000, 1000)], tens, 100)).toEqual([span(20, 60)]);
  expect(planWindows(span(0, 100), [], tens, 40)).toEqual([]);
});

test('a window has two buckets at least, reaching back or forth within the span', () => {
  expect(planWindows(span(0, 90), [span(0, 90)], tens, 40)).toEqual([span(0, 40), span(40, 80), span(70, 90)]);
  expect(planWindows(span(0, 90), [span(2, 3)], tens, 40)).toEqual([span(0, 20)]);
  expect(planWindows(span(0, 90), [span(52, 53)], tens, 40)).toEqual([span(40, 60)]);
  expect(planWindows(span(0, 10), [span(0, 10)], tens, 40)).toEqual([]);
});

test('what has been dropped is left out in whole buckets', () => {
  expect(without(span(0, 100), null, tens)).toEqual([span(0, 100)]);
  expect(without(span(0, 100), span(35, 52), tens)).toEqual([span(0, 30), span(60, 100)]);
  expect(without(span(40, 100), span(35, 52), tens)).toEqual([span(60, 100)]);
  expect(without(span(40, 50), span(35, 52), tens)).toEqual([]);
  expect(without(span(0, 100), span(-Infinity, 52), tens)).toEqual([span(60, 100)]);
  expect(hull(span(3, 5), span(-2, 4))).toEqual(span(-2, 5));
  expect(hull(null, span(1, 2))).toEqual(span(1, 2));
});

test('buckets may start beside the multiples of their width, as days of a time zone do', () => {
  const shifted = { bucketUs: 10, offsetUs: 4 };
  expect(planWindows(span(4, 104), [span(11, 27)], shifted, 100)).toEqual([span(4, 34)]);
  expect(without(span(4, 104), span(35, 52), shifted)).toEqual([span(4, 34), span(54, 104)]);
});
