import { expect, test } from 'vitest';
import { openStaysOf } from '../../server/occupancy/open-stays.ts';
import { SubscriberTable } from '../../server/presence/subscriber-table.ts';
import { SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-200-1'];

function whole<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

test('stays that last are those of who is present, each since the first sighting of its cell', () => {
  let state = 3;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const city = new SmallCity({ settings: { presenceTtlMs: 600_000 } });
  const where = new Map<string, { cell: string; since: number; last: number }>();
  for (let n = 0; n < 2_000; n++) {
    const timeUs = base + n * 2 * secondUs;
    const subscriber = `s${random(200)}`;
    const cell = cells[random(3)];
    const detach = random(8) === 0;
    city.see({ timeUs, subscriber, cell, detach });
    for (const [name, { last }] of where) if (timeUs - last >= 600 * secondUs) where.delete(name);
    const before = where.get(subscriber);
    where.set(subscriber, { cell, since: before?.cell === cell ? before.since : timeUs, last: timeUs });
    if (detach) where.delete(subscriber);
    if (n % 100 !== 99) continue;
    city.engine.advance(timeUs);
    for (const part of [cells, cells.slice(0, 1)]) {
      const ids = part.map((cgi) => city.registry.idOf(cgi));
      const { subs, firstInUs, complete, oldestUs } = whole(city.engine.openStays(ids));
      const expected = [...where.values()].filter((stay) => part.includes(stay.cell)).map(({ since }) => since);
      expect([...firstInUs].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
      expect(new Set(subs).size).toBe(expected.length);
      expect(complete).toBe(true);
      expect(oldestUs).toBe(Math.min(...expected));
    }
  }
});

test('more than may be told are none, but for when the oldest began', () => {
  const table = new SubscriberTable(1_000);
  for (let i = 0; i < 20; i++) table.place(table.insert(i, i + 1, 0xffff_0000), 4, 0, base - i);
  const told = whole(openStaysOf(table, [4], 20));
  // As bigint columns hold them: signed.
  const first = BigInt.asIntN(64, (0xffff_0000n << 32n) | 1n);
  expect([told.complete, told.subs.length, told.subs[0]]).toEqual([true, 20, first]);
  expect(whole(openStaysOf(table, [4], 19))).toEqual({ subs: [], firstInUs: [], complete: false, oldestUs: base - 19 });
  expect(whole(openStaysOf(table, [5], 19)).subs).toEqual([]);
});
