import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { parsePlmn } from '../events/plmn.ts';
import type { ServedStream } from './served-again.ts';

export type FeedSpec =
  | { kind: 'pcap'; path: string; uri: string }
  | { kind: 'xdr'; path: string; plmn: string; offsetMinutes: number; uri: string }
  | { kind: 'sim'; scenario: 'event-day'; options: SimFeedOptions; uri: string }
  | LiveFeedSpec
  | PushFeedSpec;

/** Feeds that nobody can read twice: standard input, a probe to connect to, a port that probes connect to. */
export type LiveFeedSpec =
  | { kind: 'stdin'; uri: string }
  | {
      kind: 'pcap+tcp' | 'pcap+listen';
      host: string;
      port: number;
      /** What its probes had given in an earlier run; absent: nothing. */
      before?: readonly ServedStream[];
      uri: string;
    };

/** An acknowledged feed: senders bring it located events. */
export interface PushFeedSpec {
  kind: 'push';
  id: string;
  /** Other feeds wait so long for its next batch, ms; absent: as long as for any (`staleMs`). */
  waitMs?: number;
  uri: string;
}

/** Whether a feed is live: it can't be looked into before it is read. */
export function isLive(spec: FeedSpec): spec is LiveFeedSpec | PushFeedSpec {
  return spec.kind === 'stdin' || spec.kind === 'pcap+tcp' || spec.kind === 'pcap+listen' || spec.kind === 'push';
}

/** Options of `sim:event-day`; what is absent takes the simulator's default. */
export interface SimFeedOptions {
  seed?: number;
  population?: number;
  date?: string;
  from?: string;
  hours?: number;
  venueLac?: 'own' | 'shared';
  /** Whether the core network's MAP is in it. */
  map?: boolean;
  /** Whether connections tell their IMSI by COMMON ID. */
  commonId?: boolean;
  /** Share of the people whose phones are in this network; share of the detaches that no cell hears. */
  marketShare?: number;
  lostDetaches?: number;
  /** Share of the phones that are machines, 0 … 0.5. */
  machines?: number;
  /** Shares of packets that the probe misses, sees twice, sees late; 0 … 0.5. */
  loss?: number;
  duplicates?: number;
  reorder?: number;
}

/** Options that a feed of each kind takes after `?`. */
const optionNames: Record<FeedSpec['kind'], readonly string[]> = {
  pcap: [],
  xdr: ['plmn', 'tz'],
  sim: [
    'seed',
    'population',
    'date',
    'from',
    'hours',
    'venue-lac',
    'map',
    'common-id',
    'market-share',
    'lost-detaches',
    'machines',
    'loss',
    'duplicates',
    'reorder',
  ],
  stdin: [],
  'pcap+tcp': [],
  'pcap+listen': [],
  push: ['wait'],
};

/** Whether a URI may begin with it. */
function isKind(scheme: string): scheme is Exclude<FeedSpec['kind'], 'stdin'> {
  return Object.hasOwn(optionNames, scheme) && scheme !== 'stdin';
}

/** A URI that is written wrong: a usage error. */
const bad = (uri: string, what: string) => new UserError('FEED_URI', `feed '${uri}': ${what}`, { exitCode: 2 });

function unescapePart(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new UserError('FEED_URI', `feed '${uri}': '${text}' is not percent-encoded UTF-8; write a literal % as %25`, {
      exitCode: 2,
      cause: error,
    });
  }
}

/** `?a=1&b=+08:00`, percent-encoded; a literal plus stays a plus. */
function parseOptions(uri: string, kind: FeedSpec['kind'], query: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const at = pair.indexOf('=');
    const name = unescapePart(uri, at < 0 ? pair : pair.slice(0, at));
    const known = optionNames[kind];
    if (!known.includes(name)) {
      throw bad(
        uri,
        `unknown option '${name}'; ${known.length === 0 ? `${kind}: takes none` : `known: ${known.join(', ')}`}`,
      );
    }
    if (at < 0) throw bad(uri, `option '${name}' has no value; write ${name}=…`);
    if (options.has(name)) throw bad(uri, `option '${name}' stands twice`);
    options.set(name, unescapePart(uri, pair.slice(at + 1)));
  }
  return options;
}

