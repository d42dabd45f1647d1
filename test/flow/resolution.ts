import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { TruthSink } from '../../fixtures/make/truth.ts';
import type { CitySimulation, SimOptions } from '../../fixtures/make/types.ts';
import type { FrameSink } from '../../server/capture/frame.ts';
import { makeConfig } from '../../server/config.ts';
import { Correlator } from '../../server/correlate/correlator.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { eventFlag, eventKinds, kindCode, outcomeCode } from '../../server/events/kinds.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';

/** How many of some rows are right. */
export interface Share {
  rows: number;
  right: number;
}

export const shareOf = ({ rows, right }: Share): number => (rows === 0 ? 0 : right / rows);

/**
 * What an observer made of a capture, beside what the simulator knows. A truth row is one proof of place that the network
 * saw: phone, cell and time.
 */
export interface Resolution {
  /**
   * Truth rows by the ten minutes they lie in, from the observer's start on; right: an event or sighting of the same
   * subscriber and cell covers the time, but for the seconds that a lost packet may move its ends.
   */
  truth: Share[];
  /** The same rows; right: a sighting with the very same time, which needs the very packet. */
  exact: Share;
  /** The same for rows whose packet was not lost. */
  captured: Share;
  /** Sightings; right: there is such a truth row. */
  sightings: Share;
  /**
   * Procedures, but for refused registrations, of which the truth has no row; right: a truth row of the same subscriber
   * and cell lies within the procedure.
   */
  events: Share;
  /** The same by kind. */
  byKind: Map<string, Share>;
  /** Events without a subscriber or without a cell. */
  unresolved: number;
  /** Who was taken out of all cells because a VLR gave them up: `time subscriber`. */
  coreDetaches: Set<string>;
  /** Cancels that followed an update elsewhere. */
  superseded: number;
  faults: string[];
}

export interface ResolutionOptions extends Partial<SimOptions> {
  /** The observer starts so long after the simulation, µs. */
  startAfterUs?: number;
  commonIdShare?: number;
}

interface Procedure {
  kind: number;
  fromUs: number;
  toUs: number;
  /** Subscriber and cell. */
  where: string;
}

const stepUs = 600_000_000;
/** A procedure's own times may lie so far outside its truth rows: a lost packet moves either end, µs. */
const slackUs = 5_000_000;

function add(share: Share, right: boolean): void {
  share.rows++;
  if (right) share.right++;
}

function splitRow(row: string): [timeUs: number, where: string] {
  const space = row.indexOf(' ');
  return [Number(row.slice(0, space)), row.slice(space + 1)];
}

type Spans = [fromUs: number, toUs: number][];

/** When who was seen where, by subscriber and cell. */
function covered(sightings: Iterable<string>, procedures: readonly Procedure[]): Map<string, Spans> {
  const spans = new Map<string, Spans>();
  const note = (where: string, fromUs: number, toUs: number) => {
    const known = spans.get(where);
    if (known === undefined) spans.set(where, [[fromUs, toUs]]);
    else known.push([fromUs, toUs]);
  };
  for (const row of sightings) {
    const [timeUs, where] = splitRow(row);
    note(where, timeUs, timeUs);
  }
  for (const { where, fromUs, toUs } of procedures) note(where, fromUs, toUs);
  return spans;
}

function isCovered(spans: Spans | undefined, timeUs: number): boolean {
  return spans?.some(([fromUs, toUs]) => timeUs >= fromUs - slackUs && timeUs <= toUs + slackUs) ?? false;
}

/**
 * Runs a simulation through decode and correlate and sets what comes out beside the truth. The simulator says of each
 * truth row whether any packet since its own start has shown the subscriber; the others nobody can know.
 */
