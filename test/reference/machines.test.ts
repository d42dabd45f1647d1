import { expect, test } from 'vitest';
import { makeConfig } from '../../server/config.ts';
import { Machines } from '../../server/reference/machines.ts';

const machines = (settings: Record<string, string>) => new Machines(makeConfig({ where: 'test', settings }));

test('a SIM is a machine’s by what its IMSI or its number begins with, and by its handset’s model', () => {
  const those = machines({
    machineImsis: '0010177,00101880',
    machineNumbers: '86144,861064',
    machineModels: '35990607,359900',
  });
  expect(those.ofImsi(1_017_700_000_000)).toBe(true);
  expect(those.ofImsi(1_017_799_999_999)).toBe(true);
  expect(those.ofImsi(1_017_800_000_000)).toBe(false);
  expect(those.ofImsi(1_018_800_000_001)).toBe(true);
  expect(those.ofImsi(1_018_810_000_001)).toBe(false);
  expect(those.ofNumber(8_614_400_000_001)).toBe(true);
  expect(those.ofNumber(8_613_400_000_001)).toBe(false);
  // Thirteen digits behind the country code.
  expect(those.ofNumber(861_064_000_000_001)).toBe(true);
  expect(those.ofNumber(-1)).toBe(false);
  expect(those.ofModel(35_990_607)).toBe(true);
  expect(those.ofModel(35_990_001)).toBe(true);
  expect(those.ofModel(359_900)).toBe(true);
  expect(those.ofModel(35_990_608)).toBe(false);
  expect(those.ofModel(0)).toBe(false);
});

test('without configuration there are no machines', () => {
  const none = machines({});
  expect([none.ofImsi(1_017_700_000_000), none.ofNumber(8_614_400_000_001), none.ofModel(35_990_607)]).toEqual([
    false,
    false,
    false,
  ]);
});
