import { type FeedSpec, isLive } from '../capture/feed-uri.ts';
import type { FrameReader } from '../capture/frame-reader.ts';
import type { ServedStream } from '../capture/served-again.ts';
import { XdrReader } from '../capture/xdr.ts';
import type { Config } from '../config.ts';
import { Correlator } from '../correlate/correlator.ts';
import type { EventSink } from '../events/event-batch.ts';
import { type FeedCounters, noFrameCounts } from '../events/feed-messages.ts';
import { machineHome, parsePlmn } from '../events/plmn.ts';
import type { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { type AreaTables, HomeAreas } from '../reference/home-areas.ts';
import { Machines } from '../reference/machines.ts';
import type { AheadData } from './decode-messages.ts';
import { DecodedApart } from './decode-thread.ts';
import { DecodedFrames, type MessageSource } from './message-source.ts';
import { openFrames } from './open-frames.ts';

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
  /** Of a live feed: one line on how it stands with its probes; else ''. */
  readonly note: string;
  /** Whether the note is of something that an operator has to set right. */
  readonly isAlarm: boolean;
  /** What the streams of probes have given, all of whose rows are in the sink; null: not so, or there are none. */
  readonly served: readonly ServedStream[] | null;
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
  /** Frames are read and decoded on a thread of their own. */
  decodeApart?: boolean;
  /** Where SIMs of China are at home; null or absent: not known. */
  areas?: AreaTables | null;
  /** With {@link decodeApart}: where events of frames far ahead of the clock go; absent: those frames are left out. */
  ahead?: AheadData;
  sink: EventSink;
  pseudonymiser: Pseudonymiser;
}

const readMax = 4096;

/** Correlation behind decoded messages, wherever those come from. */
class MessagePipeline implements FeedPipeline {
  readonly firstUs: number;
  clockUs: number;
  private readonly source: MessageSource;
  private readonly correlator: Correlator;
  private readonly live: boolean;
  private flushed = false;

  /** @param live time passes without a message too; else the rows are a function of the messages alone */
  constructor(source: MessageSource, options: PipelineOptions, live: boolean) {
    this.source = source;
    this.live = live;
    this.correlator = new Correlator({
      config: options.config,
      sorted: options.sorted,
      defaultPlmn: parsePlmn(options.config.homePlmns.split(',')[0]),
      ...(options.areas != null && { areas: new HomeAreas(options.areas) }),
      pseudonymiser: options.pseudonymiser,
      sink: options.sink,
    });
    this.firstUs = source.counters.clockUs;
    this.clockUs = this.firstUs;
  }

  get nextUs(): number {
    return this.source.nextTimeUs;
  }

  get progress(): number {
    return this.source.counters.progress;
  }

  get endedEarly(): string | null {
    return this.source.endedEarly;
  }

  get note(): string {
    return this.source.counters.note;
  }

  get isAlarm(): boolean {
    return this.source.counters.isAlarm;
  }

  get served(): readonly ServedStream[] | null {
    return this.source.counters.served;
  }

  async run(untilUs: number, recordsMax = readMax): Promise<'more' | 'until' | 'end'> {
    const why = await this.source.read(this.correlator, untilUs, recordsMax);
    const reachedUs = why === 'until' && Number.isFinite(untilUs) ? untilUs : this.source.counters.clockUs;
    if (reachedUs > this.clockUs) this.clockUs = reachedUs;
    if (this.live) this.correlator.tick(this.clockUs);
    if (why === 'end' && !this.flushed) {
      this.flushed = true;
      this.correlator.flush();
    }
    return why;
  }

  counters(): FeedCounters {
    const { frames, bytes, messages, faults, unhandled, evicted, coverage } = this.source.counters;
    const { faults: oddities, roamedOut, roamedIn, ...correlated } = this.correlator.stats;
    return {
      frames,
      bytes,
      messages,
      events: correlated.events,
      resolved: correlated.resolved,
      unresolved: correlated.unresolved,
      faults,
      unhandled,
      evicted,
      coverage,
      roaming: { out: Object.fromEntries(roamedOut), in: Object.fromEntries(roamedIn) },
      // What correlation had to guess or let go is the network's way, not bad input.
      correlation: {
        ...correlated,
        ...Object.fromEntries(oddities),
      },
    };
  }

  close(): Promise<void> {
    return this.source.close();
  }
}

class RecordPipeline implements FeedPipeline {
  readonly firstUs: number;
  readonly note = '';
  readonly isAlarm = false;
  readonly served = null;
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
      evicted: {},
      coverage: noFrameCounts(),
      roaming: { out: {}, in: {} },
      correlation: {},
    };
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

/** The stages behind frames from any reader, all on this thread. */
export function framePipeline(reader: FrameReader, options: PipelineOptions, live = false): FeedPipeline {
  return new MessagePipeline(new DecodedFrames(reader, options.config), options, live);
}

/** Opens a feed and joins its stages. @throws UserError naming the feed, what is wrong and the remedy */
export async function openFeedPipeline(spec: FeedSpec, options: PipelineOptions): Promise<FeedPipeline> {
  const { config, pseudonymiser } = options;
  if (spec.kind !== 'xdr') {
    if (options.decodeApart)
      return new MessagePipeline(
        await DecodedApart.open({ spec, config, ...(options.ahead && { ahead: options.ahead }) }),
        options,
        isLive(spec),
      );
    return framePipeline(await openFrames(spec, config), options, isLive(spec));
  }
  const machines = new Machines(config);
  const reader = await XdrReader.open({
    path: spec.path,
    plmn: spec.plmn,
    offsetMinutes: spec.offsetMinutes,
    config,
    sorted: options.sortRecords ?? options.sorted,
    homeOf: (model) => (machines.ofModel(model) ? machineHome(0) : 0),
    subscriberOf: (user, out) => {
      pseudonymiser.user(user);
      out[0] = pseudonymiser.lo;
      out[1] = pseudonymiser.hi;
    },
  });
  return new RecordPipeline(reader, options.sink);
}
