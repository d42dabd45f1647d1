import { part } from './message.ts';

/**
 * Messages as records of 32-bit words in one buffer, so that decoding and correlation can run on two threads. A record
 * has a head of fixed length and behind it only the groups that the message filled ({@link part}), then the octets of
 * its numbers; times and identities stand in float64s, so a record begins at an even word.
 *
 * head: 0 parts, flags and length in words; 1 frame; 2–3 time; 4 link; 5 OPC; 6 DPC; 7 SCCP, BSSMAP and DTAP type and
 * protocol discriminator, each plus one; 8 and 9 local references; 10 SCCP cause; 11 transaction identifier
 *
 * A TCAP component is a record of its own: the SCCP message, then the component (`component-record.ts`).
 */
export const headWords = 12;
export const placeWords = 6;
export const cellsWords = 6;
export const identityWords = 8;
export const detailWords = 6;
export const numbersWords = 10;
export const addressesWords = 6;
export const ranapWords = 6;
/** Words of the longest record without the octets of its numbers. */
export const recordWordsMax =
  headWords + placeWords + cellsWords + identityWords + detailWords + numbersWords + addressesWords + ranapWords;

export const fromLowerShift = 9;
export const fromLowerBit = 1 << fromLowerShift;
export const pointCodesBit = 1 << 10;
export const componentBit = 1 << 11;
export const lengthShift = 12;

/** Groups that correlation reads; what only a person reads (channels, cells looked for, rare causes) stays behind. */
export const carriedParts =
  part.place | part.identity | part.detail | part.numbers | part.addresses | part.ranap | part.cells;

/** What a message may have beyond its head. */
export const beyondHead = carriedParts | componentBit;

/** Octets of a batch: some thousand messages. */
export const messageBatchBytes = 1 << 18;

/** Octets that hold `digits` semi-octets. */
export function semiOctets(digits: number): number {
  return (digits + 1) >> 1;
}

/**
 * Records of messages in `buffer`, up to the word `words`. The memory is shared and changes hands by word alone, because
 * to transfer an array buffer detaches it: from then on V8 checks at every access to any typed array of the thread
 * whether it is detached.
 */
export interface MessageBatch {
  readonly buffer: SharedArrayBuffer;
  readonly words: number;
}
