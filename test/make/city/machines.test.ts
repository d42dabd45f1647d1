import { beforeAll, describe, expect, test } from 'vitest';
import { createCitySimulation, machineImsis } from '../../../fixtures/make/city/index.ts';
import type { Procedure } from '../../../fixtures/make/types.ts';

const population = 4_000;
const share = 0.1;
const hourUs = 3_600e6;
type Heard = Pick<Procedure, 'phone' | 'kind' | 'peer' | 'timeUs' | 'cell'>;

describe('machines among the phones', () => {
  const options = { seed: 4, population, date: '2026-10-16', from: '08:00', venueLac: 'own' } as const;
  const world = createCitySimulation({ ...options, machines: share });
  const isMachine = (phone: number) => world.imsi(phone).startsWith(machineImsis);
  const heard: Heard[] = [];
  const byMachine = new Map<number, Heard[]>();
  beforeAll(() => {
    world.advance(world.nowUs + 4 * hourUs, ({ phone, kind, peer, timeUs, cell }) => {
      heard.push({ phone, kind, peer, timeUs, cell });
    });
    for (const row of heard.filter(({ phone }) => isMachine(phone))) {
      byMachine.set(row.phone, [...(byMachine.get(row.phone) ?? []), row]);
    }
  });

  test('are the share that was asked for, all heard of within four hours, with IMSIs of their own', () => {
    expect(byMachine.size).toBe(population * share);
  });

  test('report by the clock, hourly or each quarter-hour, at a second of their own', () => {
    let hourly = 0;
    for (const rows of byMachine.values()) {
      const reports = rows.filter(({ kind }) => kind === 'mo sms').map(({ timeUs }) => timeUs);
      const seconds = reports.map((timeUs) => (timeUs / 1e6) % 900);
      // A report waits for an update that is under way.
      const apart = seconds.filter((second) => Math.abs(second - seconds[0]) > 1).length;
      expect(apart).toBeLessThan(2 + reports.length / 3);
      expect(reports.length).toBeLessThanOrEqual(17);
      if (reports.length <= 4) hourly++;
    }
    expect(hourly / byMachine.size).toBeGreaterThan(0.45);
    expect(hourly / byMachine.size).toBeLessThan(0.65);
  });

  test('stand still, but for vehicles', () => {
    const cells = [...byMachine.values()].map((rows) => new Set(rows.map(({ cell }) => cell)).size);
    const still = cells.filter((count) => count <= 2).length / cells.length;
    expect(still).toBeGreaterThan(0.7);
    expect(still).toBeLessThan(0.9);
    expect(Math.max(...cells)).toBeGreaterThan(5);
  });

  test('call nobody, are called by nobody, and never go off', () => {
    const own = new Set<string>(['location update', 'mo sms', 'periodic update']);
    expect([...byMachine.values()].flat().filter(({ kind }) => !own.has(kind))).toEqual([]);
    expect(heard.filter(({ peer }) => peer >= 0 && isMachine(peer))).toEqual([]);
  });

  test('are phones in a region and no heads', () => {
    const people = new Uint32Array(world.city.regions.length);
    const phones = new Uint32Array(people.length);
    world.countPeople(world.nowUs, people);
    world.countRegions(phones);
    // At noon hardly anybody is in the stadium but its own tills.
    expect(phones[world.city.stadium]).toBeGreaterThan(people[world.city.stadium] + 5);
  });
});
