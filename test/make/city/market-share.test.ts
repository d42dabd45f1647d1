import { describe, expect, test } from 'vitest';
import { createCitySimulation } from '../../../fixtures/make/city/index.ts';
import type { CitySimulation, Procedure } from '../../../fixtures/make/types.ts';

const population = 6_000;
const hourUs = 3_600e6;

function start(more: { marketShare?: number; lostDetaches?: number; from?: string } = {}): CitySimulation {
  return createCitySimulation({ seed: 3, population, date: '2026-10-17', from: '19:00', venueLac: 'own', ...more });
}

function run(world: CitySimulation, hours: number): Pick<Procedure, 'phone' | 'kind' | 'peer' | 'timeUs'>[] {
  const procedures: Pick<Procedure, 'phone' | 'kind' | 'peer' | 'timeUs'>[] = [];
  world.advance(world.nowUs + hours * hourUs, ({ phone, kind, peer, timeUs }) =>
    procedures.push({ phone, kind, peer, timeUs }),
  );
  return procedures;
}

const stadiumOf = (world: CitySimulation, count: (out: Uint32Array) => void): number => {
  const out = new Uint32Array(world.city.regions.length);
  count(out);
  return out[world.city.stadium];
};

describe('a market share of 40 %', () => {
  const world = start({ marketShare: 0.4 });
  const whole = start();
  const procedures = run(world, 2);
  const ofAll = run(whole, 2);

  test('is heard of that share of the phones, all of which the whole market has too', () => {
    const heard = new Set(procedures.map(({ phone }) => phone));
    const all = new Set(ofAll.map(({ phone }) => phone));
    expect(heard.size / all.size).toBeGreaterThan(0.37);
    expect(heard.size / all.size).toBeLessThan(0.43);
    expect([...heard].filter((phone) => !all.has(phone)).length).toBeLessThan(heard.size / 100);
  });

  test('calls nobody of another network inside the simulation', () => {
    const heard = new Set(procedures.map(({ phone }) => phone));
    const called = procedures.filter(({ peer }) => peer >= 0);
    expect(called.length).toBeGreaterThan(100);
    // Some are off for the whole time.
    expect(called.filter(({ peer }) => !heard.has(peer)).length / called.length).toBeLessThan(0.1);
  });

  test('leaves the heads where they are: they depend on plans alone, whenever they are asked for', () => {
    const kickOff = world.kickOffUs;
    const heads = stadiumOf(world, (out) => world.countPeople(kickOff, out));
    expect(heads).toBe(stadiumOf(whole, (out) => whole.countPeople(kickOff, out)));
    expect(heads).toBeGreaterThan(population / 5);
  });

  test('counts as phones of the network that share of the heads', () => {
    const heads = stadiumOf(world, (out) => world.countPeople(world.nowUs, out));
    const phones = stadiumOf(world, (out) => world.countRegions(out));
    expect(phones / heads).toBeGreaterThan(0.35);
    expect(phones / heads).toBeLessThan(0.42);
  });
});

test('heads take in those whose phones are off or refused, so they are never fewer than the phones', () => {
  const world = start();
  run(world, 1);
  const heads = new Uint32Array(world.city.regions.length);
  const phones = new Uint32Array(heads.length);
  world.countPeople(world.nowUs, heads);
  world.countRegions(phones);
  expect([...heads].filter((count, region) => count < phones[region])).toEqual([]);
  expect(heads[world.city.stadium]).toBeGreaterThan(phones[world.city.stadium]);
});

test('nobody hears the detaches that are lost', () => {
  const detaches = (lostDetaches: number) =>
    run(start({ lostDetaches, from: '22:00' }), 3).filter(({ kind }) => kind === 'detach').length;
  const all = detaches(0);
  expect(all).toBeGreaterThan(100);
  expect(detaches(0.3) / all).toBeGreaterThan(0.6);
  expect(detaches(0.3) / all).toBeLessThan(0.8);
  expect(detaches(1)).toBe(0);
});
