import type { Timers } from '../clock.ts';
import { heardElsewhere, isFromOutside, messageOf, UserError, whyUnreadable } from '../errors.ts';
import type { Disk, DiskFile } from '../journal/disk.ts';
import type { Log } from '../log.ts';
import type { StateReader } from '../state-writer.ts';
import { openSnapshot, readSnapshotHead, type Staging, snapshotBytes, writeSnapshot } from './snapshot-file.ts';

/** So many are kept, so that one that proves damaged costs nothing but time. */
const keptMax = 3;
const suffix = '.snapshot';
/** A disk that does not give one is asked so often, and so long apart, ms: a single error is no reason to begin anew. */
const triesMax = 3;
const againMs = 200;

interface Kept {
  readonly path: string;
  readonly offset: number;
}

/** The snapshots of one journal, in a folder of their own. */
export class Snapshots {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #journal: string;
  readonly #log: Log;
  readonly #timers: Timers;
  /** Oldest first. */
  #kept: Kept[] = [];

  private constructor(disk: Disk, folder: string, journal: string, log: Log, timers: Timers) {
    this.#disk = disk;
    this.#folder = folder;
    this.#journal = journal;
    this.#log = log;
    this.#timers = timers;
  }

  /**
   * Looks at what an earlier run left: files half written or damaged are removed, and snapshots of records that the
   * journal has let go. Those of another journal, and those that the disk does not give, are left alone: somebody may
   * bring them back.
   *
   * @throws UserError JOURNAL_SHORT where a snapshot holds more than the journal; nothing is removed then
   */
  static async open(
    disk: Disk,
    folder: string,
    journal: { readonly id: string; readonly base: number; readonly committed: number },
    log: Log,
    timers: Timers,
  ): Promise<Snapshots> {
    await disk.makeFolder(folder);
    // One that a killed process has just put there: what is released and removed from here on goes by it.
    await disk.syncFolder(folder);
    const snapshots = new Snapshots(disk, folder, journal.id, log, timers);
    const names = await disk.list(folder);
    const useless = names.filter((name) => name.endsWith('.tmp')).map((name) => `${folder}/${name}`);
    for (const name of names.filter((name) => name.endsWith(suffix))) {
      const path = `${folder}/${name}`;
      const head = await snapshots.#headOf(path);
      if (head === 'unreadable') continue;
      if (head === null) useless.push(path);
      else if (head.journal !== journal.id) log('warn', `the snapshot ${path} is of another journal: it is left there`);
      else if (head.offset > journal.committed) throw short(path, head.offset, journal.committed);
      else if (head.offset < journal.base) useless.push(path);
      else snapshots.#kept.push({ path, offset: head.offset });
    }
    for (const path of useless) await disk.remove(path);
    snapshots.#kept.sort((a, b) => a.offset - b.offset);
    return snapshots;
  }

  /** Offset of the newest; -1: there is none. */
  get newest(): number {
    return this.#kept.at(-1)?.offset ?? -1;
  }

  /** The journal is needed from here on, so that each of those kept can be gone on from; -1: all of it. */
  get neededFrom(): number {
    return this.#kept.length < keptMax ? -1 : this.#kept[0].offset;
  }

