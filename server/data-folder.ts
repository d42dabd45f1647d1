/** The folder in which everything that is kept lives: checked, and made where it is missing. */
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, UserError } from './errors.ts';

const remedy = 'choose another folder with --data';

/** The pseudonyms of a city's subscribers lie there: nobody else of this machine looks in. */
const ownersOnly = 0o700;

/**
 * Makes `folder` with what is missing above it, for this user alone, and sees that this process may write in it. Level by level: Node's
 * recursive mkdir never comes back where the system refuses to make a folder as if its parent were missing (/proc).
 *
 * @throws UserError DATA_FOLDER, naming the path and what to do
 */
export function makeDataFolder(folder: string): void {
  const path = resolve(folder);
  const levels: string[] = [];
  for (let level = path; ; level = dirname(level)) {
    const found = look(level, path);
    if (found?.isDirectory()) break;
    if (found !== null) throw refusal(path, level === path ? 'is a file' : `can't be made: ${level} is a file`);
    levels.push(level);
  }
  for (const level of levels.reverse()) make(level, path);
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refusal(path, `can't be written by this user (${codeOf(error)})`, error);
  }
}

/** What stands there; null: nothing, or nothing that can be, since a level above it is none. */
function look(level: string, path: string): Stats | null {
  try {
    return statSync(level);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw refusal(path, `can't be used: ${level} can't be looked at (${code})`, error);
  }
}

function make(level: string, path: string): void {
  try {
    mkdirSync(level, { mode: ownersOnly });
  } catch (error) {
    // Another start may have been quicker.
    if (codeOf(error) === 'EEXIST' && look(level, path)?.isDirectory()) return;
    const why: Record<string, string> = {
      EACCES: `this user may not write in ${dirname(level)}`,
      EPERM: `this user may not write in ${dirname(level)}`,
      EROFS: `${dirname(level)} is read-only`,
      ENOENT: `${dirname(level)} takes no folders`,
      EEXIST: `${level} is a link that leads nowhere`,
      ENOSPC: `the disk of ${dirname(level)} is full`,
    };
    const code = codeOf(error);
    throw refusal(path, `can't be made: ${why[code] ?? messageOf(error)} (${code})`, error);
  }
}

function refusal(path: string, what: string, cause?: unknown): UserError {
  return new UserError('DATA_FOLDER', `the data folder ${path} ${what}: ${remedy}`, { cause });
}

function codeOf(error: unknown): string {
  return (error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined) ?? messageOf(error);
}

/** Names in it last through a power cut from then on. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
