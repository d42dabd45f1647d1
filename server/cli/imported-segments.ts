import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { messageOf, UserError } from '../errors.ts';
import { provinceAreas } from '../reference/home-areas.ts';
import { formatSegments, type NumberSegments, readSegments } from '../reference/number-segments.ts';
import { parseAreas } from '../reference/origin.ts';
import { replaceFile } from '../replace-file.ts';

/** Where the newest import lies in a data folder. */
function pathIn(dataDir: string): string {
  return join(dataDir, 'reference', 'segments.csv');
}

/** What `import --segments` has put into the data folder; null: nothing. @throws UserError naming the file */
export async function importedSegments(dataDir: string): Promise<NumberSegments | null> {
  return existsSync(pathIn(dataDir)) ? await readSegments(pathIn(dataDir)) : null;
}

/** Puts segments into the data folder in place of those before, whole or not at all. @throws UserError */
export function keepSegments(dataDir: string, { rows }: NumberSegments): void {
  const path = pathIn(dataDir);
  try {
    replaceFile(path, formatSegments(rows));
  } catch (error) {
    throw new UserError('DATA_FOLDER', `${path} can't be written (${messageOf(error)}): choose another --data`, {
      cause: error,
    });
  }
}

/** The settings with the province's other cities filled in from the segments, where nobody has named them. */
export function withProvince(config: Config, segments: NumberSegments | null): Config {
  if (segments === null || config.homeAreas === '' || config.provinceAreas !== '') return config;
  return { ...config, provinceAreas: provinceAreas(segments.rows, parseAreas(config.homeAreas)).join() };
}
