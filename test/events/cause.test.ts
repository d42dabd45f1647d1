import { expect, it, test } from 'vitest';
import { causeList, causeListName, causeValue, packCause, packRefusal } from '../../server/events/cause.ts';
import { noCause } from '../../server/events/event-batch.ts';

const told = (cause: number) => [causeListName(cause), causeValue(cause)];

test.each(Object.entries(causeList))('keeps every value of one octet of %s, and whose it is', (name, list) => {
  const seen = new Set<number>();
  for (let value = 0; value < 256; value++) {
    const cause = packCause(list, value);
    expect(causeValue(cause)).toBe(value);
    expect(causeListName(cause).toLowerCase().startsWith(name)).toBe(true);
    // Fits a smallint of the database, and is not what stands for none there.
    expect(cause).toBeLessThan(0x8000);
    seen.add(cause);
  }
  expect(seen.size).toBe(256);
});

it('keeps values of more than an octet: RANAP’s extensions, BSSMAP’s national ones', () => {
  expect(told(packCause(causeList.ranap, 512))).toEqual(['RANAP', 512]);
  expect(told(packCause(causeList.bssmap, 0x7000 | 0xff))).toEqual(['BSSMAP', 0x70ff]);
  expect(told(packCause(causeList.bssmap, 0x1000))).toEqual(['BSSMAP', 0x1000]);
});

it('tells a refusal of SCCP from a release', () => {
  expect(told(packRefusal(5))).toEqual(['SCCP refusal', 5]);
  expect(told(packCause(causeList.sccp, 5))).toEqual(['SCCP release', 5]);
});

it('has a value for none', () => {
  expect(packCause(causeList.cc, -1)).toBe(noCause);
  expect(packRefusal(-1)).toBe(noCause);
  expect(told(noCause)).toEqual(['', -1]);
});
