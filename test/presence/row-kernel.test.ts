import { expect, test } from 'vitest';
import { EventBatch, noCell } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { groupRows } from '../../server/presence/group-loads.ts';
import type { MovedRows } from '../../server/presence/moved-rows.ts';
import { eventsMax, nowhere, recordWords, wOriginEvents } from '../../server/presence/record.ts';
import { seenBytes, seenFrom, seenTo, stage, stayMaxUs } from '../../server/presence/row-kernel.ts';
import { hashOf } from '../../server/presence/slots.ts';
import { SubscriberTable } from '../../server/presence/subscriber-table.ts';

const ttlUs = 7_200e6;
const startUs = 1_780_000_000_000_000;

function randomOf(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

const keyOf = (subscriber: number) => [Math.imul(subscriber + 1, 0x9e3779b1) >>> 0, (subscriber * 7) >>> 0] as const;

/** A table with some hundred subscribers: in a cell or nowhere, some seen long ago, some with a home, some who count no further. */
function tableOf(random: (below: number) => number, subscribers: number): SubscriberTable {
  const table = new SubscriberTable(1_000);
  for (let i = 0; i < subscribers; i++) {
    const [lo, hi] = keyOf(i);
    const index = table.insert(hashOf(lo, hi), lo, hi);
    if (random(10) === 0) continue;
    table.place(index, random(4), random(256), startUs - random(3) * 0.4 * stayMaxUs - random(1e6));
    if (random(3) > 0) table.setOrigin(index, 1 + random(9));
    table.setTrail(index, random(1000));
    for (let seen = random(3); seen > 0; seen--)
      table.renew(index, table.cell(index), 1, startUs - random(2 * ttlUs) - random(2));
    if (random(8) === 0) table.u32[index * recordWords + wOriginEvents] |= eventsMax;
  }
  return table;
}

test('rows are compared, renewed and moved in WebAssembly as JavaScript defines it', () => {
  let moves = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomOf(seed);
    const subscribers = 150;
    const table = tableOf(random, subscribers);
    const twin = tableOf(randomOf(seed), subscribers);
    const n = 1 + random(groupRows);
    const from = random(groupRows);
    const batch = new EventBatch(from + n);
    for (let row = 0; row < from + n; row++) {
      const [lo, hi] = keyOf(random(subscribers + 10));
      const plmn = random(4) === 0 ? 0x20_0000 + random(9) : random(2);
      const flags = random(6) === 0 ? random(4) : eventFlag.sighting;
      batch.push(startUs + row, lo, hi, random(20) === 0 ? 0xffffffff : random(4), plmn, 0, 0, 0, flags, 0, 0, 0);
      batch.feed[row] = random(256);
    }
    table.stageRows(batch, 0, from + n);
    const found = table.locate(from, n);
    const doubts = Array.from(table.doubts.subarray(0, found & 0xffff), (row) => row / 4);
    const movers = Array.from(table.movers.subarray(0, found >>> 16), (row) => row / 4);
    const rows = Array.from({ length: n }, (_, i) => i);
    const known = (i: number) => {
      const [lo, hi] = [batch.subLo[from + i], batch.subHi[from + i]];
      const index = twin.find(hashOf(lo, hi), lo, hi);
      return index >= 0 && table.rowIndices[i] === index ? index : -1;
    };
    expect(doubts).toEqual(rows.filter((i) => known(i) < 0));
    expect(movers).toEqual(rows.filter((i) => known(i) >= 0 && twin.cell(known(i)) !== batch.cell[from + i]));
    for (const i of doubts) table.rowIndices[i] = -1;
    const told: [number, number, number][] = [];
    const movedNow: Record<string, number>[] = [];
    let runUs = 0;
    const sees = (row: number): boolean => {
      const index = table.rowIndices[row - from];
      if (index < 0 || (batch.flags[row] & (eventFlag.sighting | eventFlag.detach)) !== eventFlag.sighting)
        return false;
      const [before, cell, timeUs] = [twin.cell(index), batch.cell[row], batch.timeUs[row]];
      if (before === nowhere || cell === noCell) return false;
      if (batch.plmn[row] > (twin.origin(index) > 0 ? 0x1f_ffff : 0)) return false;
      if (timeUs - twin.lastUs(index) >= ttlUs) return false;
      if (before === cell) {
        if (timeUs - twin.sinceUs(index) >= stayMaxUs) return false;
        told.push([twin.lastUs(index), cell, cell]);
        twin.renew(index, cell, batch.feed[row], timeUs);
        return true;
      }
      if (twin.lastUs(index) >= runUs) return false;
      told.push([twin.lastUs(index), before, cell]);
      movedNow.push({
        ...{ timeUs, lastUs: twin.lastUs(index), sinceUs: twin.sinceUs(index), sub: index, from: before, to: cell },
        ...{ originEvents: twin.u32[index * recordWords + wOriginEvents], trail: twin.trail(index) },
      });
      twin.place(index, cell, batch.feed[row], timeUs);
      return true;
    };
    for (let row = from; row < from + n; row++) {
      const at = stage.seen + seenBytes * told.length;
      const before = row;
      movedNow.length = 0;
      runUs = batch.timeUs[row];
      const taken = table.rows.see(row, from + n, from, ttlUs, at);
      row = taken & 0xffff;
      for (let other = before; other < row; other++) expect(sees(other)).toBe(true);
      if (row < from + n) expect(sees(row)).toBe(false);
      expect(taken >>> 16).toBe(movedNow.length);
      movedNow.forEach((wanted, i) => {
        for (const [column, value] of Object.entries(wanted))
          expect(table.movedRows[column as keyof MovedRows][i], column).toBe(value);
      });
      moves += movedNow.length;
    }
    const view = new DataView(table.seenRows.buffer, table.seenRows.byteOffset);
    told.forEach(([lastUs, before, cell], i) => {
      expect(view.getFloat64(seenBytes * i, true)).toBe(lastUs);
      expect(view.getUint32(seenBytes * i + seenFrom, true)).toBe(before);
      expect(view.getUint32(seenBytes * i + seenTo, true)).toBe(cell);
    });
    for (let index = 0; index < subscribers; index++)
      for (const read of ['lastUs', 'sinceUs', 'cell', 'feed', 'origin', 'events', 'trail', 'inWheel'] as const)
        expect(table[read](index), read).toBe(twin[read](index));
  }
  expect(moves).toBeGreaterThan(100);
});
