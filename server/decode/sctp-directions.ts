/** TSNs remembered per direction; a power of two. More than a sender may have outstanding before it must stop. */
const window = 4096;
const ways = 8;
/** How long after the first copy a retransmission may still come: RTO.Max, RFC 9260 §16. */
const retransmissionS = 60;
/** So many old chunks in a row with nothing new are a restarted feed, not retransmissions. */
const duplicatesInRowMax = 256;

/** One direction of one SCTP association: what was received lately. */
export class SctpDirection {
  /** Tells this direction from all others of the decoder's lifetime (wraps after a million). */
  id = 0;
  tag = 0;
  ports = 0;
  /** Place in the order of use. */
  lastUsed = 0;
  readonly #tsn = new Uint32Array(window);
  readonly #content = new Uint32Array(window);
  readonly #seenS = new Uint32Array(window);
  #duplicatesInRow = 0;

  /** Makes this the memory of another direction, so that a flood of tags allocates nothing. */
  become(id: number, tag: number, ports: number): void {
    this.id = id;
    this.tag = tag;
    this.ports = ports;
    this.restart();
  }

  /**
   * Whether a chunk is a copy of one that was received: the same TSN with the same content within
   * {@link retransmissionS}. A TSN that comes again with other content (the association was restarted unseen, or two
   * associations look the same) is new, so no reset can starve a feed; nothing has to be assumed about how TSNs
   * advance, so no jump can either.
   *
   * @param content hash of the chunk
   */
  isDuplicate(tsn: number, content: number, timeS: number): boolean {
    const slot = tsn & (window - 1);
    // 0 marks an empty slot.
    const mark = content === 0 ? 1 : content;
    if (this.#content[slot] === mark && this.#tsn[slot] === tsn) {
      if (Math.abs(timeS - this.#seenS[slot]) <= retransmissionS) {
        if (++this.#duplicatesInRow <= duplicatesInRowMax) return true;
        this.#content.fill(0);
      }
    }
    this.#duplicatesInRow = 0;
    this.#tsn[slot] = tsn;
    this.#content[slot] = mark;
    this.#seenS[slot] = timeS;
    return false;
  }

  /** Forgets all TSNs: the association was set up again. */
  restart(): void {
    this.#content.fill(0);
    this.#duplicatesInRow = 0;
  }
}

/**
 * Directions of SCTP associations, found by verification tag and ports. The tag is chosen at random by the receiver
 * of that direction and stays for the association's life, whichever of its addresses a packet uses, so addresses play
 * no part and a retransmission over another path is still known. A changed tag is a new association.
 *
 * A set-associative table of fixed size: a new direction displaces the least recently used of its set.
 */
export class SctpDirections {
  readonly #sets: number;
  readonly #table: (SctpDirection | null)[];
  #clock = 0;
  #nextId = 0;

  /** @param max directions remembered */
  constructor(max: number) {
    let sets = 1;
    while (sets * 2 * ways <= max) sets *= 2;
    this.#sets = sets;
    this.#table = new Array(sets * ways).fill(null);
  }

  /** @param ports source port << 16 | destination port, 32 bits */
  find(tag: number, ports: number): SctpDirection {
    const base = this.#base(tag, ports);
    let victim = base;
    for (let i = base; i < base + ways; i++) {
      const direction = this.#table[i];
      if (direction === null) {
        victim = i;
        break;
      }
      if (direction.tag === tag && direction.ports === ports) {
        direction.lastUsed = ++this.#clock;
        return direction;
      }
      if (direction.lastUsed < this.#table[victim]!.lastUsed) victim = i;
    }
    this.#nextId = (this.#nextId + 1) & 0xfffff;
    const direction = this.#table[victim] ?? new SctpDirection();
    direction.become(this.#nextId, tag, ports);
    direction.lastUsed = ++this.#clock;
    this.#table[victim] = direction;
    return direction;
  }

  /** An INIT or INIT ACK announced `tag`: what was received under it before belongs to an association that is gone. */
  restart(tag: number, ports: number): void {
    const base = this.#base(tag, ports);
    for (let i = base; i < base + ways; i++) {
      const direction = this.#table[i];
      if (direction !== null && direction.tag === tag && direction.ports === ports) direction.restart();
    }
  }

  #base(tag: number, ports: number): number {
    const hash = Math.imul(tag, 0x9e3779b1) ^ Math.imul(ports, 0x85ebca6b);
    return ((hash ^ (hash >>> 16)) & (this.#sets - 1)) * ways;
  }
}
