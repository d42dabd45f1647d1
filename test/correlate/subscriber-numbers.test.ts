import { expect, it } from 'vitest';
import { SubscriberNumbers } from '../../server/correlate/subscriber-numbers.ts';
import { Random } from '../fuzz/random.ts';

const numberOf = (n: number) => 8_613_500_000_000 + n;
const imsiOf = (n: number) => 1_010_000_000_000 + n;

it('takes a number that goes to another SIM away from the first, and a SIM’s old number', () => {
  const numbers = new SubscriberNumbers(1_000);
  numbers.learn(numberOf(1), imsiOf(1));
  numbers.learn(numberOf(1), imsiOf(2));
  expect(numbers.imsiOf(numberOf(1))).toBe(imsiOf(2));
  numbers.learn(numberOf(3), imsiOf(2));
  expect([numbers.imsiOf(numberOf(1)), numbers.imsiOf(numberOf(3))]).toEqual([-1, imsiOf(2)]);
  expect(numbers.known).toBe(1);
});

it('loses no pair but by eviction, whatever was evicted before', () => {
  const numbers = new SubscriberNumbers(64);
  const random = new Random();
  random.begin(20261122, 1);
  /** What was told last, as far as it has not been found missing: number → IMSI. */
  const told = new Map<number, number>();
  let lost = 0;
  for (let step = 0; step < 5_000; step++) {
    const number = numberOf(random.below(200));
    const imsi = imsiOf(random.below(200));
    numbers.learn(number, imsi);
    for (const [other, owner] of told) if (owner === imsi) told.delete(other);
    told.set(number, imsi);
    for (const [other, owner] of told) {
      const found = numbers.imsiOf(other);
      if (found === owner) continue;
      expect(found).toBe(-1);
      told.delete(other);
      lost++;
    }
    expect(numbers.known).toBe(told.size);
  }
  expect(lost).toBe(numbers.evictions);
  expect(lost).toBeGreaterThan(500);
});

it('keeps a pair that is asked for by its number among thousands of younger ones', () => {
  const numbers = new SubscriberNumbers(6_400);
  numbers.learn(numberOf(1), imsiOf(1));
  for (let n = 2; n < 50_000; n++) {
    numbers.learn(numberOf(n), imsiOf(n));
    numbers.imsiOf(numberOf(1));
  }
  expect(numbers.imsiOf(numberOf(1))).toBe(imsiOf(1));
});
