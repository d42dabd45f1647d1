import { crc32 } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Disk } from './disk.ts';

/** What a journal keeps beside its segments: who it is, from where on it is whole, and how far it was on disk. */
export interface Base {
  /** 32 hex digits; made with the journal: offsets mean nothing in another one. */
  readonly id: string;
  /** Start of the oldest segment that is needed. */
  readonly base: number;
  /** The log before it was on disk when this was noted; it may have gone on since. */
  readonly end: number;
}

const name = 'base.json';
/** The first format does not say where the log ended; the first two are a file of one note. */
const layout =
  /^(\{"format":([123]),"id":"([0-9a-f]{32})","base":(\d+)(?:,"end":(\d+))?(?:,"turn":(\d+))?),"crc":(\d+)\} *\n/;
/** The notes lie so far apart that no write to the one touches the other on disk. */
const slotBytes = 4096;
const noteBytes = 512;

interface Note {
  readonly base: Base;
  /** Grows with each one; its parity is its slot. -1: of a file of before, which holds one note. */
  readonly turn: number;
}

function seal({ id, base, end }: Base, turn: number): Uint8Array {
  const text = JSON.stringify({ format: 3, id, base, end, turn });
  const sealed = JSON.stringify({ ...JSON.parse(text), crc: crc32(text) });
  return Buffer.from(`${sealed.padEnd(noteBytes - 1)}\n`);
}

function unseal(bytes: Buffer): Note | null {
  const match = layout.exec(bytes.toString('latin1'));
  if (match === null || crc32(`${match[1]}}`) !== Number(match[7])) return null;
  const base = Number(match[4]);
  return { base: { id: match[3], base, end: Number(match[5] ?? base) }, turn: Number(match[6] ?? -1) };
}

/**
 * The small file of the base: two notes, written in turn, in place. So a note needs no room: a full disk is freed by
 * removing segments, and before that the base must be on disk. A note that is torn leaves the one before it.
 */
export class BaseFile {
  readonly #disk: Disk;
  readonly #path: string;
  #note: Note;

  private constructor(disk: Disk, path: string, note: Note) {
    this.#disk = disk;
    this.#path = path;
    this.#note = note;
  }

  /** As it is on disk. */
  get base(): Base {
    return this.#note.base;
  }

  /** Makes the file, or puts it in the place of one of before, in one step, lasting. */
  static async make(disk: Disk, folder: string, base: Base): Promise<BaseFile> {
    const path = `${folder}/${name}`;
    const bytes = Buffer.alloc(2 * slotBytes, ' ');
    bytes.set(seal(base, 0), 0);
    const file = await disk.open(`${path}.tmp`, 'create');
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(`${path}.tmp`, path);
    await disk.syncFolder(folder);
    return new BaseFile(disk, path, { base, turn: 0 });
  }

  /**
   * @param names what stands in the folder
   * @returns null: there is none
   * @throws UserError JOURNAL_DAMAGED
   */
  static async open(disk: Disk, folder: string, names: readonly string[]): Promise<BaseFile | null> {
    if (!names.includes(name)) return null;
    const path = `${folder}/${name}`;
    const file = await disk.open(path, 'read');
    const bytes = Buffer.alloc(2 * slotBytes);
    const n = await file.read(bytes, 0).finally(() => file.close());
    let newest: Note | null = null;
    for (const at of [0, slotBytes]) {
      const note = unseal(bytes.subarray(at, Math.min(n, at + noteBytes)));
      if (note !== null && note.turn >= (newest?.turn ?? -1)) newest = note;
    }
    if (newest === null) {
      throw new UserError(
        'JOURNAL_DAMAGED',
        `${path} is damaged: bring it back from a copy, or start with another data folder`,
      );
    }
    if (newest.turn < 0) return await BaseFile.make(disk, folder, newest.base);
    const found = new BaseFile(disk, path, newest);
    // A process that was killed may have written it, and nothing has made it last yet.
    await found.#put(newest);
    return found;
  }

  /** Writes it down, lasting. After a rejection the one before stands, or this one: the next one tells. */
  async write(base: Base): Promise<void> {
    await this.#put({ base, turn: this.#note.turn + 1 });
  }

  async #put(note: Note): Promise<void> {
    const file = await this.#disk.open(this.#path, 'write');
    try {
      await file.write(seal(note.base, note.turn), (note.turn % 2) * slotBytes);
      await file.sync();
    } finally {
      await file.close();
    }
    this.#note = note;
  }
}
