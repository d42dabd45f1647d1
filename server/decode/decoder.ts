import type { FrameSink } from '../capture/frame.ts';
import { DecodeError } from './decode-error.ts';
import { decodeLink } from './link.ts';
import type { MessageSink } from './message.ts';
import { decodeChunks } from './sctp.ts';
import { type DecodeLimits, DecodeState, defaultDecodeLimits } from './state.ts';
import type { DecodeStats } from './stats.ts';

/**
 * Turns link-layer frames into signalling messages: link → IP → SCTP → M3UA → SCCP → BSSAP. Give it the frames of one
 * feed in their order. It never throws on what stands in a frame: malformed input is counted by code, unknown input by
 * name, and decoding goes on with the next chunk or frame.
 */
export class Decoder implements FrameSink {
  readonly #state: DecodeState;

  /** @param sink gets each message; its record is reused. What the sink throws goes through. */
  constructor(sink: MessageSink, limits: DecodeLimits = defaultDecodeLimits) {
    this.#state = new DecodeState(sink, limits);
  }

  get stats(): DecodeStats {
    return this.#state.stats;
  }

  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    const { message } = state;
    message.frame = ++state.stats.frames;
    message.timeUs = timeUs;
    state.timeS = Math.floor(timeUs / 1_000_000);
    state.nextChunk = -1;
    state.deliverable = false;
    let begun = false;
    do {
      try {
        if (begun) decodeChunks(state);
        else {
          begun = true;
          decodeLink(state, linkType, bytes, start, end);
        }
      } catch (error) {
        // The one place where malformed input ends. Everything else is a bug, ours or the sink's.
        if (!(error instanceof DecodeError)) throw error;
        state.stats.fault(error.code);
        // A flaw in the user data leaves the connection's own message true, and the elements read before the flaw.
        if (state.deliverable) state.deliver();
      }
    } while (state.nextChunk >= 0);
  }
}
