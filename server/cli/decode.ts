import { type FeedSpec, isLive, parseFeedUri } from '../capture/feed-uri.ts';
import type { Config } from '../config.ts';
import { heardElsewhere, UserError } from '../errors.ts';
import { consoleLog } from '../log.ts';
import type { Command } from './command.ts';
import { csvLine } from './csv.ts';
import { eventColumns, messageColumns } from './decode-output.ts';
import { pipeline } from './decode-pipeline.ts';
import { formatStats } from './decode-stats.ts';
import { LinePrinter } from './line-printer.ts';
import { openEveryFrame } from './open-frames.ts';
import { readConfig, readOptions } from './options.ts';
import { TextOutput } from './text-output.ts';
import { counted } from './words.ts';

const usage = `usage: npm run -s signalwall -- decode FEED [OPTION …]

Decodes the signalling in a capture and prints what happened, one located event a line (NDJSON). What is not known is
absent. Keys of an event:

  timeUs              when it ended: the phone's last message of it, or the clear of a dropped call
  type, outcome       e.g. 'mo call', 'success'
  cause, causeOf      a number, and whose list it is to be read by: MM, CC, RP, CP, BSSMAP, RANAP, SCCP release, SCCP
                      refusal
  durationMs          it began so long before timeUs
  subscriber          IMSI
  cell                where it ended: behind a handover the target, else where it began. Absent where the target was
                      told by its location area alone, and of registrations abroad, which have none
  origin              local, other network, 港澳台, international, unknown
  frame               with which it was known to be over, which may be a later one than its last
  peerClass           of who was called, wrote or was written to: on-net, off-net, short number, service number, unknown
  country             of the other party's number; of registrations abroad, of the network there
  area                area code or segment of the other party's number; MCC-MNC of the network abroad, where settings or
                      its own messages tell it

  FEED                a capture (pcap, pcapng, each also in gzip) by its path, pcap:PATH, or '-', standard input;
                      pcap+tcp://HOST:PORT or pcap+listen://HOST:PORT, a live probe: Ctrl-C ends it with what was
                      decoded; sim:event-day?hours=1, the simulated city
  --messages          one line per signalling message instead, and per component of a TCAP message; keys below
  --stats             counts by layer, message and fault instead: how many of the frames with signalling were
                      understood, and of how many events subscriber and cell are known. That share is of the events
                      and of the connections without an event: those whose beginning is not in the capture and
                      that told too little for one, each counted once, when it is released or given up
  --format FORMAT     ndjson (default) or csv: a column a key, nested keys joined by a dot (sccp.type); places as
                      'mcc=460 mnc=00 lac=4097 ci=513', those of a list apart by '; '
  --show-identities   print IMSIs, TMSIs, IMEIs and numbers (global titles too) whole; by default five digits and *
  --out FILE          print into a file
  --config FILE       settings as a JSON object; --set NAME=VALUE sets one ('help config' lists them)
  --verbose           show the stack trace of an error

Keys of a message; one without user data has no protocol:

  frame, timeUs       which frame completes it, and when that came
  opc, dpc            point codes; SUA, SCCPlite and bare SCCP have none
  sccp                type, slr, dlr (local references in hex), called and calling (digits of the global title, ssn)
  protocol, message   BSSMAP, DTAP, RANAP, TCAP or MAP, and the specification's name; layer3: the message inside it.
                      UDTS and the like show what came back undelivered
  imsi, tmsi, imei, imeisv
  cell or cells, lai  mcc, mnc, lac, ci or sac; a list where there are several. A part that is not told is absent
  cause               of the message itself: what lies inside it only where it has none
  calledNumber, callingNumber, connectedNumber, tpDestination, tpOriginator
                      a short message's service centre is the calledNumber in both directions, as in tshark; its other
                      party is tpDestination or tpOriginator
  otid, dtid          TCAP transaction identities in hex
  component, invokeId, operation, error
                      of TCAP and of supplementary services; CAP's and INAP's operations are named, not read
  msisdn, msc, vlr, sgsn, hlr, roamingNumber
                      numbers of MAP
  fault               what is malformed: code, layer, offset from the start of the frame, or of the message put together
                      from several; it stands beside what was read before it

Masked numbers: of five digits and fewer nothing is shown, unless they were dialled and are a service's (110, 10086).

Frames are numbered from 1 as tshark does, whatever their times say. A capture that ends early (cut or damaged) is
decoded up to that place; the last line says where, the exit code is 1.`;

const framesPerRun = 2048;
const waitMs = 200;

/** What is printed of a feed. */
type What = 'events' | 'messages' | 'stats';

interface DecodeOptions {
  spec: FeedSpec;
  what: What;
  csv: boolean;
  showIdentities: boolean;
  config: Config;
}

/**
 * Decodes a feed to its end, or up to Ctrl-C, and prints into `output`.
 *
 * @returns one line on why the feed ended before its end, or null
 */
