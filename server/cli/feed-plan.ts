import { type FeedSpec, isLive } from '../capture/feed-uri.ts';
import { dayUs, formatTimeUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { positionOf } from '../core/begin-run.ts';
import type { Known } from '../events/batch-writer.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import type { Log } from '../log.ts';
import type { Ledger } from '../store/ledger.ts';
import { identityOf, refuseStoredOtherwise, refuseTooOld } from './feed-checks.ts';
import { scheduleSim } from './sim-schedule.ts';

/**
 * A file whose newest event is so far behind has nobody present any more: the longest presence is two days, and the clock
 * of a feed that has ended goes on a day behind the others'.
 */
const overAfterUs = 3 * dayUs;

/** What a feed's thread is to do. */
export interface FeedPlan {
  spec: FeedSpec;
  position: FeedPosition;
  /** What an earlier run has taken in, and comes again. */
  known: Known;
  /** The feed is read as fast as it goes up to here, µs. */
  joinUs?: number;
}

/**
 * A file is read again from its beginning, and the rows that were taken in are left out by their number. A simulation
 * starts early enough to know who is powered on, and goes on behind the newest event taken in. A live feed just goes on; what
 * its probes serve once more is known.
 */
function planFeed(spec: FeedSpec, position: FeedPosition, config: Config, log: Log): FeedPlan {
  const resumed = position.eventUs >= 0;
  if (spec.kind === 'pcap+tcp' || spec.kind === 'pcap+listen')
    return { spec: { ...spec, before: position.streams ?? [] }, position, known: {} };
  if (isLive(spec)) return { spec, position, known: {} };
  if (spec.kind !== 'sim') {
    if (!resumed) return { spec, position, known: {} };
    log('info', `${spec.uri}: ${position.seq} events up to ${formatTimeUs(position.eventUs)} are taken in already`);
    return { spec, position, known: { rows: position.seq }, joinUs: position.clockUs };
  }
  const schedule = scheduleSim(spec.options, position.clockUs, config.presenceTtlMs * 1000);
  const join = formatTimeUs(schedule.joinUs);
  log(
    'info',
    schedule.resumed
      ? `The simulated day goes on after ${join}`
      : `The wall joins the simulated day at ${join}; presence warms up first`,
  );
  return {
    spec: { ...spec, options: schedule.options },
    position,
    known: resumed ? { untilUs: position.eventUs } : {},
    joinUs: schedule.joinUs,
  };
}

/** What was taken in of which feed, and up to when (event time, µs), when the server ended last. */
export interface TakenIn {
  readonly positions: ReadonlyMap<string, FeedPosition>;
  readonly clockUs: number;
}

/** The same as far as only the database tells it: the journal is lost, or there was none yet. */
export function takenInOf({ row, positions, earlier }: Ledger): TakenIn {
  const known = new Map(positions.map((position) => [position.identity, position]));
  for (const [stream, us] of earlier) {
    // Of files nobody knows how many rows are stored: those are refused. A simulated city goes on by its time.
    if (!/^sim-[^ ]*$/.test(stream) || known.has(stream)) continue;
    known.set(stream, { ...positionOf(known, stream), eventUs: us, clockUs: us });
  }
  return { positions: known, clockUs: Math.max(row.eventUs, ...earlier.values()) };
}

/**
 * How the feeds go on.
 *
 * @param firstUs about when each begins
 * @throws UserError where one can't
 */
export function planFeeds(
  firstUs: ReadonlyMap<FeedSpec, number>,
  network: string,
  taken: TakenIn,
  earlier: Iterable<string>,
  options: { config: Config; dataDir: string },
  log: Log,
): FeedPlan[] {
  const specs = [...firstUs.keys()];
  refuseStoredOtherwise(specs, taken.positions.keys(), earlier);
  const known = new Map(taken.positions);
  const given = new Set(specs.map((spec) => identityOf(spec, network)));
  // A file that lies so far behind is refused when it is given anew; a live feed comes again and must be known then.
  const over = ({ identity, eventUs }: FeedPosition) =>
    /^(?:pcap|xdr):/.test(identity) && !given.has(identity) && eventUs < taken.clockUs - overAfterUs;
  return specs.map((spec) => {
    const position = positionOf(known, identityOf(spec, network), over);
    for (const { identity, number } of known.values()) if (number === position.number) known.delete(identity);
    known.set(position.identity, position);
    if (position.eventUs < 0) refuseTooOld(spec, firstUs.get(spec)!, taken.clockUs, options.config, options.dataDir);
    return planFeed(spec, position, options.config, log);
  });
}
