import { describe, expect, test } from 'vitest';
import { createCitySimulation, t3212S } from '../../../fixtures/make/city/index.ts';
import { type CitySimulation, callSetupS, type Procedure, pauseS, unansweredS } from '../../../fixtures/make/types.ts';

const population = 20_000;
const minuteUs = 60e6;
const hourUs = 60 * minuteUs;

function start(from: string, more: { population?: number; seed?: number; date?: string } = {}): CitySimulation {
  return createCitySimulation({ seed: 1, population, date: '2026-11-25', from, venueLac: 'own', ...more });
}

const copy = (procedure: Procedure): Procedure => ({ ...procedure, handovers: [...procedure.handovers] });

function run(world: CitySimulation, hours: number): Procedure[] {
  const procedures: Procedure[] = [];
  world.advance(world.nowUs + hours * hourUs, (procedure) => procedures.push(copy(procedure)));
  return procedures;
}

function atStadium(world: CitySimulation): number {
  const counts = new Uint32Array(world.city.regions.length);
  world.countRegions(counts);
  return counts[world.city.stadium];
}

function cellCounts(world: CitySimulation): Uint32Array {
  const counts = new Uint32Array(world.city.cells.length);
  world.countCells(counts);
  return counts;
}

/** When a procedure's connection is over, µs. */
function endUs({ kind, timeUs, answered, durationS }: Procedure): number {
  if (!kind.endsWith('call')) return timeUs;
  return timeUs + (answered ? callSetupS + durationS : unansweredS) * 1e6;
}

describe('an evening of the match', () => {
  const world = start('17:00');
  const procedures = run(world, 6);

  test('comes in order of time, each phone doing one thing at a time', () => {
    const free = new Map<number, number>();
    let lastUs = 0;
    const wrong = procedures.filter((procedure) => {
      const { timeUs, phone } = procedure;
      const bad = timeUs < lastUs || !Number.isInteger(timeUs) || timeUs < (free.get(phone) ?? 0);
      lastUs = timeUs;
      free.set(phone, endUs(procedure) + (pauseS - 0.01) * 1e6);
      return bad;
    });
    expect(wrong).toEqual([]);
  });

  test('hands calls over from cell to cell within the conversation', () => {
    const calls = procedures.filter(({ handovers }) => handovers.length > 0);
    expect(calls.length).toBeGreaterThan(200);
    for (const { timeUs, cell, durationS, handovers, kind } of calls) {
      expect(kind).toMatch(/call$/);
      let before = cell;
      for (const handover of handovers) {
        expect(handover.timeUs).toBeGreaterThanOrEqual(timeUs + callSetupS * 1e6);
        expect(handover.timeUs).toBeLessThan(timeUs + (callSetupS + durationS) * 1e6);
        expect(handover.cell).not.toBe(before);
        before = handover.cell;
      }
    }
  });

  test('gives the called phone of the city its side of the call', () => {
    const heard = new Set(
      procedures
        .filter(({ kind }) => kind === 'mt call')
        .map(({ phone, peer, durationS }) => `${peer} ${phone} ${durationS}`),
    );
    const made = procedures.filter(({ kind, peer, answered }) => kind === 'mo call' && answered && peer >= 0);
    expect(made.length).toBeGreaterThan(100);
    const lost = made.filter(({ phone, peer, durationS }) => !heard.has(`${phone} ${peer} ${durationS}`));
    expect(lost.filter(({ timeUs }) => timeUs < world.nowUs - 10e6)).toEqual([]);
  });

  test('lets phones call and renew only in the location area they have registered in', () => {
    const registered = new Map<number, number>();
    const wrong = procedures.filter(({ phone, kind, cell, rejected }) => {
      const lac = world.city.lacOf[cell];
      if (kind === 'location update' || kind === 'imsi attach') {
        if (rejected === 0) registered.set(phone, lac);
        return false;
      }
      return kind !== 'detach' && registered.has(phone) && lac !== registered.get(phone);
    });
    expect(wrong).toEqual([]);
  });

  test('restarts T3212 at every contact: periodic updates come an hour after the last one', () => {
    const last = new Map<number, Procedure>();
    const silences = procedures.flatMap((procedure) => {
      const before = last.get(procedure.phone);
      last.set(procedure.phone, procedure);
      if (procedure.kind !== 'periodic update' || before === undefined) return [];
      return [(procedure.timeUs - endUs(before)) / 1e6];
    });
    expect(silences.length).toBeGreaterThan(population);
    expect(silences.filter((silenceS) => silenceS < t3212S - 1 || silenceS > t3212S + 60)).toEqual([]);
  });

  test('refuses few, for reasons of the specification, and hears of some but not all who switch off', () => {
    const updates = procedures.filter(({ kind }) => kind === 'location update');
    const refused = updates.filter(({ rejected }) => rejected !== 0);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(updates.length / 100);
    for (const { rejected } of refused) expect([11, 13, 17]).toContain(rejected);
    expect(procedures.filter(({ kind }) => kind === 'detach').length).toBeGreaterThan(20);
  });
});

