import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvariantError } from './errors.ts';

function findRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'sql'))) return folder;
    if (folder === dirname(folder)) throw new InvariantError(`no Signalwall checkout around ${import.meta.dirname}`);
  }
}

/** Root of the checkout, whether this runs from `dist/server` or from the sources. */
export const projectRoot = findRoot();
