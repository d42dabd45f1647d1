import type { MessagePort } from 'node:worker_threads';
import { feedNote } from '../../shared/feed-note.ts';
import type { FrameSink } from '../capture/frame.ts';
import { type Clock, hourUs, secondUs } from '../clock.ts';
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

interface Parts {
  readonly decoder: Decoder;
  readonly correlator: Correlator;
  readonly writer: BatchWriter;
  readonly cgis: string[];
  readonly openedMs: number;
  newestUs: number;
}

/** Without a frame for so long it ends, and its note; what is said of an operator's clock stays so long, ms. */
const quietMs = 60_000;
/** Rows wait so long for others to fill a file, ms: each takes a block of the disk. */
const waitMs = 5_000;
/** Files under way; what comes beyond is lost, and counted. */
const unansweredMax = 4;
/** Frames whose times lie further apart are not of one clock: they don't go through the same correlation. */
const jumpUs = hourUs;
/** But not oftener than so, ms: each beginning costs some. */
const jumpMs = 10_000;

/**
 * Frames of live feeds that lie too far ahead of this machine's clock: decoded and correlated by themselves, so that they
 * move neither subscribers nor the feed's clock, and handed on as rows to be set aside. Who was heard of at right times
 * alone is not known here: a probe whose clock is wrong tells its identities itself.
 */
export class AheadLane implements FrameSink {
  /** Events that were found, and those of them that could not be kept. */
  readonly faults = new Map<string, number>();
  readonly #options: AheadLaneOptions;
  #parts: Parts | null = null;
  #frameMs = Number.NEGATIVE_INFINITY;
  #givenMs = Number.NEGATIVE_INFINITY;
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

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#frameMs = nowMs;
    this.#tell((timeUs - this.#options.clock.nowUs()) / secondUs);
    const running = this.#parts;
    if (running !== null && Math.abs(timeUs - running.newestUs) > jumpUs && nowMs - running.openedMs > jumpMs)
      this.end();
    this.#parts ??= this.#open(nowMs, timeUs);
    const parts = this.#parts;
    if (timeUs > parts.newestUs) parts.newestUs = timeUs;
    parts.decoder.frame(timeUs, linkType, bytes, start, end);
    if (parts.writer.waiting >= batchRows) this.#give();
  }

  /** Gives what has waited long enough, and ends where nothing comes any more; to be called from time to time. */
  look(): void {
    if (this.#parts === null) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#frameMs >= quietMs) this.end();
    else if (nowMs - this.#givenMs >= waitMs) this.#give();
  }

  /** What is open gives its rows as it stands; the next frame begins anew. */
  end(): void {
    if (this.#parts === null) return;
    this.#parts.correlator.flush();
    this.#give();
    this.#parts = null;
  }

  answered({ kept, rows }: AheadAnswer): void {
    this.#unanswered--;
    this.#full = !kept;
    if (!kept) this.#count('EVENT_AHEAD_LOST', rows);
  }

  #open(openedMs: number, newestUs: number): Parts {
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
    this.#givenMs = openedMs;
    return { decoder, correlator, writer, cgis: [], openedMs, newestUs };
  }

  #give(): void {
    const { writer, cgis } = this.#parts!;
    this.#givenMs = this.#options.clock.monotonicMs();
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

  /** By how much the frames are ahead, not said anew for every second of difference. */
  #tell(seconds: number): void {
    if (Math.abs(seconds - this.#aheadS) > Math.max(5, this.#aheadS / 10)) this.#aheadS = Math.round(seconds);
  }
}
