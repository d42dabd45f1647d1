import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './data-folder.ts';

/**
 * Puts `text` in the place of a file, readable to this user alone: who reads finds the one before or this one, whole, and
 * after a power cut this one. Folders that are missing are made.
 *
 * @throws the system's error; then the one before is still there
 */
export function replaceFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // What a killed one has left there may have other rights.
    rmSync(fresh, { force: true });
    const file = openSync(fresh, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
