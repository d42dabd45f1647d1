import { crc32 } from 'node:zlib';
import { UserError } from '../errors.ts';
import type { Disk } from './disk.ts';

/** What a journal keeps beside its segments: who it is, from where on it is whole, and how far it was on disk. */
export interface Base {
  /** 32 hex digits; made with the journal: offsets mean nothing in another one. */
  id: string;
  /** Start of the oldest segment that is needed. */
  base: number;
  /** The log before it was on disk when this was noted; it may have gone on since. */
  end: number;
}

const name = 'base.json';
/** The first format does not say where the log ended. */
const layout = /^(\{"format":[12],"id":"([0-9a-f]{32})","base":(\d+)(?:,"end":(\d+))?),"crc":(\d+)\}\n$/;

function seal(base: Base): string {
  const text = JSON.stringify({ format: 2, id: base.id, base: base.base, end: base.end });
  return `${JSON.stringify({ ...JSON.parse(text), crc: crc32(text) })}\n`;
}

/** Replaces a small file in one step, lasting. */
async function replaceFile(disk: Disk, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${folder}/${name}.tmp`;
  const file = await disk.open(temporary, 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, `${folder}/${name}`);
  await disk.syncFolder(folder);
}

export async function writeBase(disk: Disk, folder: string, base: Base): Promise<void> {
  await replaceFile(disk, folder, name, Buffer.from(seal(base)));
}

/**
 * @param names what stands in the folder
 * @returns null: there is none
 * @throws UserError JOURNAL_DAMAGED
 */
export async function readBase(disk: Disk, folder: string, names: readonly string[]): Promise<Base | null> {
  if (!names.includes(name)) return null;
  const file = await disk.open(`${folder}/${name}`, 'read');
  const bytes = Buffer.alloc(Math.min(4096, await file.size()));
  await file.read(bytes, 0);
  await file.close();
  const match = layout.exec(bytes.toString('latin1'));
  if (match === null || crc32(`${match[1]}}`) !== Number(match[5])) {
    throw new UserError(
      'JOURNAL_DAMAGED',
      `${folder}/${name} is damaged: bring it back from a copy, or start with another data folder`,
    );
  }
  const base = Number(match[3]);
  return { id: match[2], base, end: Number(match[4] ?? base) };
}
