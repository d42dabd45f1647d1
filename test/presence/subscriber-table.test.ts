import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Staging } from '../../server/core/snapshot-file.ts';
import { nowhere } from '../../server/presence/record.ts';
import { hashOf } from '../../server/presence/slots.ts';
import { SubscriberTable } from '../../server/presence/subscriber-table.ts';
import { MemoryState } from '../tools/memory-state.ts';

const find = (table: SubscriberTable, lo: number, hi: number) => table.find(hashOf(lo, hi), lo, hi);
const insert = (table: SubscriberTable, lo: number, hi: number) => table.insert(hashOf(lo, hi), lo, hi);

/** Distinct keys that look like pseudonyms; equal keys give equal words. */
function keyOf(n: number): [number, number] {
  return [Math.imul(n + 1, 0x9e3779b1) >>> 0, Math.imul(n + 7, 0x85ebca6b) >>> 0];
}

describe('the subscriber table', () => {
  it('agrees with a Map through any mixture of insertions, removals and growth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 6 }), (seed, shrink) => {
        const table = new SubscriberTable(20_000);
        const model = new Map<number, number>();
        let x = seed;
        const random = (below: number) => {
          x ^= x << 13;
          x ^= x >>> 17;
          x ^= x << 5;
          return (x >>> 0) % below;
        };
        // Grows through several sizes, with removals in the middle of each growth.
        for (let step = 0; step < 8000; step++) {
          const n = random(5000);
          const [lo, hi] = keyOf(n);
          const known = model.get(n);
          expect(find(table, lo, hi)).toBe(known ?? -1);
          if (known === undefined) model.set(n, insert(table, lo, hi));
          else if (random(shrink) === 0) {
            table.free(known);
            model.delete(n);
          }
        }
        expect(table.size).toBe(model.size);
        expect(new Set(model.values()).size).toBe(model.size);
        for (let n = 0; n < 5000; n++) {
          const [lo, hi] = keyOf(n);
          if (find(table, lo, hi) !== (model.get(n) ?? -1)) throw new Error(`key ${n} is lost or not gone`);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('tells keys apart whose hashes collide', () => {
    const table = new SubscriberTable(5000);
    // Equal positions and tags: the hash given is the same for all.
    const indices = Array.from({ length: 50 }, (_, i) => table.insert(12345, i, 1));
    expect(new Set(indices).size).toBe(50);
    for (let i = 0; i < 50; i++) expect(table.find(12345, i, 1)).toBe(indices[i]);
    expect(table.find(12345, 50, 1)).toBe(-1);
  });

  it('keeps each field apart from its neighbours at their limits', () => {
    const table = new SubscriberTable(5000);
    const index = insert(table, 0xffffffff, 0xfffffffe);
    table.setOrigin(index, 0xffff);
    table.place(index, nowhere - 1, 255, 1_790_000_000_123_456);
    table.linkInWheel(index, 0x07fffffd);
    table.setTrail(index, 0xffffffff);
    for (let i = 0; i < 70_000; i++) table.renew(index, nowhere - 1, 254, 1_790_000_000_123_457 + i);
    expect(table.origin(index)).toBe(0xffff);
    expect(table.events(index)).toBe(0xffff);
    expect(table.cell(index)).toBe(nowhere - 1);
    expect(table.feed(index)).toBe(254);
    expect(table.sinceUs(index)).toBe(1_790_000_000_123_456);
    expect(table.lastUs(index)).toBe(1_790_000_000_123_457 + 69_999);
    expect(table.nextInWheel(index)).toBe(0x07fffffd);
    expect(table.inWheel(index)).toBe(true);
    expect(table.trail(index)).toBe(0xffffffff);
    expect([table.subLo(index), table.subHi(index)]).toEqual([0xffffffff, 0xfffffffe]);
  });

  it('refuses and counts what is beyond its limit', () => {
    const table = new SubscriberTable(1000);
    for (let i = 0; i < 1000; i++) expect(insert(table, i + 1, 0)).toBe(i);
    expect(insert(table, 5000, 0)).toBe(-1);
    expect(table.refused).toBe(1);
    table.free(find(table, 7, 0));
    expect(insert(table, 5000, 0)).toBe(6);
  });

  it('stays within 48 bytes a subscriber at 300,000', () => {
    const table = new SubscriberTable(1_000_000);
    for (let i = 0; i < 300_000; i++) insert(table, Math.imul(i + 1, 0x9e3779b1) >>> 0, i);
    // 40 bytes of record and at most 4 ÷ 0.53 of slot; memory grows in steps of 1 MiB.
    expect((table.byteLength - 1_048_576) / 300_000).toBeLessThan(48);
  });

  const changes: [string, (table: SubscriberTable) => void][] = [
    ['place', (table) => table.place(1, 5, 2, 7e6)],
    ['renew', (table) => table.renew(1, 5, 2, 7e6)],
    ['remove', (table) => table.remove(1)],
    ['setOrigin', (table) => table.setOrigin(1, 9)],
    ['setTrail', (table) => table.setTrail(1, 77)],
    ['linkInWheel', (table) => table.linkInWheel(1, 3)],
    ['unlinkFromWheel', (table) => table.unlinkFromWheel(1)],
    ['free', (table) => table.free(1)],
    ['insert', (table) => void insert(table, ...keyOf(90))],
  ];

  it.each(changes)('is read as it was held, though %s has changed it since', (_what, change) => {
    const table = new SubscriberTable(100);
    for (let n = 0; n < 3; n++) {
      table.place(insert(table, ...keyOf(n)), n, 1, 1e6 * n);
      table.linkInWheel(n, n);
    }
    // The place of one that is free is used again.
    table.free(2);
    const taken = MemoryState.of(table);
    const staging = new Staging();
    for (const _ of table.save(staging));
    change(table);
    expect(MemoryState.of(table).differsFrom(taken)).not.toBeNull();
    for (const { name, bytes, held } of staging.pieces) {
      if (held === undefined) continue;
      const read = new Uint8Array(bytes.length);
      held.read(bytes.byteOffset, read);
      expect(Buffer.compare(read, taken.pieces.get(name) as Uint8Array), name).toBe(0);
    }
  });
});
