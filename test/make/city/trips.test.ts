import { describe, expect, test } from 'vitest';
import { createCitySimulation } from '../../../fixtures/make/city/index.ts';
import { roamingPartners } from '../../../fixtures/make/city/roaming-partners.ts';
import type { DistantEvent } from '../../../fixtures/make/types.ts';

const population = 6_000;
const hourUs = 3_600e6;
const start = (date: string, from: string) =>
  createCitySimulation({ seed: 1, population, date, from, venueLac: 'own' });

describe('three days', async () => {
  const world = start('2026-11-24', '04:30');
  const events: DistantEvent[] = [];
  const active = new Map<number, number>();
  /** Where a phone was heard of last: network index, −1 here. */
  const where = new Map<number, number>();
  const busyAbroad: DistantEvent[] = [];
  world.advance(
    world.nowUs + 72 * hourUs,
    ({ phone, timeUs }) => {
      active.set(phone, timeUs);
      where.set(phone, -1);
    },
    (event) => {
      events.push({ ...event });
      if (event.what !== 'registration') return;
      if (event.timeUs - (active.get(event.phone) ?? 0) < 0.5 * hourUs) busyAbroad.push({ ...event });
      where.set(event.phone, event.network);
    },
  );
  const isHome = (phone: number) => world.homeNetwork(phone) < 0;
  const registrations = events.filter(({ what }) => what === 'registration');

  test('bring events in order of time', () => {
    expect(events.every(({ timeUs }, i) => i === 0 || timeUs >= events[i - 1].timeUs)).toBe(true);
    expect(events.every(({ timeUs }) => Number.isInteger(timeUs))).toBe(true);
  });

  test('let nobody register elsewhere who was heard of here within the half-hour', () => {
    expect(registrations.length).toBeGreaterThan(100);
    expect(busyAbroad).toEqual([]);
  });

  test('send residents to many countries, guests home, and purge a few', () => {
    const abroad = registrations.filter(({ phone, network }) => isHome(phone) && network >= 0);
    expect(new Set(abroad.map(({ network }) => world.networks[network].country)).size).toBeGreaterThan(10);
    for (const { phone, network } of registrations.filter((event) => !isHome(event.phone))) {
      expect(network).toBe(world.homeNetwork(phone));
    }
    const purges = events.filter(({ what }) => what === 'purge');
    expect(purges.length).toBeGreaterThan(3);
    expect(purges.length).toBeLessThan(registrations.length / 3);
  });

  test('tell of calls and messages that reach nobody', () => {
    expect(events.filter(({ what }) => what === 'call').length).toBeGreaterThan(50);
    expect(events.filter(({ what }) => what === 'short message').length).toBeGreaterThan(50);
  });

  test('leave the same people abroad as a world that begins at their end', () => {
    const later = start('2026-11-27', '04:30');
    expect(later.nowUs).toBe(world.nowUs);
    let abroad = 0;
    for (let phone = 0; phone < population; phone++) {
      if (!isHome(phone)) continue;
      const then = where.get(phone);
      const now = later.cameFrom(phone);
      // Nothing was heard of some who have been away for long.
      if (then !== undefined && then >= 0) expect(now).toBe(then);
      if (now >= 0) {
        expect(then ?? now).toBe(now);
        abroad++;
      }
    }
    expect(abroad / population).toBeGreaterThan(0.004);
    expect(abroad / population).toBeLessThan(0.03);
  });
});

test("no two networks' numbers begin alike, and countries with one code differ in their area", () => {
  const prefixes = roamingPartners.map(({ prefix }) => prefix);
  for (const one of prefixes) expect(prefixes.filter((other) => other.startsWith(one))).toEqual([one]);
  for (const { prefix, callingCode } of roamingPartners) {
    expect(prefix.startsWith(callingCode)).toBe(true);
    expect(prefix.length).toBeLessThanOrEqual(10);
  }
  const areas = (country: string) => prefixes.filter((_, i) => roamingPartners[i].country === country);
  expect(areas('US').every((prefix) => prefix.startsWith('1202'))).toBe(true);
  expect(areas('CA').every((prefix) => prefix.startsWith('1416'))).toBe(true);
});
