/**
 * What a power cut may leave of a folder. Every write, sync and change of names below it is recorded while somebody works
 * in it; then the folder as of any moment is built anew, with no more than what syncs had made last for sure.
 *
 * Of writes behind the last sync of their file each sector of 512 octets is there or not, whatever their order. Names
 * are as on a journalling file system: what became of them is kept in order, up to some moment not before the newest
 * sync that had to keep one (of the folder, or of the file itself).
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join, relative } from 'node:path';

const sectorBytes = 512;

interface Inode {
  /** Where it stood before recording began; '': made since. */
  readonly origin: string;
}

type Op =
  | { k: 'write'; inode: Inode; at: number; bytes: Uint8Array }
  | { k: 'truncate'; inode: Inode; bytes: number }
  | { k: 'sync'; inode: Inode; path: string }
  | { k: 'sync folder'; folder: string }
  | { k: 'name'; path: string; inode: Inode }
  | { k: 'folder'; path: string }
  | { k: 'gone'; path: string };

const patched = [
  'openSync',
  'closeSync',
  'writeSync',
  'truncateSync',
  'writeFileSync',
  'mkdirSync',
  'renameSync',
  'unlinkSync',
  'rmdirSync',
  'fsyncSync',
] as const;

export class DiskRecorder {
  readonly #root: string;
  readonly #ops: Op[] = [];
  readonly #inodes = new Map<string, Inode>();
  readonly #open = new Map<number, { path: string; inode: Inode | null }>();
  readonly #real = Object.fromEntries(patched.map((name) => [name, fs[name]]));
  syncs = 0;

  /** Records from now on what this thread does below `root` with Node's synchronous calls. */
  constructor(root: string) {
    this.#root = root;
    this.#patch();
  }

  /** How much has happened: a moment. */
  get moment(): number {
    return this.#ops.length;
  }

  /** Syncs between two moments of files that stood at such a path when they were opened. */
  synced(from: number, to: number, path: RegExp): number {
    const ops = this.#ops.slice(from, to);
    return ops.filter((op) => op.k === 'sync' && path.test(op.path)).length;
  }

  stop(): void {
    Object.assign(fs, this.#real);
    syncBuiltinESMExports();
  }

  #inodeOf(path: string): Inode {
    let inode = this.#inodes.get(path);
    if (inode === undefined) {
      inode = { origin: path };
      this.#inodes.set(path, inode);
    }
    return inode;
  }

  #note(path: unknown, note: (path: string) => void): void {
    const within = typeof path === 'string' ? relative(this.#root, path) : '..';
    if (!within.startsWith('..')) note(within);
  }

