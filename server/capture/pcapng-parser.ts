import type { CaptureFault } from './ended-early.ts';
import { type FrameSink, noLinkType } from './frame.ts';
import type { CaptureParser } from './pcap-parser.ts';
import { RecordRun } from './record-run.ts';
import { type RecordWindow, type Stopped, stopped } from './record-window.ts';

const sectionHeader = 0x0a0d0d0a;
const interfaceDescription = 1;
const obsoletePacket = 2;
const simplePacket = 3;
const enhancedPacket = 6;
/** Custom blocks, to be copied with the file and not; behind the length stands who defines them. */
const customBlock = 0x0bad;
const customBlockUncopied = 0x4000_0bad;
/** Records of systemd's journal and of sysdig (three versions of its event block). */
const journalEntry = 9;
const sysdigEvent = 0x0204;
const sysdigEventV2 = 0x0216;
const sysdigEventV2Large = 0x0221;
const byteOrderMagic = 0x1a2b3c4d;
const optionTimeResolution = 9;
const optionTimeOffset = 14;
const blockBytesMin = 12;
const interfacesMax = 4096;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Octet of if_tsresol: 10^-n, or 2^-n with the top bit set. */
  readonly resolution: number;
  readonly offsetUs: number;
}

/** What a block is: a packet whose frame was found, anything else that is whole, one cut by the window, or damage. */
type Found = 'frame' | 'skip' | 'need' | 'corrupt';

/** Whether a pcapng section begins at `start`. */
export function looksLikePcapng(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 12) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, 12);
  if (view.getUint32(0, true) !== sectionHeader) return false;
  return view.getUint32(8, true) === byteOrderMagic || view.getUint32(8, false) === byteOrderMagic;
}

/**
 * The pcapng format: several sections of either byte order, several interfaces, enhanced, simple and obsolete packet
 * blocks; other blocks are skipped. Simple packet blocks have no time: they get that of the packet before. Custom blocks,
 * journal entries and sysdig events are no packets, yet tshark and Wireshark number them with the packets: they are
 * delivered empty, with {@link noLinkType}, so that all behind them have the numbers that an engineer sees there.
 * draft-ietf-opsawg-pcapng §4.
 */
export class PcapngParser implements CaptureParser {
  need = blockBytesMin;
  fault: CaptureFault = 'CORRUPT_RECORD';
  readonly #recordBytesMax: number;
  #littleEndian = true;
  #interfaces: Interface[] = [];
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** The block read last: its octets, and the frame in it. */
  #length = 0;
  #timeUs = 0;
  #linkType = 0;
  #frameStart = 0;
  #frameEnd = 0;
  /** Frames read ahead, where the sink takes many at once. */
  readonly #run = new RecordRun();

