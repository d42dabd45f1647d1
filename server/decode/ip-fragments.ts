import type { ReassemblyLimits } from './fragments.ts';

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
  readonly #max: number;
  readonly #bytesMax: number;
  readonly #ageS: number;
  readonly #evicted: (n: number) => void;
  /** By addresses, protocol and identification as text; oldest first. */
  readonly #datagrams = new Map<string, Datagram>();
  /** Octets that they have room for. */
  #bytes = 0;

  constructor(limits: ReassemblyLimits, evicted: (n: number) => void) {
    this.#max = limits.reassemblyMax;
    this.#bytesMax = limits.reassemblyBytesMax;
    this.#ageS = limits.reassemblyMs / 1000;
    this.#evicted = evicted;
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
      this.#makeRoom(timeS, size, key);
      datagram = { timeS, bytes: new Uint8Array(size), ranges: [], total: -1 };
      datagram.bytes.set(header);
      this.#bytes += size;
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
      this.#drop(key, datagram);
      return 'bad';
    }
    if (!more) datagram.total = reach;
    ranges.push({ start: offset, end: reach });
    const payload = 2 * addressLength;
    if (payload + reach > datagram.bytes.length) {
      const size = payload + Math.min(payloadBytesMax, Math.max(reach, 2 * datagram.bytes.length));
      this.#makeRoom(timeS, size - datagram.bytes.length, key);
      const larger = new Uint8Array(size);
      larger.set(datagram.bytes);
      this.#bytes += size - datagram.bytes.length;
      datagram.bytes = larger;
    }
    datagram.bytes.set(bytes.subarray(start, end), payload + offset);
    const received = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    if (received !== datagram.total) return 'waiting';
    this.#drop(key, datagram);
    return { bytes: datagram.bytes, end: payload + datagram.total };
  }

  #drop(key: string, datagram: Datagram): void {
    this.#datagrams.delete(key);
    this.#bytes -= datagram.bytes.length;
  }

  /**
   * @param octets that are to come in
   * @param own datagram that they are for: it stays
   */
  #makeRoom(timeS: number, octets: number, own: string): void {
    let evicted = 0;
    for (const [key, datagram] of this.#datagrams) {
      if (key === own) continue;
      const fits = this.#datagrams.size < this.#max && this.#bytes + octets <= this.#bytesMax;
      if (fits && Math.abs(timeS - datagram.timeS) <= this.#ageS) break;
      this.#drop(key, datagram);
      evicted++;
    }
    if (evicted > 0) this.#evicted(evicted);
  }
}
