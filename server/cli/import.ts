import { resolve } from 'node:path';
import { makeDataFolder } from '../data-folder.ts';
import { UserError } from '../errors.ts';
import { readSegments } from '../reference/number-segments.ts';
import type { Command } from './command.ts';
import { importOptOuts } from './import-opt-outs.ts';
import { importedSegments, keepSegments } from './imported-segments.ts';
import { readOptions } from './options.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- import --segments FILE [--data DIR]
       npm run -s signalwall -- import --opt-outs FILE [--add | --remove] [--data DIR]

Takes data over into the data folder. The whole file counts or nothing of it, and the same file a second time changes
nothing.

  --segments FILE  where numbers and SIMs of China are at home, CSV (.gz too) with the header
                     type,from,to,province,city,area,operator      (to and operator may be missing)
                   msisdn rows name mobile segments, the first seven digits of a number:
                     msisdn,1390013,1390014,广东,深圳,0755,中国移动
                   imsi rows name what IMSIs begin with, MCC and MNC first:
                     imsi,460001234,460001235,广东,深圳,0755,中国移动
                   Each file takes the place of the one before; the server reads it at its next start. With the setting
                   homeAreas (the city's area codes) SIMs of the home network are told apart as local, other city and
                   other province; calls get their place.
  --opt-outs FILE  who is not to be followed: IMSIs and telephone numbers, a subscriber a line (.gz too; - is standard
                   input). 15 digits are an IMSI; a number is written with its country (+86…, 0086…; 11 digits of a
                   mobile number are one of China). A line may give both; a header imsi,msisdn says which is which.
                   Only pseudonyms are kept. From then on nobody of the list is present, stored or journalled: their
                   procedures count as anonymous traffic. Give the number too: by it others' calls to it lose it, and
                   its SIM is known when MAP tells it. A server that runs takes the list over within seconds. What is
                   stored already 'erase' removes.
  --add, --remove  the file's identities come to the list, or leave it; without: the file is the whole list
  --data DIR       data folder (default: SIGNALWALL_DATA, else ./.signalwall)
  --verbose        show the stack trace of an error`;

async function run(argv: string[]): Promise<number> {
  const { values } = readOptions('import', argv, {
    segments: { type: 'string' },
    'opt-outs': { type: 'string' },
    add: { type: 'boolean', default: false },
    remove: { type: 'boolean', default: false },
    data: { type: 'string' },
  });
  const { segments, 'opt-outs': optOuts, add, remove } = values;
  if (segments === undefined && optOuts === undefined)
    throw new UserError('USAGE', 'import: what? write --segments FILE or --opt-outs FILE', { exitCode: 2 });
  if ((add || remove) && optOuts === undefined)
    throw new UserError('USAGE', 'import: --add and --remove go with --opt-outs FILE', { exitCode: 2 });
  if (add && remove) throw new UserError('USAGE', 'import: write one of --add and --remove', { exitCode: 2 });
  const dataDir = resolve(values.data ?? process.env.SIGNALWALL_DATA ?? '.signalwall');
  if (segments !== undefined) process.stdout.write(`${await importSegments(dataDir, segments)}\n`);
  if (optOuts === undefined) return 0;
  makeDataFolder(dataDir);
  const said = await importOptOuts(dataDir, optOuts, add ? 'add' : remove ? 'remove' : 'replace');
  process.stdout.write(`${said}\n`);
  return 0;
}

/** @returns what has happened, in one line */
async function importSegments(dataDir: string, path: string): Promise<string> {
  const segments = await readSegments(path);
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
  if (before?.digest === segments.digest) return `${what}: imported before, nothing has changed`;
  keepSegments(dataDir, segments);
  return `${what}: the server takes them in at its next start`;
}

export const importCommand: Command = {
  name: 'import',
  summary: 'takes over reference data (where numbers and SIMs are at home), and who has opted out',
  usage,
  run,
};
