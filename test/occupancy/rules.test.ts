import { describe, expect, it } from 'vitest';
import { noCell } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';
import { packPlmn } from '../../server/events/plmn.ts';
import type { OracleSighting } from './oracle.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const inside = '001-01-100-1';
const alsoInside = '001-01-100-2';
const outside = '001-01-200-1';

function at(seconds: number, cell: string, detach = false, subscriber = 'a'): OracleSighting {
  return { timeUs: base + seconds * secondUs, subscriber, cell, detach };
}

function cityWith(settings: Record<string, unknown> = {}, everyUs = minuteUs): SmallCity {
  return new SmallCity({ regions: [regionOf('venue', ['001-01-100-*'])], settings, everyUs });
}

/** The venue's rows of the first minutes. */
function minutes(city: SmallCity, count: number) {
  return Array.from({ length: count }, (_, i) => city.row('venue', base + (i + 1) * minuteUs));
}

describe('crossings', () => {
  it('counts an entry that held at its own time, in its own interval', () => {
    const city = cityWith();
    city.see(at(10, outside), at(50, inside), at(200, inside));
    city.engine.finish();
    expect(minutes(city, 2).map((row) => row?.entries)).toEqual([1, 0]);
  });

  it('cancels both crossings of a ping-pong A→B→A within holdDown, although present moves at once', () => {
    const city = cityWith();
    city.see(at(10, inside), at(50, outside), at(65, inside), at(300, inside));
    city.engine.finish();
    expect(minutes(city, 2)).toMatchObject([
      { present: 0, exits: 0, entries: 0, visitors: 1 },
      { present: 1, exits: 0, entries: 0, visitors: 1 },
    ]);
  });

  it('counts both when the way back comes exactly holdDown later', () => {
    const city = cityWith();
    city.see(at(10, inside), at(30, outside), at(90, inside), at(400, inside));
    city.engine.finish();
    expect(minutes(city, 2)).toMatchObject([
      { exits: 1, entries: 0 },
      { exits: 0, entries: 1 },
    ]);
  });

  it('lets a third crossing count after two have cancelled', () => {
    const city = cityWith();
    city.see(at(0, inside), at(10, outside), at(20, inside), at(30, outside), at(300, outside));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ exits: 1, entries: 0, present: 0 }]);
  });

  it('counts a pending crossing at a vanish, whatever comes after it', () => {
    const city = cityWith();
    // Out, switched off outside, switched on there and back in, all within holdDown of the exit.
    city.see(at(0, inside), at(5, outside), at(10, outside, true), at(15, outside), at(20, inside), at(300, inside));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ exits: 1, entries: 1, appeared: 1, vanished: 0 }]);
  });

  it('sees no crossing in a move between two cells of the region', () => {
    const city = cityWith();
    city.see(at(0, inside), at(5, alsoInside), at(300, alsoInside));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ present: 1, entries: 0, exits: 0, appeared: 1, visitors: 1 }]);
  });

  it('hands an interval on once its crossings can no longer be undone', () => {
    const city = cityWith();
    city.see(at(10, inside));
    city.engine.advance(base + 2 * minuteUs - 1);
    expect(city.gauges).toHaveLength(0);
    city.engine.advance(base + 2 * minuteUs);
    expect(city.gauges.map(({ endUs }) => endUs)).toEqual([base + minuteUs]);
  });

  it('shows inflow and outflow of the flow window as crossings hold', () => {
    const city = cityWith({ flowWindowMs: 120_000 });
    city.see(at(0, outside), at(10, inside));
    city.engine.advance(base + 30 * secondUs);
    expect(city.engine.view.regionInflow[0]).toBe(0);
    city.engine.advance(base + 70 * secondUs);
    expect(city.engine.view.regionInflow[0]).toBe(1);
    city.engine.advance(base + 140 * secondUs);
    expect(city.engine.view.regionInflow[0]).toBe(0);
  });
});