async function decodeFeed(options: DecodeOptions, output: TextOutput): Promise<string | null> {
  const { config, csv, what, spec } = options;
  const printsMessages = what === 'messages';
  const lines = new LinePrinter(output);
  const { decoder, correlator, coverage, frame } = pipeline(options, lines.waiting);
  const reader = await openEveryFrame(spec, config);
  let stopped = false;
  const stop = () => {
    stopped = true;
    // A live source may wait for somebody.
    if (isLive(spec)) void reader.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let note = '';
  const sayNote = () => {
    if (reader.note === undefined || reader.note === note) return;
    note = reader.note;
    consoleLog('info', `feed ${spec.uri}: ${note}`);
  };
  // While the source waits, what it has given before must not.
  const timer = setInterval(() => {
    sayNote();
    // Whoever prints next hears what is wrong.
    lines.print().catch(heardElsewhere);
  }, waitMs);
  try {
    if (what !== 'stats' && csv) await output.print(csvLine(printsMessages ? messageColumns : eventColumns));
    sayNote();
    for (let why = 'more'; why !== 'end' && !stopped && !output.closed; ) {
      why = await reader.read({ frame }, Number.POSITIVE_INFINITY, framesPerRun);
      await lines.print();
      // Without a file or a probe to wait for (a simulation), Ctrl-C would never be heard.
      await new Promise(setImmediate);
    }
    correlator.flush();
    await lines.print();
    const { stats } = decoder;
    if (what === 'stats') await output.print(formatStats(stats, correlator.stats, coverage, reader.faults, csv));
    for (const [reason, count] of reader.faults) {
      if (reason !== reader.endedEarly?.code) consoleLog('warn', `feed ${spec.uri}: ${reason}: ${count}`);
    }
    const early = reader.endedEarly?.message ?? null;
    if (early === null && stats.frames === 0 && !stopped) {
      consoleLog('warn', `feed ${spec.uri}: holds no packet; there is nothing to decode`);
    } else if (what !== 'stats' && stats.layers.sccp === 0 && stats.faults.size === 0 && !stopped) {
      const most = mostOf(stats.unhandled);
      const packets = counted(stats.frames, 'packet');
      consoleLog('warn', `feed ${spec.uri}: no SCCP or SUA message in its ${packets}${most}; --stats counts them`);
    }
    return early === null ? null : `${early}; decoded up to there: ${counted(stats.frames, 'packet')}`;
  } finally {
    clearInterval(timer);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await reader.close();
  }
}

/** What a capture without any message holds instead, most of all. */
function mostOf(unhandled: ReadonlyMap<string, number>): string {
  const [most] = [...unhandled].sort(([, a], [, b]) => b - a);
  return most === undefined ? '' : `, most of them ${most[0]} (${most[1]})`;
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = readOptions(
    'decode',
    argv,
    {
      messages: { type: 'boolean', default: false },
      stats: { type: 'boolean', default: false },
      format: { type: 'string', default: 'ndjson' },
      'show-identities': { type: 'boolean', default: false },
      out: { type: 'string' },
      config: { type: 'string' },
      set: { type: 'string', multiple: true },
    },
    true,
  );
  const wrong = (what: string) =>
    new UserError('USAGE', `decode: ${what}; see 'npm run -s signalwall -- help decode'`, { exitCode: 2 });
  const [feed] = positionals;
  if (positionals.length !== 1) throw wrong(`one FEED is needed, not ${positionals.length}`);
  if (values.messages && values.stats) throw wrong('--messages and --stats exclude each other');
  if (values.format !== 'ndjson' && values.format !== 'csv') {
    throw wrong(`--format ${values.format} is neither ndjson nor csv`);
  }
  if (values['show-identities'] && values.out !== undefined) {
    throw wrong('--show-identities prints to standard output alone: leave out --out');
  }
  const config = readConfig(values.config, values.set);
  const spec = parseFeedUri(feed, config.homePlmns.split(',')[0]);
  if (spec.kind === 'xdr' || spec.kind === 'push')
    throw wrong(`'${feed}' holds decoded records; there is nothing to decode`);
  if (spec.kind === 'sim' && spec.options.hours === undefined) {
    throw new UserError('FEED_ENDLESS', `feed '${feed}': decode needs an end; add hours=N, as sim:event-day?hours=1`, {
      exitCode: 2,
    });
  }
  const output = await TextOutput.open('decode', values.out);
  const early = await decodeFeed(
    {
      spec,
      what: values.stats ? 'stats' : values.messages ? 'messages' : 'events',
      csv: values.format === 'csv',
      showIdentities: values['show-identities'],
      config,
    },
    output,
  );
  await output.close();
  if (early !== null) throw new UserError('FEED_ENDED_EARLY', early);
  return 0;
}

export const decodeCommand: Command = {
  name: 'decode',
  summary: 'prints the events, or the messages, of a capture as NDJSON or CSV',
  usage,
  run,
};
