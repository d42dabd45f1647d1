import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Times of change are taken by the system's tick, and its clock may be set: files somewhat older are synced too. */
const slackMs = 60_000;

/** Syncs every file below a folder that has changed since `sinceMs` (wall time), and the folders. */
export async function syncFiles(folder: string, sinceMs: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await unlessGone(syncFiles(path, sinceMs));
    else if (entry.isFile()) await unlessGone(syncChanged(path, sinceMs));
  }
  await sync(folder);
}

async function syncChanged(path: string, sinceMs: number): Promise<void> {
  const { mtimeMs, ctimeMs } = await stat(path);
  if (Math.max(mtimeMs, ctimeMs) >= sinceMs - slackMs) await sync(path);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What was removed since its folder was read needs no syncing. */
async function unlessGone(work: Promise<void>): Promise<void> {
  await work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
