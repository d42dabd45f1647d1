import { type Config, knobs } from '../config.ts';
import type { Layer } from './decode-error.ts';
import { OrderedSegments, SequenceFragments } from './fragments.ts';
import { IpFragments } from './ip-fragments.ts';
import { LinkTable } from './links.ts';
import { type MessageSink, SignalMessage } from './message.ts';
import { SccpUsers } from './sccp-users.ts';
import { SctpDirections } from './sctp-directions.ts';
import { DecodeStats } from './stats.ts';

/** Limits of a decoder, from the configuration. */
export type DecodeLimits = Pick<Config, 'reassemblyMax' | 'reassemblyMs' | 'sctpDirectionsMax' | 'linksMax'>;

export const defaultDecodeLimits: DecodeLimits = {
  reassemblyMax: knobs.reassemblyMax.default,
  reassemblyMs: knobs.reassemblyMs.default,
  sctpDirectionsMax: knobs.sctpDirectionsMax.default,
  linksMax: knobs.linksMax.default,
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
  readonly stats = new DecodeStats();
  readonly sink: MessageSink;
  timeS = 0;

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
  sctpTag = 0;

  /** True from the moment {@link message} holds a readable SCCP message until the sink has got it. */
  deliverable = false;

  readonly links: LinkTable;
  readonly directions: SctpDirections;
  readonly ipFragments: IpFragments;
  readonly sctpFragments: SequenceFragments;
  readonly sccpSegments: OrderedSegments;
  readonly sccpUsers = new SccpUsers();

  constructor(sink: MessageSink, limits: DecodeLimits) {
    this.sink = sink;
    const evict = (layer: Layer) => (n: number) => this.stats.evict(layer, n);
    this.links = new LinkTable(limits.linksMax);
    this.directions = new SctpDirections(limits.sctpDirectionsMax);
    this.ipFragments = new IpFragments(limits.reassemblyMax, limits.reassemblyMs, evict('ip'));
    this.sctpFragments = new SequenceFragments(limits.reassemblyMax, limits.reassemblyMs, evict('sctp'));
    this.sccpSegments = new OrderedSegments(
      limits.reassemblyMax,
      limits.reassemblyMs,
      sccpMessageBytesMax,
      evict('sccp'),
    );
  }

  /** Gives the message to the sink. */
  deliver(): void {
    this.deliverable = false;
    this.stats.messages++;
    this.sink.message(this.message);
  }
}