/** `+08:00`, `-03:30`, `Z` → minutes east of UTC. */
function parseOffset(uri: string, text: string): number {
  if (text === 'Z') return 0;
  const match = /^([+-])(\d{2}):(\d{2})$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[2]) * 60 + Number(match[3]);
  if (match === null || Number(match[3]) > 59 || minutes > 14 * 60) {
    throw bad(uri, `tz must be an offset from UTC such as +08:00 or Z, not '${text}'`);
  }
  return match[1] === '-' ? -minutes : minutes;
}

function integer(
  uri: string,
  options: Map<string, string>,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw bad(uri, `${name} must be a whole number from ${min} to ${max}, not '${text}'`);
  return value;
}

function matching(uri: string, options: Map<string, string>, name: string, pattern: RegExp, form: string) {
  const text = options.get(name);
  if (text !== undefined && !pattern.test(text)) throw bad(uri, `${name} must be ${form}, not '${text}'`);
  return text;
}

/** `0.01` or `1%` → 0.01; NaN for anything else. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  return match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
}

function share(uri: string, options: Map<string, string>, name: string, max = 0.5): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const value = parseShare(text);
  if (!(value >= 0 && value <= max)) throw bad(uri, `${name} must be a share from 0 to ${max}, not '${text}'`);
  return value;
}

function parseSim(uri: string, name: string, options: Map<string, string>): FeedSpec {
  if (name !== 'event-day') throw bad(uri, `unknown scenario '${name}'; there is sim:event-day`);
  const date = matching(uri, options, 'date', /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'YYYY-MM-DD');
  if (date !== undefined && new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) {
    throw bad(uri, `date ${date} is no day of the calendar`);
  }
  const from = matching(uri, options, 'from', /^([01]\d|2[0-3]):[0-5]\d$/, 'HH:MM (UTC+8)');
  const venueLac = matching(uri, options, 'venue-lac', /^(own|shared)$/, 'own or shared') as
    | 'own'
    | 'shared'
    | undefined;
  const map = matching(uri, options, 'map', /^(on|off)$/, 'on or off');
  const commonId = matching(uri, options, 'common-id', /^(on|off)$/, 'on or off');
  const loss = share(uri, options, 'loss');
  const duplicates = share(uri, options, 'duplicates');
  const reorder = share(uri, options, 'reorder');
  const marketShare = share(uri, options, 'market-share', 1);
  if (marketShare === 0) throw bad(uri, 'market-share must be above 0: somebody must be in the network');
  const lostDetaches = share(uri, options, 'lost-detaches', 1);
  const machines = share(uri, options, 'machines');
  const seed = integer(uri, options, 'seed', 0, 2 ** 31 - 1);
  const population = integer(uri, options, 'population', 1000, 1_000_000);
  const hours = integer(uri, options, 'hours', 1, 24 * 365);
  return {
    kind: 'sim',
    scenario: 'event-day',
    uri,
    options: {
      ...(seed !== undefined && { seed }),
      ...(population !== undefined && { population }),
      ...(hours !== undefined && { hours }),
      ...(date !== undefined && { date }),
      ...(from !== undefined && { from }),
      ...(venueLac !== undefined && { venueLac }),
      ...(map !== undefined && { map: map === 'on' }),
      ...(commonId !== undefined && { commonId: commonId === 'on' }),
      ...(marketShare !== undefined && { marketShare }),
      ...(lostDetaches !== undefined && { lostDetaches }),
      ...(machines !== undefined && { machines }),
      ...(loss !== undefined && { loss }),
      ...(duplicates !== undefined && { duplicates }),
      ...(reorder !== undefined && { reorder }),
    },
  };
}

/** First four octets of pcap in both byte orders, with micro- and nanoseconds, of pcapng; the first two of gzip. */
const captureMarks = /^(a1b2c3d4|d4c3b2a1|a1b23c4d|4d3cb2a1|0a0d0d0a|1f8b)/;

/** Whether a file whose ending tells nothing begins as a capture does, or as one in gzip. */
function beginsAsCapture(uri: string, path: string): boolean {
  refuseNoFile(uri, path);
  // What is read of a pipe is gone.
  if (!statSync(path).isFile()) return false;
  const head = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return captureMarks.test(head.toString('hex'));
}

function refuseNoFile(uri: string, path: string): void {
  if (!existsSync(path)) throw new UserError('FEED_MISSING', `feed '${uri}': no such file '${path}'; check the path`);
  if (!statSync(path).isDirectory()) return;
  throw new UserError('FEED_MISSING', `feed '${uri}': '${path}' is a folder; name a file in it`);
}

