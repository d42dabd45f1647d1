import { expect, test } from 'vitest';
import { EventBatch, noCause } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { learntKind } from '../../server/events/learnt.ts';
import { type OptedOut, saysNothing, withheld, withhold } from '../../server/events/opted-out.ts';

/** Subscriber 5 and the party 6 have opted out, and whoever has number 7. */
function listOf(): OptedOut & { numbers: number[][] } {
  const out = new Set([5]);
  const numbers: number[][] = [];
  return {
    numbers,
    none: false,
    has: (lo) => out.has(lo),
    hasPeer: (lo) => lo === 6,
    told: (...args) => {
      numbers.push(args);
      if (args[0] === 7) out.add(args[2]);
    },
  };
}

const peer = (lo: number) => ({ peerLo: lo, peerHi: lo === 0 ? 0 : 1, peerClass: 2, country: 3, area: 1390013 });
function batchOf(...rows: [sub: number, kind: number, flags: number, peer: number][]): EventBatch {
  const batch = new EventBatch(rows.length);
  for (const [i, [sub, kind, flags, other]] of rows.entries())
    batch.push(1e15 + i, sub, sub === 0 ? 0 : 1, 4, 46000, kind, 1, noCause, flags, 900, 35000001, 70, peer(other));
  return batch;
}
const { sighting, traffic, detach, optedOut } = eventFlag;
const call = kindCode['mo call'];

test('leaves of a call what its cell’s traffic is counted by, and nothing of the subscriber', () => {
  const batch = batchOf([5, call, sighting | traffic, 8], [1, call, sighting | traffic, 8]);
  const before = batch.row(1);
  expect(withhold(batch, listOf())).toBe(1);
  expect(batch.row(0)).toEqual({
    ...{ timeUs: 1e15, cell: 4, kind: call, outcome: 1, cause: noCause, durationMs: 900, bytes: 70 },
    ...{ subLo: 0, subHi: 0, plmn: 0, typeAllocationCode: 0, peerLo: 0, peerHi: 0, peerClass: 0, country: 0, area: 0 },
    flags: traffic | optedOut,
  });
  expect(batch.row(1)).toEqual(before);
});

test('what only proves a place, a detach, or what was learnt says nothing any more', () => {
  const batch = batchOf(
    [5, kindCode.sighting, sighting, 0],
    [5, kindCode.detach, sighting | detach | traffic, 0],
    [5, learntKind.handset, 0, 9],
    [5, learntKind.serving, 0, 0],
  );
  expect(withhold(batch, listOf())).toBe(2);
  expect([...batch.flags].slice(0, 4)).toEqual([optedOut, optedOut | traffic, optedOut, optedOut]);
  expect([...batch.flags].slice(0, 4).map(saysNothing)).toEqual([true, false, true, true]);
  expect([...batch.subLo, ...batch.peerLo].every((lo) => lo === 0)).toBe(true);
  expect([...batch.bytes].slice(2, 4)).toEqual([0, 0]);
});

test('a call of somebody else to a number that has opted out loses the number, and nothing else', () => {
  const batch = batchOf([1, call, sighting | traffic, 6], [1, learntKind.handset, 0, 6]);
  expect(withhold(batch, listOf())).toBe(0);
  expect(batch.row(0)).toMatchObject({
    subLo: 1,
    peerLo: 0,
    peerHi: 0,
    area: 0,
    peerClass: 2,
    flags: sighting | traffic,
  });
  // A handset's pseudonym that has the same words is no number.
  expect(batch.row(1)).toMatchObject({ subLo: 1, peerLo: 6, peerHi: 1 });
});

test('from the row on that tells whose a number is its subscriber has opted out', () => {
  const list = listOf();
  const batch = batchOf([2, call, traffic, 0], [2, learntKind.msisdn, 0, 7], [2, call, traffic, 0]);
  expect(withhold(batch, list)).toBe(1);
  expect([...batch.subLo].slice(0, 3)).toEqual([2, 0, 0]);
  expect(list.numbers).toEqual([[7, 1, 2, 1, 1e15 + 1]]);
});

test('a batch that others read is copied, and only where somebody has opted out', () => {
  const untouched = batchOf([1, call, traffic, 8]);
  expect(withheld(untouched, listOf())).toBe(untouched);
  expect(withheld(untouched, null)).toBe(untouched);
  const batch = batchOf([1, call, traffic, 8], [5, call, traffic, 8]);
  const copy = withheld(batch, listOf());
  expect([copy.n, copy.subLo[0], copy.subLo[1], batch.subLo[1]]).toEqual([2, 1, 0, 5]);
  expect(copy.row(0)).toEqual(batch.row(0));
  expect(withheld(batch, { ...listOf(), none: true })).toBe(batch);
});
