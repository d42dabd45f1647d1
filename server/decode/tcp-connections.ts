import type { Config } from '../config.ts';
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
  /** Octets held when it was last looked at. */
  counted = 0;

  /** Makes this the memory of another connection, so that a flood of ports allocates nothing. */
  become(key: Uint8Array, length: number): void {
    this.#key.set(key);
    this.#keyLength = length;
    for (const direction of this.directions) direction.restart();
    for (const framer of this.framers) framer.restart(false);
  }

  /** Octets that wait for others, and room for messages that are not whole. */
  get held(): number {
    return this.directions[0].held + this.directions[1].held + this.framers[0].held + this.framers[1].held;
  }

  /** Forgets all that is unfinished; how many segments and messages these were. */
  drop(): number {
    let dropped = 0;
    for (const direction of this.directions) dropped += direction.drop();
    for (const framer of this.framers) dropped += framer.drop();
    return dropped;
  }

  is(key: Uint8Array, length: number): boolean {
    if (length !== this.#keyLength) return false;
    for (let i = 0; i < length; i++) if (key[i] !== this.#key[i]) return false;
    return true;
  }
}

/**
 * TCP connections that are read, found by addresses and ports. A set-associative table of fixed size: a new connection
 * displaces the least recently used of its set. What they hold unfinished is bounded in octets: the connection that was
 * quiet for longest loses its share first.
 */
export class TcpConnections {
  readonly #sets: number;
  readonly #table: (TcpConnection | null)[];
  readonly #bytesMax: number;
  readonly #evicted: (n: number) => void;
  readonly #key = new Uint8Array(keyBytes);
  #length = 0;
  #clock = 0;
  /** The connection that may hold more or less than counted. */
  #last: TcpConnection | null = null;
  #bytes = 0;

  /** @param evicted is called with how many connections gave way to others, or lost segments and messages */
  constructor(limits: Pick<Config, 'tcpConnectionsMax' | 'reassemblyBytesMax'>, evicted: (n: number) => void) {
    let sets = 1;
    while (sets * 2 * ways <= limits.tcpConnectionsMax) sets *= 2;
    this.#sets = sets;
    this.#table = new Array(sets * ways).fill(null);
    this.#bytesMax = limits.reassemblyBytesMax;
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
    if (this.#last !== null) this.#count(this.#last);
    while (this.#bytes > this.#bytesMax) this.#dropQuietest();
    const hash = this.#setKey(bytes, lower, higher, addressLength, lowerPort, higherPort);
    const base = ((hash ^ (hash >>> 16)) & (this.#sets - 1)) * ways;
    let place = base;
    for (let i = base; i < base + ways; i++) {
      const connection = this.#table[i];
      if (connection?.is(this.#key, this.#length)) {
        connection.lastUsed = ++this.#clock;
        this.#last = connection;
        return connection;
      }
      if ((connection?.lastUsed ?? 0) < (this.#table[place]?.lastUsed ?? 0)) place = i;
    }
    if (this.#table[place] !== null) this.#evicted(1);
    const begun = this.#table[place] ?? new TcpConnection();
    begun.become(this.#key, this.#length);
    begun.lastUsed = ++this.#clock;
    this.#table[place] = begun;
    this.#last = begun;
    return begun;
  }

  #count(connection: TcpConnection): void {
    const { held } = connection;
    this.#bytes += held - connection.counted;
    connection.counted = held;
  }

  #dropQuietest(): void {
    let quietest: TcpConnection | null = null;
    for (const connection of this.#table) {
      if (connection === null || connection.counted === 0) continue;
      if (quietest === null || connection.lastUsed < quietest.lastUsed) quietest = connection;
    }
    if (quietest === null) throw new RangeError(`${this.#bytes} octets are held by no TCP connection`);
    const dropped = quietest.drop();
    if (dropped > 0) this.#evicted(dropped);
    this.#count(quietest);
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
