/**
 * The lock of a database folder: a file beside it that names the process at work in it. The embedded database has
 * no lock of its own, and two processes on one folder destroy each other's rows silently.
 */
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { makeDataFolder } from '../../data-folder.ts';
import { UserError, whyUnwritable } from '../../errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot: tells a reused pid. '' where the system does not say. */
  readonly started: string;
  /** Folder of the holder's socket, removed with a stale lock; '' for none. */
  readonly socketFolder: string;
}

export interface FolderLock {
  release(): void;
}

/** A taker that died between two steps may have left its guard; after this long it is of no meaning. */
const guardAgeMsMax = 10_000;

/** A process that was killed is taken down first, which takes one with much memory some time, ms. */
const takenDownMsMax = 2_000;
const lookEveryMs = 50;

/** Of /proc/PID/stat its state and, in clock ticks since boot, its start; '' where the system does not say. */
function statOf(pid: number): { state: string; started: string } {
  try {
    // Fields 3 and 22; the name in field 2 may hold blanks and brackets, so count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { state: '', started: '' };
  }
}

/**
 * A process that has ended stays in the table until its parent asks (Z): for ever, where that never does. Its first thread
 * may have ended before others that still write.
 */
function hasEnded(pid: number, state: string): boolean {
  if (state !== 'Z' && state !== 'X') return false;
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return true;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read(path: string): { text: string; holder: Holder | null } | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Holder;
    return { text, holder: Number.isInteger(holder?.pid) ? holder : null };
  } catch (error) {
    if (error instanceof SyntaxError) return { text, holder: null };
    throw error;
  }
}

/** Another host's process can't be looked at (a folder on a share, another container): it counts as alive. */
function inUse(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  if (!exists(holder.pid)) return false;
  const { state, started } = statOf(holder.pid);
  return !hasEnded(holder.pid, state) && (holder.started === '' || started === holder.started);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw new UserError('DATA_FOLDER', `${path}: ${whyUnwritable(error)}`, { cause: error });
  }
}

/** Links `from` to `to` if nothing stands there: the one step that only one of many can do. */
function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function olderThan(path: string, ageMs: number, self: string): boolean {
  try {
    return statSync(self).mtimeMs - statSync(path).mtimeMs > ageMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether a process that lives holds the lock of the folder. */
export function isLocked(folder: string): boolean {
  const found = read(`${folder}.lock`);
  return found !== null && (found.holder === null || inUse(found.holder));
}

/** Puts our lock in the place of a stale one; false when somebody else was quicker. */
function takeOver(path: string, own: string, staleText: string, stale: Holder | null): boolean {
  const guard = `${path}.guard`;
  if (!linkIfFree(own, guard)) {
    if (!olderThan(guard, guardAgeMsMax, own)) return false;
    rmSync(guard, { force: true });
    if (!linkIfFree(own, guard)) return false;
  }
  try {
    if (read(path)?.text !== staleText) return false;
    renameSync(own, path);
    if (stale !== null && stale.socketFolder !== '') rmSync(stale.socketFolder, { recursive: true, force: true });
    return true;
  } finally {
    unlinkSync(guard);
  }
}

/**
 * Locks the folder for this process; a lock whose process is gone is taken over. One that is being taken down is waited
 * for; one that runs on, too, for nothing tells them apart.
 *
 * @param waitMs so long
 * @throws UserError DATA_IN_USE, naming the folder and the process; DATA_FOLDER
 */
export async function lockFolder(folder: string, socketFolder = '', waitMs = takenDownMsMax): Promise<FolderLock> {
  for (let waited = 0; ; waited += lookEveryMs) {
    try {
      return lockOnce(folder, socketFolder);
    } catch (error) {
      if (waited >= waitMs || !(error instanceof UserError) || error.code !== 'DATA_IN_USE') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function lockOnce(folder: string, socketFolder: string): FolderLock {
  const path = `${folder}.lock`;
  makeDataFolder(dirname(folder));
  const own = `${path}.${process.pid}`;
  const holder: Holder = { pid: process.pid, host: hostname(), started: statOf(process.pid).started, socketFolder };
  const text = JSON.stringify(holder);
  try {
    write(own, text);
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linkIfFree(own, path)) return { release: () => release(path, text) };
      const found = read(path);
      if (found === null) continue;
      if (found.holder !== null && inUse(found.holder))
        throw new UserError('DATA_IN_USE', describe(folder, found.holder, path));
      if (takeOver(path, own, found.text, found.holder)) return { release: () => release(path, text) };
    }
    throw new UserError('DATA_IN_USE', `${folder} is being opened by another process: try again`);
  } finally {
    rmSync(own, { force: true });
  }
}

function describe(folder: string, holder: Holder, path: string): string {
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
  const remedy =
    holder.host === hostname()
      ? 'end that process, or choose another folder with --data'
      : `end that process, choose another folder with --data, or remove ${path} if it surely runs no more`;
  return `${folder} is in use by process ${holder.pid}${where}: ${remedy}`;
}

function release(path: string, text: string): void {
  if (read(path)?.text === text) rmSync(path, { force: true });
}
