import { type FrameSink, nothingTaken, type RecordsTaken } from '../capture/frame.ts';
import type { RecordWindow } from '../capture/record-window.ts';
import { DecodeError } from './decode-error.ts';
import { decodeLink } from './link.ts';
import { linkMark } from './link-marks.ts';
import type { MessageSink } from './message.ts';
import type { MessageBatchWriter } from './message-batch-writer.ts';
import { OrdinaryLane } from './ordinary-lane.ts';
import { decodeChunks } from './sctp.ts';
import { type DecodeLimits, DecodeState, defaultDecodeLimits } from './state.ts';
import type { DecodeStats } from './stats.ts';
import { decodeStream } from './tcp.ts';

/**
 * Turns link-layer frames into signalling messages: link → IP → SCTP → M3UA → SCCP → BSSAP. Give it the frames of one
 * feed in their order. It never throws on what stands in a frame: malformed input is counted by code, unknown input by
 * name, and decoding goes on with the next chunk or frame.
 */
export class Decoder implements FrameSink {
  readonly #state: DecodeState;
  /** Where the second of the last frame begins. */
  #secondUs = 0;

  readonly #lane: OrdinaryLane | null;

  /**
   * @param sink gets each message; its record is reused. What the sink throws goes through.
   * @param writer where the sink puts its messages: {@link records} writes there without the sink. null: it has none
   */
  constructor(sink: MessageSink, limits: DecodeLimits = defaultDecodeLimits, writer: MessageBatchWriter | null = null) {
    if (writer === null) {
      this.#state = new DecodeState(sink, limits);
      this.#lane = null;
    } else {
      const memory = OrdinaryLane.memoryFor(limits);
      this.#state = new DecodeState(sink, limits, memory.words);
      this.#lane = new OrdinaryLane(this.#state, memory, writer);
    }
  }

  get stats(): DecodeStats {
    return this.#state.stats;
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    const { message } = state;
    message.frame = ++state.stats.frames;
    message.timeUs = timeUs;
    if (timeUs < this.#secondUs || timeUs >= this.#secondUs + 1_000_000) {
      state.timeS = Math.floor(timeUs / 1_000_000);
      this.#secondUs = state.timeS * 1_000_000;
      if (state.timeS > state.newestS) this.#nextSecond();
    }
    state.nextChunk = -1;
    state.tcpDirection = null;
    state.deliverable = false;
    try {
      if (this.#lane === null || !this.#lane.finish(bytes, start)) decodeLink(state, linkType, bytes, start, end);
    } catch (error) {
      this.#recover(error);
    }
  }

  /** Short cuts leave a link alone for as long as a message waits for its end there, and the end may be lost. */
  #nextSecond(): void {
    const { sccpSegments, linkMarks, timeS } = this.#state;
    this.#state.newestS = timeS;
    if (!sccpSegments.empty) sccpSegments.forgetOld(timeS);
    if (sccpSegments.empty) linkMarks.clear(linkMark.unfinished);
  }

  /** Takes ordinary packets at once, each of them one message; none where there is no writer for them. */
  records(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken {
    return this.#lane === null ? nothingTaken : this.#lane.records(window, linkType, nanoseconds);
  }

  /** Counts malformed input and goes on behind it: the one place where it ends. */
  #recover(error: unknown): void {
    const state = this.#state;
    for (let flaw: unknown = error; flaw !== null; ) {
      // Everything else is a bug, ours or the sink's.
      if (!(flaw instanceof DecodeError)) throw flaw;
      state.stats.fault(flaw.code);
      state.sink.fault?.(state.message, flaw, state.deliverable);
      flaw = null;
      // A flaw in the user data leaves the connection's own message true, and the elements read before the flaw.
      if (state.deliverable) state.deliver();
      if (state.nextChunk < 0 && state.tcpDirection === null) return;
      try {
        if (state.nextChunk >= 0) decodeChunks(state);
        else decodeStream(state);
      } catch (next) {
        flaw = next;
      }
    }
  }
}
