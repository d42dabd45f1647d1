import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes every file below a folder last, and the folders. */
export async function syncFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncFiles(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncFile(folder);
}

/** Makes a file last, or the names in a folder. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
