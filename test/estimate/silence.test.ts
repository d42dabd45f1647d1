import { describe, expect, test } from 'vitest';
import { minuteUs } from '../../server/clock.ts';
import { place } from '../../server/estimate/seen-table.ts';
import { SilenceWatch } from '../../server/estimate/silence.ts';
import { EventBatch, noCause, noCell } from '../../server/events/event-batch.ts';
import { type EventKind, eventFlag, kindCode } from '../../server/events/kinds.ts';
import { MemoryState } from '../tools/memory-state.ts';

/** Cells 0 … 9 are the region, 10 … 19 lie around it. */
const placeOf = (cell: number) => (cell < 10 ? place.inside : cell < 20 ? place.around : place.elsewhere);
const startUs = 1.79e15;

const hoursOf = (hours: number) => ({ usualUs: 120 * minuteUs, of: () => hours * 60 * minuteUs });

function watchOf(subscribersMax = 10_000, isClosed = false, present = hoursOf(2)) {
  const times = { periodicUs: 60 * minuteUs, present };
  const watch = new SilenceWatch({ places: { of: placeOf, isClosed }, subscribersMax, ...times });
  const row = (minute: number, sub: number, cell: number, kind: EventKind = 'mo sms', toggled = 0, seconds = 0) => {
    const batch = new EventBatch(1);
    batch.n = 1;
    batch.timeUs[0] = startUs + minute * minuteUs;
    batch.subLo[0] = sub;
    batch.subHi[0] = 77;
    batch.cell[0] = cell;
    batch.kind[0] = kindCode[kind];
    batch.cause[0] = noCause;
    batch.durationMs[0] = seconds * 1000;
    batch.flags[0] = (eventFlag.sighting | (kind === 'sighting' ? 0 : eventFlag.traffic)) ^ toggled;
    watch.apply(batch, 0, 1);
  };
  return { watch, row, at: (minute: number) => watch.nowcast(startUs + minute * minuteUs) };
}

