import { UserError } from './errors.ts';

interface Knob {
  readonly default: number | string | boolean;
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly meaning: string;
}

/** Every knob in one table: name, default, unit, range, meaning. A value comes from here, a config file or `--set`. */
export const knobs = {
  reorderWindowMs: {
    default: 10_000,
    unit: 'ms',
    min: 0,
    max: 600_000,
    meaning: 'within it the events of feeds are put in order',
  },
  latenessMs: {
    default: 600_000,
    unit: 'ms',
    min: 0,
    max: 86_400_000,
    meaning: 'how late an event may be and still count as traffic',
  },
  presenceTtlMs: {
    default: 7_200_000,
    unit: 'ms',
    min: 60_000,
    max: 172_800_000,
    meaning: 'a subscriber without a sighting for this long has vanished; above T3212 and the implicit detach',
  },
  presenceTtlByLac: {
    default: '',
    unit: 'LAC=ms,…',
    pattern: /^$|^\d+=\d+(,\d+=\d+)*$/,
    meaning: 'presenceTtlMs of single location areas',
  },
  holdDownMs: {
    default: 60_000,
    unit: 'ms',
    min: 0,
    max: 3_600_000,
    meaning: 'a crossing undone within it does not count (ping-pong)',
  },
  gaugeEveryMs: {
    default: 60_000,
    unit: 'ms of event time',
    min: 1_000,
    max: 3_600_000,
    meaning: 'how often gauges of cells and regions are stored',
  },
  flowWindowMs: {
    default: 900_000,
    unit: 'ms of event time',
    min: 60_000,
    max: 86_400_000,
    meaning: 'the window of inflow and outflow on the wall',
  },
  subscribersMax: {
    default: 15_000_000,
    unit: 'subscribers',
    min: 1_000,
    max: 200_000_000,
    meaning: 'size limit of the presence table',
  },
  crossingsMax: {
    default: 16_000_000,
    unit: 'crossings',
    min: 10_000,
    max: 200_000_000,
    meaning: 'crossings of cell and region borders kept until holdDown and their gauge interval are over',
  },
  homePlmns: {
    default: '460-00,460-02,460-04,460-07,460-08',
    unit: 'MCC-MNC,…',
    pattern: /^\d{3}-\d{2,3}(,\d{3}-\d{2,3})*$/,
    meaning: 'the home network',
  },
  onNetPrefixes: {
    default:
      '1340,1341,1342,1343,1344,1345,1346,1347,1348,135,136,137,138,139,1440,147,148,150,151,152,157,158,159,165,1703,1705,1706,172,178,182,183,184,187,188,195,197,198',
    unit: '3 or 4 digits,…',
    pattern: /^\d{3,4}(,\d{3,4})*$/,
    meaning: "what our own network's mobile numbers begin with, without country code",
  },
  homeNodePrefixes: {
    default: '86',
    unit: 'E.164 prefixes,…',
    pattern: /^\d{1,15}(,\d{1,15})*$/,
    meaning: "what the numbers of our own network's VLRs and SGSNs begin with",
  },
  nodeOperators: {
    default: '',
    unit: 'E.164 prefix=MCC-MNC,…',
    pattern: /^$|^\d{1,15}=\d{3}-\d{2,3}(,\d{1,15}=\d{3}-\d{2,3})*$/,
    meaning: 'whose the VLRs abroad are, by what their numbers begin with; others tell their country alone',
  },
  minCount: {
    default: 0,
    unit: 'subscribers',
    min: 0,
    max: 1_000,
    meaning: 'figures of 1 … minCount−1 are hidden on walls; 0 shows exact counts (loopback only)',
  },
  tickMs: { default: 1_000, unit: 'ms', min: 100, max: 60_000, meaning: 'a frame goes to each screen this often' },
  staleMs: { default: 15_000, unit: 'ms', min: 1_000, max: 3_600_000, meaning: 'a feed silent for this long is stale' },
  screensMax: { default: 1_000, unit: 'connections', min: 1, max: 100_000, meaning: 'open WebSockets' },
  screenBufferBytesMax: {
    default: 32_768,
    unit: 'bytes',
    min: 1_024,
    max: 16_777_216,
    meaning: 'a screen with more unsent bytes gets a snapshot later instead of deltas',
  },
  screenBlockedMs: {
    default: 30_000,
    unit: 'ms',
    min: 1_000,
    max: 600_000,
    meaning: 'a screen that takes no bytes for this long is closed',
  },
  historyRowsMax: {
    default: 2_000,
    unit: 'rows',
    min: 10,
    max: 100_000,
    meaning: "buckets that one request for a region's history may ask for",
  },
  historyQueriesMax: {
    default: 8,
    unit: 'queries',
    min: 1,
    max: 1_000,
    meaning: 'requests for history running at once',
  },
  probesMax: {
    default: 16,
    unit: 'connections',
    min: 1,
    max: 1_000,
    meaning: 'probes that may be connected to one pcap+listen feed at once',
  },
  reconnectMsMin: {
    default: 500,
    unit: 'ms',
    min: 10,
    max: 60_000,
    meaning: 'first wait before a pcap+tcp feed connects again; it doubles with each failure',
  },
  reconnectMsMax: {
    default: 30_000,
    unit: 'ms',
    min: 10,
    max: 3_600_000,
    meaning: 'longest wait before a pcap+tcp feed connects again',
  },
  liveAheadMs: {
    default: 120_000,
    unit: 'ms',
    min: 1_000,
    max: 4_000_000_000_000,
    meaning: 'live frames stamped further ahead of the wall clock are left out',
  },
  captureRecordBytesMax: {
    default: 262_144,
    unit: 'bytes',
    min: 2_048,
    max: 16_777_216,
    meaning: 'a capture record that claims more is corrupt',
  },
  reassemblyMax: {
    default: 4_096,
    unit: 'fragments',
    min: 16,
    max: 1_000_000,
    meaning: 'fragments of unfinished messages kept per layer (IP, SCTP, SCCP)',
  },
  reassemblyMs: {
    default: 30_000,
    unit: 'ms of event time',
    min: 100,
    max: 600_000,
    meaning: 'an unfinished reassembly older than this is dropped',
  },
  reassemblyBytesMax: {
    default: 33_554_432,
    unit: 'bytes',
    min: 262_144,
    max: 4_294_967_296,
    meaning: 'octets of unfinished messages kept per layer (IP, TCP, SCTP, SCCP); the oldest give way',
  },
  sctpDirectionsMax: {
    default: 4_096,
    unit: 'association directions',
    min: 8,
    max: 1_000_000,
    meaning: 'SCTP associations × 2 whose TSNs are remembered (32 KiB each, when used)',
  },
  tcpConnectionsMax: {
    default: 1_024,
    unit: 'TCP connections',
    min: 8,
    max: 65_536,
    meaning: 'TCP connections of SCCPlite (IPA) put together at once',
  },
  tcpWaitBytesMax: {
    default: 65_536,
    unit: 'bytes',
    min: 1_024,
    max: 16_777_216,
    meaning: 'octets of one TCP direction that wait for a lost segment',
  },
  linksMax: {
    default: 65_536,
    unit: 'point-code pairs',
    min: 16,
    max: 1_000_000,
    meaning: 'signalling links told apart by one decoder',
  },
  connectionsMax: {
    default: 2_000_000,
    unit: 'SCCP connections',
    min: 1_000,
    max: 50_000_000,
    meaning: 'open SCCP connections followed',
  },
  connectionIdleMs: {
    default: 10_800_000,
    unit: 'ms of event time',
    min: 10_000,
    max: 86_400_000,
    meaning: 'an SCCP connection silent for this long is closed',
  },
  handoverJoinMs: {
    default: 10_000,
    unit: 'ms of event time',
    min: 100,
    max: 60_000,
    meaning: 'how long after HANDOVER REQUIRED a HANDOVER REQUEST may answer it',
  },
  cellsMax: {
    default: 1_000_000,
    unit: 'cells',
    min: 1_000,
    max: 16_000_000,
    meaning: 'different cells that a feed may name; more are unknown',
  },
  sortedRecordsMax: {
    default: 5_000_000,
    unit: 'records',
    min: 1_000,
    max: 50_000_000,
    meaning: 'records of one xdr: file, which a replay sorts in memory (about 0.2 GB per million)',
  },
  tmsiMax: {
    default: 16_000_000,
    unit: 'mappings',
    min: 1_000,
    max: 200_000_000,
    meaning: 'TMSI ↔ IMSI mappings kept',
  },
  msisdnMax: {
    default: 8_000_000,
    unit: 'numbers',
    min: 1_000,
    max: 200_000_000,
    meaning: 'MSISDN ↔ IMSI pairs kept',
  },
  registrationsMax: {
    default: 8_000_000,
    unit: 'subscribers',
    min: 1_000,
    max: 200_000_000,
    meaning: 'subscribers whose serving VLR and SGSN are kept',
  },
  roamersMax: {
    default: 1_000_000,
    unit: 'subscribers',
    min: 100,
    max: 10_000_000,
    meaning: 'subscribers abroad, and guests here, who are kept',
  },
  dialoguesMax: {
    default: 200_000,
    unit: 'TCAP dialogues',
    min: 100,
    max: 10_000_000,
    meaning: 'open TCAP dialogues followed',
  },
  dialogueIdleMs: {
    default: 600_000,
    unit: 'ms of event time',
    min: 1_000,
    max: 86_400_000,
    meaning: 'a TCAP dialogue silent for this long is closed',
  },
  reorderRowsMax: {
    default: 2_000_000,
    unit: 'rows',
    min: 1_000,
    max: 50_000_000,
    meaning: 'rows held in the reorder window; one more releases the older half early, counted',
  },
  storeRowsMax: {
    default: 1_000_000,
    unit: 'rows',
    min: 10_000,
    max: 50_000_000,
    meaning: 'rows waiting for the database',
  },
  databaseDeadlineMs: {
    default: 60_000,
    unit: 'ms',
    min: 1_000,
    max: 3_600_000,
    meaning: 'a statement that takes longer is given up and its connection cut',
  },
  keepEvents: {
    default: 'all',
    unit: 'all | off',
    pattern: /^(all|off)$/,
    meaning: 'whether located events are stored',
  },
  tileUrl: { default: '', unit: 'URL', meaning: 'tile server of the map ({z}/{x}/{y}); empty: the drawn schematic' },
  pmtilesFile: { default: '', unit: 'path', meaning: 'PMTiles file of the map; empty: the drawn schematic' },
  mapAttribution: { default: '', unit: 'text', meaning: "attribution that the map's source asks for" },
  timeZone: { default: 'Asia/Shanghai', unit: 'IANA name', meaning: 'time zone that the wall shows' },
  wallTitle: { default: '', unit: 'text', meaning: 'heading of the wall; empty: the name of the feed' },
} as const satisfies Record<string, Knob>;

