import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { type Comparison, compare, differenceText } from './compare.ts';
import { isKnown, known, knownOf, lineOf } from './known.ts';
import { MadeCaptures } from './made.ts';
import { OracleTable } from './table.ts';

/** `npm run test:oracle -- FILE …` compares these captures instead, `--packets N` so many of the simulated city. */
const asked = (process.env.SIGNALWALL_ORACLE_FILES ?? '').split('\n').filter((path) => path !== '');
const packets = Number(process.env.SIGNALWALL_ORACLE_PACKETS ?? 2000);

const captures = sharedPresent
  ? readdirSync(sharedPath('captures'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(pcap|cap|pcapng)$/.test(name))
      .sort()
  : [];
const made = new MadeCaptures();
const table = new OracleTable();
afterAll(() => {
  made.remove();
  table.print();
});

/** Enters a capture in the table; every difference of it must be a known one. */
function expectKnown(file: string, compared: Comparison): void {
  const meant = compared.differences.filter((one) => knownOf(one) !== undefined);
  table.add(file, compared, meant.map(differenceText));
  expect(compared.differences.filter((one) => !meant.includes(one)).map(differenceText)).toEqual([]);
}

describe.runIf(asked.length > 0)('captures that were asked for: decode --messages equals tshark', () => {
  test.each(asked)('%s', async (path) => {
    expectKnown(basename(path), await compare(path));
  });
});

describe.runIf(asked.length === 0 && sharedPresent)(
  'decode --messages equals tshark, frame by frame and key by key',
  () => {
    test.each(captures)('%s', async (file) => {
      const compared = await compare(sharedPath(`captures/${file}`));
      expectKnown(file, compared);
      const met = known.map((one) => compared.differences.filter((found) => knownOf(found) === one).length);
      expect(met).toEqual(known.map((one) => one.met[file] ?? 0));
    });

    test.each([...made.vectors(), ...made.carrierVectors(), ...made.carriers()])(
      '$name',
      async ({ name, path, frameNames }) => {
        const compared = await compare(path);
        const found = compared.differences.map((one) => ({
          name: frameNames[one.frame - 1],
          line: lineOf(one),
          known: knownOf(one),
        }));
        const meant = found.filter((one) => one.known !== undefined || isKnown(one.name, one.line));
        table.add(
          name,
          compared,
          meant.map(({ line }) => line),
        );
        expect(compared.fields).toBeGreaterThan(0);
        expect(found.filter((one) => !meant.includes(one))).toEqual([]);
      },
    );

    test.each(made.damaged())('a capture $name is compared up to the damage', async ({ name, path, frameNames }) => {
      const { damage, differences, fields, frames } = await compare(path);
      const found = differences.filter((one) => !isKnown(frameNames[one.frame - 1], lineOf(one)));
      expect({ name, found }).toEqual({ name, found: [] });
      expect(damage?.text).toMatch(/ends|damaged|packet/);
      expect(damage?.packets).toBeGreaterThan(10);
      expect(frames).toBeGreaterThan(10);
      expect(fields).toBeGreaterThan(100);
    });

    test(`${packets} packets of the simulated city`, async () => {
      const { name, path } = await made.simulation(packets);
      const compared = await compare(path);
      expectKnown(name, compared);
      expect(compared.frames).toBeGreaterThan(0.9 * packets);
    }, 600_000);
  },
);
