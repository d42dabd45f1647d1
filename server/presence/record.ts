/**
 * Layout of a subscriber's record, interleaved because an event touches most fields of one subscriber and of no other.
 * What every sighting needs stands together in the first 24 bytes. In 32-bit words: 0 lo, 1 hi, 2–3 last sighting
 * (f64), 4 cell (24 bits) and feed (8), 5 origin (16) and events in the cell (16), 6–7 first sighting in the cell
 * (f64), 8 next in wheel (27) and flags (5), 9 newest entry of the crossing trail.
 *
 * Literals, so that the compiler can put the numbers where they are used.
 */
export const recordBytes = 40;
export const recordWords = 10;
export const recordDoubles = 5;

/** Address of the first record: before it stands the stage of `row-kernel.ts`. */
export const recordsAt = 131_072;
// Places of a record's fields, with what stands before the first record.
export const wLo = 32_768;
export const wHi = 32_769;
export const wCellFeed = 32_772;
export const wOriginEvents = 32_773;
export const wNextFlags = 32_776;
export const wTrail = 32_777;
/** In 64-bit words. */
export const dLast = 16_385;
export const dSince = 16_387;

/** Value of a subscriber's cell while it is nowhere. */
export const nowhere = 0xffffff;
export const eventsMax = 0xffff;
export const nextMask = 0x07ffffff;
export const inWheelFlag = 0x08000000;
