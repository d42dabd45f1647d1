import { type ReassemblyLimits, UnfinishedParts } from './unfinished.ts';

interface Datagram {
  readonly timeS: number;
  /** Source address, destination address, then the payload as far as it came. */
  bytes: Uint8Array;
  readonly ranges: { start: number; end: number }[];
  /** Length of the payload; -1 until its last fragment came. */
  total: number;
}

const rangesMax = 64;
const payloadBytesMax = 65_535;
/** Room for a payload that a datagram begins with. */
const firstBytes = 2048;

/** A datagram whose fragments all came. */
export interface WholeDatagram {
  /** Source address, destination address, payload. */
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * Puts fragmented IP datagrams together, RFC 791 §3.2 and RFC 8200 §4.5. Overlapping fragments spoil their datagram
 * (RFC 5722); an exact copy is ignored. Bounded by {@link ReassemblyLimits}; the oldest datagrams go first.
 */
export class IpFragments {
  /** By addresses, protocol and identification as text. */
  readonly #datagrams: UnfinishedParts<string, Datagram>;
  readonly #dropOne = (key: string): number => Number(this.#datagrams.delete(key));

  constructor(limits: ReassemblyLimits, evicted: (n: number) => void) {
    this.#datagrams = new UnfinishedParts(limits, evicted);
  }

  /**
   * Takes a copy of the fragment `bytes[start..end)`.
   *
   * @param addresses where source and destination address stand in `bytes`, one after the other
   * @param addressLength octets of one address
   * @param offset place of the fragment in the payload, octets
   * @param more whether further fragments follow it
   * @returns the datagram, `waiting` where more is to come, or `bad` where the fragment contradicts what came before
   */
  add(
    bytes: Uint8Array,
    addresses: number,
    addressLength: number,
    protocol: number,
    identification: number,
    offset: number,
    more: boolean,
    timeS: number,
    start: number,
    end: number,
  ): WholeDatagram | 'waiting' | 'bad' {
    const header = bytes.subarray(addresses, addresses + 2 * addressLength);
    const key = `${header.join('.')}/${protocol}/${identification}`;
    let datagram = this.#datagrams.get(key);
    if (datagram === undefined) {
      const size = 2 * addressLength + firstBytes;
      this.#datagrams.makeRoom(timeS, size, null, this.#dropOne);
      datagram = { timeS, bytes: new Uint8Array(size), ranges: [], total: -1 };
      datagram.bytes.set(header);
      this.#datagrams.set(key, datagram);
    }
    const reach = offset + end - start;
    const { ranges } = datagram;
    if (ranges.some((range) => range.start === offset && range.end === reach)) return 'waiting';
    if (
      reach > payloadBytesMax ||
      reach === offset ||
      ranges.length === rangesMax ||
      (more && datagram.total >= 0 && reach > datagram.total) ||
      (!more && (datagram.total >= 0 || ranges.some((range) => range.end > reach))) ||
      ranges.some((range) => range.start < reach && offset < range.end)
    ) {
      this.#datagrams.delete(key);
      return 'bad';
    }
    if (!more) datagram.total = reach;
    ranges.push({ start: offset, end: reach });
    const payload = 2 * addressLength;
    if (payload + reach > datagram.bytes.length) {
      const size = payload + Math.min(payloadBytesMax, Math.max(reach, 2 * datagram.bytes.length));
      const before = datagram.bytes.length;
      this.#datagrams.makeRoom(timeS, size - before, key, this.#dropOne);
      const larger = new Uint8Array(size);
      larger.set(datagram.bytes);
      datagram.bytes = larger;
      this.#datagrams.resized(datagram, before);
    }
    datagram.bytes.set(bytes.subarray(start, end), payload + offset);
    const received = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    if (received !== datagram.total) return 'waiting';
    this.#datagrams.delete(key);
    return { bytes: datagram.bytes, end: payload + datagram.total };
  }
}
