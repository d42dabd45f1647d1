import { simDefaults } from '../../fixtures/make/options.ts';
import { feedIdentity, hasGrown } from '../capture/feed-identity.ts';
import { type FeedSpec, isLive } from '../capture/feed-uri.ts';
import { openCapture } from '../capture/open-capture.ts';
import { XdrReader } from '../capture/xdr.ts';
import { formatTimeUs } from '../clock.ts';
import { UserError } from '../errors.ts';
import { keptTables } from '../store/periods.ts';
import type { Store } from '../store/types.ts';

const eventsKeptUs = keptTables.find(({ name }) => name === 'event')!.keepUs;

/**
 * Whose events these are. A database holds those of one network: each simulated city (by what makes it another one)
 * and the real network have their own, so that invented crowds never mix with real ones or with each other.
 */
export function networkOf(specs: FeedSpec[]): string {
  const sims = specs.filter((spec) => spec.kind === 'sim');
  if (sims.length > 0 && sims.length < specs.length) {
    throw new UserError(
      'FEED_MIX',
      'the simulated city and real feeds do not mix on one wall; start them apart, with --data DIR each',
    );
  }
  if (sims.length > 1)
    throw new UserError('FEED_MIX', 'one sim: feed at a time; its options set population and seed', { exitCode: 2 });
  if (sims.length === 0) return 'live';
  const { seed, population, venueLac } = { ...simDefaults, ...sims[0].options };
  return `sim-${seed}-${population}-${venueLac}`;
}

/** One file named twice would count everybody's traffic twice. */
function refuseTwice(specs: FeedSpec[]): void {
  const uriOf = new Map<string, string>();
  for (const spec of specs) {
    const identity = feedIdentity(spec);
    const other = uriOf.get(identity);
    if (other !== undefined) {
      throw new UserError('FEED_TWICE', `feeds ${other} and ${spec.uri} are the same: name it once`, { exitCode: 2 });
    }
    uriOf.set(identity, spec.uri);
  }
}

/** The same feed beside other ones, or grown since, is another stream, and would be stored twice. */
export async function refuseStoredElsewhere(store: Store, specs: FeedSpec[], stream: string): Promise<void> {
  const ledger = await store.sql<{ stream: string }>('select stream from ledger');
  const stored = ledger.filter((other) => other.stream !== stream).flatMap((other) => other.stream.split(' '));
  // A live feed is never read again, so that probes may be added and taken away.
  for (const spec of specs.filter((one) => !isLive(one))) {
    if (stored.some((identity) => hasGrown(spec, identity))) {
      throw new UserError(
        'FEED_GROWN',
        `feed ${spec.uri} has grown since it was stored, and what is stored of it would be stored again: start with a file of the new part, or give another --data DIR`,
      );
    }
    if (stored.includes(feedIdentity(spec))) {
      throw new UserError(
        'FEED_STORED',
        `feed ${spec.uri} is stored already, together with others or alone: give the same feeds again, or another --data DIR`,
      );
    }
  }
}

/**
 * Opens each feed once and closes it again, so that a wrong file is told before anything costly is started.
 *
 * @returns about when the earliest one begins, µs; Infinity where no file says
 */
export async function checkFeeds(specs: FeedSpec[]): Promise<number> {
  let firstUs = Number.POSITIVE_INFINITY;
  for (const spec of specs) {
    // A live feed is there when it is there.
    if (spec.kind === 'sim' || isLive(spec)) continue;
    const reader =
      spec.kind === 'pcap'
        ? await openCapture(spec.path)
        : await XdrReader.open({ ...spec, sorted: false, subscriberOf: () => undefined });
    if (reader.nextTimeUs >= 0) firstUs = Math.min(firstUs, reader.nextTimeUs);
    await reader.close();
  }
  refuseTwice(specs);
  return firstUs;
}

/** Retention goes by the newest event stored: what is much older would be dropped as soon as it is stored. */
export async function refuseTooOld(store: Store, firstUs: number, dataDir: string): Promise<void> {
  const [{ newest }] = await store.sql<{ newest: number | null }>('select max(event_us) as newest from ledger');
  if (newest === null || newest < 0 || firstUs >= newest - eventsKeptUs) return;
  throw new UserError(
    'FEED_TOO_OLD',
    `the feed begins at ${formatTimeUs(firstUs)}, but ${dataDir} holds events up to ${formatTimeUs(newest)} and drops those more than a week older: use another --data DIR`,
  );
}
