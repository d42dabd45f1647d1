/** Named queries: one file each under `sql/queries`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../root.ts';

const texts = new Map<string, string>();

/** The text of `sql/queries/NAME.sql`, read once. A line `\ir FILE` stands for that file, as psql has it. */
export function namedQuery(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(join(projectRoot, 'sql', 'queries', `${name}.sql`), 'utf8');
    text = text.replace(/^\\ir (\S+)\.sql$/m, (_, other: string) => namedQuery(other));
    texts.set(name, text);
  }
  return text;
}
