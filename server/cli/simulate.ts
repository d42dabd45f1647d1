import { resolve } from 'node:path';
import { populationMax } from '../../fixtures/make/city/index.ts';
import { formatCells, formatRegions } from '../../fixtures/make/city-files.ts';
import { checkSimOptions, simDefaults } from '../../fixtures/make/options.ts';
import { OutputFile } from '../../fixtures/make/output-file.ts';
import { PcapWriter } from '../../fixtures/make/pcap-writer.ts';
import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { SimulationFeed } from '../../fixtures/make/simulation-feed.ts';
import { positionsPath, roamingPath, TruthFiles } from '../../fixtures/make/truth-files.ts';
import type { SimOptions } from '../../fixtures/make/types.ts';
import { parseShare } from '../capture/feed-uri.ts';
import { formatTimeUs, systemClock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { knobs } from '../knobs.ts';
import type { Command } from './command.ts';
import { readOptions } from './options.ts';
import { counted } from './words.ts';

const linkTypeEthernet = 1;
/** The network's own PLMNs with that of the simulated subscribers; the first is that of the cells. */
const simHomePlmns = `${knobs.homePlmns.default},001-01`;
/** Packets between two writes to the files. */
const batchPackets = 4096;
const progressEveryMs = 2_000;

const usage = `usage: npm run -s signalwall -- simulate --out FILE.pcap [OPTION …]

Writes what the probes of a simulated city's network would capture: a finite part of an event day, on the A interface
and, behind the MSCs, on the C, D and G interfaces (MAP).

  --out FILE          capture to write (pcap, microseconds, Ethernet); gzip'd when the name ends in .gz
  --truth FILE        sightings as CSV timeUs,imsi,cell,what; true positions per minute and micro-region
                      (timeUs,region,present) in FILE with .positions.csv in place of .csv; who roams, a row for each
                      registration that changes it, when it is answered (timeUs,imsi,what,country,operator), in
                      FILE with .roaming.csv: what is roam-out, roam-back (with the country and the beginning of the
                      E.164 numbers of the network visited), roam-in (with the home country and PLMN), or cancelled
                      (by Cancel Location or Purge MS, with no registration seen elsewhere)
  --cells FILE        the network's cell list as CSV, --regions FILE its micro-regions as GeoJSON: for 'count'
  --seed N            ${simDefaults.seed} by default; the same seed gives the same bytes
  --population N      people with a phone each, 1 … ${populationMax} (${simDefaults.population})
  --date YYYY-MM-DD   --from HH:MM   when it begins, UTC+8 (${simDefaults.date} ${simDefaults.from}; kick-off is at 19:30)
  --hours H           how long (1; without a limit when --packets is given alone)
  --packets N         at most so many packets
  --no-map            the A interface alone
  --no-common-id      a network without COMMON ID: who is behind a TMSI must be remembered, across VLRs, too
  --loss P            share of packets that the probe misses, --duplicates P that it sees twice, --reorder P that it
                      sees up to 64 packets late (each 0; '0.01' or '1%', at most 50%). The truth does not change
  --market-share P    share of the people whose phones are in this network (1); the others are heard of nowhere
  --lost-detaches P   share of the detaches that no cell hears (0)
  --machines P        share of the phones that are machines' (0): meters, tills, vehicles, no people
  --venue-lac WHERE   'own': the stadium has a location area of its own; 'shared': it lies in the district's (own)

Most simulated phones have IMSIs of the test network 001-01. Whatever reads the capture counts them as roamers unless
it is told that they are at home: --set homePlmns=${simHomePlmns}`;

const options = {
  out: { type: 'string' },
  truth: { type: 'string' },
  cells: { type: 'string' },
  regions: { type: 'string' },
  seed: { type: 'string' },
  population: { type: 'string' },
  date: { type: 'string' },
  from: { type: 'string' },
  hours: { type: 'string' },
  packets: { type: 'string' },
  'venue-lac': { type: 'string' },
  'market-share': { type: 'string' },
  'lost-detaches': { type: 'string' },
  machines: { type: 'string' },
  loss: { type: 'string' },
  duplicates: { type: 'string' },
  reorder: { type: 'string' },
  'no-map': { type: 'boolean' },
  'no-common-id': { type: 'boolean' },
} as const;

type Switch = 'no-map' | 'no-common-id';
type Values = { [K in Exclude<keyof typeof options, Switch>]?: string } & { [K in Switch]?: boolean };

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'write a simulated event day as a capture, with its ground truth',
  usage,
  run,
};

