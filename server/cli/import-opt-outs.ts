import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { loadOrCreateKey } from '../privacy/key-file.ts';
import { type Holder, type OptOutEntry, OptOuts } from '../privacy/opt-outs.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { keepHolders, keepOptOuts, keptHolders, keptOptOuts, lineOf } from './opt-out-file.ts';
import { readOptOuts } from './opt-out-input.ts';
import { takeOverMs } from './opt-out-keeper.ts';
import { counted } from './words.ts';

/** What becomes of the list: it is replaced, longer or shorter. */
export type OptOutsChange = 'replace' | 'add' | 'remove';

/** Of a data folder's key; nothing of what it is given is remembered. */
export function pseudonymiserOf(dataDir: string): Pseudonymiser {
  return new Pseudonymiser(loadOrCreateKey(join(dataDir, 'keys')), { memoMax: 1 });
}

/** The list of a data folder with what was told of its numbers, and what makes pseudonyms that it knows. @throws UserError */
export function optOutsOf(dataDir: string): { list: OptOuts; pseudonymiser: Pseudonymiser } {
  if (!existsSync(join(dataDir, 'keys')))
    throw new UserError('DATA_FOLDER', `${dataDir} holds no pseudonym key: name the server's data folder with --data`);
  const pseudonymiser = new Pseudonymiser(loadOrCreateKey(join(dataDir, 'keys')));
  const list = new OptOuts();
  list.replace(keptOptOuts(dataDir, pseudonymiser) ?? []);
  list.learn(keptHolders(dataDir));
  return { list, pseudonymiser };
}

/**
 * Reads identities and puts what they are under the data folder's key onto its list of those who have opted out. The plain
 * ones end here.
 *
 * @param path file, or `-` for standard input
 * @returns what has happened, in one line
 * @throws UserError where nothing has changed
 */
export async function importOptOuts(dataDir: string, path: string, change: OptOutsChange): Promise<string> {
  const pseudonymiser = pseudonymiserOf(dataDir);
  const given = await readOptOuts(path, pseudonymiser);
  const before = change === 'replace' ? keptOrNothing(dataDir, pseudonymiser) : keptOptOuts(dataDir, pseudonymiser);
  const { entries, added, removed } = changed(before ?? [], given, change);
  const numbers = entries.filter(({ type }) => type === 'msisdn').length;
  const who = `opted out: ${counted(entries.length - numbers, 'IMSI')} and ${counted(numbers, 'telephone number')}`;
  if (before !== null && added + removed === 0) return `${who}: nothing has changed`;
  storeOptOuts(dataDir, entries, pseudonymiser);
  const news = `${added.toLocaleString('en')} added, ${removed.toLocaleString('en')} removed`;
  return `${who} (${news}): a server that runs takes the list over within ${takeOverMs / 1000} s`;
}

/** Writes list and holders; of numbers that are not on it any more nothing is kept. @param holders known from elsewhere */
export function storeOptOuts(
  dataDir: string,
  entries: readonly OptOutEntry[],
  pseudonymiser: Pseudonymiser,
  holders: readonly Holder[] = [],
): void {
  const list = new OptOuts();
  list.replace(entries);
  list.learn(keptHolders(dataDir));
  list.learn(holders);
  // The list goes last: who takes it over reads both.
  keepHolders(dataDir, list.holders);
  keepOptOuts(dataDir, entries, pseudonymiser);
}

/** A damaged list, or one of another key, is replaced. */
function keptOrNothing(dataDir: string, pseudonymiser: Pseudonymiser): OptOutEntry[] | null {
  try {
    return keptOptOuts(dataDir, pseudonymiser);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** The list as it is to be, and by how many identities it differs from the one before. */
export function changed(before: readonly OptOutEntry[], given: readonly OptOutEntry[], change: OptOutsChange) {
  const all = new Map(before.map((entry) => [lineOf(entry), entry]));
  const named = new Map(given.map((entry) => [lineOf(entry), entry]));
  const kept = [...all].filter(([line]) =>
    change === 'replace' ? named.has(line) : change === 'add' || !named.has(line),
  );
  const fresh = change === 'remove' ? [] : [...named].filter(([line]) => !all.has(line));
  return {
    entries: [...kept, ...fresh].map(([, entry]) => entry),
    added: fresh.length,
    removed: all.size - kept.length,
  };
}
