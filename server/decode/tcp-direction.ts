/** A segment that came before one that it follows. */
interface Waiting {
  readonly sequence: number;
  readonly timeUs: number;
  readonly bytes: Uint8Array;
}

/**
 * An acknowledged octet was received, so one that is missing here was missed by the probe. So long it may still turn
 * up, because the two directions of a link often come from two mirror ports.
 */
const skewUs = 200_000;
/** Sequence numbers this far from where the stream stands belong to another connection of the same ports. */
const jumpBytes = 1 << 24;
/** So many old segments in a row with nothing new are another connection, not retransmissions. */
const oldInRowMax = 64;
/** What a waiting segment counts beside its octets, so that a flood of tiny ones is bounded too. */
const segmentOverhead = 64;

const noBytes = new Uint8Array(0);

/** Signed distance from one sequence number to another. RFC 9293 §3.4. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/**
 * One direction of a TCP connection: puts its segments in order, leaves out what came before, and waits for what is
 * missing as long as it may come. What is ready stands in `bytes[at..end)`, the window; whoever reads moves `at`.
 */
export class TcpDirection {
  bytes: Uint8Array = noBytes;
  at = 0;
  end = 0;
  /** Octets missing in front of the window; -1: their number is unknown. Whoever reads sets it to 0. */
  lost = -1;
  /** The newest octet that the receiver has acknowledged; -1 while unknown. */
  acknowledged = -1;
  /** Segments that waited when another connection took their ports; whoever reads sets it to 0. */
  dropped = 0;
  #next = -1;
  #initial = -1;
  #oldInRow = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** Makes this the memory of another connection. */
  restart(): void {
    this.bytes = noBytes;
    this.at = 0;
    this.end = 0;
    this.lost = -1;
    this.acknowledged = -1;
    this.#next = -1;
    this.#initial = -1;
    this.#oldInRow = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Octets that wait, with what each segment costs beside them. */
  get held(): number {
    return this.#waitingBytes;
  }

  /** Forgets the segments that wait, as if the probe had missed them; how many these were. */
  drop(): number {
    const dropped = this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return dropped;
  }

  /** A SYN: the stream's first octet has the number behind it. Whether it begins a connection (no copy of a SYN). */
  begin(sequence: number): boolean {
    const first = (sequence + 1) >>> 0;
    if (first === this.#initial) return false;
    this.dropped += this.drop();
    this.restart();
    this.lost = 0;
    this.#next = first;
    this.#initial = first;
    return true;
  }

  /**
   * Takes a segment's payload. Valid as window only until the frame is gone: read it before.
   *
   * @returns `ready` where the window has octets, `early` where they wait for others, `old` where all came before
   */
  take(sequence: number, timeUs: number, bytes: Uint8Array, start: number, end: number): 'ready' | 'early' | 'old' {
    if (this.#next < 0) this.#next = sequence;
    let ahead = distance(this.#next, sequence);
    if (Math.abs(ahead) > jumpBytes) {
      this.dropped += this.drop();
      this.restart();
      this.#next = sequence;
      ahead = 0;
    }
    if (ahead > 0) {
      this.#keep({ sequence, timeUs, bytes: bytes.slice(start, end) });
      return 'early';
    }
    if (end - start + ahead <= 0) {
      // A probe of an idle connection repeats one octet (RFC 9293 §3.8.4).
      if (end - start === 1 || ++this.#oldInRow <= oldInRowMax) return 'old';
      this.dropped += this.drop();
      this.restart();
      this.#next = sequence;
      ahead = 0;
    }
    this.#oldInRow = 0;
    this.#open(bytes, start - ahead, end);
    return 'ready';
  }

  /**
   * Opens the next window: of a waiting segment that is next now, or of the first one behind a hole that will not be
   * filled any more.
   *
   * @param waitBytesMax octets that may wait; more are not waited for
   * @param waitUsMax how long anything waits, µs
   */
  advance(timeUs: number, waitBytesMax: number, waitUsMax: number): boolean {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const ahead = distance(this.#next, first.sequence);
      if (ahead > 0) {
        const age = Math.abs(timeUs - first.timeUs);
        const received = this.acknowledged >= 0 && distance(this.#next, this.acknowledged) > 0;
        if (!(received && age >= skewUs) && age < waitUsMax && this.#waitingBytes <= waitBytesMax) return false;
        this.lost = ahead;
        this.#next = first.sequence;
      }
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes.length + segmentOverhead;
      const old = Math.max(0, -ahead);
      if (old < first.bytes.length) {
        this.#open(first.bytes, old, first.bytes.length);
        return true;
      }
    }
    return false;
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#next = (this.#next + end - start) >>> 0;
  }

  /** Keeps a segment in the order of sequence numbers; of two that begin alike the longer one. */
  #keep(segment: Waiting): void {
    const waiting = this.#waiting;
    let place = waiting.length;
    while (place > 0 && distance(waiting[place - 1].sequence, segment.sequence) < 0) place--;
    const same = place > 0 && waiting[place - 1].sequence === segment.sequence ? waiting[place - 1] : null;
    if (same !== null && same.bytes.length >= segment.bytes.length) return;
    if (same === null) waiting.splice(place, 0, segment);
    else {
      this.#waitingBytes -= same.bytes.length + segmentOverhead;
      waiting[place - 1] = { ...segment, timeUs: same.timeUs };
    }
    this.#waitingBytes += segment.bytes.length + segmentOverhead;
  }
}
