import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { FeedSpec } from '../capture/feed-uri.ts';
import type { FrameSink } from '../capture/frame.ts';
import type { FrameReader } from '../capture/frame-reader.ts';
import { openCapture } from '../capture/open-capture.ts';
import { PlausibleTimes } from '../capture/plausible-times.ts';
import { XdrReader } from '../capture/xdr.ts';
import type { Config } from '../config.ts';
import { Correlator } from '../correlate/correlator.ts';
import { Decoder } from '../decode/decoder.ts';
import type { EventSink } from '../events/event-batch.ts';
import type { FeedCounters } from '../events/feed-messages.ts';
import { parsePlmn } from '../events/plmn.ts';
import type { Pseudonymiser } from '../privacy/pseudonymiser.ts';

/** One feed from its bytes to located events: source → decode → correlate → pseudonym. */
export interface FeedPipeline {
  /** Time of the first record, µs; -1 while unknown. */
  readonly firstUs: number;
  /** Newest time read, µs: of frames, or of rows where the feed has decoded records. */
  readonly clockUs: number;
  /** Time of the next record if it is known, µs; else -1. */
  readonly nextUs: number;
  /** 0 … 1 of a finite feed, -1 of an endless one. */
  readonly progress: number;
  /** One line on why the feed ended before its end (a cut file), once it has; else null. */
  readonly endedEarly: string | null;
  /** Reads up to `untilUs`, at most about `recordsMax` records; says why it stopped. */
  run(untilUs: number, recordsMax?: number): Promise<'more' | 'until' | 'end'>;
  counters(): FeedCounters;
  close(): Promise<void>;
}

export interface PipelineOptions {
  config: Config;
  /** The whole feed is put in order afterwards: identities learnt later place earlier sightings, xDR files are sorted first. */
  sorted: boolean;
  /** Sort xDR files first although identities are resolved as live (a replay). Default: `sorted`. */
  sortRecords?: boolean;
  sink: EventSink;
  pseudonymiser: Pseudonymiser;
}

const readMax = 4096;

class FramePipeline implements FeedPipeline, FrameSink {
  readonly firstUs: number;
  clockUs: number;
  private bytes = 0;
  private readonly reader: FrameReader;
  private readonly decoder: Decoder;
  private readonly correlator: Correlator;
  private flushed = false;

  constructor(reader: FrameReader, options: PipelineOptions) {
    this.reader = reader;
    this.correlator = new Correlator({
      config: options.config,
      sorted: options.sorted,
      defaultPlmn: parsePlmn(options.config.homePlmns.split(',')[0]),
      pseudonymiser: options.pseudonymiser,
      sink: options.sink,
    });
    this.decoder = new Decoder(this.correlator, options.config);
    this.firstUs = reader.nextTimeUs;
    this.clockUs = reader.nextTimeUs;
  }

  get nextUs(): number {
    return this.reader.nextTimeUs;
  }

  get progress(): number {
    return this.reader.progress;
  }

  get endedEarly(): string | null {
    return this.reader.endedEarly?.message ?? null;
  }

  async run(untilUs: number, recordsMax = readMax): Promise<'more' | 'until' | 'end'> {
    const why = await this.reader.read(this, untilUs, recordsMax);
    if (why === 'until' && Number.isFinite(untilUs)) this.clockUs = Math.max(this.clockUs, untilUs);
    this.correlator.tick(this.clockUs);
    if (why === 'end' && !this.flushed) {
      this.flushed = true;
      this.correlator.flush();
    }
    return why;
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    if (timeUs > this.clockUs) this.clockUs = timeUs;
    this.bytes += end - start;
    this.decoder.frame(timeUs, linkType, bytes, start, end);
  }

  counters(): FeedCounters {
    const { stats } = this.decoder;
    const { faults: oddities, ...correlated } = this.correlator.stats;
    const faults: Record<string, number> = {};
    for (const source of [this.reader.faults, stats.faults]) {
      for (const [reason, count] of source) faults[reason] = (faults[reason] ?? 0) + count;
    }
    return {
      frames: stats.frames,
      bytes: this.bytes,
      messages: stats.messages,
      events: correlated.events,
      resolved: correlated.resolved,
      unresolved: correlated.unresolved,
      faults,
      unhandled: Object.fromEntries(stats.unhandled),
      // What correlation had to guess or let go is the network's way, not bad input.
      correlation: { ...correlated, ...Object.fromEntries(oddities) },
    };
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

class RecordPipeline implements FeedPipeline {
  readonly firstUs: number;
  clockUs: number;
  private readonly reader: XdrReader;
  private readonly sink: EventSink;
  private events = 0;

  constructor(reader: XdrReader, sink: EventSink) {
    this.reader = reader;
    this.firstUs = reader.nextTimeUs;
    this.clockUs = reader.nextTimeUs;
    this.sink = {
      event: (timeUs, ...rest) => {
        this.events++;
        if (timeUs > this.clockUs) this.clockUs = timeUs;
        sink.event(timeUs, ...rest);
      },
    };
  }

  get nextUs(): number {
    return this.reader.nextTimeUs;
  }

  get progress(): number {
    return this.reader.progress;
  }

  get endedEarly(): string | null {
    return this.reader.endedEarly?.message ?? null;
  }

  async run(untilUs: number, recordsMax = readMax): Promise<'more' | 'until' | 'end'> {
    const why = await this.reader.read(this.sink, untilUs, recordsMax);
    if (why === 'until' && Number.isFinite(untilUs)) this.clockUs = Math.max(this.clockUs, untilUs);
    return why;
  }

  counters(): FeedCounters {
    const { records, faults } = this.reader;
    return {
      frames: records,
      bytes: 0,
      messages: 0,
      events: this.events,
      resolved: this.events,
      unresolved: 0,
      faults: Object.fromEntries(faults),
      unhandled: {},
      correlation: {},
    };
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

/** The stages behind frames from any reader. */
export function framePipeline(reader: FrameReader, options: PipelineOptions): FeedPipeline {
  return new FramePipeline(reader, options);
}

/** Opens a feed and joins its stages. @throws UserError naming the feed, what is wrong and the remedy */
export async function openFeedPipeline(spec: FeedSpec, options: PipelineOptions): Promise<FeedPipeline> {
  switch (spec.kind) {
    case 'pcap':
      return new FramePipeline(
        await PlausibleTimes.over(await openCapture(spec.path, options.config.captureRecordBytesMax)),
        options,
      );
    case 'sim':
      return new FramePipeline(openSimulation(spec.options), options);
    case 'xdr': {
      const { pseudonymiser } = options;
      const reader = await XdrReader.open({
        path: spec.path,
        plmn: spec.plmn,
        offsetMinutes: spec.offsetMinutes,
        sorted: options.sortRecords ?? options.sorted,
        subscriberOf: (user, out) => {
          pseudonymiser.user(user);
          out[0] = pseudonymiser.lo;
          out[1] = pseudonymiser.hi;
        },
      });
      return new RecordPipeline(reader, options.sink);
    }
  }
}
