import type { MessagePort } from 'node:worker_threads';
import { feedNote } from '../../shared/feed-note.ts';
import type { FrameSink } from '../capture/frame.ts';
import { type Clock, minuteUs, secondUs } from '../clock.ts';
import type { Config } from '../config.ts';
import { Correlator } from '../correlate/correlator.ts';
import { Decoder } from '../decode/decoder.ts';
import { BatchWriter } from '../events/batch-writer.ts';
import { batchRows } from '../events/feed-messages.ts';
import { parsePlmn } from '../events/plmn.ts';
import { linesOf } from '../events/push-lines.ts';
import type { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import type { HomeAreas } from '../reference/home-areas.ts';

/** Events on their way to where they are set aside, as lines with pseudonyms. */
export interface AheadRows {
  readonly text: string;
  readonly rows: number;
}

/** What became of the oldest {@link AheadRows} that were not answered. */
export interface AheadAnswer {
  readonly kept: boolean;
  readonly rows: number;
}

export interface AheadLaneOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly areas: HomeAreas | null;
  readonly pseudonymiser: Pseudonymiser;
  /** Where its rows are set aside, for the note. */
  readonly folder: string;
  readonly port: Pick<MessagePort, 'postMessage'>;
}

/** What follows the frames of one clock. */
interface Lane {
  readonly decoder: Decoder;
  readonly correlator: Correlator;
  readonly writer: BatchWriter;
  readonly cgis: string[];
  /** Newest time of a frame, µs. */
  newestUs: number;
  /** When the newest frame came, and when rows were given last, ms of this machine. */
  frameMs: number;
  givenMs: number;
  /** So far its clock is ahead, s; not said anew for every second of difference. */
  aheadS: number;
}

/** Without a frame for so long it ends, and its note; what is said of an operator's clock stays so long, ms. */
const quietMs = 60_000;
/** Rows wait so long for others to fill a file, ms: each takes a block of the disk. */
const waitMs = 5_000;
/** Files under way; what comes beyond is lost, and counted. */
const unansweredMax = 8;
/**
 * Frames whose times lie further apart are of two clocks, and go through two correlations: the faster one would end what
 * is open of the other. Of one clock it is less, for whoever is silent for {@link quietMs} begins anew.
 */
const clockUs = 5 * minuteUs;
/** So many clocks at once; frames of others are lost, and counted, until one of these has been silent for {@link spareMs}. */
const clocksMax = 4;
/** Each beginning costs some, and a frame may have a time that no other has. */
const spareMs = 10_000;

/**
 * Frames of live feeds that lie too far ahead of this machine's clock: decoded and correlated by themselves, each clock
 * apart, so that they move neither subscribers nor the feed's clock, and handed on as rows to be set aside, a file of one
 * clock each. Who was heard of at right times alone is not known here: a probe whose clock is wrong tells its identities
 * itself.
 */
export class AheadLane implements FrameSink {
  /** Events that were found, those of them that could not be kept, and frames that no correlation was left for. */
  readonly faults = new Map<string, number>();
  readonly #options: AheadLaneOptions;
  #lanes: Lane[] = [];
  #frameMs = Number.NEGATIVE_INFINITY;
  /** Of the clock that is farthest ahead. */
  #aheadS = 0;
  #unanswered = 0;
  #full = false;

  constructor(options: AheadLaneOptions) {
    this.#options = options;
  }

