import { resolve } from 'node:path';
import { makeDataFolder } from '../data-folder.ts';
import { UserError } from '../errors.ts';
import { readSegments } from '../reference/number-segments.ts';
import type { Command } from './command.ts';
import { importedSegments, keepSegments } from './imported-segments.ts';
import { readOptions } from './options.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- import --segments FILE [--data DIR]

Takes reference data over into the data folder; the server reads it at its next start. The whole file counts or
nothing of it, and the same file a second time changes nothing.

  --segments FILE  where numbers and SIMs of China are at home, CSV (.gz too) with the header
                     type,from,to,province,city,area,operator      (to and operator may be missing)
                   msisdn rows name mobile segments, the first seven digits of a number:
                     msisdn,1390013,1390014,广东,深圳,0755,中国移动
                   imsi rows name what IMSIs begin with, MCC and MNC first:
                     imsi,460001234,460001235,广东,深圳,0755,中国移动
                   Each file takes the place of the one before. With the setting homeAreas (the city's area codes) SIMs of
                   the home network are told apart as local, other city and other province; calls get their place.
  --data DIR       data folder (default: SIGNALWALL_DATA, else ./.signalwall)
  --verbose        show the stack trace of an error`;

async function run(argv: string[]): Promise<number> {
  const { values } = readOptions('import', argv, { segments: { type: 'string' }, data: { type: 'string' } });
  if (values.segments === undefined)
    throw new UserError('USAGE', 'import: what? write --segments FILE', { exitCode: 2 });
  const segments = await readSegments(values.segments);
  const dataDir = resolve(values.data ?? process.env.SIGNALWALL_DATA ?? '.signalwall');
  makeDataFolder(dataDir);
  const before = await importedSegments(dataDir).catch((error) => {
    // A damaged one is replaced.
    if (error instanceof UserError) return null;
    throw error;
  });
  const numbers = segments.rows.filter(({ type }) => type === 'msisdn');
  const count = numbers.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const imsis = segments.rows.length - numbers.length;
  const areas = new Set(segments.rows.map(({ area }) => area)).size;
  const what = `${counted(count, 'segment')} of numbers and ${counted(imsis, 'range')} of IMSIs in ${counted(areas, 'area')}`;
  if (before?.digest === segments.digest) {
    process.stdout.write(`${what}: imported before, nothing has changed\n`);
    return 0;
  }
  keepSegments(dataDir, segments);
  process.stdout.write(`${what}: the server takes them in at its next start\n`);
  return 0;
}

export const importCommand: Command = {
  name: 'import',
  summary: 'takes over reference data: where numbers and SIMs are at home',
  usage,
  run,
};
