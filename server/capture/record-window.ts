/** Why a parser stopped; see `CaptureParser.deliver`. */
export const stopped = { held: 0, need: 1, fault: 2 } as const;
export type Stopped = (typeof stopped)[keyof typeof stopped];

/** The part of a stream that stands in memory, and how far its frames may be delivered. */
export class RecordWindow {
  /** Octets that no record has taken yet: `bytes[start..end)`. Parsers move `start` behind each record they took. */
  start = 0;
  end = 0;
  /** Frames later than this are held back. */
  untilUs = Number.POSITIVE_INFINITY;
  /** A record that claims more octets is corrupt. */
  recordBytesMax = 0;
  /** Frames that may still be delivered. */
  left = 0;
  /** Frames delivered so far. */
  frames = 0;
  /** Changes whenever other octets stand where some stood before. */
  version = 0;
  /** Time of the frame in front that is held back. */
  heldUs = 0;
  #bytes: Uint8Array;
  #view: DataView;

  /** @param bytes becomes the window's own; it begins empty */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The same octets as words. */
  get view(): DataView {
    return this.#view;
  }

  /**
   * Goes over to other memory, whose octets `from..to` follow on those that are held; these are put in front of them.
   *
   * @returns the memory it had; null, with nothing changed, where there is no room in front of `from`
   */
  goOver(bytes: Uint8Array, from: number, to: number): Uint8Array | null {
    const held = this.end - this.start;
    if (held > from) return null;
    const old = this.#bytes;
    bytes.set(old.subarray(this.start, this.end), from - held);
    this.version++;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = from - held;
    this.end = to;
    return old;
  }

  /** Puts octets behind those that are held. */
  append(octets: Uint8Array): void {
    const size = this.end - this.start + octets.length;
    if (this.end + octets.length > this.#bytes.length) this.compact(size > this.#bytes.length ? 2 * size : size);
    this.#bytes.set(octets, this.end);
    this.end += octets.length;
  }

  /** Moves what is held to the front of its memory, which becomes larger where it has no room for `size` octets. */
  compact(size: number): void {
    const held = this.#bytes.subarray(this.start, this.end);
    if (size > this.#bytes.length) {
      this.#bytes = new Uint8Array(size);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.version++;
    this.#bytes.set(held);
    this.end = held.length;
    this.start = 0;
  }
}
