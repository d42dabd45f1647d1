import type { Disk, DiskFile } from '../../server/journal/disk.ts';

/** What a file holds: as read now, and as it is after a power cut. */
interface Inode {
  now: Uint8Array;
  bytes: number;
  /** Octets that a sync has made last: the beginning of `now` itself as long as nobody writes into it. */
  lasting: Uint8Array;
  /** A sync has failed: what was written before it is read, but the system takes it for on disk, and it never will be. */
  apart: boolean;
  /** Writes and truncations since, in order: after a power cut any part of them may be there. */
  pending: { at: number; bytes: Uint8Array | null; length: number }[];
}

function enoent(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file, '${path}'`), { code: 'ENOENT', errno: -2 });
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= bytes.length) return bytes;
  const more = new Uint8Array(Math.max(length, bytes.length * 4, 4096));
  more.set(bytes);
  return more;
}

/** Before octets from `at` on change: what lasts keeps those of before. */
function part(inode: Inode, at: number): void {
  const { lasting, now } = inode;
  if (at < lasting.length && lasting.buffer === now.buffer) inode.lasting = lasting.slice();
}

/** A sync fails, and its pages are taken for written: so does Linux, see fsync(2). */
function forget(inode: Inode): void {
  if (inode.pending.length === 0) return;
  inode.lasting = inode.lasting.slice();
  inode.apart = true;
  inode.pending = [];
}

/** What lasts, with those writes since, and those sectors of them, that `survives` lets through. */
function written({ lasting, pending }: Inode, survives: () => boolean): Uint8Array {
  let bytes: Uint8Array = lasting.slice();
  let length = bytes.length;
  for (const write of pending) {
    if (!survives()) continue;
    if (write.bytes === null) {
      length = Math.min(length, write.length);
      bytes = bytes.slice(0, length);
      continue;
    }
    for (let from = 0; from < write.bytes.length; from += 512) {
      if (!survives()) continue;
      const part = write.bytes.subarray(from, from + 512);
      bytes = grown(bytes, write.at + from + part.length);
      bytes.set(part, write.at + from);
      length = Math.max(length, write.at + from + part.length);
    }
  }
  return bytes.slice(0, length);
}

/**
 * A disk in memory that forgets at a power cut what was not synced: of each write since, sectors of 512 octets survive
 * or not by `random`, whatever their order; so do names that the folder had not been synced with.
 */
export class FakeDisk implements Disk {
  /** Octets that may still be written before the disk is full; those of files that are removed or cut come back. */
  free = Number.POSITIVE_INFINITY;
  /** Called before each operation: may throw the error that it shall fail with, or wait. */
  before: (
    what: 'write' | 'sync' | 'open' | 'rename' | 'remove' | 'syncFolder' | 'read',
    path: string,
  ) => Promise<void> = async () => undefined;
  /** The same of what is read while everything waits. */
  beforeReadNow: (path: string) => void = () => undefined;
  syncs = 0;
  #names = new Map<string, Inode>();
  #lastingNames = new Map<string, Inode>();
  /** Grows with each power cut: files that were open before are dead. */
  #life = 0;

  async makeFolder(): Promise<void> {}

  async list(folder: string): Promise<string[]> {
    const prefix = `${folder}/`;
    return [...this.#names.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  async open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.before('open', path);
    let inode = this.#names.get(path);
    if (how === 'create') {
      this.free += inode?.bytes ?? 0;
      inode = { now: new Uint8Array(0), bytes: 0, lasting: new Uint8Array(0), apart: false, pending: [] };
      this.#names.set(path, inode);
    }
    if (inode === undefined) throw enoent(path);
    return this.#fileOf(path, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.before('rename', from);
    const inode = this.#names.get(from);
    if (inode === undefined) throw enoent(from);
    this.free += this.#names.get(to)?.bytes ?? 0;
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  async remove(path: string): Promise<void> {
    await this.before('remove', path);
    this.free += this.#names.get(path)?.bytes ?? 0;
    if (!this.#names.delete(path)) throw enoent(path);
  }

  async syncFolder(folder: string): Promise<void> {
    await this.before('syncFolder', folder);
    for (const name of this.#lastingNames.keys()) {
      if (name.startsWith(`${folder}/`) && !this.#names.has(name)) this.#lastingNames.delete(name);
    }
    for (const [name, inode] of this.#names) if (name.startsWith(`${folder}/`)) this.#lastingNames.set(name, inode);
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }

  /** All names of a folder are gone, and do not come back. */
  loseFolder(folder: string): void {
    const before = this.#bytes;
    for (const names of [this.#names, this.#lastingNames])
      for (const name of [...names.keys()]) if (name.startsWith(`${folder}/`)) names.delete(name);
    this.free += before - this.#bytes;
  }

  /** A file goes behind everybody's back, lasting. @returns what brings it back, unless another one stands there by then */
  takeAway(path: string): () => void {
    const inode = this.#names.get(path);
    if (inode === undefined) throw enoent(path);
    const kept = { ...inode, lasting: inode.now.slice(0, inode.bytes), pending: [] };
    for (const names of [this.#names, this.#lastingNames]) names.delete(path);
    return () => {
      if (this.#names.has(path)) return;
      for (const names of [this.#names, this.#lastingNames]) names.set(path, kept);
    };
  }

  get #bytes(): number {
    return [...this.#names.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The octets of a file now. */
  contents(path: string): Uint8Array {
    const inode = this.#names.get(path);
    if (inode === undefined) throw enoent(path);
    return inode.now.subarray(0, inode.bytes);
  }

  /** Changes a file behind everybody's back, lasting. */
  corrupt(path: string, change: (bytes: Uint8Array) => void): void {
    const bytes = this.contents(path);
    change(bytes);
    this.#names.get(path)!.lasting = bytes.slice();
  }

  /** Whether there are names, or removals, that a power cut may undo. */
  get unsynced(): boolean {
    const [now, lasting] = [this.#names, this.#lastingNames];
    return now.size !== lasting.size || [...now].some(([name, inode]) => lasting.get(name) !== inode);
  }

  /** The machine stops: what was not synced is there in part. `random` gives [0, 1). */
  powerCut(random: () => number): void {
    this.#life++;
    const bytes = this.#bytes;
    const before = new Set([...this.#lastingNames.keys(), ...this.#names.keys()]);
    const after = new Map<string, Inode>();
    for (const name of before) {
      const [was, is] = [this.#lastingNames.get(name), this.#names.get(name)];
      const kept = was === is || random() < 0.5 ? was : is;
      if (kept !== undefined) after.set(name, kept);
    }
    for (const inode of new Set(after.values())) this.#settle(inode, random);
    this.#names = after;
    this.#lastingNames = new Map(after);
    this.free += bytes - this.#bytes;
  }

  /** The process stops, the machine goes on: all that was written is there. */
  kill(): void {
    this.#life++;
  }

  #settle(inode: Inode, random: () => number): void {
    inode.now = written(inode, () => random() >= 0.3);
    inode.lasting = inode.now.slice();
    inode.apart = false;
    inode.bytes = inode.now.length;
    inode.pending = [];
  }

  #fileOf(path: string, inode: Inode): DiskFile {
    const life = this.#life;
    const check = async (what: Parameters<FakeDisk['before']>[0]) => {
      await this.before(what, path);
      if (life !== this.#life) await new Promise<never>(() => undefined);
    };
    return {
      write: async (bytes, at) => {
        await check('write');
        const more = Math.max(0, at + bytes.length - inode.bytes);
        // In place it needs none; and names that a power cut has brought back may have taken more than there was.
        if (more > Math.max(0, this.free)) {
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 });
        }
        this.free -= more;
        part(inode, at);
        inode.now = grown(inode.now, at + bytes.length);
        inode.now.set(bytes, at);
        inode.bytes = Math.max(inode.bytes, at + bytes.length);
        inode.pending.push({ at, bytes: bytes.slice(), length: 0 });
      },
      read: async (into, at) => {
        await check('read');
        const part = inode.now.subarray(at, Math.min(inode.bytes, at + into.length));
        into.set(part);
        return part.length;
      },
      readNow: (into, at) => {
        this.beforeReadNow(path);
        const part = inode.now.subarray(at, Math.min(inode.bytes, at + into.length));
        into.set(part);
        return part.length;
      },
      sync: async () => {
        try {
          await check('sync');
        } catch (error) {
          forget(inode);
          throw error;
        }
        this.syncs++;
        inode.lasting = inode.apart ? written(inode, () => true) : inode.now.subarray(0, inode.bytes);
        inode.pending = [];
      },
      truncate: async (bytes) => {
        await check('write');
        this.free += Math.max(0, inode.bytes - bytes);
        inode.bytes = Math.min(inode.bytes, bytes);
        inode.now = inode.now.slice(0, inode.bytes);
        inode.pending.push({ at: 0, bytes: null, length: bytes });
      },
      size: async () => inode.bytes,
      close: async () => undefined,
    };
  }
}