  /**
   * Has `take` read the newest snapshot, which is given for as long as the call lasts; when it is damaged it is removed,
   * when it is refused (a `UserError`) or the disk does not give it, it is left there, for a server that can read it, and
   * the one before is tried.
   *
   * @returns null: none was left
   */
  async newestOf<T>(take: (offset: number, state: StateReader) => T): Promise<T | null> {
    for (let newest = this.#kept.at(-1); newest !== undefined; newest = this.#kept.at(-1)) {
      let whole = false;
      let isGiven = true;
      try {
        return await this.#read(newest.path, async (file, path) => {
          whole = false;
          const { offset, state } = await openSnapshot(file, path);
          whole = true;
          return take(offset, state);
        });
      } catch (error) {
        isGiven = error instanceof UserError;
        this.#log('warn', `${this.#whyNot(newest.path, error)}; the one before is taken`);
      }
      this.#kept.pop();
      if (!whole && isGiven) await this.#disk.remove(newest.path);
    }
    return null;
  }

  /**
   * Puts one down, in one step, and removes the oldest. Where that fails nothing of it is left, and those of before stay.
   *
   * @param leaveBytes so much must stay free on the disk, else it is not begun
   */
  async write(offset: number, staging: Staging, leaveBytes = 0): Promise<void> {
    const path = `${this.#folder}/${String(offset).padStart(16, '0')}${suffix}`;
    const temporary = `${path}.tmp`;
    await this.#makeRoom(snapshotBytes(staging) + leaveBytes);
    try {
      const file = await this.#disk.open(temporary, 'create');
      try {
        await writeSnapshot(file, { journal: this.#journal, offset }, staging);
      } finally {
        await file.close();
      }
      await this.#disk.rename(temporary, path);
    } catch (error) {
      // What is half written takes room that the journal may need; the error that is told is the first one.
      await this.#disk.remove(temporary).catch(heardElsewhere);
      throw error;
    }
    await this.#disk.syncFolder(this.#folder);
    this.#kept = [...this.#kept.filter((kept) => kept.path !== path), { path, offset }];
    await this.#keep(keptMax);
  }

  /** The journal has let go what is before: snapshots of there can't be gone on from any more, and take room. */
  async forget(before: number): Promise<void> {
    await this.#keep(this.#kept.filter(({ offset }) => offset >= before).length);
  }

  async #keep(newest: number): Promise<void> {
    while (this.#kept.length > Math.max(1, newest)) await this.#disk.remove(this.#kept.shift()!.path);
  }

  /** Only the newest one is worth room that is wanting. */
  async #makeRoom(bytes: number): Promise<void> {
    if ((await this.#disk.freeBytes(this.#folder)) >= bytes) return;
    await this.#keep(1);
    if ((await this.#disk.freeBytes(this.#folder)) >= bytes) return;
    throw new UserError('SNAPSHOT_NO_ROOM', `the disk of ${this.#folder} has no room for it: make some there`);
  }

  /** Why a snapshot can't be taken, for the log. @throws what is a bug */
  #whyNot(path: string, error: unknown): string {
    if (!isFromOutside(error)) throw error;
    return error instanceof UserError ? messageOf(error) : `the snapshot ${path} ${whyUnreadable(error)}`;
  }

  /** null: the file is damaged. */
  async #headOf(path: string) {
    try {
      return await this.#read(path, readSnapshotHead);
    } catch (error) {
      this.#log('warn', this.#whyNot(path, error));
      return error instanceof UserError ? null : 'unreadable';
    }
  }

  /** What the disk does not give at once is asked for again; what is damaged stays so. */
  async #read<T>(path: string, read: (file: DiskFile, path: string) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const found = await this.#readOnce(path, read);
        if (tries > 1) this.#log('warn', `the disk gave the snapshot ${path} at attempt ${tries} only: check the disk`);
        return found;
      } catch (error) {
        if (tries === triesMax || error instanceof UserError || !isFromOutside(error)) throw error;
        await new Promise<void>((resolve) => void this.#timers.after(againMs, resolve));
      }
    }
  }

  async #readOnce<T>(path: string, read: (file: DiskFile, path: string) => Promise<T>): Promise<T> {
    const file = await this.#disk.open(path, 'read');
    try {
      return await read(file, path);
    } finally {
      await file.close();
    }
  }
}

function short(path: string, offset: number, committed: number): UserError {
  return new UserError(
    'JOURNAL_SHORT',
    `the journal ends at ${committed}, but the snapshot ${path} is of ${offset}: records that were acknowledged are missing. Bring the journal back from a copy, or move its folder away to begin a new one`,
  );
}
