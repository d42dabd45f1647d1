import { expect, test } from 'vitest';
import { EventBatch, noCause, noCell } from '../../server/events/event-batch.ts';
import { learntKind } from '../../server/events/learnt.ts';
import { packPlmn, placedHome } from '../../server/events/plmn.ts';
import { regionOf, SmallCity } from './small-city.ts';

const secondUs = 1_000_000;
const base = Date.UTC(2026, 9, 17, 11) * 1000;
const cells = ['001-01-100-1', '001-01-100-2', '001-01-200-1'];
const home = packPlmn(460, 0, 2);
const areas = { Shenzhen: 755, Guangzhou: 20, Beijing: 10 } as const;
const classes = { 0: 'local', 755: 'local', 20: 'other city', 10: 'other province' } as const;
const settings = { homePlmns: '460-00', homeAreas: '0755', provinceAreas: '020,0752', presenceTtlMs: 600_000 };

const cityWith = () =>
  new SmallCity({ regions: [regionOf('venue', ['001-01-100-*'])], settings, everyUs: 60 * secondUs });

/** The row that tells where somebody's number belongs to. */
function learn(city: SmallCity, us: number, subscriber: string, area: number): void {
  const seen = city.batch([{ timeUs: us, subscriber, cell: cells[0], detach: false }]);
  const batch = new EventBatch(8);
  batch.push(
    us,
    seen.subLo[0],
    seen.subHi[0],
    noCell,
    placedHome(home, area),
    learntKind.msisdn,
    0,
    noCause,
    0,
    0,
    0,
    0,
  );
  city.engine.apply(batch, 0, 1);
}

function see(city: SmallCity, us: number, subscriber: string, cell: string, area: number): void {
  const plmn = placedHome(home, area);
  city.engine.apply(city.batch([{ timeUs: us, subscriber, cell, detach: false }], { plmn }), 0, 1);
}

const shown = (rows: readonly { class: string; present: number }[]) =>
  Object.fromEntries(rows.map((row) => [row.class, row.present]));

test('whose number is learnt while present moves from one origin to the other, once', () => {
  const city = cityWith();
  see(city, base, 'a', cells[0], 0);
  see(city, base, 'b', cells[0], 0);
  const both = () => [shown(city.engine.view.origins), shown(city.engine.view.regionOrigins(0))];
  expect(both()).toEqual([{ local: 2 }, { local: 2 }]);
  learn(city, base + secondUs, 'a', areas.Beijing);
  const moved = { local: 1, 'other province': 1 };
  expect(both()).toEqual([moved, moved]);
  learn(city, base + 2 * secondUs, 'a', areas.Beijing);
  see(city, base + 3 * secondUs, 'a', cells[1], areas.Beijing);
  // Another feed that does not know it takes nothing back.
  see(city, base + 4 * secondUs, 'a', cells[1], 0);
  expect(both()).toEqual([moved, moved]);
  see(city, base + 5 * secondUs, 'a', cells[2], 0);
  expect(both()).toEqual([moved, { local: 1 }]);
  city.engine.advance(base + 3600 * secondUs);
  expect(both()).toEqual([{}, {}]);
});

test('a sighting that brings the area late moves whoever is present, too', () => {
  const city = cityWith();
  see(city, base, 'a', cells[0], 0);
  see(city, base + secondUs, 'a', cells[1], areas.Guangzhou);
  expect(shown(city.engine.view.regionOrigins(0))).toEqual({ 'other city': 1 });
});

test('nobody is counted who is not present, and nothing late is an event', () => {
  const city = cityWith();
  see(city, base, 'b', cells[0], 0);
  learn(city, base + secondUs, 'a', areas.Beijing);
  expect(shown(city.engine.view.origins)).toEqual({ local: 1 });
  const batch = new EventBatch(8);
  batch.push(base, 1, 1, noCell, home, learntKind.msisdn, 0, noCause, 0, 0, 0, 0);
  city.engine.applyLate(batch, 0, 1);
  expect(city.engine.view.lateEvents).toBe(0);
});

test('counts by origin are those of a plain walk over sightings and learnings in any order', () => {
  let state = 11;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const city = cityWith();
  const known = [0, areas.Shenzhen, areas.Guangzhou, areas.Beijing];
  const where = new Map<string, { cell: string; us: number; area: number }>();
  for (let n = 0; n < 3_000; n++) {
    const us = base + n * secondUs;
    const subscriber = `s${random(40)}`;
    const area = known[random(4)];
    for (const [name, { us: last }] of where) if (us - last >= 600 * secondUs) where.delete(name);
    const before = where.get(subscriber);
    if (random(3) === 0) {
      learn(city, us, subscriber, area);
      if (before !== undefined && area !== 0) before.area = area;
    } else {
      const cell = cells[random(3)];
      see(city, us, subscriber, cell, area);
      where.set(subscriber, { cell, us, area: area || (before?.area ?? 0) });
    }
    if (n % 50 !== 0) continue;
    city.engine.advance(us);
    for (const part of [cells, cells.slice(0, 2)]) {
      const counts: Record<string, number> = {};
      for (const { cell, area: of } of where.values()) {
        const name = classes[of as keyof typeof classes];
        if (part.includes(cell)) counts[name] = (counts[name] ?? 0) + 1;
      }
      const { view } = city.engine;
      expect(shown(part === cells ? view.origins : view.regionOrigins(0)), `${n}`).toEqual(counts);
    }
  }
});
