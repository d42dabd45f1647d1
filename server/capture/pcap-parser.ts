import type { CaptureFault } from './ended-early.ts';

/** What a look at the front of the window gave; see {@link CaptureParser.step}. */
export const found = { frame: 0, skip: 1, need: 2, fault: 3 } as const;
export type Found = (typeof found)[keyof typeof found];

/**
 * Turns the octets of a capture into frames, one record at a time, without knowing where the octets come from: the
 * caller keeps a window of the stream and asks for the next record in it. So files, gzip, standard input and TCP
 * share it.
 */
export interface CaptureParser {
  /**
   * Looks at one record at the front of `bytes[start..end)`.
   *
   * - `frame`: a frame stands in `bytes[frameStart..frameEnd)`; the record takes {@link consumed} octets
   * - `skip`: a record without a frame; it takes {@link consumed} octets
   * - `need`: at least {@link need} octets from `start` on are needed
   * - `fault`: the stream can't be read on; {@link fault} says why
   */
  step(bytes: Uint8Array, start: number, end: number): Found;
  readonly consumed: number;
  readonly need: number;
  /** What the record behind `packets` packets is called: `packet 81`. */
  nameOf(packets: number): string;
  readonly fault: CaptureFault;
  /** Capture time of the frame, integer microseconds since the epoch, nanoseconds floored. */
  readonly timeUs: number;
  readonly linkType: number;
  readonly frameStart: number;
  readonly frameEnd: number;
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
  consumed = 0;
  need = fileHeaderBytes;
  fault: CaptureFault = 'CORRUPT_RECORD';
  timeUs = 0;
  linkType = 0;
  frameStart = 0;
  frameEnd = 0;
  readonly #recordBytesMax: number;
  #headerRead = false;
  #littleEndian = false;
  #nanoseconds = false;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | null = null;

  /** @param recordBytesMax a record that claims more octets is corrupt */
  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax;
  }

  step(bytes: Uint8Array, start: number, end: number): Found {
    if (!this.#headerRead) return this.#readFileHeader(bytes, start, end);
    if (end - start < recordHeaderBytes) {
      this.need = recordHeaderBytes;
      return found.need;
    }
    const view = this.#viewOf(bytes);
    const little = this.#littleEndian;
    const length = view.getUint32(start + 8, little);
    if (length > this.#recordBytesMax) {
      this.fault = 'CORRUPT_RECORD';
      return found.fault;
    }
    if (end - start < recordHeaderBytes + length) {
      this.need = recordHeaderBytes + length;
      return found.need;
    }
    const fraction = view.getUint32(start + 4, little);
    this.timeUs =
      view.getUint32(start, little) * 1_000_000 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
    this.frameStart = start + recordHeaderBytes;
    this.frameEnd = this.frameStart + length;
    this.consumed = recordHeaderBytes + length;
    return found.frame;
  }

  nameOf(packets: number): string {
    return this.#headerRead ? `packet ${(packets + 1).toLocaleString('en')}` : 'the file header';
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }

  #readFileHeader(bytes: Uint8Array, start: number, end: number): Found {
    if (end - start < fileHeaderBytes) {
      this.need = fileHeaderBytes;
      return found.need;
    }
    const view = this.#viewOf(bytes);
    const magic = view.getUint32(start, true);
    this.#littleEndian = magic === microseconds || magic === nanoseconds;
    this.#nanoseconds = view.getUint32(start, this.#littleEndian) === nanoseconds;
    // The upper bits of this word hold the length of the frame check sequence.
    this.linkType = view.getUint32(start + 20, this.#littleEndian) & 0xffff;
    this.#headerRead = true;
    this.consumed = fileHeaderBytes;
    return found.skip;
  }
}
