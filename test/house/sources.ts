import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { root } from '../tools/shared-inputs.ts';

/** A file of the project. */
export interface Source {
  path: string;
  text: string;
  /** Files of this repository that it imports, relative to the root. */
  imports: string[];
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|import\s*\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g;

function readSources(folder: string, out: Source[] = []): Source[] {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) readSources(path, out);
    else if (['.ts', '.svelte', '.mjs'].includes(extname(path))) {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(importPattern)]
        .map((match) => match[1] ?? match[2] ?? match[3])
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(root, resolve(root, dirname(path), target)));
      out.push({ path, text, imports });
    }
  }
  return out;
}

/** What is shipped. */
export const sources: readonly Source[] = ['server', 'shared', 'web', 'fixtures'].flatMap((folder) =>
  readSources(folder),
);
/** That, and the tests. */
export const all: readonly Source[] = [...sources, ...readSources('test')];
