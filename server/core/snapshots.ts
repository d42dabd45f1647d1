import { messageOf, UserError } from '../errors.ts';
import type { Disk } from '../journal/disk.ts';
import type { Log } from '../log.ts';
import type { StateReader } from '../state-writer.ts';
import { readSnapshot, readSnapshotHead, type Staging, writeSnapshot } from './snapshot-file.ts';

/** So many are kept, so that one that proves damaged costs nothing but time. */
const keptMax = 3;
const suffix = '.snapshot';

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
  /** Oldest first. */
  #kept: Kept[] = [];

  private constructor(disk: Disk, folder: string, journal: string, log: Log) {
    this.#disk = disk;
    this.#folder = folder;
    this.#journal = journal;
    this.#log = log;
  }

  /**
   * Looks at what an earlier run left: files half written and snapshots of another journal are removed.
   *
   * @param base and `end` of the journal: a snapshot outside is of no use
   */
  static async open(
    disk: Disk,
    folder: string,
    journal: { readonly id: string; readonly base: number; readonly committed: number },
    log: Log,
  ): Promise<Snapshots> {
    await disk.makeFolder(folder);
    // One that a killed process has just put there: what is released and removed from here on goes by it.
    await disk.syncFolder(folder);
    const snapshots = new Snapshots(disk, folder, journal.id, log);
    for (const name of await disk.list(folder)) {
      const path = `${folder}/${name}`;
      if (name.endsWith('.tmp')) await disk.remove(path);
      if (!name.endsWith(suffix)) continue;
      const head = await snapshots.#headOf(path);
      const useful = head?.journal === journal.id && head.offset >= journal.base && head.offset <= journal.committed;
      if (useful) snapshots.#kept.push({ path, offset: head.offset });
      else await disk.remove(path);
    }
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
   * Has `take` read the newest snapshot; when it is damaged or refused (a `UserError`) it is removed, and the one
   * before is tried.
   *
   * @returns null: none was left
   */
  async newestOf<T>(take: (offset: number, state: StateReader) => T): Promise<T | null> {
    for (let newest = this.#kept.at(-1); newest !== undefined; newest = this.#kept.at(-1)) {
      const file = await this.#disk.open(newest.path, 'read');
      try {
        const { offset, state } = await readSnapshot(file, newest.path);
        return take(offset, state);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.#log('warn', `${messageOf(error)}; the one before is taken`);
      } finally {
        await file.close();
      }
      this.#kept.pop();
      await this.#disk.remove(newest.path);
    }
    return null;
  }

  /** Puts one down, in one step, and removes the oldest. */
  async write(offset: number, staging: Staging): Promise<void> {
    const path = `${this.#folder}/${String(offset).padStart(16, '0')}${suffix}`;
    const temporary = `${path}.tmp`;
    const file = await this.#disk.open(temporary, 'create');
    try {
      await writeSnapshot(file, { journal: this.#journal, offset }, staging);
    } finally {
      await file.close();
    }
    await this.#disk.rename(temporary, path);
    await this.#disk.syncFolder(this.#folder);
    this.#kept = [...this.#kept.filter((kept) => kept.path !== path), { path, offset }];
    while (this.#kept.length > keptMax) await this.#disk.remove(this.#kept.shift()!.path);
  }

  async #headOf(path: string) {
    const file = await this.#disk.open(path, 'read');
    try {
      return await readSnapshotHead(file, path);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#log('warn', messageOf(error));
      return null;
    } finally {
      await file.close();
    }
  }
}
