import { resolve } from 'node:path';
import { machineImsis } from '../../fixtures/make/city/index.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { oddityOf } from '../config.ts';
import { errorOf, isFromOutside, messageOf, UserError } from '../errors.ts';
import { consoleLog } from '../log.ts';
import { type Running, type ServeOptions, startSignalwall } from '../main.ts';
import type { Command } from './command.ts';
import { importedSegments, withProvince } from './imported-segments.ts';
import { readConfig, readOptions } from './options.ts';

const usage = `usage: npm start -- [OPTION …]      (or: npm run -s signalwall -- serve [OPTION …])

Shows the live wall. Without --feed it simulates an event day at 60 times its speed.

  --feed URI          a feed; repeat it for several. It replaces the simulation.
                        pcap:PATH                          pcap or pcapng, also .gz; '-' is standard input
                        pcap+tcp://HOST:PORT               a probe that serves a capture: connects, and again
                        pcap+listen://HOST:PORT            probes that connect and send one, several at once
                        push:ID                            batches that programs send to /api/feeds/ID, acknowledged
                                                          once they are on disk ('help send' says how);
                                                          push:ID?wait=60: the others wait 60 s for it
                        xdr:PATH?plmn=460-01&tz=+08:00     decoded records (CSV), also .gz
                        sim:event-day?seed=1&population=200000     a simulated city; also date=2026-10-17, from=17:30
                                                          (when the wall joins, UTC+8), hours, venue-lac=own|shared
                      A bare path is taken by its ending. Options are percent-encoded; a plus stays a plus.
  --speed N           event seconds per second, 0 = as fast as it goes (default 60 for sim:, else 1)
  --cells FILE        cell list, CSV with the header cgi,lon,lat[,azimuth,name,site,radio,branch,centre,area,hall]
  --regions FILE      micro-regions, GeoJSON; without it those of before stand, also as they were edited
  --shares FILE       market shares, from which people are estimated: origin,share,error[,heard,heardError], CSV or JSON
  --gates FILE        gate counts to calibrate them by: time,region and people, or entered,left[,error], CSV or JSON
                      (while it runs, POST /api/gates takes more)
  --listen HOST:PORT  where the wall is served (default 127.0.0.1:8080; loopback only until accounts exist)
  --data DIR          data folder (default: SIGNALWALL_DATA, else ./.signalwall); 'import' puts reference data there
  --config FILE       settings as a JSON object; --set NAME=VALUE sets one ('help config' lists them)
  --verbose           show the stack trace of an error

DATABASE_URL=postgres://… uses that TimescaleDB instead of the embedded one. Ctrl-C ends it.`;

/** Ending takes at most this long: less than what Ctrl-C promises, for a large process takes a while to be taken down. */
const endMs = 8_000;
/** And when all has ended the process does too, so much later at most. */
const lingerMs = 500;

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new UserError('USAGE', `--listen ${text}: write HOST:PORT such as 127.0.0.1:8080 or [::1]:8080`, {
      exitCode: 2,
    });
  }
  return { host: match[1] ?? match[2], port };
}

function parseSpeed(text: string): number {
  const speed = text.trim() === '' ? Number.NaN : Number(text);
  if (!(speed >= 0 && speed <= 100_000)) {
    throw new UserError('USAGE', `--speed ${text}: write a number from 0 (as fast as it goes) to 100000`, {
      exitCode: 2,
    });
  }
  return speed;
}

