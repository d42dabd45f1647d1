import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../tools/shared-inputs.ts';
import { benches } from './list.ts';

/** Rows of the README's table: a bench, and its keys with braces for alternatives and … or * for anything. */
const documented = new Map(
  readFileSync(join(root, 'test/bench/README.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, keys] = line.split('|').map((field) => field.trim());
      return line.startsWith('| ') && keys?.includes('`')
        ? [[name, (keys.match(/`[^`]+`/g) ?? []).map(patternOf)]]
        : [];
    }),
);

/** Sizes that a bench goes through may be others at its small scale. */
function patternOf(span: string): RegExp {
  const text = span
    .slice(1, -1)
    .replaceAll('.', '\\.')
    .replace(/\*|…/g, '.*')
    .replace(/\{([^}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(',', '|')})`)
    .replace(/\d+[kM]/g, '\\d+[kM]?');
  return new RegExp(`^${text}$`);
}

test('every bench has a row in the README, and every row a bench', () => {
  expect([...documented.keys()].sort()).toEqual(benches.map(({ name }) => name).sort());
});

for (const bench of benches) {
  test(`the bench ${bench.name} runs and gives figures under its own keys`, { timeout: 120_000 }, async () => {
    const figures = await bench.run('small');
    expect(figures.length).toBeGreaterThan(0);
    for (const { key, value, unit } of figures) {
      expect(key.startsWith(`${bench.name}.`), key).toBe(true);
      expect(Number.isFinite(value), `${key} = ${value}`).toBe(true);
      expect(unit).not.toBe('');
    }
    const patterns = documented.get(bench.name) ?? [];
    expect(figures.filter(({ key }) => !patterns.some((each) => each.test(key))).map(({ key }) => key)).toEqual([]);
    expect(new Set(figures.map(({ key }) => key)).size).toBe(figures.length);
  });
}