describe('appeared and vanished', () => {
  it('lets a subscriber vanish at exactly its last sighting plus presenceTtl', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    city.see(at(0, inside));
    city.engine.advance(base + minuteUs - 1);
    expect(city.engine.view.present).toBe(1);
    city.engine.advance(base + minuteUs);
    expect(city.engine.view.present).toBe(0);
    city.engine.advance(base + 10 * minuteUs);
    // At 11:01:00.000000 it is still counted in the interval before, and gone in the one that begins then.
    expect(minutes(city, 2)).toMatchObject([
      { present: 1, vanished: 0, visitors: 1 },
      { present: 0, vanished: 1, visitors: 0 },
    ]);
  });

  it('takes a gap of presenceTtl for a vanish and an appearance, never a crossing', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    city.see(at(0, inside), at(60, outside), at(70, outside));
    city.engine.finish();
    expect(minutes(city, 2)).toMatchObject([
      { appeared: 1, vanished: 0, exits: 0 },
      { appeared: 0, vanished: 1, exits: 0 },
    ]);
    expect(city.engine.view.appeared).toBe(2);
  });

  it('places a subscriber in the cell of its detach before it vanishes there', () => {
    const city = cityWith();
    city.see(at(0, outside), at(10, inside, true));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ present: 0, entries: 1, vanished: 1, visitors: 0 }]);
  });

  it('ends the presence of a subscriber whom the core network takes out, wherever that was, and places nobody', () => {
    const city = cityWith();
    city.see(at(0, outside), at(10, inside), at(11, outside, false, 'b'));
    const batch = city.batch([at(20, inside), at(21, inside, false, 'stranger')]);
    batch.cell.fill(noCell);
    batch.flags.fill(eventFlag.detach);
    city.engine.apply(batch, 0, batch.n);
    city.see(at(30, inside));
    expect(city.engine.view).toMatchObject({ present: 2, appeared: 3, vanished: 1 });
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ present: 1, appeared: 1, vanished: 1 }]);
  });

  it('uses the presenceTtl of the location area', () => {
    const city = cityWith({ presenceTtlMs: 3_600_000, presenceTtlByLac: '200=60000' });
    city.see(at(0, outside), at(1, inside, false, 'b'));
    city.engine.advance(base + 2 * minuteUs);
    expect(city.engine.view.present).toBe(1);
  });

  it('keeps a subscriber of a feed whose clock stands, and lets it go when the clock moves on', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    const batch = city.batch([at(0, inside)], { feed: 1 });
    city.engine.apply(batch, 0, 1);
    const clocks = Float64Array.of(base, base + 20 * secondUs);
    city.engine.advance(base + 30 * minuteUs, clocks);
    expect(city.engine.view.present).toBe(1);
    clocks[1] = base + 30 * minuteUs;
    city.engine.advance(base + 30 * minuteUs + 1, clocks);
    expect(city.engine.view.present).toBe(0);
    city.engine.advance(base + 40 * minuteUs, clocks);
    // The interval in which it ended had been handed on with the subscriber present.
    expect(city.row('venue', base + 29 * minuteUs)).toMatchObject({ present: 1, vanished: 0 });
    expect(city.row('venue', base + 31 * minuteUs)).toMatchObject({ present: 0, vanished: 1, visitors: 0 });
  });

  it('lets a stalled subscriber go by the clock of the feed that saw it since', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    city.engine.apply(city.batch([at(0, inside)], { feed: 1 }), 0, 1);
    const clocks = Float64Array.of(base, base);
    city.engine.advance(base + 2 * minuteUs, clocks);
    city.engine.apply(city.batch([at(150, inside)], { feed: 0 }), 0, 1);
    clocks[0] = base + 10 * minuteUs;
    for (let minute = 3; minute < 6; minute++) city.engine.advance(base + minute * minuteUs, clocks);
    expect(city.engine.view.present).toBe(0);
  });
});