describe('a region in a location area with others', () => {
  test('is thought to hold whom it counts while nobody is found elsewhere', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 500; sub++) row(0, sub, 1);
    for (let sub = 1; sub <= 100; sub++) row(12, sub, 1);
    expect(Math.abs(at(12).change)).toBeLessThan(1);
  });

  test('loses of the silent ones the share that the heard ones show to have gone', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 1);
    // Of 200 who are heard again, half are found around it: so of the 800 others.
    for (let sub = 1; sub <= 200; sub++) row(12, sub, sub % 2 === 0 ? 11 : 1);
    const { change, variance } = at(12);
    expect(change).toBeGreaterThan(-460);
    expect(change).toBeLessThan(-340);
    expect(Math.sqrt(variance)).toBeGreaterThan(20);
    expect(Math.sqrt(variance)).toBeLessThan(150);
  });

  test('gains those who came in silence, by as much as the heard ones show', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 11);
    for (let sub = 1; sub <= 200; sub++) row(12, sub, sub % 2 === 0 ? 1 : 11);
    const { change } = at(12);
    expect(change).toBeGreaterThan(330);
    expect(change).toBeLessThan(530);
  });

  test('is thought to get those who come into its location areas, after the time for the way, and not those at home there', () => {
    const come = (minute: number) => {
      const { row, at } = watchOf();
      for (let sub = 1; sub <= 200; sub++) row(30, sub, 12, 'sighting');
      for (let sub = 1; sub <= 200; sub++) row(30, sub, 12, 'location update');
      return at(minute).change;
    };
    const stay = (minute: number) => {
      const { row, at } = watchOf();
      for (let sub = 1; sub <= 200; sub++) row(30, sub, 12, 'sighting');
      for (let sub = 1; sub <= 200; sub++) row(30, sub, 12, 'mo call');
      return at(minute).change;
    };
    expect(come(31)).toBeLessThan(50);
    expect(come(50)).toBeGreaterThan(100);
    expect(come(50)).toBeLessThan(140);
    expect(stay(50)).toBeLessThan(25);
  });

  test('tells those who have come from those at home: that the ones are found inside says nothing of the others', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 12);
    for (let sub = 2_001; sub <= 2_300; sub++) row(20, sub, 12, 'sighting');
    for (let sub = 2_001; sub <= 2_300; sub++) row(20, sub, 12, 'location update');
    for (let sub = 1; sub <= 60; sub++) row(35, sub, 13);
    for (let sub = 2_001; sub <= 2_060; sub++) row(35, sub, 2);
    // 240 of those who have come are silent still, and 940 at home.
    const { change } = at(36);
    expect(change).toBeGreaterThan(200);
    expect(change).toBeLessThan(260);
  });

  test('believes many new contacts, and no old ones beside them', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 4_000; sub++) row(0, sub, 1);
    for (let sub = 1; sub <= 400; sub++) row(12, sub, 1);
    expect(at(12).change).toBeGreaterThan(-10);
    for (let sub = 401; sub <= 800; sub++) row(18, sub, sub % 2 === 0 ? 11 : 1);
    // Half of those that were met in the last minute have gone: so have as many of the 3,800 that are thought inside still.
    expect(at(18).change).toBeLessThan(-1_600);
    expect(at(18).change).toBeGreaterThan(-2_000);
  });

  test('takes as many of those still inside to have left since contacts told of it as a minute of updates out of the area shows', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 1);
    for (let sub = 1; sub <= 200; sub++) row(12, sub, 25, 'location update');
    // About 36 updates a minute out of 800: 4.5 % a minute. Contacts are 4.6 min old and told a minute late: 22 % of those
    // who are left, of whom one in a hundred is taken to have gone while nobody has been met.
    expect(at(12).change).toBeGreaterThan(-195);
    expect(at(12).change).toBeLessThan(-170);
    // In a place where nobody leaves, nothing of it.
    const { row: still, at: stillAt } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) still(0, sub, 1);
    for (let sub = 2_001; sub <= 2_200; sub++) still(12, sub, 25, 'location update');
    expect(stillAt(12).change).toBeGreaterThan(-20);
  });

  test('takes a procedure for what it is when it ends, and its sighting for where the phone is until then', () => {
    const { row, at } = watchOf();
    for (let sub = 1; sub <= 400; sub++) row(0, sub, 1);
    for (let sub = 1; sub <= 200; sub++) row(12, sub, 11, 'sighting');
    // Of the 200 that are seen around just now a few may have come in since.
    expect(Math.abs(at(12).change)).toBeLessThan(10);
    for (let sub = 1; sub <= 200; sub++) row(12.2, sub, 11, 'mo call');
    expect(at(13).change).toBeLessThan(-150);
  });

  test('is told of one who comes in by a row alone as by a sighting and what ends behind it', () => {
    const comeTo = (cell: number, rows: readonly EventKind[]) => {
      const { row, at } = watchOf();
      for (let sub = 1; sub <= 200; sub++) for (const kind of rows) row(30, sub, cell, kind);
      return [at(30).change, at(50).change];
    };
    for (const cell of [2, 12])
      expect(comeTo(cell, ['location update'])).toEqual(comeTo(cell, ['sighting', 'location update']));
    expect(comeTo(12, ['location update'])[1]).toBeGreaterThan(100);
    expect(comeTo(2, ['location update'])[0]).toBeGreaterThan(20);
  });

  test('counts a contact once, however many procedures are in it, and by the silence before it however long it lasts', () => {
    const found = (rows: (row: ReturnType<typeof watchOf>['row'], sub: number, cell: number) => void) => {
      const { row, at } = watchOf();
      for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 1);
      for (let sub = 1; sub <= 200; sub++) rows(row, sub, sub % 4 === 0 ? 11 : 1);
      return at(19);
    };
    const once = found((row, sub, cell) => row(18, sub, cell));
    expect(
      found((row, sub, cell) => {
        row(18, sub, cell);
        row(18, sub, cell, 'mt sms');
      }),
    ).toEqual(once);
    // Calls of three minutes, as a probe tells them: the phone when it begins, then the whole.
    const talked = found((row, sub, cell) => {
      row(15, sub, cell, 'sighting');
      row(18, sub, cell, 'mo call', 0, 180);
    });
    expect(talked.change).toBeCloseTo(once.change, 6);
    expect(once.change).toBeLessThan(-150);
  });

  test('learns nothing of where phones are from those that switch off, and from rows without a cell', () => {
    const { row, at, watch } = watchOf();
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 1);
    const before = at(12);
    for (let sub = 1; sub <= 100; sub++) row(12, sub, noCell, 'data', eventFlag.sighting);
    expect(at(12)).toEqual(before);
    for (let sub = 1; sub <= 100; sub++) row(12, sub, noCell, 'detach', eventFlag.detach | eventFlag.sighting);
    for (let sub = 101; sub <= 200; sub++) row(12, sub, 12, 'detach', eventFlag.detach);
    expect(watch.limits.followed).toBe(800);
    expect(at(12).change).toBeCloseTo(0.8 * before.change, 6);
  });

  test('is doubted the less, the more contacts found nobody gone, and never not at all', () => {
    const doubt = (heard: number) => {
      const { row, at } = watchOf();
      for (let sub = 1; sub <= 2_000; sub++) row(0, sub, 1);
      for (let sub = 1; sub <= heard; sub++) row(12, sub, 1);
      return Math.sqrt(at(12).variance);
    };
    const [none, few, many] = [doubt(0), doubt(20), doubt(500)];
    expect(few).toBeLessThan(none / 3);
    expect(many).toBeLessThan(few);
    expect(many).toBeGreaterThan(1);
  });
});

