import { expect, test } from 'vitest';
import { makeBusyLife, ScriptedCity } from '../make/wire/fake-city.ts';
import { compareWithTruth } from './truth-comparison.ts';

const startUs = Date.UTC(2026, 9, 17, 9, 30) * 1000;

const timeOf = (row: string) => Number(row.slice(0, row.indexOf(' ')));

test('decoding a simulated capture gives exactly the sightings that it proves', async () => {
  // All dialogues end within the capture, so nothing is cut off.
  const simulation = new ScriptedCity(2_000, startUs, makeBusyLife(2_000, startUs, 200));
  const result = await compareWithTruth({ simulation, endUs: startUs + 900_000_000 });
  expect(result.missing).toEqual([]);
  expect(result.surplus).toEqual([]);
  expect(result.known).toBeGreaterThan(10_000);
  // Detaches and refused connections of phones that had not been heard before.
  expect(result.unknown / result.known).toBeLessThan(0.02);
});

test('decoding part of the event day gives its sightings, up to those whose identity came after the end', async () => {
  const hours = 0.25;
  const result = await compareWithTruth({ population: 20_000, date: '2026-10-17', from: '18:30', hours });
  const endUs = Date.UTC(2026, 9, 17, 10, 30) * 1000 + hours * 3_600_000_000;
  expect(result.surplus).toEqual([]);
  expect(result.missing.filter((row) => timeOf(row) < endUs - 10_000_000)).toEqual([]);
  expect(result.missing.length / result.known).toBeLessThan(0.001);
  expect(result.unknown / result.known).toBeLessThan(0.001);
  expect(result.known).toBeGreaterThan(10_000);
});
