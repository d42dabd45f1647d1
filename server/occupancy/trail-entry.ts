/** Bits of an entry's `area` word; the area itself has the 27 below. */
export const entryBit = 0x80000000;
/** Counts as a crossing when it settles, unless it is cancelled before. */
export const pendingBit = 0x40000000;
/** The subscriber has been a visitor of the area in this interval, by the end of this entry's stay. */
export const visitedBit = 0x20000000;
/** Can't be cancelled any more: the subscriber has vanished since. */
export const heldBit = 0x10000000;
/** Left by vanishing: with this entry the last reference to the subscriber may go. */
export const goneBit = 0x08000000;
export const areaMask = 0x07ffffff;
/** Stands for the area of entries that an edit of the regions made void. */
export const noArea = areaMask;

export const chunkBits = 13;
export const chunkRows = 8192;
export const chunkMask = 8191;
/** Chunk numbers count modulo 2¹⁹ with the sequence numbers. */
export const chunkNumberMask = 0x7ffff;
/** Bytes of a chunk: the times of its entries (float64), then their words. */
export const chunkBytes = chunkRows * 20;
export const nobody = 0xffffffff;
/** Entries that are looked over before they settle, and subscribers whose notes are loaded at once. */
export const settlingMax = 256;
export const soonMax = 64;
/** So often as many settle, and so many are dropped, before the event loop may have its turn: about a millisecond. */
export const stretchesAtOnce = 8;
export const droppedAtOnce = 2048;

/** Words of an entry beside its time: subscriber, area with the bits above, the subscriber's entry before. */
export const entryWords = 3;
export const wArea = 1;
export const wBefore = 2;

/** Where the newest trail entry of each subscriber is kept, and who is told when the last one of an absent one goes. */
export interface TrailOwner {
  /** As {@link setSequence} left it; it may have left the trail since. 0: none. */
  sequenceOf(sub: number): number;
  setSequence(sub: number, sequence: number): void;
  /** The newest entry of a subscriber who vanished has left the trail: nothing here refers to it any more. */
  trailEnded(sub: number): void;
  /** A crossing held. Called in order of time. */
  held(area: number, isEntry: boolean, timeUs: number, sub: number, sequence: number): void;
  /** The subscriber vanished from the area; called in the order of {@link held}. */
  gone(area: number, timeUs: number, sub: number, sequence: number): void;
  /**
   * What has not settled of a region that an edit changes: a crossing that counts although its holdDown is not over
   * (`isEntry`, exit), or a vanish. In order of time.
   */
  cutShort(region: number, isEntry: boolean, isGone: boolean, timeUs: number, sequence: number): void;
  /** Areas below it have notes: {@link held} and {@link gone} need them. 0: none has. */
  readonly notedAreas: number;
  /** Loads what {@link held} and {@link gone} of the subscribers will need; the result means nothing. */
  touchNotes(subs: Int32Array, n: number): number;
}
