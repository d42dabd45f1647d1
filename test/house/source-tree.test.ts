import { readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { knobs } from '../../server/knobs.ts';
import { root } from '../tools/shared-inputs.ts';
import { all, sources } from './sources.ts';

/** Small helpers that any stage of the server may import. */
const leaves =
  /^server\/(clock|config|data-folder|errors|feed-knobs|held-memory|knobs|log|root|state-writer|to-end|wasm-code|worker-url)\.ts$|^server\/events\/(cause|plmn|kinds|event-batch|learnt)\.ts$|^server\/reference\/(country-codes|home-areas|machines|number-plan|mcc)\.ts$/;

/** What each part may import beside itself and the leaves: DESIGN §4, upstream only. */
const mayImport: Record<string, RegExp> = {
  'server/capture': /^shared\//,
  'server/decode': /^server\/capture\//,
  'server/privacy': /^$/,
  'server/correlate': /^server\/(decode|privacy)\//,
  'server/events': /^shared\//,
  // The shapes of what its records hold.
  'server/journal': /^server\/(events|occupancy\/view\.ts|reference)/,
  'server/reference': /^shared\//,
  'server/presence': /^server\/(events|reference)\//,
  'server/occupancy': /^(shared|server\/(presence|events|reference))\//,
  'server/estimate': /^(shared|server\/(occupancy|events|reference))\//,
  'server/core': /^(shared|server\/(journal|events|presence|occupancy|reference|store\/types\.ts))/,
  'server/store': /^(shared|server\/(journal|occupancy|events|reference))\//,
  'server/access': /^(shared|server\/(occupancy|estimate))\//,
  'server/push': /^(shared|server\/(occupancy|access))\//,
  'server/api': /^(shared|server\/(push|access|estimate|store|journal|core|events|occupancy|reference))\//,
  'server/cli': /^(shared|server|fixtures\/make)\//,
  shared: /^$/,
  web: /^shared\//,
  'fixtures/make': /^server\/(capture\/frame(-reader)?\.ts|cli\/command\.ts)/,
};

test('stages import upstream stages, shared/ and leaves only', () => {
  const wrong: string[] = [];
  for (const { path, imports } of sources) {
    const part = Object.keys(mayImport).find((folder) => path.startsWith(`${folder}/`));
    if (part === undefined) continue;
    for (const target of imports) {
      if (target.startsWith(`${part}/`) || mayImport[part].test(target)) continue;
      if (leaves.test(target) && part !== 'shared' && part !== 'web') continue;
      wrong.push(`${path} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('nobody outside test/ imports test/, and every source folder is known to these rules', () => {
  expect(
    sources.filter(({ imports }) => imports.some((target) => target.startsWith('test/'))).map(({ path }) => path),
  ).toEqual([]);
  const folders = new Set(
    sources.map(({ path }) =>
      path
        .split('/')
        .slice(0, path.startsWith('server/') ? 2 : 1)
        .join('/'),
    ),
  );
  for (const folder of folders) {
    if (folder.startsWith('server/') && extname(folder) === '') expect(Object.keys(mayImport)).toContain(folder);
  }
});

test('the encoder never imports the decoder, so that they can’t share a mistake', () => {
  const reach = (from: string, seen: Set<string>): Set<string> => {
    if (seen.has(from)) return seen;
    seen.add(from);
    for (const target of sources.find(({ path }) => path === from)?.imports ?? []) reach(target, seen);
    return seen;
  };
  const reached = new Set<string>();
  for (const { path } of sources) if (path.startsWith('fixtures/make/')) reach(path, reached);
  expect([...reached].filter((path) => /^server\/(decode|correlate|privacy)\//.test(path))).toEqual([]);
});

test('wall time is read in clock.ts only, and nothing is left to chance', () => {
  const wrong = sources
    .filter(({ path }) => !/^server\/clock\.ts$|^web\/app\/clock\.ts$|\.mjs$/.test(path))
    .filter(
      ({ text }) =>
        /\bDate\.now\(|\bnew Date\(\)/.test(text) || (/\bMath\.random\(/.test(text) && !/jitter/.test(text)),
    );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

describe('house rules', () => {
  test('no error vanishes in an empty catch', () => {
    const wrong = sources.filter(({ text }) =>
      /catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\(\)\s*=>\s*(\{\s*\}|undefined|null)\)/.test(text),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('no test is skipped, focused or left open', () => {
    const pattern = /\b(it|test|describe)\.(skip|only|todo|fails)\(/;
    expect(
      all
        .filter(({ path, text }) => path.startsWith('test/') && pattern.test(text.replace(/`[^`]*`|\/[^\n]*\//g, '')))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  test('files stay below 400 lines', () => {
    const long = all
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test('every folder says what it is in a README', () => {
    const folders = new Set([
      'sql',
      'sql/queries',
      ...all.map(({ path }) => dirname(path)).filter((folder) => folder !== '.'),
    ]);
    expect([...folders].filter((folder) => !readdirSync(join(root, folder)).includes('README.md'))).toEqual([]);
  });

  test('every setting is read somewhere', () => {
    const unused = Object.keys(knobs).filter(
      (name) =>
        !sources.some(
          ({ path, text }) =>
            !/^server\/(config|knobs)\.ts$/.test(path) &&
            path.startsWith('server/') &&
            new RegExp(`\\b${name}\\b`).test(text),
        ),
    );
    expect(unused).toEqual([]);
  });

  test('the only identities of fifteen digits are invented ones: 001-01, or a foreign network’s MSIN below 100,000', () => {
    const identity = /(?<![0-9a-fA-F.])\d{15}(?!\d)/g;
    const invented = /^00101|^\d{6}0{4}\d{5}$|^35/;
    const wrong = all.filter(({ text }) => [...text.matchAll(identity)].some(([digits]) => !invented.test(digits)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});
