import { readdirSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { type Comparison, compare, type Difference, differenceText } from './compare.ts';
import { isKnown, knownLines } from './known.ts';
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

const lines = ({ differences }: Comparison) => differences.map(differenceText);

describe.runIf(asked.length > 0)('captures that were asked for: decode --messages equals tshark', () => {
  test.each(asked)('%s', async (path) => {
    const compared = await compare(path);
    const meant = knownLines(relative(sharedPath('captures'), path));
    table.add(basename(path), compared, meant);
    expect(lines(compared).sort()).toEqual(meant.sort());
  });
});

describe.runIf(asked.length === 0 && sharedPresent)(
  'decode --messages equals tshark, frame by frame and key by key',
  () => {
    test.each(captures)('%s', async (file) => {
      const compared = await compare(sharedPath(`captures/${file}`));
      table.add(file, compared, knownLines(file));
      expect(lines(compared).sort()).toEqual(knownLines(file).sort());
    });

    test.each([...made.vectors(), ...made.carriers()])('$name', async ({ name, path, frameNames }) => {
      const compared = await compare(path);
      const found = compared.differences.map((one) => ({
        name: frameNames[one.frame - 1],
        line: differenceText(one).replace(/^frame \d+ /, ''),
      }));
      const meant = found.filter((one) => isKnown(one.name, one.line));
      table.add(
        name,
        compared,
        meant.map(({ line }) => line),
      );
      expect(compared.fields).toBeGreaterThan(0);
      expect(found.filter((one) => !meant.includes(one))).toEqual([]);
    });

    test(`${packets} packets of the simulated city`, async () => {
      const { name, path } = await made.simulation(packets);
      const compared = await compare(path);
      // Its VLRs answer in version 2.
      const isMeant = (one: Difference) =>
        isKnown('provideRoamingNumber v2 result', differenceText(one).replace(/^frame \d+ /, ''));
      const meant = compared.differences.filter(isMeant);
      table.add(name, compared, meant.map(differenceText));
      expect(compared.frames).toBeGreaterThan(0.9 * packets);
      expect(compared.differences.filter((one) => !meant.includes(one))).toEqual([]);
    }, 600_000);
  },
);
