import { dirname, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../tools/shared-inputs.ts';
import { all, type Source } from './sources.ts';

interface Export {
  path: string;
  name: string;
  isType: boolean;
  /** Used in its own file, apart from its declaration. */
  inOwnFile: boolean;
}

const declaration =
  /^export\s+(?:(?:async|declare|abstract)\s+)*(function\*?|const|let|class|interface|type)\s+([A-Za-z_$][\w$]*)/gm;
const named = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*'(\.[^']+)'/g;
const whole = /\*\s+as\s+[\w$]+\s+from\s*'(\.[^']+)'|\bimport\s*\(\s*'(\.[^']+)'/g;

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

function exportsOf({ path, text }: Source): Export[] {
  const code = withoutComments(text);
  return [...code.matchAll(declaration)].map(([, what, name]) => ({
    path,
    name,
    isType: what === 'interface' || what === 'type',
    inOwnFile: code.split(new RegExp(`(?<![\\w$])${name.replace('$', '\\$')}(?![\\w$])`)).length > 2,
  }));
}

/** What a file imports, as `path name`, or `path *` where it takes everything. */
function importsOf({ path, text }: Source): string[] {
  const code = withoutComments(text);
  const target = (from: string) => relative(root, resolve(root, dirname(path), from));
  const names = [...code.matchAll(named)].flatMap(([, list, from]) =>
    list
      .split(',')
      .map(
        (each) =>
          each
            .trim()
            .replace(/^type\s+/, '')
            .split(/\s+as\s+/)[0],
      )
      .filter((name) => name !== '')
      .map((name) => `${target(from)} ${name}`),
  );
  return [...names, ...[...code.matchAll(whole)].map((match) => `${target(match[1] ?? match[2])} *`)];
}

/** Exports without a use: what each is and why it counts as unused. */
function unused(files: readonly Source[]): string[] {
  const isTest = ({ path }: Source) => path.startsWith('test/');
  const shipped = new Set(files.filter((file) => !isTest(file)).flatMap(importsOf));
  const tested = new Set(files.filter(isTest).flatMap(importsOf));
  const has = (users: Set<string>, { path, name }: Export) => users.has(`${path} ${name}`) || users.has(`${path} *`);
  return files
    .filter(({ path }) => /^(server|shared)\/.*\.ts$/.test(path))
    .flatMap(exportsOf)
    .filter((each) => !has(shipped, each))
    .flatMap((each) => {
      const { path, name, isType, inOwnFile } = each;
      if (isType) return inOwnFile ? [] : [`${path}: ${name} is used nowhere`];
      if (has(tested, each)) return inOwnFile ? [] : [`${path}: ${name} is used by tests only`];
      return [inOwnFile ? `${path}: ${name} is used in its own file only` : `${path}: ${name} is used nowhere`];
    });
}

/**
 * A value is exported for another file of what is shipped. One that only tests import must be in use in its own file:
 * then they hold what runs, at a seam. A type may be exported for whoever calls what it describes.
 */
test('nothing is exported that nobody uses, and tests alone keep nothing alive', () => {
  expect(unused(all)).toEqual([]);
});

test('tells dead exports from live ones', () => {
  const file = (path: string, text: string): Source => ({ path, text, imports: [] });
  const files = [
    file(
      'server/a.ts',
      [
        'export const used = 1;',
        'export function tested() {}',
        'export const seam = 2;',
        'export const own = seam;',
        '/** Says {@link spoken}. */',
        'export class spoken {}',
        'export interface Shape { x: Inner }',
        'export type Inner = number;',
      ].join('\n'),
    ),
    file(
      'web/b.svelte',
      "<script>\nimport { type Shape as Form, used as mine } from '../server/a.ts';\n// own\n</script>",
    ),
    file('test/c.test.ts', "import {\n  seam,\n  tested,\n} from '../server/a.ts';"),
    file('shared/d.ts', 'export const taken = 1;'),
    file('server/e.ts', "import * as d from '../shared/d.ts';"),
  ];
  expect(unused(files)).toEqual([
    'server/a.ts: tested is used by tests only',
    'server/a.ts: own is used nowhere',
    'server/a.ts: spoken is used nowhere',
  ]);
});