describe('visitors', () => {
  it('counts somebody once who comes and goes several times', () => {
    const city = cityWith({ holdDownMs: 0 });
    city.see(at(1, inside), at(5, outside), at(10, inside), at(20, outside), at(30, inside), at(40, outside));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ visitors: 1, present: 0 }]);
  });

  it('does not count who leaves at exactly the start of the interval', () => {
    const city = cityWith();
    city.see(at(1, inside), at(60, outside), at(300, outside));
    city.engine.finish();
    expect(minutes(city, 2).map((row) => row?.visitors)).toEqual([1, 0]);
  });

  it('does not count a stay without length: of two sightings at one microsecond the later wins', () => {
    const city = cityWith();
    city.see(at(1, outside), at(10, inside), at(10, outside), at(300, outside));
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([{ visitors: 0, present: 0 }]);
  });

  it('knows nothing of a first sighting that is superseded at the same microsecond: the later one is the appearance', () => {
    const regions = [regionOf('venue', [inside]), regionOf('street', [outside])];
    const city = new SmallCity({ regions, everyUs: minuteUs });
    city.see(at(10, inside), at(10, outside), at(300, outside));
    city.engine.finish();
    const nothing = { present: 0, entries: 0, exits: 0, appeared: 0, vanished: 0, visitors: 0 };
    expect(city.row('venue', base + minuteUs)).toMatchObject(nothing);
    expect(city.row(inside, base + minuteUs)).toMatchObject(nothing);
    const there = { present: 1, entries: 0, exits: 0, appeared: 1, vanished: 0, visitors: 1 };
    expect(city.row('street', base + minuteUs)).toMatchObject(there);
    expect(city.row(outside, base + minuteUs)).toMatchObject(there);
    expect(city.trips().size).toBe(0);
    expect(city.gauges.filter(({ dwell }) => dwell !== undefined)).toEqual([]);
    expect(city.stays).toEqual([]);
  });

  it('moves an appearance on and back at one microsecond, and keeps what was there before', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    // Was a visitor, is switched off, and comes back in the same minute: twice at one time, in the end outside.
    city.see(at(0, inside), at(10, inside, true), at(20, inside), at(20, outside), at(20, inside), at(20, outside));
    city.engine.advance(base + 40 * secondUs);
    expect(city.engine.view.regionPresent[0]).toBe(0);
    city.engine.finish();
    expect(minutes(city, 1)).toMatchObject([
      { present: 0, appeared: 1, vanished: 1, entries: 0, exits: 0, visitors: 1 },
    ]);
  });

  it('counts a visit before a vanish and a return in the same interval once', () => {
    const city = cityWith({}, 60 * minuteUs);
    city.see(at(0, inside), at(100, inside, true), at(200, inside), at(300, outside));
    city.engine.finish();
    expect(city.row('venue', base + 60 * minuteUs)).toMatchObject({ visitors: 1, appeared: 2, vanished: 1 });
  });
});

