import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDataFolder } from '../server/data-folder.ts';
import { UserError } from '../server/errors.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sw-data-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function refusal(folder: string): string {
  try {
    makeDataFolder(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'DATA_FOLDER' });
    return (error as UserError).message;
  }
  throw new Error(`${folder} was taken`);
}

test('makes the folder with all that is missing above it, for this user alone, and takes one that is there', () => {
  const folder = join(base, 'a', 'b', 'c');
  makeDataFolder(folder);
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(base, made)).mode & 0o777, made).toBe(0o700);
  makeDataFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const link = join(base, 'link');
  symlinkSync(folder, link);
  makeDataFolder(join(link, 'd'));
  expect(existsSync(join(folder, 'd'))).toBe(true);
});

test('refuses at once where no folder can be made, naming it and a remedy in one line', () => {
  expect(refusal('/proc/nope')).toBe(
    "the data folder /proc/nope can't be made: /proc takes no folders (ENOENT): choose another folder with --data",
  );
  expect(refusal('/proc/nope/deep/down')).toMatch(
    /^the data folder \/proc\/nope\/deep\/down can't be made: \/proc takes/,
  );
  expect(refusal('/sys/nope')).toMatch(/\/sys\/nope can't be made: .*--data$/);
});

test('tells a file, a file on the way, and a link that leads nowhere', () => {
  const file = join(base, 'file');
  writeFileSync(file, '');
  expect(refusal(file)).toBe(`the data folder ${file} is a file: choose another folder with --data`);
  expect(refusal(join(file, 'a', 'b'))).toContain(`can't be made: ${file} is a file`);
  const link = join(base, 'link');
  symlinkSync(join(base, 'nowhere', 'at', 'all'), link);
  expect(refusal(link)).toContain(`${link} is a link that leads nowhere`);
});

// Whoever runs as root may write everywhere.
if (process.getuid?.() !== 0) {
  test('refuses a folder that this user may not write', () => {
    const folder = join(base, 'closed');
    mkdirSync(folder, { mode: 0o500 });
    expect(refusal(folder)).toContain("can't be written by this user (EACCES)");
    expect(refusal(join(folder, 'in'))).toContain(`this user may not write in ${folder}`);
  });
}
