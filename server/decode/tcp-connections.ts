import { IpaFramer } from './ipa-framer.ts';
import { TcpDirection } from './tcp-direction.ts';

const ways = 8;
/** Two addresses of 16 octets and their ports. */
const keyBytes = 36;

/** Both directions of a TCP connection: index 0 is sent by the side with the smaller address, then port. */
class TcpConnection {
  readonly directions = [new TcpDirection(), new TcpDirection()] as const;
  readonly framers = [new IpaFramer(), new IpaFramer()] as const;
  readonly #key = new Uint8Array(keyBytes);
  #keyLength = 0;
  lastUsed = 0;

  /** Makes this the memory of another connection, so that a flood of ports allocates nothing. */
  become(key: Uint8Array, length: number): void {
    this.#key.set(key);
    this.#keyLength = length;
    for (const direction of this.directions) direction.restart();
    for (const framer of this.framers) framer.restart(false);
  }

  is(key: Uint8Array, length: number): boolean {
    if (length !== this.#keyLength) return false;
    for (let i = 0; i < length; i++) if (key[i] !== this.#key[i]) return false;
    return true;
  }
}

/**
 * TCP connections that are read, found by addresses and ports. A set-associative table of fixed size: a new connection
 * displaces the least recently used of its set.
 */
export class TcpConnections {
  readonly #sets: number;
  readonly #table: (TcpConnection | null)[];
  readonly #evicted: () => void;
  readonly #key = new Uint8Array(keyBytes);
  #length = 0;
  #clock = 0;

  /**
   * @param max connections remembered
   * @param evicted is called when one gives way to another
   */
  constructor(max: number, evicted: () => void) {
    let sets = 1;
    while (sets * 2 * ways <= max) sets *= 2;
    this.#sets = sets;
    this.#table = new Array(sets * ways).fill(null);
    this.#evicted = evicted;
  }

  /**
   * @param lower where the smaller of the two addresses stands in `bytes`, and `higher` the other one
   * @param addressLength octets of an address
   */
  find(
    bytes: Uint8Array,
    lower: number,
    higher: number,
    addressLength: number,
    lowerPort: number,
    higherPort: number,
  ): TcpConnection {
    const hash = this.#setKey(bytes, lower, higher, addressLength, lowerPort, higherPort);
    const base = ((hash ^ (hash >>> 16)) & (this.#sets - 1)) * ways;
    let place = base;
    for (let i = base; i < base + ways; i++) {
      const connection = this.#table[i];
      if (connection?.is(this.#key, this.#length)) {
        connection.lastUsed = ++this.#clock;
        return connection;
      }
      if ((connection?.lastUsed ?? 0) < (this.#table[place]?.lastUsed ?? 0)) place = i;
    }
    if (this.#table[place] !== null) this.#evicted();
    const begun = this.#table[place] ?? new TcpConnection();
    begun.become(this.#key, this.#length);
    begun.lastUsed = ++this.#clock;
    this.#table[place] = begun;
    return begun;
  }

  #setKey(
    bytes: Uint8Array,
    lower: number,
    higher: number,
    addressLength: number,
    lowerPort: number,
    higherPort: number,
  ): number {
    const key = this.#key;
    let at = 0;
    for (let i = 0; i < addressLength; i++) key[at++] = bytes[lower + i];
    for (let i = 0; i < addressLength; i++) key[at++] = bytes[higher + i];
    key[at++] = lowerPort >> 8;
    key[at++] = lowerPort & 0xff;
    key[at++] = higherPort >> 8;
    key[at++] = higherPort & 0xff;
    this.#length = at;
    let hash = 0;
    for (let i = 0; i < at; i++) hash = Math.imul(hash ^ key[i], 0x9e3779b1);
    return hash ^ (hash >>> 15);
  }
}
