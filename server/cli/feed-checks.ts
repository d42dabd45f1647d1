import { simDefaults } from '../../fixtures/make/options.ts';
import { feedIdentity, hasGrown } from '../capture/feed-identity.ts';
import { type FeedSpec, isLive } from '../capture/feed-uri.ts';
import { openCapture } from '../capture/open-capture.ts';
import { XdrReader } from '../capture/xdr.ts';
import { formatTimeUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { UserError } from '../errors.ts';

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

/** What names the feed in journal and database: a simulated city is one feed, from whatever time it is joined. */
export function identityOf(spec: FeedSpec, network: string): string {
  return spec.kind === 'sim' ? network : feedIdentity(spec);
}

/**
 * A file that has grown would be read again with another end, and one that was stored before there was a journal can't
 * be gone on with: nobody knows which of its rows are stored.
 *
 * @param known identities of the feeds in journal and database
 * @param earlier streams of before there was a journal: identities of feeds, with blanks between
 */
export function refuseStoredOtherwise(specs: FeedSpec[], known: Iterable<string>, earlier: Iterable<string>): void {
  const before = [...earlier].flatMap((stream) => stream.split(' '));
  const all = [...known, ...before];
  // A live feed is never read again, so that probes may be added and taken away; a simulation goes on by its time.
  for (const spec of specs.filter((one) => !isLive(one) && one.kind !== 'sim')) {
    if (all.some((identity) => hasGrown(spec, identity))) {
      throw new UserError(
        'FEED_GROWN',
        `feed ${spec.uri} has grown since it was stored, and what is stored of it would be stored again: start with a file of the new part, or give another --data DIR`,
      );
    }
    if (before.includes(feedIdentity(spec))) {
      throw new UserError(
        'FEED_STORED',
        `feed ${spec.uri} was stored by an earlier version of Signalwall, and would be stored again: give another --data DIR`,
      );
    }
  }
}

/**
 * Opens each feed once and closes it again, so that a wrong file is told before anything costly is started.
 *
 * @returns about when each begins, µs; Infinity where no file says
 */
export async function checkFeeds(specs: FeedSpec[]): Promise<Map<FeedSpec, number>> {
  const firstUs = new Map(specs.map((spec) => [spec, Number.POSITIVE_INFINITY]));
  for (const spec of specs) {
    // A live feed is there when it is there.
    if (spec.kind === 'sim' || isLive(spec)) continue;
    const reader =
      spec.kind === 'pcap'
        ? await openCapture(spec.path)
        : await XdrReader.open({ ...spec, sorted: false, subscriberOf: () => undefined });
    if (reader.nextTimeUs >= 0) firstUs.set(spec, reader.nextTimeUs);
    await reader.close();
  }
  refuseTwice(specs);
  return firstUs;
}

/**
 * Counting goes on where it stands, and never back: rows far behind its clock would stand in no counter, and those of
 * more than a week before be dropped as soon as they are stored.
 *
 * @param clockUs up to where this data folder has counted
 */
export function refuseTooOld(spec: FeedSpec, firstUs: number, clockUs: number, config: Config, dataDir: string): void {
  if (firstUs >= clockUs - config.latenessMs * 1000) return;
  throw new UserError(
    'FEED_TOO_OLD',
    `feed ${spec.uri} begins at ${formatTimeUs(firstUs)}, but ${dataDir} has counted up to ${formatTimeUs(clockUs)}: use another --data DIR`,
  );
}
