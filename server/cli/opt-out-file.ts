import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import type { Holder, OptOutEntry } from '../privacy/opt-outs.ts';
import type { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { replaceFile } from '../replace-file.ts';

const pseudonym = '[0-9a-f]{16}';
const linePattern = new RegExp(`^(?:imsi|msisdn,${pseudonym},${pseudonym})(?:,${pseudonym})+$`);
const holderPattern = new RegExp(`^(${pseudonym}),(${pseudonym}),(\\d{1,16})$`);

/** The list of a data folder, and what the server was told of its numbers: pseudonyms alone, for this user alone. */
function pathIn(dataDir: string): string {
  return join(dataDir, 'reference', 'opt-outs.csv');
}

function toldPathIn(dataDir: string): string {
  return join(dataDir, 'reference', 'opt-outs-told.csv');
}

/** Changes when the list does; '': there is none. */
export function optOutStamp(dataDir: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(pathIn(dataDir));
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (isMissing(error)) return '';
    throw unreadable(pathIn(dataDir), error);
  }
}

/**
 * What `import --opt-outs` has put into the data folder; null: nothing.
 *
 * @param pseudonymiser of the data folder's key: a list that was made under another one is of nobody
 * @throws UserError OPT_OUTS_FILE naming the file
 */
export function keptOptOuts(dataDir: string, pseudonymiser: Pseudonymiser): OptOutEntry[] | null {
  const text = readText(pathIn(dataDir));
  if (text === null) return null;
  const [head, ...lines] = text.split('\n').filter((line) => line !== '');
  const fault = head === headOf(pseudonymiser) ? lines.findIndex((line) => !linePattern.test(line)) : -2;
  if (fault !== -1) {
    const what = fault === -2 ? 'was made under another pseudonym key' : `is damaged in line ${fault + 2}`;
    throw new UserError(
      'OPT_OUTS_FILE',
      `${pathIn(dataDir)} ${what}: give the whole list again with import --opt-outs`,
    );
  }
  return lines.map((line) => {
    const [type, ...words] = line.split(',');
    if (type === 'imsi') return { type, number: '', peer: '', subscribers: words };
    return { type: 'msisdn', number: words[0], peer: words[1], subscribers: words.slice(2) };
  });
}

/** Puts the list into the data folder in place of the one before, whole or not at all. @throws UserError DATA_FOLDER */
export function keepOptOuts(dataDir: string, entries: Iterable<OptOutEntry>, pseudonymiser: Pseudonymiser): void {
  // In order, so that nobody sees from it whose number is whose.
  const lines = [...entries].map(lineOf).sort();
  replace(pathIn(dataDir), [headOf(pseudonymiser), ...lines]);
}

/** A list's entry as its line: what tells entries apart. */
export function lineOf({ type, number, peer, subscribers }: OptOutEntry): string {
  return [type, ...(type === 'msisdn' ? [number, peer] : []), ...subscribers].join(',');
}

/** Whose numbers of the list are, as far as it was told; by time. */
export function keptHolders(dataDir: string): Holder[] {
  const lines = (readText(toldPathIn(dataDir)) ?? '').split('\n');
  // The end of a line may be lost in a power cut: then it is told again.
  const found = lines.map((line) => holderPattern.exec(line)).filter((match) => match !== null);
  return found.map(([, number, subscriber, timeUs]) => ({ number, subscriber, timeUs: Number(timeUs) }));
}

/** Puts down whose the numbers are, in place of what was known. @throws UserError DATA_FOLDER */
export function keepHolders(dataDir: string, holders: readonly Holder[]): void {
  replace(toldPathIn(dataDir), holders.map(holderLine));
}

/** Adds what has just been told. @throws UserError DATA_FOLDER */
export function addHolders(dataDir: string, holders: readonly Holder[]): void {
  const path = toldPathIn(dataDir);
  try {
    const file = openSync(path, 'a', 0o600);
    try {
      // On a line of its own, also behind one whose end was lost.
      writeFileSync(file, `\n${holders.map(holderLine).join('\n')}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unwritable(path, error);
  }
}

function holderLine({ number, subscriber, timeUs }: Holder): string {
  return `${number},${subscriber},${timeUs}`;
}

/** Tells keys apart without telling the key. */
function headOf(pseudonymiser: Pseudonymiser): string {
  return `signalwall opt-outs 1,${pseudonymiser.hex('xdr-user', 'signalwall opt-outs').slice(0, 16)}`;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw unreadable(path, error);
  }
}

function replace(path: string, lines: readonly string[]): void {
  try {
    replaceFile(path, lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    throw unwritable(path, error);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unreadable(path: string, error: unknown): UserError {
  return new UserError('OPT_OUTS_FILE', `${path} can't be read (${messageOf(error)}): make it readable to this user`, {
    cause: error,
  });
}

function unwritable(path: string, error: unknown): UserError {
  return new UserError('DATA_FOLDER', `${path} can't be written (${messageOf(error)}): choose another --data`, {
    cause: error,
  });
}
