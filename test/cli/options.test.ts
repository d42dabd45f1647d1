import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig, readOptions } from '../../server/cli/options.ts';
import { counted } from '../../server/cli/words.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The error of a refusal; it must be one line. */
function refusal(work: () => unknown): { message: string; exitCode: number } {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: 'UserError' });
    expect((error as Error).message).not.toContain('\n');
    return error as Error & { exitCode: number };
  }
  throw new Error('was not refused');
}

describe('options of the command line', () => {
  const options = {
    speed: { type: 'string' },
    set: { type: 'string', multiple: true },
    sort: { type: 'boolean' },
  } as const;
  const read = (...argv: string[]) => readOptions('try', argv, options, true);

  test('take values that begin with a dash, so that the range check can speak', () => {
    expect(read('--speed', '-1', 'feed').values.speed).toBe('-1');
    expect(read('--set', '-a=1', '--set', '-b=2', '--sort').values).toEqual({ set: ['-a=1', '-b=2'], sort: true });
    expect(read('--speed=-1', '--', '--speed', '-2').positionals).toEqual(['--speed', '-2']);
    expect(read('--speed', '1').values.speed).toBe('1');
  });

  test.each([
    [['--speed'], "try: --speed has no value; write one behind it; see 'npm run -s signalwall -- help try'"],
    [['--speed', '--sort'], "try: --speed has no value; write one behind it; see 'npm run -s signalwall -- help try'"],
    [['--sort', '-1'], "try: Unknown option '-1'; see 'npm run -s signalwall -- help try'"],
    [['--fast'], "try: Unknown option '--fast'; see 'npm run -s signalwall -- help try'"],
  ])('refuse %j in one short line with the exit code 2', (argv, message) => {
    expect(refusal(() => read(...argv))).toMatchObject({ message, exitCode: 2 });
  });
});

describe('settings', () => {
  const config = (content: string) => {
    const path = join(folder, 'config.json');
    writeFileSync(path, content);
    return path;
  };

  test('from the file are overridden by --set', () => {
    const path = config('{"holdDownMs": 1000, "staleMs": 2000}');
    expect(readConfig(path, ['holdDownMs=5'])).toMatchObject({ holdDownMs: 5, staleMs: 2000 });
  });

  test('that are wrong are a usage error on the command line and an error of the file in it', () => {
    expect(refusal(() => readConfig(undefined, ['ttl=1']))).toMatchObject({ exitCode: 2 });
    expect(refusal(() => readConfig(undefined, ['holdDownMs=-1']))).toMatchObject({ exitCode: 2 });
    expect(refusal(() => readConfig(undefined, ['holdDownMs']))).toMatchObject({ exitCode: 2 });
    const inFile = refusal(() => readConfig(config('{"ttl": 1}'), ['holdDownMs=-1']));
    expect([inFile.exitCode, inFile.message]).toEqual([1, expect.stringContaining("unknown setting 'ttl'")]);
  });

  test.each([
    ['[1]', /holds no JSON object; it must be a JSON object of settings/],
    ['null', /holds no JSON object/],
    ['{"a"', /it must be a JSON object of settings/],
  ])('are refused in one line where the file holds %s', (content, message) => {
    expect(refusal(() => readConfig(config(content), [])).message).toMatch(message);
  });

  test('in a file that is not there name it once', () => {
    const path = join(folder, 'absent.json');
    expect(refusal(() => readConfig(path, [])).message).toBe(`--config ${path}: no such file; check the path`);
  });
});

test('a count stands with its noun in the right number', () => {
  expect([counted(1, 'packet'), counted(0, 'packet'), counted(10_012, 'cell')]).toEqual([
    '1 packet',
    '0 packets',
    '10,012 cells',
  ]);
});