test('a quarter of the phones watch the match and next to nobody is there in the afternoon', () => {
  expect(atStadium(start('15:00'))).toBeLessThan(population * 0.02);
  expect(atStadium(start('20:00'))).toBeGreaterThanOrEqual(population / 4);
  expect(atStadium(start('23:30'))).toBeLessThan(population * 0.02);
});

test('a phone that is on is never silent for longer than T3212 and a little', () => {
  const world = start('00:30', { population: 2_000 });
  const lastUs = new Map<number, number>();
  let late = 0;
  world.advance(world.nowUs + 8 * hourUs, (procedure) => {
    const { phone, kind, timeUs, rejected } = procedure;
    const silenceS = (timeUs - (lastUs.get(phone) ?? timeUs)) / 1e6;
    // A phone that comes back on is heard by an update or attach.
    if (kind !== 'location update' && kind !== 'imsi attach' && rejected === 0 && silenceS > t3212S + 60) late++;
    lastUs.set(phone, endUs(procedure));
  });
  expect(late).toBe(0);
  // Nearly all phones are on in the morning, and all that are were heard within the last hour.
  const heard = [...lastUs.values()].filter((timeUs) => timeUs > world.nowUs - (t3212S + 60) * 1e6).length;
  const counts = cellCounts(world).reduce((sum, count) => sum + count);
  expect(heard).toBeGreaterThanOrEqual(counts - 10);
});

test('the night is silent but for T3212', () => {
  const night = run(start('02:00'), 1);
  const periodic = night.filter(({ kind }) => kind === 'periodic update').length;
  expect(periodic / night.length).toBeGreaterThan(0.9);
  expect(night.length).toBeLessThan(population * 1.1);
});

test('the same seed makes the same evening however it is cut, another seed another one', () => {
  const whole = run(start('19:00', { population: 3_000 }), 1);
  const world = start('19:00', { population: 3_000 });
  const pieces: Procedure[] = [];
  for (let i = 0; i < 80; i++) world.advance(world.nowUs + 45e6, (procedure) => pieces.push(copy(procedure)));
  expect(pieces).toEqual(whole);
  expect(run(start('19:00', { population: 3_000, seed: 2 }), 1)).not.toEqual(whole);
});

test('a world that starts later has the same people at the same places, and soon the same procedures', () => {
  const early = start('09:00', { population: 5_000 });
  const late = start('17:30', { population: 5_000 });
  early.advance(late.nowUs, () => {});
  expect(cellCounts(late)).toEqual(cellCounts(early));
  const key = ({ timeUs, phone, kind }: Procedure) => `${kind} ${phone} ${Math.round(timeUs / 1e6)}`;
  const moves = (list: Procedure[]) => list.filter(({ kind }) => kind === 'location update').map(key);
  const ofEarly = moves(run(early, 1));
  const ofLate = new Set(moves(run(late, 1)));
  expect(ofEarly.filter((one) => ofLate.has(one)).length / ofEarly.length).toBeGreaterThan(0.99);
});

test('the world runs on into the next day, with another match', () => {
  const world = start('23:00', { population: 2_000 });
  const kickOffUs = world.kickOffUs;
  world.advance(kickOffUs + 24 * hourUs, () => {});
  expect(world.kickOffUs).toBe(kickOffUs + 24 * hourUs);
  expect(new Date(world.kickOffUs / 1000).toISOString()).toBe('2026-11-26T11:30:00.000Z');
  expect(atStadium(world)).toBeGreaterThan(400);
});

test('identities are invented: 001-01, or a foreign network with a serial number below 100,000', () => {
  const world = start('12:00');
  const phones = Array.from({ length: population }, (_, phone) => phone);
  const imsis = phones.map((phone) => world.imsi(phone));
  const rule = /^(00101\d{10}|(?!460|001)\d{5}00000\d{5}|(302|310|311)\d{3}0000\d{5})$/;
  expect(imsis.filter((imsi) => !rule.test(imsi))).toEqual([]);
  expect(new Set(imsis).size).toBe(population);
  const foreign = imsis.filter((imsi) => !imsi.startsWith('00101')).length;
  expect(foreign / population).toBeGreaterThan(0.02);
  expect(foreign / population).toBeLessThan(0.08);
  const msisdns = phones.map((phone) => world.msisdn(phone));
  expect(msisdns.filter((msisdn) => !/^(86100\d{8}|\d{1,3}000\d{6})$/.test(msisdn))).toEqual([]);
  const imeis = phones.map((phone) => world.imei(phone));
  expect(imeis.filter((imei) => !/^3599\d{11}$/.test(imei) || luhn(imei) !== 0)).toEqual([]);
});

/** 3GPP TS 23.003 §B.1: 0 for digits with a right check digit. */
function luhn(digits: string): number {
  const sum = [...digits].reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 1 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10;
}

test.each([
  [{ date: '2026-02-30' }, /2026-02-30/],
  [{ from: '24:00' }, /24:00/],
  [{ population: 0 }, /'0'/],
  [{ population: 1_000_001 }, /1000001/],
])('%o is refused by name', (wrong, message) => {
  expect(() =>
    createCitySimulation({ seed: 1, population: 10, date: '2026-11-25', from: '12:00', venueLac: 'own', ...wrong }),
  ).toThrow(message);
});
