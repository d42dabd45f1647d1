import { readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file of the journal. Every method rejects with the system's error (`code`: ENOSPC, EIO, …). */
export interface DiskFile {
  /** Writes all octets at a position; after a rejection any part of them may be there. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Reads up to `into.length` octets. @returns how many; fewer only at the end of the file */
  read(into: Uint8Array, at: number): Promise<number>;
  /** The same while everything else waits, for a start: throws where {@link read} rejects. */
  readNow(into: Uint8Array, at: number): number;
  /** After it, all that was written survives a power cut (`fdatasync`). */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The disk as journal and snapshots see it; a simulation brings its own. */
export interface Disk {
  /** Makes the folder with those above it where it is missing, lasting. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<string[]>;
  /** `create`: new and empty, also where a file of this name stands. */
  open(path: string, how: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Replaces `to`, in one step; lasting once the folder is synced. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** After it, names made, renamed and removed in the folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
  /** Octets that this user may still write there. */
  freeBytes(path: string): Promise<number>;
}

const flags = { read: 'r', write: 'r+', create: 'w+' } as const;

class NodeFile implements DiskFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#handle
        .read(into, done, into.length - done, at + done)
        .catch((error: Error) => this.#named(error));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /** The system names no file where one that is open fails: a start that ends with it must. */
  #named(error: Error): never {
    error.message += ` '${this.#path}'`;
    throw error;
  }

  readNow(into: Uint8Array, at: number): number {
    let done = 0;
    while (done < into.length) {
      const bytesRead = readSync(this.#handle.fd, into, done, into.length - done, at + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export const nodeDisk: Disk = {
  async makeFolder(path) {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = path; ; made = dirname(made)) {
      await nodeDisk.syncFolder(dirname(made));
      if (made === first || made === dirname(made)) return;
    }
  },
  list: (path) => readdir(path),
  async open(path, how) {
    return new NodeFile(await open(path, flags[how], 0o600), path);
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => unlink(path),
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};