describe('a region with location areas of its own', () => {
  test('is left and entered by nobody in silence, so that silence raises no doubt', () => {
    const { row, at } = watchOf(10_000, true);
    for (let sub = 1; sub <= 1_000; sub++) row(0, sub, 1);
    for (let sub = 1; sub <= 10; sub++) row(12, sub, 1);
    expect(at(12)).toEqual({ change: 0, variance: 0 });
    for (let sub = 11; sub <= 70; sub++) row(13, sub, 25, 'location update');
    // About 60 × 18 % a minute for 70 s, known to a third of itself.
    expect(at(13).change).toBeCloseTo(-12.6, 0);
    expect(at(13).variance).toBeGreaterThan(12.6);
    expect(at(13).variance).toBeLessThan(50);
  });
});

test('phones silent beyond T3212 are off, and those who detach are nobody’s any more', () => {
  const { watch, row, at } = watchOf();
  for (let sub = 1; sub <= 100; sub++) row(0, sub, 1);
  for (let minute = 5; minute <= 120; minute += 5) {
    row(minute, 999, 25);
    if (minute !== 60) continue;
    for (let sub = 1; sub <= 10; sub++) row(minute, sub, 1, 'detach', eventFlag.detach);
    expect(watch.limits.followed).toBe(90);
    expect(Math.abs(at(62).change)).toBeLessThan(1);
  }
  expect(at(64).change).toBe(-90);
  expect(at(119).change).toBe(-90);
  // From then on they are not counted as present either.
  expect(at(120).change).toBe(0);
  expect(watch.limits.followed).toBe(0);
});

test('where presenceTtl is twice as long by its location area, T3212 is taken to be so too, over a restart as well', () => {
  const { row, at, watch } = watchOf(10_000, false, hoursOf(4));
  for (let sub = 1; sub <= 100; sub++) row(0, sub, 1);
  for (let minute = 5; minute <= 240; minute += 5) row(minute, 999, 25);
  expect(at(119).change).toBeGreaterThan(-5);
  const state = new MemoryState();
  for (const _ of watch.save(state, 'hall'));
  const again = watchOf(10_000, false, hoursOf(4));
  again.watch.restore(state, 'hall');
  for (const each of [at, again.at]) {
    expect(each(124).change).toBe(-100);
    expect(each(239).change).toBe(-100);
    expect(each(240).change).toBe(0);
  }
});

test('whoever was silent because the feed was is not off', () => {
  const { row, at } = watchOf();
  for (let sub = 1; sub <= 100; sub++) row(0, sub, 1);
  for (let minute = 1; minute < 30; minute += 5) row(minute, 999, 25);
  // Nothing at all for 70 minutes; the row that ends it has not been taken yet, and then it has.
  expect(at(96).change).toBeGreaterThan(-3);
  for (let minute = 96; minute < 119; minute += 5) row(minute, 999, 25);
  expect(at(119).change).toBeGreaterThan(-3);
});

test('a full table refuses and says so; whoever leaves the surroundings makes room', () => {
  const { watch, row } = watchOf(10);
  for (let sub = 1; sub <= 15; sub++) row(0, sub, 1);
  expect(watch.limits).toEqual({ followed: 10, refused: 5 });
  for (let sub = 1; sub <= 5; sub++) {
    row(5, sub, 25, 'location update');
    row(9, sub, 25);
  }
  for (let sub = 21; sub <= 24; sub++) row(10, sub, 11);
  expect(watch.limits.refused).toBe(5);
});

test('goes on after a restart with what it knows of each phone, and begins anew after a server that told no groups apart', () => {
  const { watch, row, at } = watchOf();
  for (let sub = 1; sub <= 300; sub++) row(0, sub, 1 + (sub % 19), sub % 3 === 0 ? 'mo call' : 'location update');
  for (let sub = 1; sub <= 50; sub++) row(9, sub, 1 + (sub % 17));
  row(15, 999, 25);
  const state = new MemoryState();
  for (const _ of watch.save(state, 'hall'));
  const again = watchOf();
  again.watch.restore(state, 'hall');
  row(20, 77, 12);
  again.row(20, 77, 12);
  expect(again.at(21)).toEqual(at(21));
  expect(at(21).change).not.toBe(0);
  for (let minute = 25; minute <= 70; minute += 5) for (const each of [row, again.row]) each(minute, 999, 25);
  expect(again.at(70)).toEqual(at(70));
  expect(at(70).change).toBeLessThan(at(60).change - 50);
  const older = new MemoryState();
  older.json('hall.tally', { met: [], crossed: [], active: [], activeAll: 0, net: 0, gross: 0, minute: 7 });
  const anew = watchOf();
  anew.watch.restore(older, 'hall');
  expect(anew.watch.limits.followed).toBe(0);
});

test('an empty region has nothing to add', () => {
  expect(watchOf().at(0)).toEqual({ change: 0, variance: 0 });
});
