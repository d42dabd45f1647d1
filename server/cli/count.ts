import { resolve } from 'node:path';
import { makeCity } from '../../fixtures/make/city/index.ts';
import { endFaults } from '../capture/ended-early.ts';
import { type FeedSpec, parseFeedUri } from '../capture/feed-uri.ts';
import { hourUs, minuteUs, secondUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { UserError } from '../errors.ts';
import { noCell } from '../events/event-batch.ts';
import { withhold } from '../events/opted-out.ts';
import type { RowConsumer } from '../events/sorter.ts';
import { consoleLog, type Log } from '../log.ts';
import { Engine } from '../occupancy/engine.ts';
import { ephemeralKey } from '../privacy/key-file.ts';
import type { OptOuts } from '../privacy/opt-outs.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { CellRegistry } from '../reference/cell-registry.ts';
import { readCells } from '../reference/read-cells.ts';
import { type Region, readRegions } from '../reference/read-regions.ts';
import { RegionIndex } from '../reference/region-index.ts';
import type { Command } from './command.ts';
import { type OrderedRows, SortedRows, WindowedRows } from './count-rows.ts';
import { CountTable, countHeader } from './count-table.ts';
import { openFeedPipeline } from './feed-pipeline.ts';
import { optOutsOf } from './import-opt-outs.ts';
import { readConfig, readOptions } from './options.ts';
import { TextOutput } from './text-output.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- count FEED --regions FILE [OPTION …]

Counts people in micro-regions over a finite feed, without server and database, and prints CSV:
time,region,present,entries,exits,appeared,vanished,visitors
One row a region and interval; time is the interval's end in UTC, present the state just before it. Rows go from the
interval of the first located event that counts to that of the last one: without --sort, events behind the reorder
window move nobody, print nothing and are told at the end. A stay of zero length (two sightings at the same
microsecond) counts in entries, exits, appeared and vanished, but is no visit.

  FEED              pcap:PATH, xdr:PATH?plmn=460-01&tz=+08:00, sim:event-day?hours=1, a path by its
                    ending, or - for standard input
  --regions FILE    micro-regions, GeoJSON; properties id, name, kind, capacity, cells (CGIs, or prefixes ending in *)
  --cells FILE      cell list, CSV with the header cgi,lon,lat[,azimuth,name,site,radio,branch,centre,area,hall]
  --every LENGTH    length of an interval: 30s, 1m, 5m, 1h (default 60s)
  --sort            order the whole feed by time first; without it the reorder window applies
  --hide-below N    figures from 1 to N−1 are printed as <N (default 20); 0 prints exact counts
  --out FILE        print into a file
  --data DIR        count nobody who is on the list of opt-outs of this data folder (see 'help import')
  --config FILE     settings as a JSON object; --set NAME=VALUE sets one ('help config' lists them)
  --verbose         show the stack trace of an error

A feed that ends early (a cut or damaged file) is counted up to that place; the last line says where, the exit code is 1.`;

const recordsPerRun = 8192;
const unitsUs: Record<string, number> = { s: secondUs, m: minuteUs, h: hourUs };

function parseEvery(text: string): number {
  const match = /^(\d{1,6})([smh])$/.exec(text);
  const everyUs = match === null ? 0 : Number(match[1]) * unitsUs[match[2]];
  if (everyUs < secondUs || everyUs > 24 * hourUs) {
    throw new UserError('USAGE', `--every ${text}: write a length from 1s to 24h such as 30s, 1m, 5m or 1h`, {
      exitCode: 2,
    });
  }
  return everyUs;
}

function parseHideBelow(text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new UserError('USAGE', `--hide-below ${text}: write a whole number; 0 prints exact counts`, { exitCode: 2 });
  }
  return Number(text);
}

function finiteFeed(uri: string, config: Config): FeedSpec {
  const spec = parseFeedUri(uri, config.homePlmns.split(',')[0]);
  if (spec.kind === 'pcap+tcp' || spec.kind === 'pcap+listen' || spec.kind === 'push') {
    throw new UserError('FEED_ENDLESS', `feed '${uri}': count needs a feed with an end; give a file or -`, {
      exitCode: 2,
    });
  }
  if (spec.kind === 'sim' && spec.options.hours === undefined) {
    throw new UserError(
      'FEED_ENDLESS',
      `feed '${uri}': count needs a feed with an end; add hours=N, as sim:event-day?hours=1`,
      { exitCode: 2 },
    );
  }
  return spec;
}

export interface CountOptions {
  spec: FeedSpec;
  regions: Region[];
  /** The file that the regions come from. */
  regionsFile: string;
  registry: CellRegistry;
  everyUs: number;
  sort: boolean;
  hideBelow: number;
  config: Config;
  /** Who is not counted; null: everybody is. */
  optOuts: { list: OptOuts; pseudonymiser: Pseudonymiser } | null;
  log: Log;
}

/**
 * Runs the whole pipeline over a finite feed and prints into `output`.
 *
 * @returns one line on why the feed ended before its end, or null
 */
async function countFeed(options: CountOptions, output: TextOutput): Promise<string | null> {
  const { config, optOuts, registry, spec } = options;
  const warn = (line: string) => options.log('warn', line);
  const regions = new RegionIndex(options.regions, registry, warn, options.regionsFile);
  const table = new CountTable({
    regions: options.regions,
    everyUs: options.everyUs,
    hideBelow: options.hideBelow,
  });
  const engine = new Engine({
    config,
    registry,
    regions,
    everyUs: options.everyUs,
    cellGauges: false,
    onInterval: (gauges) => table.take(gauges),
  });
  let optedOut = 0;
  const onRows: RowConsumer = (batch, from, to) => {
    if (optOuts !== null) optedOut += withhold(batch, optOuts.list);
    for (let i = from; i < to; i++) if (batch.cell[i] !== noCell) table.located(batch.timeUs[i]);
    engine.apply(batch, from, to);
  };
  const onLate: RowConsumer = (batch, from, to) => {
    if (optOuts !== null) optedOut += withhold(batch, optOuts.list);
    engine.applyLate(batch, from, to);
  };
  const rows: OrderedRows = options.sort
    ? new SortedRows(registry, onRows)
    : new WindowedRows(registry, config, onRows, onLate);
  const pipeline = await openFeedPipeline(spec, {
    config,
    sorted: options.sort,
    sortRecords: false,
    sink: rows,
    pseudonymiser: optOuts?.pseudonymiser ?? new Pseudonymiser(ephemeralKey()),
  });
  try {
    await output.print(countHeader);
    for (let why = 'more'; why !== 'end' && !output.closed; ) {
      why = await pipeline.run(Number.POSITIVE_INFINITY, recordsPerRun);
      rows.step();
      await output.printAll(table.ready());
    }
    for (const _block of rows.drain()) {
      await output.printAll(table.ready());
      if (output.closed) return null;
    }
    engine.finish();
    await output.printAll(table.rest());
    const { frames, faults } = pipeline.counters();
    const early = pipeline.endedEarly;
    reportFaults(spec, faults, options.log);
    reportLimits(engine, rows, options.log);
    if (optOuts !== null)
      options.log('info', `${counted(optedOut, 'event')} of subscribers who have opted out moved nobody`);
    if (early !== null) return `${early}; ${table.upTo()}`;
    if (frames === 0) warn(`feed ${spec.uri}: holds no packet; there is nothing to count`);
    else if (!table.begun) warn(`feed ${spec.uri}: ${counted(frames, 'record')}, but no event with a cell to count`);
    return null;
  } finally {
    await pipeline.close();
  }
}

/** Bad records that were skipped; what ended the feed is told apart from them. */
function reportFaults(spec: FeedSpec, faults: Record<string, number>, log: Log): void {
  const entries = Object.entries(faults).filter(([reason]) => !endFaults.has(reason));
  if (entries.length === 0) return;
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const reasons = entries.map(([reason, count]) => `${reason} ${count}×`).join(', ');
  log('warn', `feed ${spec.uri}: ${counted(total, 'bad record')} skipped (${reasons})`);
}

function reportLimits(engine: Engine, rows: OrderedRows, log: Log): void {
  const { subscribersRefused, crossingsForced } = engine.limits;
  if (subscribersRefused > 0) {
    log(
      'warn',
      `${counted(subscribersRefused, 'sighting')} not counted: more than subscribersMax subscribers; raise it with --set`,
    );
  }
  if (crossingsForced > 0) {
    log(
      'warn',
      `${counted(crossingsForced, 'crossing')} counted before holdDown was over: raise crossingsMax with --set`,
    );
  }
  if (!(rows instanceof WindowedRows)) return;
  const { late, tooLate } = rows.sorter.stats;
  if (late + tooLate > 0) {
    log(
      'warn',
      `${counted(late + tooLate, 'row')} came later than the reorder window and moved nobody: count with --sort`,
    );
  }
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = readOptions(
    'count',
    argv,
    {
      regions: { type: 'string' },
      cells: { type: 'string' },
      every: { type: 'string', default: '60s' },
      sort: { type: 'boolean', default: false },
      'hide-below': { type: 'string', default: '20' },
      out: { type: 'string' },
      data: { type: 'string' },
      config: { type: 'string' },
      set: { type: 'string', multiple: true },
    },
    true,
  );
  const [feed] = positionals;
  if (positionals.length !== 1 || values.regions === undefined) {
    const what =
      positionals.length === 1 ? '--regions FILE is missing' : `one FEED is needed, not ${positionals.length}`;
    throw new UserError('USAGE', `count: ${what}; see 'npm run -s signalwall -- help count'`, { exitCode: 2 });
  }
  const everyUs = parseEvery(values.every);
  const hideBelow = parseHideBelow(values['hide-below']);
  const config = readConfig(values.config, values.set);
  const spec = finiteFeed(feed, config);
  const registry = new CellRegistry();
  if (spec.kind === 'sim') registry.load(makeCity(spec.options.seed ?? 1, spec.options.venueLac ?? 'own').cells);
  if (values.cells !== undefined) registry.load(await readCells(values.cells));
  const regions = await readRegions(values.regions, (line) => consoleLog('warn', line));
  const output = await TextOutput.open('count', values.out);
  const early = await countFeed(
    {
      spec,
      regions,
      regionsFile: values.regions,
      registry,
      everyUs,
      sort: values.sort,
      hideBelow,
      config,
      optOuts: values.data === undefined ? null : optOutsOf(resolve(values.data)),
      log: consoleLog,
    },
    output,
  );
  await output.close();
  if (early !== null) throw new UserError('FEED_ENDED_EARLY', early);
  return 0;
}

export const countCommand: Command = {
  name: 'count',
  summary: 'counts people in micro-regions over a finite feed and prints CSV',
  usage,
  run,
};
