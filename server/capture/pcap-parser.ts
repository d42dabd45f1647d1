import type { CaptureFault } from './ended-early.ts';

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
  step(bytes: Uint8Array, start: number, end: number): 'frame' | 'skip' | 'need' | 'fault';
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

function littleEndian32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function bigEndian32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Whether a pcap file begins at `start`, in either byte order and resolution. */
export function looksLikePcap(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4) return false;
  const little = littleEndian32(bytes, start);
  const big = bigEndian32(bytes, start);
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
  #bigEndian = false;
  #nanoseconds = false;

  /** @param recordBytesMax a record that claims more octets is corrupt */
  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax;
  }

  step(bytes: Uint8Array, start: number, end: number): 'frame' | 'skip' | 'need' | 'fault' {
    if (!this.#headerRead) return this.#readFileHeader(bytes, start, end);
    if (end - start < recordHeaderBytes) {
      this.need = recordHeaderBytes;
      return 'need';
    }
    const read = this.#bigEndian ? bigEndian32 : littleEndian32;
    const length = read(bytes, start + 8);
    if (length > this.#recordBytesMax) {
      this.fault = 'CORRUPT_RECORD';
      return 'fault';
    }
    if (end - start < recordHeaderBytes + length) {
      this.need = recordHeaderBytes + length;
      return 'need';
    }
    const fraction = read(bytes, start + 4);
    this.timeUs = read(bytes, start) * 1_000_000 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
    this.frameStart = start + recordHeaderBytes;
    this.frameEnd = this.frameStart + length;
    this.consumed = recordHeaderBytes + length;
    return 'frame';
  }

  nameOf(packets: number): string {
    return this.#headerRead ? `packet ${(packets + 1).toLocaleString('en')}` : 'the file header';
  }

  #readFileHeader(bytes: Uint8Array, start: number, end: number): 'skip' | 'need' {
    if (end - start < fileHeaderBytes) {
      this.need = fileHeaderBytes;
      return 'need';
    }
    const big = bigEndian32(bytes, start);
    this.#bigEndian = big === microseconds || big === nanoseconds;
    const read = this.#bigEndian ? bigEndian32 : littleEndian32;
    this.#nanoseconds = read(bytes, start) === nanoseconds;
    // The upper bits of this word hold the length of the frame check sequence.
    this.linkType = read(bytes, start + 20) & 0xffff;
    this.#headerRead = true;
    this.consumed = fileHeaderBytes;
    return 'skip';
  }
}
