import { join } from 'node:path';
import { errorOf } from '../errors.ts';
import type { PushAside } from '../events/push-aside.ts';
import type { Disk } from '../journal/disk.ts';
import type { Log } from '../log.ts';

/** Small files take a block of the disk each. */
const blockBytes = 4096;

/**
 * Rows that an acknowledged feed's senders told too early or too late, a file of lines for each batch: an operator may
 * look at them, set them right and send them again. Bounded; who takes files away makes room. A batch that comes again
 * after a crash replaces its file, or takes it away where none of its rows is set aside any more.
 */
export class AsideFiles implements PushAside {
  readonly folder: string;
  readonly #path: string;
  readonly #disk: Disk;
  readonly #bytesMax: number;
  readonly #log: Log;
  /** As far as known, or more; it is looked at again when that is too much. -1: not looked at yet. */
  #held = -1;
  /** Files that may be of batches that were not taken: those of before this start, and what could not be kept whole. */
  #left: Set<string> | null = null;

  /** @param options.path of the folder @param options.folder what it is called to those who may not know where the data lies */
  constructor(options: { disk: Disk; path: string; folder: string; bytesMax: number; log: Log }) {
    this.folder = options.folder;
    this.#path = options.path;
    this.#disk = options.disk;
    this.#bytesMax = options.bytesMax;
    this.#log = options.log;
  }

  async keep(name: string, text: string): Promise<boolean> {
    try {
      return await this.#keep(name, Buffer.from(text));
    } catch (error) {
      this.#held = -1;
      this.#left?.add(name);
      this.#log('error', `${join(this.#path, name)} can't be written: ${errorOf(error).message}`);
      return false;
    }
  }

  async drop(name: string): Promise<boolean> {
    const path = join(this.#path, name);
    try {
      this.#left ??= new Set(await this.#disk.list(this.#path).catch(unlessMissing([])));
      if (!this.#left.has(name)) return true;
      await this.#disk.remove(path).catch(unlessMissing(undefined));
      await this.#disk.syncFolder(this.#path);
      this.#left.delete(name);
      this.#held = -1;
      return true;
    } catch (error) {
      this.#log('error', `${path} can't be removed: ${errorOf(error).message}`);
      return false;
    }
  }

  async #keep(name: string, bytes: Uint8Array): Promise<boolean> {
    const disk = this.#disk;
    const size = Math.max(bytes.length, blockBytes);
    if (this.#held < 0 || this.#held + size > this.#bytesMax) this.#held = await this.#look(name);
    if (this.#held + size > this.#bytesMax) {
      // The one it was to replace is still there, and has been left out.
      this.#held = -1;
      return false;
    }
    const path = join(this.#path, name);
    const file = await disk.open(`${path}.new`, 'create');
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(`${path}.new`, path);
    await disk.syncFolder(this.#path);
    this.#held += size;
    return true;
  }

  /** @param replaced a file that makes room for what comes in its place @returns octets that the others take */
  async #look(replaced: string): Promise<number> {
    const disk = this.#disk;
    await disk.makeFolder(this.#path);
    let held = 0;
    for (const name of await disk.list(this.#path)) {
      const path = join(this.#path, name);
      if (name.endsWith('.new')) {
        await disk.remove(path);
        continue;
      }
      if (name === replaced) continue;
      const file = await disk.open(path, 'read');
      try {
        held += Math.max(await file.size(), blockBytes);
      } finally {
        await file.close();
      }
    }
    return held;
  }
}

/** What stands for something that is not there. */
function unlessMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}
