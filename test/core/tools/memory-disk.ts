import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../../server/journal/disk.ts';

interface Content {
  bytes: Uint8Array;
  /** As it is on disk for good. */
  synced: Uint8Array;
}

/**
 * A disk that may be cut off at any operation. What was not synced is then there in part: of each file all of it,
 * nothing, or some pages; of the names in a folder those since its sync, or not.
 */
export class MemoryDisk implements Disk {
  operations = 0;
  /** Every operation from this number on never ends. */
  cutAt = Number.POSITIVE_INFINITY;
  onCut: () => void = () => undefined;
  #files = new Map<string, Content>();
  /** Names as they are on disk for good, by folder. */
  readonly #names = new Map<string, Map<string, Content>>();

  get isCut(): boolean {
    return this.operations >= this.cutAt;
  }

  async makeFolder(path: string): Promise<void> {
    await this.#step();
    if (!this.#names.has(path)) this.#names.set(path, new Map());
  }

  async list(path: string): Promise<string[]> {
    await this.#step();
    return [...this.#files.keys()].filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1));
  }

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.#step();
    if (how === 'create') this.#files.set(path, { bytes: new Uint8Array(0), synced: new Uint8Array(0) });
    const content = this.#files.get(path);
    if (content === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT', errno: -2 });
    const step = () => this.#step();
    return {
      async write(bytes, at) {
        // A cut may come in the middle of it.
        const half = bytes.length >> 1;
        put(content, bytes.subarray(0, half), at);
        await step();
        put(content, bytes.subarray(half), at + half);
      },
      async read(into, at) {
        await step();
        const found = content.bytes.subarray(at, at + into.length);
        into.set(found);
        return found.length;
      },
      // No cut of its own: it changes nothing, so one before it leaves the same.
      readNow(into, at) {
        const found = content.bytes.subarray(at, at + into.length);
        into.set(found);
        return found.length;
      },
      async sync() {
        await step();
        content.synced = content.bytes.slice();
      },
      async truncate(bytes) {
        await step();
        content.bytes = content.bytes.slice(0, bytes);
      },
      size: async () => content.bytes.length,
      close: async () => undefined,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step();
    this.#files.set(to, this.#files.get(from)!);
    this.#files.delete(from);
  }

  async remove(path: string): Promise<void> {
    await this.#step();
    this.#files.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#step();
    this.#names.set(path, new Map([...this.#files].filter(([name]) => dirname(name) === path)));
  }

  async freeBytes(): Promise<number> {
    return 2 ** 40;
  }

  /** The disk as it is found after the power was cut. */
  afterCut(random: () => number): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [folder, names] of this.#names) {
      disk.#names.set(folder, new Map());
      const now = [...this.#files].filter(([name]) => dirname(name) === folder);
      // Changes of names since the folder's sync are there from the first up to some, as a log of the file system has it.
      const kept = random() < 0.5 ? new Map(now) : names;
      for (const [name, content] of kept) disk.#files.set(name, found(content, random));
      disk.#names.set(folder, new Map([...disk.#files].filter(([name]) => dirname(name) === folder)));
    }
    return disk;
  }

  async #step(): Promise<void> {
    if (++this.operations >= this.cutAt) {
      this.onCut();
      await new Promise(() => undefined);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function put(content: Content, bytes: Uint8Array, at: number): void {
  if (at + bytes.length > content.bytes.length) {
    const larger = new Uint8Array(at + bytes.length);
    larger.set(content.bytes);
    content.bytes = larger;
  }
  content.bytes.set(bytes, at);
}

const pageBytes = 512;

function found({ bytes, synced }: Content, random: () => number): Content {
  const choice = random();
  let now = choice < 0.3 ? synced : bytes;
  if (choice >= 0.6) {
    now = new Uint8Array(random() < 0.5 ? bytes.length : Math.max(synced.length, Math.floor(bytes.length * random())));
    now.set(bytes.subarray(0, now.length));
    for (let at = 0; at < now.length; at += pageBytes) {
      if (random() < 0.5) continue;
      now.fill(0, at, at + pageBytes);
      now.set(synced.subarray(at, Math.min(at + pageBytes, now.length)), at);
    }
  }
  return { bytes: now.slice(), synced: now.slice() };
}