type Widen<T> = T extends number ? number : T extends boolean ? boolean : string;
export type KnobName = keyof typeof knobs;
export type Config = { readonly [K in KnobName]: Widen<(typeof knobs)[K]['default']> };

function isTimeZone(raw: unknown): boolean {
  try {
    return typeof raw === 'string' && new Intl.DateTimeFormat('en', { timeZone: raw }) !== null;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function checked(name: string, raw: unknown, where: string): number | string | boolean {
  const knob = (knobs as Record<string, Knob>)[name];
  if (knob === undefined) {
    throw new UserError('CONFIG_UNKNOWN', `${where}: unknown setting '${name}'; 'signalwall help config' lists them`);
  }
  if (typeof knob.default === 'number') {
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < knob.min! || value > knob.max!) {
      throw new UserError(
        'CONFIG_RANGE',
        `${where}: ${name} must be a number from ${knob.min} to ${knob.max} (${knob.unit}), not '${String(raw)}'`,
      );
    }
    return value;
  }
  if (name === 'timeZone' && !isTimeZone(raw)) {
    throw new UserError(
      'CONFIG_RANGE',
      `${where}: timeZone must be an IANA time zone such as Asia/Shanghai, not '${String(raw)}'`,
    );
  }
  if (typeof raw !== 'string' || (knob.pattern !== undefined && !knob.pattern.test(raw))) {
    throw new UserError('CONFIG_RANGE', `${where}: ${name} must be ${knob.unit}, not '${String(raw)}'`);
  }
  return raw;
}

/**
 * The configuration from layers of raw settings, later ones winning. Rejects unknown names, NaN and values out of
 * range, naming the setting, its range and the layer (`where`) it came from.
 */
export function makeConfig(...layers: { where: string; settings: Record<string, unknown> }[]): Config {
  const config: Record<string, number | string | boolean> = {};
  for (const [name, knob] of Object.entries(knobs)) config[name] = knob.default;
  for (const { where, settings } of layers) {
    for (const [name, raw] of Object.entries(settings)) config[name] = checked(name, raw, where);
  }
  return config as Config;
}
