import type { CaptureFault } from './ended-early.ts';
import type { FrameSink } from './frame.ts';
import { RecordRun } from './record-run.ts';
import { type RecordWindow, type Stopped, stopped } from './record-window.ts';

/**
 * Turns the octets of a capture into frames without knowing where the octets come from: the caller keeps a window of
 * the stream. So files, gzip, standard input and TCP share it.
 */
export interface CaptureParser {
  /**
   * Delivers the frames of the whole records in `window`, in their order, until
   *
   * - `held`: the frame in front may not go yet, by its time (`window.heldUs`) or by their number
   * - `need`: at least {@link need} octets from `window.start` on are needed
   * - `fault`: the stream can't be read on; {@link fault} says why
   *
   * `window.start` stands behind a record before its frame is given to the sink.
   */
  deliver(window: RecordWindow, sink: FrameSink): Stopped;
  readonly need: number;
  readonly fault: CaptureFault;
  /** What the record behind `packets` packets is called: `packet 81`. */
  nameOf(packets: number): string;
}

const microseconds = 0xa1b2c3d4;
const nanoseconds = 0xa1b23c4d;
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

/** Whether a pcap file begins at `start`, in either byte order and resolution. */
export function looksLikePcap(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 4);
  const little = view.getUint32(0, true);
  const big = view.getUint32(0);
  return little === microseconds || little === nanoseconds || big === microseconds || big === nanoseconds;
}

/** The classic pcap format, both byte orders, microseconds and nanoseconds. draft-ietf-opsawg-pcap §4, §5. */
export class PcapParser implements CaptureParser {
  need = fileHeaderBytes;
  fault: CaptureFault = 'CORRUPT_RECORD';
  readonly #recordBytesMax: number;
  #headerRead = false;
  #littleEndian = false;
  #nanoseconds = false;
  #linkType = 0;
  readonly #run = new RecordRun();

  /** @param recordBytesMax a record that claims more octets is corrupt */
  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax;
  }

  deliver(window: RecordWindow, sink: FrameSink): Stopped {
    if (!this.#headerRead && !this.#readFileHeader(window)) return stopped.need;
    const { bytes, view, end, untilUs } = window;
    const little = this.#littleEndian;
    const linkType = this.#linkType;
    const lengthMax = this.#recordBytesMax;
    window.recordBytesMax = lengthMax;
    for (;;) {
      if (little) sink.records?.(window, linkType, this.#nanoseconds);
      else if (sink.records !== undefined || !this.#run.isEmpty) {
        if (this.#run.isEmpty) this.#readAhead(window);
        if (this.#run.deliver(window, sink)) return stopped.held;
      }
      const { start } = window;
      const frameStart = start + recordHeaderBytes;
      if (frameStart > end) {
        this.need = recordHeaderBytes;
        return stopped.need;
      }
      const length = view.getUint32(start + 8, little);
      if (length > lengthMax) {
        this.fault = 'CORRUPT_RECORD';
        return stopped.fault;
      }
      const frameEnd = frameStart + length;
      if (frameEnd > end) {
        this.need = recordHeaderBytes + length;
        return stopped.need;
      }
      const timeUs = this.#timeOf(view, start);
      if (timeUs > untilUs || window.left === 0) {
        window.heldUs = timeUs;
        return stopped.held;
      }
      window.left--;
      window.frames++;
      window.start = frameEnd;
      sink.frame(timeUs, linkType, bytes, frameStart, frameEnd);
    }
  }

  /** Of the record at `start`, µs. */
  #timeOf(view: DataView, start: number): number {
    const fraction = view.getUint32(start + 4, this.#littleEndian);
    const seconds = view.getUint32(start, this.#littleEndian);
    return seconds * 1_000_000 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
  }

  /** Reads the frames at the front of a window into the run, as far as they are whole: of the other byte order. */
  #readAhead({ bytes, view, start, end }: RecordWindow): void {
    const run = this.#run;
    run.begin();
    for (let at = start; at + recordHeaderBytes <= end; at = start + run.ahead) {
      const length = view.getUint32(at + 8, this.#littleEndian);
      const octets = recordHeaderBytes + length;
      if (length > this.#recordBytesMax || at + octets > end) return;
      const frame = at + recordHeaderBytes;
      if (!run.add(this.#timeOf(view, at), this.#linkType, bytes, frame, frame + length, octets)) return;
    }
  }

  nameOf(packets: number): string {
    return this.#headerRead ? `packet ${(packets + 1).toLocaleString('en')}` : 'the file header';
  }

  /** Takes the file header; false where it is not all there. */
  #readFileHeader(window: RecordWindow): boolean {
    const { view, start } = window;
    if (window.end - start < fileHeaderBytes) {
      this.need = fileHeaderBytes;
      return false;
    }
    const magic = view.getUint32(start, true);
    this.#littleEndian = magic === microseconds || magic === nanoseconds;
    this.#nanoseconds = view.getUint32(start, this.#littleEndian) === nanoseconds;
    // The upper bits of this word hold the length of the frame check sequence.
    this.#linkType = view.getUint32(start + 20, this.#littleEndian) & 0xffff;
    this.#headerRead = true;
    window.start += fileHeaderBytes;
    return true;
  }
}
