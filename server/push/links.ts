import { type FeedNotePart, readFeedNote } from '../../shared/feed-note.ts';
import type { FeedState, FeedStatus, WallStatus } from '../../shared/protocol.ts';

const delivers: ReadonlySet<FeedState> = new Set(['running', 'behind', 'warming up', 'resuming'] as const);

/** A probe that is to be reached and isn't, whatever the feed's state still says. */
const unreached: ReadonlySet<string> = new Set(['connecting', 'refused', 'unreachable', 'next']);

/** A probe's stream that has ended. */
const ended: ReadonlySet<string> = new Set(['closed', 'noCapture', 'badRecord', 'cut', 'lost']);

/**
 * Links that bring signalling, and those of them that do so now: of a feed that probes connect to each probe, else the
 * feed. A feed that has ended is none. A probe that went counts as a dead link until one of its host is back.
 */
export function linksOf(
  feeds: readonly Pick<FeedStatus, 'state' | 'note'>[],
): Pick<WallStatus, 'linksAlive' | 'linksKnown'> {
  let [linksAlive, linksKnown] = [0, 0];
  for (const { state, note } of feeds) {
    if (state === 'ended') continue;
    const parts = readFeedNote(note);
    const probes = probesIn(parts);
    const links = Math.max(1, probes.connected + probes.gone);
    linksKnown += links;
    if (!delivers.has(state) || parts.some(({ key }) => key !== null && unreached.has(key))) continue;
    linksAlive += probes.listens ? probes.connected : 1;
  }
  return { linksAlive, linksKnown };
}

function probesIn(parts: readonly FeedNotePart[]): { listens: boolean; connected: number; gone: number } {
  let listens = false;
  let names: string[] = [];
  for (const part of parts) {
    if (part.key === 'alone') listens = true;
    if (part.key !== 'probes') continue;
    listens = true;
    names = part.values.names!.split(', ');
  }
  const isBack = (name: string) => names.some((other) => hostOf(other) === hostOf(name));
  const gone = parts.filter((part) => part.key !== null && ended.has(part.key) && !isBack(part.values.address!));
  return { listens, connected: names.length, gone: listens ? gone.length : 0 };
}

/** Of `10.20.30.41:51234`: a probe that comes again has another port. */
function hostOf(name: string): string {
  return name.slice(0, name.lastIndexOf(':'));
}