export async function measureResolution(options: ResolutionOptions): Promise<Resolution> {
  const { startAfterUs = 0, commonIdShare, ...simulated } = options;
  const pseudonymiser = new Pseudonymiser(new Uint8Array(32).fill(7));
  let startUs = 0;
  const truth: string[] = [];
  const timesOf = new Map<string, number[]>();
  const truthOf = (simulation: CitySimulation): TruthSink => {
    startUs = simulation.nowUs + startAfterUs;
    return {
      sighting(timeUs, phone, cell, _what, isKnown) {
        if (!isKnown || timeUs < startUs) return;
        const imsi = simulation.imsi(phone);
        pseudonymiser.imsi(Number(imsi), imsi.length);
        const where = `${pseudonymiser.hi} ${pseudonymiser.lo} ${simulation.city.cells[cell].cgi}`;
        truth.push(`${timeUs} ${where}`);
        const times = timesOf.get(where);
        if (times === undefined) timesOf.set(where, [timeUs]);
        else times.push(timeUs);
      },
    };
  };
  const feed = openSimulation(simulated, { truth: truthOf, commonIdShare });

  const seen = new Set<string>();
  const frameTimes = new Set<number>();
  const procedures: Procedure[] = [];
  const coreDetaches = new Set<string>();
  let unresolved = 0;
  const correlator = new Correlator({
    config: makeConfig({
      where: 'test',
      settings: { connectionsMax: 100_000, tmsiMax: 1_000_000, homePlmns: '460-00,001-01' },
    }),
    sorted: true,
    defaultPlmn: parsePlmn('460-00'),
    pseudonymiser,
    sink: {
      event(timeUs, subLo, subHi, cgi, _plmn, kind, outcome, _cause, flags, durationMs) {
        const where = `${subHi} ${subLo} ${cgi}`;
        if ((flags & eventFlag.sighting) !== 0) seen.add(`${timeUs} ${where}`);
        if (flags === eventFlag.detach && kind === kindCode.detach) coreDetaches.add(`${timeUs} ${subHi} ${subLo}`);
        if ((flags & eventFlag.traffic) === 0 || outcome === outcomeCode.rejected) return;
        if ((subLo === 0 && subHi === 0) || cgi === '') unresolved++;
        procedures.push({ kind, fromUs: timeUs - durationMs * 1000, toUs: timeUs, where });
      },
    },
  });
  const decoder = new Decoder(correlator);
  const observed: FrameSink = {
    frame(timeUs, linkType, bytes, start, end) {
      if (timeUs < startUs) return;
      frameTimes.add(timeUs);
      decoder.frame(timeUs, linkType, bytes, start, end);
    },
  };
  while ((await feed.read(observed, Number.POSITIVE_INFINITY, 4096)) !== 'end');
  await feed.close();
  correlator.flush();

  const result: Resolution = {
    truth: [],
    exact: { rows: 0, right: 0 },
    captured: { rows: 0, right: 0 },
    sightings: { rows: 0, right: 0 },
    events: { rows: 0, right: 0 },
    byKind: new Map(),
    unresolved,
    coreDetaches,
    superseded: correlator.stats.supersededCancels,
    faults: [...decoder.stats.faults, ...correlator.stats.faults].map(([reason, count]) => `${reason} ${count}`),
  };
  const coveredOf = covered(seen, procedures);
  const rows = new Set(truth);
  for (const row of rows) {
    const [timeUs, where] = splitRow(row);
    const step = Math.floor((timeUs - startUs) / stepUs);
    while (result.truth.length <= step) result.truth.push({ rows: 0, right: 0 });
    add(result.truth[step], isCovered(coveredOf.get(where), timeUs));
    add(result.exact, seen.has(row));
    if (frameTimes.has(timeUs)) add(result.captured, seen.has(row));
  }
  for (const row of seen) add(result.sightings, rows.has(row));
  for (const { kind, fromUs, toUs, where } of procedures) {
    const right = (timesOf.get(where) ?? []).some((timeUs) => timeUs >= fromUs - slackUs && timeUs <= toUs + slackUs);
    add(result.events, right);
    const name = eventKinds[kind];
    if (!result.byKind.has(name)) result.byKind.set(name, { rows: 0, right: 0 });
    add(result.byKind.get(name)!, right);
  }
  return result;
}

/** What was found, in words. */
export function formatResolution(title: string, resolution: Resolution): string {
  const { truth, exact, captured, sightings, events, unresolved, byKind, faults } = resolution;
  const percent = (share: Share) => `${(100 * shareOf(share)).toFixed(2)} % of ${share.rows.toLocaleString('en')}`;
  const kinds = [...byKind].map(([name, share]) => `${name} ${percent(share)}`).join(', ');
  return [
    `${title}: ${percent(total(truth))} proofs of place resolved (recall), ${percent(events)} events right (precision)`,
    `  to the microsecond: ${percent(exact)} proofs found, ${percent(captured)} of those whose packet is there, ${percent(sightings)} sightings right`,
    `  ${unresolved} events without subscriber or cell; right by kind: ${kinds}`,
    `  resolved by ten minutes: ${truth.map((share) => (100 * shareOf(share)).toFixed(2)).join(' ')}`,
    `  ${faults.join(', ')}`,
  ].join('\n');
}

export function total(shares: readonly Share[]): Share {
  return shares.reduce((a, b) => ({ rows: a.rows + b.rows, right: a.right + b.right }), { rows: 0, right: 0 });
}
