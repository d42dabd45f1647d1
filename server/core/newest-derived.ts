import type { Journal } from '../journal/journal.ts';
import { derivedNumber } from '../journal/records.ts';

/** The highest number of a derived record behind `offset`; -1: there is none. */
export async function newestDerived(journal: Journal, offset: number): Promise<number> {
  const reader = journal.reader(offset);
  let newest = -1;
  for (let found = await reader.next(); found !== null; found = await reader.next())
    newest = Math.max(newest, derivedNumber(found.kind, found.payload));
  await reader.close();
  return newest;
}