  /** @param recordBytesMax a block that claims more octets is corrupt */
  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax;
  }

  deliver(window: RecordWindow, sink: FrameSink): Stopped {
    const { bytes, end, untilUs } = window;
    this.#view = window.view;
    window.recordBytesMax = this.#recordBytesMax;
    for (;;) {
      if (sink.records !== undefined || !this.#run.isEmpty) {
        if (this.#run.isEmpty) this.#readAhead(window);
        if (this.#run.deliver(window, sink)) return stopped.held;
      }
      const found = this.#readBlock(window.start, end);
      if (found === 'need') return stopped.need;
      if (found === 'corrupt') {
        this.fault = 'CORRUPT_RECORD';
        return stopped.fault;
      }
      if (found === 'frame') {
        if (this.#timeUs > untilUs || window.left === 0) {
          window.heldUs = this.#timeUs;
          return stopped.held;
        }
        window.left--;
        window.frames++;
      }
      window.start += this.#length;
      if (found === 'frame') sink.frame(this.#timeUs, this.#linkType, bytes, this.#frameStart, this.#frameEnd);
    }
  }

  /** Reads the frames at the front of a window into the run, as far as they are whole and go together. */
  #readAhead({ bytes, start, end }: RecordWindow): void {
    const run = this.#run;
    run.begin();
    for (;;) {
      const found = this.#readBlock(start + run.ahead, end);
      if (found === 'skip') run.skip(this.#length);
      else if (
        found !== 'frame' ||
        this.#linkType === noLinkType ||
        !run.add(this.#timeUs, this.#linkType, bytes, this.#frameStart, this.#frameEnd, this.#length)
      ) {
        return;
      }
    }
  }

  /** Looks at the block at the front of `start..end`. */
  #readBlock(start: number, end: number): Found {
    if (end - start < blockBytesMin) {
      this.need = blockBytesMin;
      return 'need';
    }
    const view = this.#view;
    // A section header reads the same in both byte orders and decides the order of all that follows.
    const isSection = view.getUint32(start, true) === sectionHeader;
    if (isSection) {
      const little = view.getUint32(start + 8, true) === byteOrderMagic;
      if (!little && view.getUint32(start + 8, false) !== byteOrderMagic) return 'corrupt';
      this.#littleEndian = little;
    }
    const little = this.#littleEndian;
    const length = view.getUint32(start + 4, little);
    if (length < blockBytesMin || (length & 3) !== 0 || length > this.#recordBytesMax) return 'corrupt';
    if (end - start < length) {
      this.need = length;
      return 'need';
    }
    if (view.getUint32(start + length - 4, little) !== length) return 'corrupt';
    this.#length = length;
    if (isSection) {
      this.#interfaces = [];
      return 'skip';
    }
    const bodyEnd = start + length - 4;
    switch (view.getUint32(start, little)) {
      case interfaceDescription:
        return this.#readInterface(start + 8, bodyEnd);
      case enhancedPacket:
        if (bodyEnd - start < 28) return 'corrupt';
        return this.#readPacket(view.getUint32(start + 8, little), start + 12, start + 28, bodyEnd);
      case obsoletePacket:
        if (bodyEnd - start < 28) return 'corrupt';
        return this.#readPacket(view.getUint16(start + 8, little), start + 12, start + 28, bodyEnd);
      case simplePacket:
        return this.#readSimplePacket(start + 8, bodyEnd);
      case customBlock:
      case customBlockUncopied:
        if (bodyEnd - start < 12) return 'corrupt';
        return this.#readRecord(bodyEnd);
      case journalEntry:
      case sysdigEvent:
      case sysdigEventV2:
      case sysdigEventV2Large:
        return this.#readRecord(bodyEnd);
      default:
        return 'skip';
    }
  }

  /** Not every block is a packet, so that the broken one can only be placed behind the last whole packet. */
  nameOf(packets: number): string {
    return packets === 0 ? 'a block before the first packet' : `a block behind packet ${packets.toLocaleString('en')}`;
  }

  #readInterface(at: number, end: number): Found {
    const view = this.#view;
    const little = this.#littleEndian;
    if (end - at < 8 || this.#interfaces.length === interfacesMax) return 'corrupt';
    let resolution = 6;
    let offsetUs = 0;
    for (let option = at + 8; option + 4 <= end; ) {
      const code = view.getUint16(option, little);
      const length = view.getUint16(option + 2, little);
      const value = option + 4;
      if (code === 0) break;
      if (value + length > end) return 'corrupt';
      if (code === optionTimeResolution && length === 1) resolution = view.getUint8(value);
      if (code === optionTimeOffset && length === 8) offsetUs = Number(view.getBigInt64(value, little)) * 1_000_000;
      option = value + ((length + 3) & ~3);
    }
    const linkType = view.getUint16(at, little);
    this.#interfaces.push({ linkType, snapLength: view.getUint32(at + 4, little), resolution, offsetUs });
    return 'skip';
  }

  /** @param times where the high and low half of the timestamp, then captured and original length stand */
  #readPacket(interfaceId: number, times: number, data: number, end: number): Found {
    const view = this.#view;
    const little = this.#littleEndian;
    const captured = view.getUint32(times + 8, little);
    const from = this.#interfaces[interfaceId];
    if (from === undefined || data + captured > end) return 'corrupt';
    const high = view.getUint32(times, little);
    const low = view.getUint32(times + 4, little);
    this.#timeUs = microsecondsOf(high, low, from.resolution) + from.offsetUs;
    this.#linkType = from.linkType;
    this.#frameStart = data;
    this.#frameEnd = data + captured;
    return 'frame';
  }

  /** What is numbered, but is no packet: without octets, at the time of the packet before. */
  #readRecord(end: number): Found {
    this.#linkType = noLinkType;
    this.#frameStart = end;
    this.#frameEnd = end;
    return 'frame';
  }

  #readSimplePacket(at: number, end: number): Found {
    const from = this.#interfaces[0];
    if (from === undefined || end - at < 4) return 'corrupt';
    const original = this.#view.getUint32(at, this.#littleEndian);
    const captured = from.snapLength === 0 ? original : Math.min(original, from.snapLength);
    if (at + 4 + captured > end) return 'corrupt';
    this.#linkType = from.linkType;
    this.#frameStart = at + 4;
    this.#frameEnd = at + 4 + captured;
    return 'frame';
  }
}

/**
 * A 64-bit timestamp in units of if_tsresol as integer microseconds, floored. Nanosecond times since the epoch do not
 * fit a float64, so the division is done in two halves that do.
 */
function microsecondsOf(high: number, low: number, resolution: number): number {
  if (resolution <= 6) return (high * 0x1_0000_0000 + low) * 10 ** (6 - resolution);
  if (resolution <= 12) {
    const divisor = 10 ** (resolution - 6);
    const quotient = Math.floor(high / divisor);
    const rest = high - quotient * divisor;
    return quotient * 0x1_0000_0000 + Math.floor((rest * 0x1_0000_0000 + low) / divisor);
  }
  const units = (BigInt(high) << 32n) | BigInt(low);
  const perSecond = (resolution & 0x80) !== 0 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  return Number((units * 1_000_000n) / perSecond);
}