async function readServeOptions(argv: string[]): Promise<ServeOptions> {
  const { values } = readOptions('serve', argv, {
    feed: { type: 'string', multiple: true },
    speed: { type: 'string' },
    cells: { type: 'string' },
    regions: { type: 'string' },
    shares: { type: 'string' },
    gates: { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:8080' },
    data: { type: 'string' },
    config: { type: 'string' },
    set: { type: 'string', multiple: true },
  });
  if (values.gates !== undefined && values.shares === undefined) {
    const what = '--gates: gate counts calibrate an estimate, which needs market shares: give --shares FILE too';
    throw new UserError('USAGE', what, { exitCode: 2 });
  }
  const feeds = values.feed ?? ['sim:event-day?seed=1'];
  // The simulated phones' own network is the test PLMN 001-01: at home here; its machines have IMSIs of their own.
  const simulated = feeds.some((feed) => feed.startsWith('sim:'));
  const config = readConfig(
    values.config,
    values.set,
    simulated ? { homePlmns: '460-00,460-02,460-04,460-07,460-08,001-01', machineImsis } : {},
  );
  const dataDir = resolve(values.data ?? process.env.SIGNALWALL_DATA ?? '.signalwall');
  const odd = oddityOf(config);
  if (odd !== null) consoleLog('warn', odd);
  const segments = await importedSegments(dataDir);
  return {
    feeds,
    ...(values.speed !== undefined && { speed: parseSpeed(values.speed) }),
    ...(values.cells !== undefined && { cellsFile: values.cells }),
    ...(values.regions !== undefined && { regionsFile: values.regions }),
    ...(values.shares !== undefined && { sharesFile: values.shares }),
    ...(values.gates !== undefined && { gatesFile: values.gates }),
    ...parseListen(values.listen),
    dataDir,
    segments,
    ...(process.env.DATABASE_URL && { databaseUrl: process.env.DATABASE_URL }),
    config: withProvince(config, segments),
  };
}

interface Endings {
  /** Resolves when somebody ends the server, or with the error of the first bug anywhere in it. */
  first: Promise<string | Error>;
  /** A bug that came while the server was ending, if one did. */
  readonly bug: Error | null;
}

/** What ends the server. A bug that comes later is told too, and still makes the exit code 70. */
function whatEnds(): Endings {
  let bug: Error | null = null;
  const first = new Promise<string | Error>((resolve) => {
    let ending = false;
    const end = (why: string | Error) => {
      if (ending && why instanceof Error) sayBug(why);
      if (why instanceof Error) bug ??= why;
      ending = true;
      resolve(why);
    };
    // npm, a terminal and systemd each tell the process: who is told twice has not been told to be quicker.
    let isSaid = false;
    const ask = (why: string) => {
      if (ending && !isSaid) consoleLog('info', `${why}: it is ending already, in at most 10 s`);
      isSaid ||= ending;
      end(why);
    };
    process.on('SIGINT', () => ask('Ctrl-C'));
    process.on('SIGTERM', () => ask('SIGTERM'));
    process.on('uncaughtException', (error) => end(errorOf(error)));
    process.on('unhandledRejection', (reason) => end(errorOf(reason)));
  });
  return {
    first,
    get bug() {
      return bug;
    },
  };
}

function sayBug(error: Error): void {
  consoleLog('error', `a bug of Signalwall ends it: ${messageOf(error)}; --verbose shows where`);
  if (process.argv.includes('--verbose')) consoleLog('error', error.stack ?? '');
}

/** Ends with the code 0 at Ctrl-C or SIGTERM, at most 10 s after it; with 70 at a bug of ours, 1 where the disk fails. */
async function run(argv: string[]): Promise<number> {
  const options = await readServeOptions(argv);
  const abort = new AbortController();
  const ends = whatEnds();
  const starting = startSignalwall(options, { clock: systemClock, timers: systemTimers }, consoleLog, abort.signal);
  const started = await Promise.race([starting, ends.first]).catch((error) => {
    if (isFromOutside(error)) throw error;
    return errorOf(error);
  });
  const isRunning = (value: Running | string | Error): value is Running => typeof value === 'object' && 'stop' in value;
  const why = isRunning(started) ? await Promise.race([ends.first, started.failed]) : started;
  const fromOutside = why instanceof UserError;
  if (why instanceof Error) {
    if (fromOutside) consoleLog('error', why.message);
    else sayBug(why);
  } else consoleLog('info', isRunning(started) ? `${why}: ending` : `${why} during the start: ending`);
  const exitCode = () => (ends.bug !== null || (why instanceof Error && !fromOutside) ? 70 : fromOutside ? 1 : 0);
  setTimeout(() => {
    consoleLog('error', 'ending took longer than 10 s: stopped hard; the next start goes on from what was stored');
    process.exit(exitCode() || 1);
  }, endMs).unref();
  abort.abort();
  try {
    await (await starting).stop();
  } catch (error) {
    // After a bug anything may fail: it is told, and the bug decides how this ends.
    if (exitCode() === 0 && error !== abort.signal.reason) throw error;
    if (error !== why && error !== abort.signal.reason) consoleLog('error', `ending: ${messageOf(error)}`);
  }
  consoleLog('info', 'Ended.');
  // What may still hold the process, as a socket to nobody, is nothing that anybody waits for.
  setTimeout(() => process.exit(exitCode()), lingerMs).unref();
  return exitCode();
}

export const serveCommand: Command = {
  name: 'serve',
  summary: 'the live wall; what npm start runs',
  usage,
  run,
};
