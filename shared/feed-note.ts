/**
 * The sentences of which a feed's note is made (`FeedStatus.note`), joined by `; `. The server writes them, in logs
 * too; a screen reads them back by the same table and says them in its own language. A note may hold others: those are
 * shown as they are.
 */
export const feedNoteForms = {
  /** A probe that is connected to. */
  connecting: 'connecting to {address}',
  connected: 'connected to {address}',
  refused: '{address} refuses the connection',
  unreachable: '{address} can not be reached ({reason})',
  next: 'next attempt in {seconds} s',
  /** Probes that connect. */
  alone: 'listening on {address}: no probe',
  probes: 'listening on {address}: {n} of {max} probes: {names}',
  turnedAway: '{address} was turned away',
  /** How a probe's stream ended. */
  closed: '{address} has closed the connection',
  noCapture: '{address} sends no pcap or pcapng: closed',
  badRecord: '{address} sent a record of impossible length: closed',
  cut: '{address} stopped inside a record',
  lost: '{address} was lost',
  ahead: "frames stamped {seconds} s ahead of this machine's clock are left out: set the probe's clock",
  aheadAside:
    "frames stamped {seconds} s ahead of this machine's clock are not counted, their events set aside in the data folder's {folder}: set the probe's clock",
  aheadFull:
    "events of frames stamped {seconds} s ahead of this machine's clock are lost, for {folder} has no room: set the probe's clock and move its files away",
  /** An acknowledged feed whose senders tell of times to come, or of long ago. */
  aside:
    "rows stamped {seconds} s ahead of this machine's clock are not counted but set aside in the data folder's {folder}: set the sender's clock, then send them again",
  asideFull:
    "batches with rows stamped {seconds} s ahead of this machine's clock are refused, for {folder} has no room: set the sender's clock and move its files away",
  asideOld:
    "rows that are {days} days old are not counted but set aside in the data folder's {folder}: set the sender's clock, or raise pushAgeMaxMs, then send them again",
  asideOldFull:
    "batches with rows that are {days} days old are refused, for {folder} has no room: set the sender's clock, or raise pushAgeMaxMs, and move its files away",
  asideBehind:
    "rows that are {days} days old lie too far behind what has been counted, and are set aside in the data folder's {folder}: send what is old first, to a server with a data folder of its own",
  asideBehindFull:
    'batches with rows that are {days} days old, too far behind what has been counted, are refused, for {folder} has no room: move its files away, and send what is old first, to a server with a data folder of its own',
  lateFlush:
    '{rows} rows came late and move nobody, for the last batch came after {gap} s and others wait {stale} s: send at least every {within} s, or start with {feed}?wait={wait}',
  refusedBatch: 'the last batch was refused ({code}): its sender was told why',
  /** A replay whose next record is far away; times as ISO 8601. */
  farHours: 'waits: its next record is of {time}, {hours} hours ahead of the replay ({now})',
  farDays: 'waits: its next record is of {time}, {days} days ahead of the replay ({now})',
  apart: 'feeds whose times lie far apart are better started one after the other',
} as const;

export type FeedNoteKey = keyof typeof feedNoteForms;
type FeedNoteValues = Readonly<Record<string, string | number>>;

/** One sentence of a note: which, and what stands in it; `text` alone where it is none of {@link feedNoteForms}. */
export type FeedNotePart = { key: FeedNoteKey; values: Record<string, string> } | { key: null; text: string };

const joint = '; ';

/** One sentence of a note. */
export function feedNote(key: FeedNoteKey, values: FeedNoteValues = {}): string {
  return feedNoteForms[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

/** A note of several sentences; empty ones are left out. */
export function joinFeedNotes(...notes: string[]): string {
  return notes.filter((note) => note !== '').join(joint);
}

const readers = (Object.keys(feedNoteForms) as FeedNoteKey[]).map((key) => {
  const names: string[] = [];
  const pattern = feedNoteForms[key].replace(/\{(\w+)\}|[.*+?^$()|[\]\\]/g, (found, name: string | undefined) => {
    if (name === undefined) return `\\${found}`;
    names.push(name);
    return '(.+)';
  });
  return { key, names, pattern: new RegExp(`^${pattern}$`) };
});

/** The sentences of a note, in order. */
export function readFeedNote(note: string): FeedNotePart[] {
  return note
    .split(joint)
    .filter((text) => text !== '')
    .map((text) => {
      for (const { key, names, pattern } of readers) {
        const found = pattern.exec(text);
        if (found === null) continue;
        return { key, values: Object.fromEntries(names.map((name, i) => [name, found[i + 1] as string])) };
      }
      return { key: null, text };
    });
}
