import type { Config } from '../config.ts';
import { knobs } from '../knobs.ts';
import { OrderedSegments, SequenceFragments } from './fragments.ts';
import { IpFragments } from './ip-fragments.ts';
import type { IpaFramer } from './ipa-framer.ts';
import { LinkMarks } from './link-marks.ts';
import { LinkTable } from './links.ts';
import { MapMessage } from './map-message.ts';
import { type MessageSink, SignalMessage } from './message.ts';
import { type MakeWords, plainWords } from './ordinary-memory.ts';
import { SccpSides } from './sccp-sides.ts';
import { SccpUsers } from './sccp-users.ts';
import { SctpAssociations } from './sctp-associations.ts';
import { SctpDirections } from './sctp-directions.ts';
import { DecodeStats, type Evictable } from './stats.ts';
import { TcpConnections } from './tcp-connections.ts';
import type { TcpDirection } from './tcp-direction.ts';

/** Limits of a decoder, from the configuration. */
export type DecodeLimits = Pick<
  Config,
  | 'reassemblyMax'
  | 'reassemblyMs'
  | 'reassemblyBytesMax'
  | 'sctpDirectionsMax'
  | 'linksMax'
  | 'tcpConnectionsMax'
  | 'tcpWaitBytesMax'
>;

export const defaultDecodeLimits: DecodeLimits = {
  reassemblyMax: knobs.reassemblyMax.default,
  reassemblyMs: knobs.reassemblyMs.default,
  reassemblyBytesMax: knobs.reassemblyBytesMax.default,
  sctpDirectionsMax: knobs.sctpDirectionsMax.default,
  linksMax: knobs.linksMax.default,
  tcpConnectionsMax: knobs.tcpConnectionsMax.default,
  tcpWaitBytesMax: knobs.tcpWaitBytesMax.default,
};

/** Longest SCCP message put together from segments: 16 segments of 255 octets for XUDT, generous for DT1. */
const sccpMessageBytesMax = 65_536;

/**
 * What the layers of one decoder share: the record they fill, the place they are at, and the bounded memory of
 * associations and unfinished messages. Layers are plain functions over it and `bytes[start..end)`; each calls the
 * layer above it directly.
 */
export class DecodeState {
  readonly message = new SignalMessage();
  readonly component = new MapMessage();
  readonly stats: DecodeStats;
  readonly sink: MessageSink;
  readonly limits: DecodeLimits;
  timeS = 0;
  /** The newest of all. */
  newestS = 0;

  /** Transport addresses of the packet: `addresses[sourceAddress…]`, `addresses[destinationAddress…]`. */
  addresses: Uint8Array = new Uint8Array(0);
  sourceAddress = 0;
  destinationAddress = 0;
  addressLength = 0;
  sourcePort = 0;
  destinationPort = 0;

  /** Chunks of an SCTP packet that still wait: decoding goes on there after a malformed one. -1: none. */
  nextChunk = -1;
  chunksEnd = 0;
  chunkBytes: Uint8Array = new Uint8Array(0);
  /** Verification tag of the packet; 0 where it has none or is no SCTP. */
  sctpTag = 0;

  /** A TCP segment whose messages still wait: decoding goes on there after a malformed one. null: none. */
  tcpDirection: TcpDirection | null = null;
  ipaFramer: IpaFramer | null = null;

  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | null = null;

  /** True from the moment {@link message} holds a readable SCCP message until the sink has got it. */
  deliverable = false;

  readonly links: LinkTable;
  readonly linkMarks: LinkMarks;
  readonly directions: SctpDirections;
  readonly associations: SctpAssociations;
  readonly tcpConnections: TcpConnections;
  readonly ipFragments: IpFragments;
  readonly sctpFragments: SequenceFragments;
  readonly sccpSegments: OrderedSegments;
  readonly sccpUsers: SccpUsers;
  readonly sccpSides: SccpSides;

  /** @param words makes what WebAssembly looks into, too */
  constructor(sink: MessageSink, limits: DecodeLimits, words: MakeWords = plainWords) {
    this.stats = new DecodeStats(words);
    this.sink = sink;
    this.limits = limits;
    const count = (what: Evictable, n: number) => this.stats.evict(what, n);
    const evict = (what: Evictable) => (n: number) => count(what, n);
    this.linkMarks = new LinkMarks(words);
    this.sccpUsers = new SccpUsers(this.linkMarks, count, words);
    this.sccpSides = new SccpSides(evict('SCCP sides'));
    this.links = new LinkTable(limits.linksMax, count);
    this.directions = new SctpDirections(limits.sctpDirectionsMax, evict('SCTP directions'), words);
    this.associations = new SctpAssociations(limits.linksMax, count);
    this.tcpConnections = new TcpConnections(limits, evict('tcp'));
    this.ipFragments = new IpFragments(limits, evict('ip'));
    this.sctpFragments = new SequenceFragments(limits, evict('sctp'));
    this.sccpSegments = new OrderedSegments(limits, sccpMessageBytesMax, evict('sccp'));
  }

  /** The same octets as words: one look at a header field instead of one per octet. Callers have checked the bounds. */
  viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed === bytes) return this.#view;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#view;
  }

  /** Gives the message to the sink. */
  deliver(): void {
    this.deliverable = false;
    this.stats.messages++;
    this.sink.message(this.message);
  }
}