async function run(argv: string[]): Promise<number> {
  const values: Values = readOptions('simulate', argv, options).values;
  if (values.out === undefined) {
    throw new UserError('USAGE', `simulate: --out FILE is missing; see 'npm run -s signalwall -- help simulate'`, {
      exitCode: 2,
    });
  }
  const packetsMax = numberOf('packets', values.packets) ?? Number.POSITIVE_INFINITY;
  if (!(packetsMax >= 1 && (packetsMax === Number.POSITIVE_INFINITY || Number.isInteger(packetsMax)))) {
    throw new UserError('USAGE', `simulate: --packets must be a whole number from 1, not '${values.packets}'`, {
      exitCode: 2,
    });
  }
  const given: Partial<SimOptions> = {
    seed: numberOf('seed', values.seed),
    population: numberOf('population', values.population),
    date: values.date,
    from: values.from,
    hours: numberOf('hours', values.hours) ?? (values.packets === undefined ? 1 : undefined),
    venueLac: values['venue-lac'] as SimOptions['venueLac'] | undefined,
    map: values['no-map'] === true ? false : undefined,
    commonId: values['no-common-id'] === true ? false : undefined,
    marketShare: shareOf('market-share', values['market-share']),
    lostDetaches: shareOf('lost-detaches', values['lost-detaches']),
    machines: shareOf('machines', values.machines),
    loss: shareOf('loss', values.loss),
    duplicates: shareOf('duplicates', values.duplicates),
    reorder: shareOf('reorder', values.reorder),
  };
  checkSimOptions(given, 'simulate: --');
  refuseSameFile(values);

  // Files first: an unwritable one should not wait for a city to be made.
  const out = await OutputFile.open(values.out);
  const truth = values.truth === undefined ? undefined : await TruthFiles.open(values.truth);
  const feed = openSimulation(given, truth === undefined ? {} : { truth: (simulation) => truth.of(simulation) });
  if (values.cells !== undefined) await writeWhole(values.cells, formatCells(feed.simulation.city));
  if (values.regions !== undefined) await writeWhole(values.regions, formatRegions(feed.simulation.city));
  await writeCapture(feed, out, truth, packetsMax);

  const { packets, procedures, sightings } = feed.stats;
  const begun = Object.values(procedures).reduce((sum, count) => sum + count, 0);
  process.stdout.write(
    `${values.out}: ${counted(packets, 'packet')}, ${counted(begun, 'procedure')}, ` +
      `${counted(sightings, 'sighting')}, ${counted(out.bytes, 'byte')}\n` +
      `Its subscribers are of the network 001-01; read it with --set homePlmns=${simHomePlmns}\n`,
  );
  return 0;
}

async function writeCapture(
  feed: SimulationFeed,
  out: OutputFile,
  truth: TruthFiles | undefined,
  packetsMax: number,
): Promise<void> {
  const writer = new PcapWriter(linkTypeEthernet);
  const progress = new Progress(feed, packetsMax);
  for (let left = packetsMax; left > 0; left = packetsMax - feed.stats.packets) {
    const why = await feed.read(writer, Number.POSITIVE_INFINITY, Math.min(batchPackets, left));
    for (const block of writer.take()) await out.write(block);
    await truth?.flush();
    progress.show();
    if (why === 'end') break;
  }
  await feed.close();
  for (const block of writer.take(true)) await out.write(block);
  await out.close();
  await truth?.close();
  progress.end();
}

/** What has been written so far, on standard error, now and then. */
class Progress {
  readonly #feed: SimulationFeed;
  readonly #packetsMax: number;
  #shownMs = systemClock.monotonicMs();
  #open = false;

  constructor(feed: SimulationFeed, packetsMax: number) {
    this.#feed = feed;
    this.#packetsMax = packetsMax;
  }

  show(): void {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#shownMs < progressEveryMs) return;
    this.#shownMs = nowMs;
    const { packets } = this.#feed.stats;
    const share = Math.max(this.#feed.progress, packets / this.#packetsMax);
    const at = this.#feed.nextTimeUs < 0 ? '' : ` up to ${formatTimeUs(this.#feed.nextTimeUs)}`;
    const line = `simulate: ${counted(packets, 'packet')}${at}, ${Math.floor(share * 100)} %`;
    process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
    this.#open = process.stderr.isTTY;
  }

  end(): void {
    if (this.#open) process.stderr.write('\n');
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await OutputFile.open(path);
  await file.write(text);
  await file.close();
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) {
    throw new UserError('USAGE', `simulate: --${name} must be a number, not '${text}'`, { exitCode: 2 });
  }
  return value;
}

function shareOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseShare(text);
  if (Number.isNaN(value)) {
    throw new UserError('USAGE', `simulate: --${name} must be a share such as 0.01 or 1%, not '${text}'`, {
      exitCode: 2,
    });
  }
  return value;
}

/** Two outputs in one file would destroy each other. */
function refuseSameFile(values: Values): void {
  const { out, truth, cells, regions } = values;
  const paths = [out, truth, truth && positionsPath(truth), truth && roamingPath(truth), cells, regions];
  const seen = new Set<string>();
  for (const path of paths) {
    if (path === undefined || path === '') continue;
    const whole = resolve(path);
    if (seen.has(whole)) {
      throw new UserError('USAGE', `simulate: ${path} is named for two outputs; give each a file of its own`, {
        exitCode: 2,
      });
    }
    seen.add(whole);
  }
}