  #made(path: string): void {
    const inode: Inode = { origin: '' };
    this.#inodes.set(path, inode);
    this.#ops.push({ k: 'name', path, inode });
  }

  #patch(): void {
    const real = this.#real as unknown as Pick<typeof fs, (typeof patched)[number]>;
    const ops = this.#ops;
    const calls = {
      openSync: (path: string, flags: string | number, mode?: number) => {
        const isNew = !fs.existsSync(path);
        const fd = real.openSync(path, flags, mode);
        this.#note(path, (within) => {
          const folder = fs.fstatSync(fd).isDirectory();
          if (isNew) this.#made(within);
          this.#open.set(fd, { path: within, inode: folder ? null : this.#inodeOf(within) });
        });
        return fd;
      },
      closeSync: (fd: number) => {
        real.closeSync(fd);
        this.#open.delete(fd);
      },
      writeSync: (fd: number, from: Uint8Array, start: number, length: number, at: number) => {
        const bytes = real.writeSync(fd, from, start, length, at);
        const inode = this.#open.get(fd)?.inode;
        if (inode) {
          if (typeof at !== 'number') throw new Error('a write without a place');
          const copy = Buffer.from(from.buffer, from.byteOffset + start, bytes);
          ops.push({ k: 'write', inode, at, bytes: Uint8Array.from(copy) });
        }
        return bytes;
      },
      truncateSync: (path: string, bytes: number) => {
        real.truncateSync(path, bytes);
        this.#note(path, (within) => ops.push({ k: 'truncate', inode: this.#inodeOf(within), bytes }));
      },
      writeFileSync: (path: string, data: string, options?: fs.WriteFileOptions) => {
        real.writeFileSync(path, data, options);
        this.#note(path, (within) => this.#made(within));
      },
      mkdirSync: (path: string, options?: fs.MakeDirectoryOptions) => {
        real.mkdirSync(path, options);
        this.#note(path, (within) => ops.push({ k: 'folder', path: within }));
      },
      renameSync: (from: string, to: string) => {
        real.renameSync(from, to);
        this.#note(to, (path) => {
          const old = relative(this.#root, from);
          const inode = this.#inodeOf(old);
          this.#inodes.delete(old);
          this.#inodes.set(path, inode);
          ops.push({ k: 'name', path, inode }, { k: 'gone', path: old });
        });
      },
      unlinkSync: (path: string) => {
        real.unlinkSync(path);
        this.#note(path, (within) => {
          // What stands there next is another file.
          this.#inodes.set(within, { origin: '' });
          ops.push({ k: 'gone', path: within });
        });
      },
      rmdirSync: (path: string) => {
        real.rmdirSync(path);
        this.#note(path, (within) => ops.push({ k: 'gone', path: within }));
      },
      fsyncSync: (fd: number) => {
        const file = this.#open.get(fd);
        if (file === undefined) return;
        this.syncs++;
        const { path, inode } = file;
        ops.push(inode === null ? { k: 'sync folder', folder: path } : { k: 'sync', inode, path });
      },
    };
    Object.assign(fs, calls);
    syncBuiltinESMExports();
  }

  /**
   * Builds the folder as a power cut at `moment` may leave it.
   *
   * @param before the folder as it was when recording began, all of it synced
   * @param random gives [0, 1)
   * @param heeded false: syncs of files do nothing, as if the database only believed that it syncs
   */
  build(before: string, to: string, moment: number, random: () => number, heeded = true): void {
    fs.cpSync(before, to, { recursive: true });
    const ops = this.#ops.slice(0, moment);
    const lastSync = new Map<Inode, number>();
    ops.forEach((op, i) => {
      if (op.k === 'sync' && heeded) lastSync.set(op.inode, i);
    });
    const contents = new Map<Inode, Content>();
    const chances = new Map<Inode, number>();
    ops.forEach((op, i) => {
      if (op.k !== 'write' && op.k !== 'truncate') return;
      const { inode } = op;
      if (!contents.has(inode)) {
        contents.set(inode, new Content(inode.origin === '' ? null : fs.readFileSync(join(before, inode.origin))));
        // Some files are new as a whole, some old, of others any part is there.
        chances.set(inode, [0, 0.5, 0.9, 1][Math.floor(random() * 4)]);
      }
      const chance = i < (lastSync.get(inode) ?? -1) ? 1 : chances.get(inode)!;
      const content = contents.get(inode)!;
      if (op.k === 'write') content.write(op.bytes, op.at, () => random() < chance);
      else if (random() < chance) content.truncate(op.bytes);
    });
    this.#applyNames(ops, to, random, (path, inode) => {
      const content = contents.get(inode);
      if (content !== undefined) fs.writeFileSync(path, content.bytes);
      else if (inode.origin === '') fs.writeFileSync(path, '');
      else fs.copyFileSync(join(before, inode.origin), path);
    });
  }

  /** Makes and removes names up to some moment, then puts into each file what it holds. */
  #applyNames(ops: readonly Op[], to: string, random: () => number, put: (path: string, inode: Inode) => void): void {
    let kept = -1;
    const lastName = new Map<Inode | string, number>();
    ops.forEach((op, i) => {
      if (op.k === 'name') lastName.set(op.inode, i);
      if (op.k === 'name' || op.k === 'folder' || op.k === 'gone') lastName.set(dirname(op.path), i);
      if (op.k === 'sync') kept = Math.max(kept, lastName.get(op.inode) ?? -1);
      if (op.k === 'sync folder') kept = Math.max(kept, lastName.get(op.folder) ?? -1);
    });
    const end = kept + 1 + Math.floor(random() * (ops.length - kept));
    const files = new Map<string, Inode>();
    for (const op of ops) if ('inode' in op && op.inode.origin !== '') files.set(op.inode.origin, op.inode);
    for (const op of ops.slice(0, end)) {
      if (op.k === 'name') files.set(op.path, op.inode);
      else if (op.k === 'folder') fs.mkdirSync(join(to, op.path), { recursive: true });
      else if (op.k === 'gone') {
        files.delete(op.path);
        fs.rmSync(join(to, op.path), { recursive: true, force: true });
      }
    }
    for (const [path, inode] of files) put(join(to, path), inode);
  }
}

/** What a file holds. */
class Content {
  #now: Buffer<ArrayBufferLike>;
  #length: number;

  constructor(before: Buffer | null) {
    this.#now = before ?? Buffer.alloc(0);
    this.#length = this.#now.length;
  }

  get bytes(): Uint8Array {
    return this.#now.subarray(0, this.#length);
  }

  truncate(length: number): void {
    this.#grow(length);
    this.#now.fill(0, length);
    this.#length = length;
  }

  /** Writes those sectors that `survives` lets through. */
  write(bytes: Uint8Array, at: number, survives: () => boolean): void {
    for (let from = at; from < at + bytes.length; ) {
      const to = Math.min(at + bytes.length, (Math.floor(from / sectorBytes) + 1) * sectorBytes);
      if (survives()) {
        this.#grow(to);
        this.#now.set(bytes.subarray(from - at, to - at), from);
        this.#length = Math.max(this.#length, to);
      }
      from = to;
    }
  }

  #grow(length: number): void {
    if (length <= this.#now.length) return;
    const more = Buffer.alloc(Math.max(length, this.#now.length * 2));
    more.set(this.#now.subarray(0, this.#length));
    this.#now = more;
  }
}
