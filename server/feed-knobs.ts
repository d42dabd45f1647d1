/** One knob: its default, unit, range and meaning. */
export interface Knob {
  readonly default: number | string | boolean;
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly meaning: string;
}

/** Knobs of feeds: what capture, decode and correlate hold and how long. */
export const feedKnobs = {
  probesMax: {
    default: 16,
    unit: 'connections',
    min: 1,
    max: 1_000,
    meaning: 'probes that may be connected to one pcap+listen feed, or WebSockets to one push feed, at once',
  },
  pushBytesMax: { default: 2 ** 23, unit: 'bytes', min: 1_024, max: 2 ** 26, meaning: 'size of a push feed’s batch' },
  pushRowsMax: { default: 65_536, unit: 'rows', min: 1, max: 262_144, meaning: 'rows of a batch for a push feed' },
  pushBatchesMax: {
    default: 8,
    unit: 'batches',
    min: 1,
    max: 1_000,
    meaning: 'batches of a push feed under way at once',
  },
  pushAsideBytesMax: {
    default: 67_108_864,
    unit: 'bytes',
    min: 65_536,
    max: 68_719_476_736,
    meaning:
      'rows of a push feed, too far ahead (liveAheadMs) or too old, that are set aside on disk; then its batches wait',
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
    meaning: 'live frames stamped further ahead of the wall clock are left out, rows of push feeds set aside',
  },
  pushAgeMaxMs: {
    default: 7_776_000_000,
    unit: 'ms',
    min: 60_000,
    max: 4_000_000_000_000,
    meaning: 'rows of push feeds that are older are set aside, named in the answer; files may be of any age',
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
  tmsiIdleMs: {
    default: 172_800_000,
    unit: 'ms of event time',
    min: 60_000,
    max: 2_592_000_000,
    meaning: 'a TMSI unheard of for this long is nobody’s; above the longest T3212 (25.5 h) and implicit detach',
  },
  msisdnMax: {
    default: 8_000_000,
    unit: 'numbers',
    min: 1_000,
    max: 200_000_000,
    meaning: 'MSISDN ↔ IMSI pairs kept',
  },
  handsetsMax: {
    default: 8_000_000,
    unit: 'subscribers',
    min: 1_000,
    max: 200_000_000,
    meaning: 'subscribers whose handset is remembered, so that only another one is news',
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
} as const satisfies Record<string, Knob>;
