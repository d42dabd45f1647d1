/** What worlds may meet, by the words that count it. All of it must have been met in a full run. */
export const paths = {
  // What goes wrong.
  'a kill': 'the process is killed',
  'a power cut': 'the machine stops',
  'a power cut behind a kill': 'what a killed process has written goes with the power',
  'an end right behind a step': 'kill or power cut just behind an operation that matters',
  'an end while rows are set aside': 'kill or power cut before their batch is handed on',
  SIGTERM: 'the server ends in order',
  'an outage of the database': 'connections break, and none is made',
  'a database that hangs': 'statements get no answer',
  'a database of before': 'a backup is put back, or a copy that was behind takes over',
  'a lost answer to a commit': 'and whether it happened is chance',
  'a refusal of the database': 'statements fail for reasons of its own',
  'a full disk': 'little room is left for a while',
  'a small disk': 'no room is left where there are two snapshots',
  'a disk full for good': 'and the server had to make its own room',
  'a slow disk': 'syncs take long',
  'a failing disk': 'one operation ends with EIO or ENOSPC',
  'a segment that is not given': 'the disk does not read an octet of it, once',
  'a snapshot that is not given': 'the same',
  'a missing segment': 'a file of the journal, from before the newest snapshot, is gone for a while',
  'a segment without its head': 'an octet of it has changed',
  'a bad network': 'messages are lost, doubled and swapped',
  'a step of the clock': 'wall time is set',
  'a lost journal': 'its folder is gone; a new one begins behind what the database holds',
  'a rotten snapshot': 'an octet of the newest one has changed',
  'other regions': 'somebody edits them',
  'an end right behind an edit': 'which may be on its way to disk or database',
  'events behind the end': 'another file is given when those of before have been read',
  'a broken socket': 'and what was on its way may come yet',
  // What comes of it.
  'a torn write': 'a part of what was being written is there',
  EIO: 'an operation failed',
  ENOSPC: 'a write, or a sync, found no room',
  'names forgotten': 'files or their removal were not synced at a power cut',
  'commits forgotten': 'an embedded database lost what no checkpoint held',
  'commits taken back': 'which the database had confirmed',
  'a late commit': 'a transaction ended after its client had gone',
  // How it is got over.
  'octets cut off': 'the end of the journal was torn',
  'a restart by snapshot': 'counters came back, and the journal behind them was applied',
  'a restart without snapshot': 'all of the journal was applied',
  'a snapshot passed over': 'a damaged one; the one before was taken',
  'a snapshot asked for again': 'the disk gave it at another attempt',
  'a segment that was missing': 'counters went on, and the store waited for it where it needed it',
  'a head that was damaged': 'and the records behind it were read',
  'a snapshot not written': 'and the server went on',
  'a full journal': 'feeds had to wait',
  'room again': 'and went on',
  'a disk full for the journal': 'a commit waited for room',
  'the database back': 'it caught up from the journal',
  'a commit looked up': 'whose answer was lost',
  'the database of another journal': 'it was filled from one that is no more',
  'a batch sent again': 'by its sender, as nothing was heard of it',
  'a batch that came again': 'and had been taken',
  'a batch out of turn': 'refused: another one is next',
  'a life over': 'a batch of an epoch that has ended was refused',
  'a row ahead': 'set aside, for it lies too far ahead of the clock',
  'a row of long ago': 'set aside, for it is too old',
  'a row far behind': 'set aside, for the event clock is too far ahead of it',
  'no room to set rows aside': 'their batch was refused until there was',
  'a row set aside by an attempt that failed': 'and counted when it came again: it stands there no more',
  'rows taken away': 'which were set aside, by an operator',
  'a late row': 'it counts as traffic and moves nobody',
  'a row for the database alone': 'it came too late for any counter',
  'a start without the database': 'counters and feeds go on',
  'a database that comes late': 'it gets from the journal what came meanwhile',
  'a database opened anew': 'it had lost what it had confirmed, and gets it from the journal',
  'a database held': 'the disk did not give what is next for it; counters go on',
  'an edit of the regions': 'while the server ran',
  'a day of facts': 'of subscribers, all hours of it counted',
  'a cell that has left a region': 'its membership has an end',
  'rows set aside': 'which their tables refused',
  'an interval told again': 'it was foretold at the end of the files',
  'counters by definition': 'each interval was counted the slow way, and was the same',
  'a failed journal': 'the server ended by itself',
} as const satisfies Record<string, string>;

export type Path = keyof typeof paths;

/** Lines of the server's log that tell of a path. */
export const told: readonly (readonly [RegExp, Path])[] = [
  [/octets that were never acknowledged are cut off/, 'octets cut off'],
  [/the one before is taken/, 'a snapshot passed over'],
  [/^the disk gave the snapshot .* at attempt/, 'a snapshot asked for again'],
  [/its head is damaged/, 'a head that was damaged'],
  [/^journal: .* the log from \d+ to \d+ is missing/, 'a segment that was missing'],
  [/no snapshot could be written/, 'a snapshot not written'],
  [/until then feeds wait/, 'a full journal'],
  [/^journal: there is room again/, 'room again'],
  [/is full: feeds wait until there is room/, 'a disk full for the journal'],
  [/^database: back after/, 'the database back'],
  [/rows were refused and set aside/, 'rows set aside'],
  [/until it can be read, history stops there$/, 'a database held'],
  [/can't be written .*mend the disk/, 'a failed journal'],
];

/** How often worlds have met what. */
export class Coverage {
  readonly counts = new Map<Path, number>();

  meet(path: Path): void {
    this.counts.set(path, (this.counts.get(path) ?? 0) + 1);
  }

  meetLine(line: string): void {
    for (const [pattern, path] of told) if (pattern.test(line)) this.meet(path);
  }
}

/** Paths that nothing has met. */
export function missed(counts: ReadonlyMap<Path, number>): Path[] {
  return (Object.keys(paths) as Path[]).filter((path) => !counts.has(path));
}

/** Counts of several threads together. */
export function sumOf(all: readonly ReadonlyMap<Path, number>[]): Map<Path, number> {
  const sum = new Map<Path, number>();
  for (const counts of all) for (const [path, n] of counts) sum.set(path, (sum.get(path) ?? 0) + n);
  return sum;
}
