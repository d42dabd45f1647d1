import type { FrameSink } from './frame.ts';
import type { ServedStream } from './served-again.ts';

/**
 * A source of link-layer frames that is pulled: a capture file, a live stream or the simulator. Whoever reads sets the
 * pace, so that back-pressure needs no queue.
 */
export interface FrameReader {
  /**
   * Delivers frames with `timeUs <= untilUs`, at most `maxFrames`, in the order of the source. Never reads ahead more
   * than a few MiB. One call at a time.
   *
   * @returns why it stopped: `more` after `maxFrames`, `until` in front of a frame later than `untilUs` (its time is
   *   then {@link nextTimeUs}), `end` when nothing follows
   */
  read(sink: FrameSink, untilUs: number, maxFrames: number): Promise<'more' | 'until' | 'end'>;
  /** Time of the next frame if it is known, integer microseconds; else -1. */
  readonly nextTimeUs: number;
  /** Share of the source that was read, 0…1; -1 where the size is unknown. */
  readonly progress: number;
  /** Bad records by reason code (`TRUNCATED_CAPTURE`), counted, never thrown once a source is open. */
  readonly faults: Map<string, number>;
  /**
   * Why the source ended before its end, once it has: the place (packet, octet) and the remedy in one line; else null.
   * Absent: this source can't end early.
   */
  readonly endedEarly?: { code: string; message: string } | null;
  /** Of a live source: one line on how it stands with its probes. Absent: there is nothing to say. */
  readonly note?: string;
  /** Of probes: what their streams have given. Absent: the source has no streams. */
  readonly served?: readonly ServedStream[];
  close(): Promise<void>;
}
