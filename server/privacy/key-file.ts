import { hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataFolder, syncFolder } from '../data-folder.ts';
import { messageOf, UserError } from '../errors.ts';

/** Length of the master key, from which every domain's AES key is derived. */
export const keyBytes = 32;
const keyName = 'pseudonym.key';

/**
 * The master key of all pseudonyms from `folder`/pseudonym.key; at the first start it is made there, from the system's
 * random source, as a file of mode 0600 in a folder of mode 0700. It appears whole or not at all, and of two starts at
 * once both take the same.
 *
 * @throws UserError DATA_FOLDER, PSEUDONYM_KEY_UNREADABLE, PSEUDONYM_KEY_LENGTH or PSEUDONYM_KEY_UNWRITABLE
 */
export function loadOrCreateKey(folder: string): Uint8Array {
  const path = join(folder, keyName);
  return readKey(path) ?? createKey(folder, path);
}

/** A key for one run, where nothing is kept: the pseudonyms of two runs differ. */
export function ephemeralKey(): Uint8Array {
  return randomBytes(keyBytes);
}

/** What senders know a data folder by: the same as long as its key is, and nothing can be made of it. 16 hexadecimal digits. */
export function receiverOf(key: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', key, '', 'signalwall receiver', 8)).toString('hex');
}

function readKey(path: string): Uint8Array | null {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    // No folder, or a file in its place: making the key says so.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw new UserError(
      'PSEUDONYM_KEY_UNREADABLE',
      `pseudonym key '${path}' can't be read: ${messageOf(error)}; make it readable to this user (chmod 600)`,
      { cause: error },
    );
  }
  if (key.length !== keyBytes) {
    throw new UserError(
      'PSEUDONYM_KEY_LENGTH',
      `pseudonym key '${path}' has ${key.length} bytes instead of ${keyBytes}; put the right one back, or remove it to start with a new one (stored pseudonyms then match no more)`,
    );
  }
  return key;
}

function createKey(folder: string, path: string): Uint8Array {
  const key = randomBytes(keyBytes);
  makeDataFolder(folder);
  const draft = join(folder, `.${keyName}.${randomBytes(6).toString('hex')}`);
  try {
    chmodSync(folder, 0o700);
    try {
      const file = openSync(draft, 'wx', 0o600);
      try {
        writeSync(file, key);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      // A link fails where the name is taken; a rename would replace the key of a start that was faster.
      linkSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    syncFolder(folder);
  } catch (error) {
    const faster = codeOf(error) === 'EEXIST' ? readKey(path) : null;
    if (faster !== null) return faster;
    throw new UserError(
      'PSEUDONYM_KEY_UNWRITABLE',
      `pseudonym key '${path}' can't be made: ${messageOf(error)}; choose a data folder that this user may write`,
      { cause: error },
    );
  }
  return key;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
