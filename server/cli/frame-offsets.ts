/**
 * Offsets below this are in a buffer of decode's own: a message put together from several frames, or rewritten. None of
 * them is as large. The octets in front of a frame are never touched and so cost no memory.
 */
const base = 1 << 24;
const firstRoom = 1 << 18;

/**
 * Keeps the frame that is decoded at a place where no message put together from others can be, so that the place of a
 * flaw tells which of the two it lies in.
 */
export class FrameOffsets {
  #bytes = new Uint8Array(base + firstRoom);

  /** Copies a frame to its place; its octets are `bytes[start..end)` then. */
  place(bytes: Uint8Array, start: number, end: number): { bytes: Uint8Array; start: number; end: number } {
    const length = end - start;
    if (base + length > this.#bytes.length) this.#bytes = new Uint8Array(base + 2 * length);
    this.#bytes.set(bytes.subarray(start, end), base);
    return { bytes: this.#bytes, start: base, end: base + length };
  }

  /** Octets from the start of the frame, or of the message put together from several. */
  inFrame(offset: number): number {
    return offset >= base ? offset - base : offset;
  }
}
