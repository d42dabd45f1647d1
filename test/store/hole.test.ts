import { expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import type { Store } from '../../server/store/types.ts';
import { Giver, giveTo } from './tools/give.ts';
import { makeCells, makeEvents, makeGauges, startUs } from './tools/synthetic.ts';
import { makeTestDatabase } from './tools/test-database.ts';

test('what lies between an older database and the oldest record of the journal is unknown, and an operator is told', async () => {
  const base = await makeTestDatabase();
  const region = { id: 'stadium', name: 'stadium', kind: 'venue', capacity: 10, polygons: null, cells: ['*'] };
  try {
    const before = await base.open();
    await before.saveCells(makeCells(40));
    await before.saveRegions([region], () => [4, 5, 6]);
    const give = giveTo(before, ['stadium']);
    // Its newest minute is open: rows of it are stored, and its gauges are not.
    give.events(makeEvents(1_000, startUs, 10 * minuteUs));
    for (let minute = 0; minute < 9; minute++) give.gauges(makeGauges(startUs + minute * minuteUs, 3, 1));
    await before.flush();
    expect(before.status.note).toBeUndefined();
    await before.close();

    const store = await base.open();
    try {
      await store.saveRegions([region], () => [4, 5, 6]);
      const rest = new Giver(store, ['stadium'], give.to + 4096);
      store.begin('test', rest.to, () => rest);
      expect(store.status.note).toMatch(/^the rows behind \d{4}-.*Z are missing up to the oldest/);
      rest.events(makeEvents(1_000, startUs + 20 * minuteUs, 10 * minuteUs));
      for (let minute = 20; minute < 30; minute++) rest.gauges(makeGauges(startUs + minute * minuteUs, 3, 1));
      rest.eventClock(startUs + 40 * minuteUs);
      await store.maintain();
      const { traffic } = await store.regionHistory('stadium', startUs, startUs + 30 * minuteUs, 60);
      const known = traffic.flatMap((each, minute) => (each === null ? [] : [minute]));
      expect(known).toEqual([...[0, 1, 2, 3, 4, 5, 6, 7], ...[21, 22, 23, 24, 25, 26, 27, 28, 29]]);
      const tens = await store.regionHistory('stadium', startUs, startUs + 30 * minuteUs, 600);
      expect(tens.traffic).toEqual([null, null, null]);
    } finally {
      await store.close();
    }
  } finally {
    await base.remove();
  }
});

test('what is unknown at the edges of a hole stays so, though the server is killed before an interval has closed behind it', async () => {
  const base = await makeTestDatabase();
  const region = { id: 'stadium', name: 'stadium', kind: 'venue', capacity: 10, polygons: null, cells: ['*'] };
  const open = async (begin: (store: Store) => Giver) => {
    const store = await base.open();
    await store.saveCells(makeCells(40));
    await store.saveRegions([region], () => [4, 5, 6]);
    return { store, give: begin(store) };
  };
  try {
    const before = await open((store) => giveTo(store, ['stadium']));
    before.give.events(makeEvents(1_000, startUs, 10 * minuteUs));
    for (let minute = 0; minute < 10; minute++) before.give.gauges(makeGauges(startUs + minute * minuteUs, 3, 1));
    await before.store.flush();
    await before.store.close();

    const killed = await open((store) => {
      const rest = new Giver(store, ['stadium'], before.give.to + 4096);
      store.begin('test', rest.to, () => rest);
      return rest;
    });
    killed.give.events(makeEvents(1_000, startUs + 20 * minuteUs, minuteUs / 2));
    await killed.store.flush();
    await killed.store.close();

    const { store, give } = await open((again) => giveTo(again, ['stadium']));
    try {
      for (let minute = 20; minute < 30; minute++) give.gauges(makeGauges(startUs + minute * minuteUs, 3, 1));
      give.eventClock(startUs + 40 * minuteUs);
      await store.maintain();
      const { traffic } = await store.regionHistory('stadium', startUs, startUs + 30 * minuteUs, 60);
      const known = traffic.flatMap((each, minute) => (each === null ? [] : [minute]));
      expect(known).toEqual([...[0, 1, 2, 3, 4, 5, 6, 7], ...[21, 22, 23, 24, 25, 26, 27, 28, 29]]);
    } finally {
      await store.close();
    }
  } finally {
    await base.remove();
  }
});