  /** What is to be said to an operator; '': nothing. */
  get note(): string {
    const { clock, folder } = this.#options;
    if (clock.monotonicMs() - this.#frameMs >= quietMs) return '';
    return feedNote(this.#full ? 'aheadFull' : 'aheadAside', { seconds: this.#aheadS, folder });
  }

  /** Files under way. */
  get unanswered(): number {
    return this.#unanswered;
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#frameMs = nowMs;
    const lane = this.#laneOf(timeUs, nowMs);
    if (lane === null) {
      this.#count('FRAME_AHEAD_LOST', 1);
      return;
    }
    lane.frameMs = nowMs;
    if (timeUs > lane.newestUs) lane.newestUs = timeUs;
    const seconds = (timeUs - this.#options.clock.nowUs()) / secondUs;
    if (Math.abs(seconds - lane.aheadS) > Math.max(5, lane.aheadS / 10)) {
      lane.aheadS = Math.round(seconds);
      this.#tell();
    }
    lane.decoder.frame(timeUs, linkType, bytes, start, end);
    if (lane.writer.waiting >= batchRows) this.#give(lane);
  }

  /** Gives what has waited long enough, and ends where nothing comes any more; to be called from time to time. */
  look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const lane of [...this.#lanes]) {
      if (nowMs - lane.frameMs >= quietMs) this.#end(lane);
      else if (nowMs - lane.givenMs >= waitMs) this.#give(lane);
    }
  }

  /** What is open gives its rows as it stands; the next frame begins anew. */
  end(): void {
    for (const lane of [...this.#lanes]) this.#end(lane);
  }

  answered({ kept, rows }: AheadAnswer): void {
    this.#unanswered--;
    this.#full = !kept;
    if (!kept) this.#count('EVENT_AHEAD_LOST', rows);
  }

  /** The lane of a frame's clock; null: too many others are open. */
  #laneOf(timeUs: number, nowMs: number): Lane | null {
    const near = this.#lanes.find(({ newestUs }) => Math.abs(timeUs - newestUs) <= clockUs);
    if (near !== undefined) return near;
    if (this.#lanes.length === clocksMax) {
      const quietest = this.#lanes.reduce((a, b) => (b.frameMs < a.frameMs ? b : a));
      if (nowMs - quietest.frameMs < spareMs) return null;
      this.#end(quietest);
    }
    const lane = this.#open(timeUs, nowMs);
    this.#lanes.push(lane);
    return lane;
  }

  #open(newestUs: number, nowMs: number): Lane {
    const { config, areas, pseudonymiser } = this.#options;
    const writer = new BatchWriter();
    const correlator = new Correlator({
      ...{ config, sorted: false, pseudonymiser, ...(areas !== null && { areas }) },
      defaultPlmn: parsePlmn(config.homePlmns.split(',')[0]),
      // What is learnt of subscribers is no event: it is told again at a right time.
      sink: { event: (...row) => writer.event(...row) },
    });
    const decoder = new Decoder(
      {
        message: (message) => correlator.message(message),
        map: (message, component) => correlator.map(message, component),
        // Of what is left out nobody counts how much of it was malformed.
        fault: () => undefined,
      },
      config,
    );
    return { decoder, correlator, writer, cgis: [], newestUs, frameMs: nowMs, givenMs: nowMs, aheadS: 0 };
  }

  #end(lane: Lane): void {
    lane.correlator.flush();
    this.#give(lane);
    this.#lanes = this.#lanes.filter((other) => other !== lane);
    this.#tell();
  }

  #give(lane: Lane): void {
    const { writer, cgis } = lane;
    lane.givenMs = this.#options.clock.monotonicMs();
    while (writer.waiting > 0) {
      const { batch, newCells } = writer.take();
      const rows = batch.n;
      cgis.push(...newCells);
      this.#count('EVENT_AHEAD', rows);
      if (this.#unanswered >= unansweredMax) {
        this.#full = true;
        this.#count('EVENT_AHEAD_LOST', rows);
        continue;
      }
      this.#unanswered++;
      const lines = linesOf(batch, (symbol) => cgis[symbol]);
      let step = lines.next();
      while (!step.done) step = lines.next();
      this.#options.port.postMessage({ text: step.value, rows } satisfies AheadRows);
    }
  }

  #count(fault: string, rows: number): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + rows);
  }

  /** What was said last stays where none is open. */
  #tell(): void {
    if (this.#lanes.length > 0) this.#aheadS = Math.max(...this.#lanes.map(({ aheadS }) => aheadS));
  }
}