describe('the live view', () => {
  it('tells fix ages: fresh counts exactly at half minutes, quantiles to the half minute', () => {
    const city = cityWith();
    city.see(at(0, inside, false, 'a'), at(60, inside, false, 'b'), at(1500, alsoInside, false, 'c'));
    city.engine.advance(base + 1800 * secondUs);
    const { view } = city.engine;
    expect([view.fresh5, view.fresh30, view.present]).toEqual([1, 3, 3]);
    expect([view.regionFresh5[0], view.regionFresh30[0]]).toEqual([1, 3]);
    expect(view.fixAgeMedianMs).toBe(1740_000);
    expect(view.fixAgeP90Ms).toBe(1800_000);
    city.engine.advance(base + 1830 * secondUs);
    expect([view.fresh5, view.fresh30]).toEqual([0, 2]);
  });

  it('counts origins of the city and of a region, and learns one that becomes known late', () => {
    const city = cityWith({ homePlmns: '460-00,460-02' });
    const see = (sighting: OracleSighting, plmn: number) => {
      city.engine.apply(city.batch([sighting], { plmn }), 0, 1);
    };
    see(at(0, inside, false, 'a'), packPlmn(460, 0, 2));
    see(at(1, inside, false, 'b'), 0);
    see(at(2, outside, false, 'c'), packPlmn(454, 12, 2));
    see(at(3, inside, false, 'd'), packPlmn(460, 1, 2));
    const { view } = city.engine;
    expect(view.regionOrigins(0).map(({ class: name, present }) => [name, present])).toContainEqual(['unknown', 1]);
    see(at(4, inside, false, 'b'), packPlmn(234, 15, 2));
    expect(view.origins.map(({ machines: _, ...origin }) => origin)).toEqual([
      { class: 'international', country: 'GB', mcc: '234', present: 1 },
      { class: '港澳台', country: 'HK', mcc: '454', present: 1 },
      { class: 'local', country: 'CN', mcc: '460', present: 1 },
      { class: 'other network', country: 'CN', mcc: '460', present: 1 },
    ]);
    see(at(5, outside, false, 'b'), packPlmn(234, 15, 2));
    expect(view.regionOrigins(0).map(({ mcc }) => mcc)).toEqual(['460', '460']);
  });

  it('gives the present counts at interval ends, oldest first', () => {
    const city = cityWith();
    city.see(at(0, inside, false, 'a'), at(70, inside, false, 'b'), at(130, outside, false, 'a'));
    city.engine.advance(base + 3 * minuteUs);
    expect([...city.engine.view.spark(2)]).toEqual([2, 1]);
    expect([...city.engine.view.spark(10)]).toEqual([1, 2, 1]);
    expect(city.engine.view.intervalEndUs).toBe(base + 3 * minuteUs);
  });

  it('counts late rows as traffic and moves nobody by them', () => {
    const city = cityWith();
    city.see(at(100, inside));
    const late = city.batch([at(10, outside, true)]);
    city.engine.applyLate(late, 0, 1);
    expect(city.engine.view.present).toBe(1);
    expect(city.engine.view.lateEvents).toBe(1);
    expect(city.engine.view.resolvedEvents).toBe(1);
  });

  it('tells the share of cells heard lately, of cells that turn up too', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    for (let i = 0; i < 2000; i++) city.registry.idOf(`001-01-300-${i}`);
    expect(city.engine.view.cellPresent.length).toBeGreaterThanOrEqual(2000);
    city.see(at(0, '001-01-300-1999'), at(1, '001-01-300-0'), at(2, inside));
    expect(city.engine.view.cellsHeardShare).toBe(3 / 2001);
    city.engine.advance(base + 61 * secondUs);
    expect(city.engine.view.cellsHeardShare).toBe(1 / 2001);
  });

  it('is warming up until it has seen one presenceTtl of events', () => {
    const city = cityWith({ presenceTtlMs: 60_000 });
    expect(city.engine.view.warmingUp).toBe(true);
    city.see(at(0, inside), at(59, inside));
    expect(city.engine.view.warmingUp).toBe(true);
    city.see(at(60, inside));
    expect(city.engine.view.warmingUp).toBe(false);
  });

  it('is whole, and a cell silent, by the longest presenceTtl and its own where location areas differ', () => {
    const city = cityWith({ presenceTtlMs: 60_000, presenceTtlByLac: '300=120000' });
    city.see(at(0, '001-01-300-1'), at(1, inside));
    city.engine.advance(base + 100 * secondUs);
    expect(city.engine.view.warmingUp).toBe(true);
    expect(city.engine.view.cellsHeardShare).toBe(1 / 2);
    city.engine.advance(base + 120 * secondUs);
    expect(city.engine.view.warmingUp).toBe(false);
    expect(city.engine.view.cellsHeardShare).toBe(0);
  });

  it('goes over a year without events at once and goes on counting', () => {
    const city = cityWith();
    const yearS = 365 * 86_400;
    city.see(at(0, inside), at(yearS, inside), at(yearS + 200, inside));
    city.engine.finish();
    expect(city.gauges.length).toBeLessThan(200);
    expect(city.row('venue', base + yearS * secondUs + minuteUs)).toMatchObject({ present: 1, appeared: 1 });
    expect(city.engine.view.fresh5).toBe(1);
  });

  it('refuses rows that go back in time: the sorter stands before it', () => {
    const city = cityWith();
    expect(() => city.see(at(10, inside), at(9, inside))).toThrow('in order of time');
  });
});

describe('limits', () => {
  it('counts sightings of new subscribers that find the table full and goes on with the known ones', () => {
    const city = cityWith({ subscribersMax: 1000 });
    const many = Array.from({ length: 1200 }, (_, i) => at(i / 100, inside, false, `s${i}`));
    city.see(...many, at(20, outside, false, 's0'));
    expect(city.engine.view.present).toBe(1000);
    expect(city.engine.limits.subscribersRefused).toBe(200);
    expect(city.engine.view.regionPresent[0]).toBe(999);
  });

  it('settles crossings early and counts them when the trail is full, and keeps present right', () => {
    const city = cityWith({ crossingsMax: 10_000 });
    const sightings: OracleSighting[] = [];
    for (let i = 0; i < 8000; i++) sightings.push(at(i / 1000, i % 2 === 0 ? inside : outside, false, `s${i >> 2}`));
    city.see(...sightings);
    expect(city.engine.limits.crossings).toBeLessThanOrEqual(10_000);
    expect(city.engine.limits.crossingsForced).toBeGreaterThan(0);
    expect(city.engine.view.present).toBe(2000);
    expect(city.engine.view.regionPresent[0]).toBe(0);
  });

  it('uses the records of vanished subscribers again', () => {
    const city = cityWith({ presenceTtlMs: 60_000, subscribersMax: 1000 });
    for (let round = 0; round < 20; round++) {
      city.see(
        ...Array.from({ length: 900 }, (_, i) => at(round * 300 + i / 10, inside, i % 9 === 0, `r${round}-${i}`)),
      );
    }
    expect(city.engine.limits.subscribersRefused).toBe(0);
    expect(city.engine.limits.subscribers).toBeLessThanOrEqual(1000);
  });
});
