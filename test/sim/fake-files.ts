/** Stands, in the simulation's bundle, for what reads and syncs real files beside the disk that is given. */

/** What syncing the folder of an embedded database does. */
export const syncing = new Map<string, () => Promise<void>>();

export function syncFiles(folder: string): Promise<void> {
  return syncing.get(folder)!();
}

export function namedQuery(name: string): string {
  return `query ${name}`;
}