/** `//HOST:PORT`, an IPv6 address in brackets. */
function parseLive(uri: string, kind: 'pcap+tcp' | 'pcap+listen', rest: string): LiveFeedSpec {
  const form = `write ${kind}://HOST:PORT, an IPv6 address in brackets`;
  const match = /^\/\/(?:\[([\w:.%]+)\]|([^:/[\]@]+)):([^:/]*)\/?$/.exec(rest);
  if (match === null) throw bad(uri, `host or port is missing; ${form}`);
  const port = /^\d{1,5}$/.test(match[3]) ? Number(match[3]) : 0;
  if (port < 1 || port > 65_535) throw bad(uri, `port must be a whole number from 1 to 65535, not '${match[3]}'`);
  return { kind, host: match[1] ?? match[2], port, uri };
}

/** As `staleMs`. */
const pushWaitSMax = 3600;

/** The ID stands in paths of the API as it is. */
function parsePush(uri: string, id: string, wait: string | undefined): PushFeedSpec {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(id))
    throw bad(
      uri,
      'the ID must be 1 to 64 letters, digits, dots, dashes or underscores; write push:ID such as push:north',
    );
  if (wait === undefined) return { kind: 'push', id, uri };
  const seconds = /^\d{1,4}$/.test(wait) ? Number(wait) : 0;
  if (seconds < 1 || seconds > pushWaitSMax)
    throw bad(uri, `wait must be whole seconds from 1 to ${pushWaitSMax}: so long others wait for its next batch`);
  return { kind: 'push', id, uri, waitMs: 1000 * seconds };
}

/**
 * Reads a feed's URI: `pcap:PATH`, `xdr:PATH?plmn=460-01&tz=+08:00`, `sim:event-day?seed=1`, `pcap+tcp://HOST:PORT`,
 * `pcap+listen://HOST:PORT`, `push:ID?wait=60`, `-` or `pcap:-` for standard input, or a bare path that is taken by its ending, else by its first octets. Options are
 * percent-encoded after `?`; a literal `+` stays a plus.
 *
 * @param defaultPlmn PLMN of an xDR file's cells where the URI names none, as `460-00`
 * @throws UserError FEED_URI, FEED_MISSING naming the part and the remedy
 */
export function parseFeedUri(uri: string, defaultPlmn: string): FeedSpec {
  const scheme = /^([a-z][a-z0-9+]*):/.exec(uri)?.[1];
  const question = uri.indexOf('?');
  const rest = uri.slice(scheme === undefined ? 0 : scheme.length + 1, question < 0 ? undefined : question);
  const query = question < 0 ? '' : uri.slice(question + 1);
  const path = unescapePart(uri, rest);
  let kind = scheme;
  if (kind === undefined) {
    if (path === '-' || /\.(pcap|pcapng|cap)(\.gz)?$/i.test(path)) kind = 'pcap';
    else if (/\.csv(\.gz)?$/i.test(path)) kind = 'xdr';
    else if (beginsAsCapture(uri, path)) kind = 'pcap';
    else
      throw bad(
        uri,
        'the ending tells no kind (.pcap, .pcapng, .cap, .csv, each also .gz); write pcap:PATH or xdr:PATH',
      );
  }
  if (!isKind(kind)) {
    const known = 'pcap:PATH, pcap:- (standard input), pcap+tcp://HOST:PORT, pcap+listen://HOST:PORT, xdr:PATH';
    throw bad(uri, `unknown kind '${kind}:'; known: ${known}, push:ID, sim:event-day`);
  }
  const options = parseOptions(uri, kind, query);
  if (kind === 'push') return parsePush(uri, path, options.get('wait'));
  if (kind === 'pcap+tcp' || kind === 'pcap+listen') return parseLive(uri, kind, path);
  if (kind === 'pcap' && path === '-') return { kind: 'stdin', uri };
  if (kind === 'sim') return parseSim(uri, path, options);
  if (path === '') throw bad(uri, `no path; write ${kind}:PATH`);
  refuseNoFile(uri, path);
  if (kind === 'pcap') return { kind, path, uri };
  const plmn = options.get('plmn') ?? defaultPlmn;
  try {
    parsePlmn(plmn);
  } catch (error) {
    throw new UserError('FEED_URI', `feed '${uri}': plmn must be MCC-MNC such as 460-01, not '${plmn}'`, {
      exitCode: 2,
      cause: error,
    });
  }
  return { kind, path, plmn, offsetMinutes: parseOffset(uri, options.get('tz') ?? 'Z'), uri };
}
