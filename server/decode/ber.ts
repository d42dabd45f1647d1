import { DecodeError, type Layer, need } from './decode-error.ts';

/** Basic encoding rules, ITU-T X.690 §8, as far as TCAP and MAP use them. */

/** Constructed elements of indefinite length inside each other, at most. */
const depthMax = 16;
/** Octets of a length behind its first one, and octets of a tag number behind its first one, at most. */
const lengthOctetsMax = 4;
const tagOctetsMax = 2;

/**
 * The element that {@link readElement} read last: tag, content `start..end`, and where the next one begins. A tag is its
 * one octet; for numbers above 30 the first octet × 65,536 + number ({@link highTag}). Readers copy what they need
 * before they read on.
 */
export const element = { tag: 0, start: 0, end: 0, next: 0 };

/** Tag with a number above 30, X.690 §8.1.2.4: `octet` says class and form. */
export function highTag(octet: number, number: number): number {
  return (octet << 16) | number;
}

/** Content length of the header that was read last; -1 where it is indefinite. */
let length = 0;

/** Tag and length octets at `at`: fills `element.tag` and `element.start`, and {@link length}; whether its contents end at or before `end`. */
function readTagAndLength(layer: Layer, bytes: Uint8Array, at: number, end: number): boolean {
  need(layer, at, 2, end);
  const first = bytes[at];
  let p = at + 1;
  element.tag = first;
  if ((first & 0x1f) === 0x1f) {
    let number = 0;
    let octet = 0;
    do {
      if (p > at + tagOctetsMax) throw new DecodeError(layer, 'BAD_LENGTH', at);
      need(layer, p, 2, end);
      octet = bytes[p++];
      number = (number << 7) | (octet & 0x7f);
    } while ((octet & 0x80) !== 0);
    element.tag = highTag(first, number);
  }
  length = bytes[p++];
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0) {
      // Only constructed elements can have an end marked by its contents. §8.1.3.2.
      if ((first & 0x20) === 0) throw new DecodeError(layer, 'BAD_LENGTH', at);
      length = -1;
    } else {
      if (octets > lengthOctetsMax) throw new DecodeError(layer, 'BAD_LENGTH', at);
      need(layer, p, octets, end);
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[p++];
    }
  }
  element.start = p;
  return p + length <= end;
}

function readHeader(layer: Layer, bytes: Uint8Array, at: number, end: number): void {
  if (!readTagAndLength(layer, bytes, at, end)) throw new DecodeError(layer, 'BAD_LENGTH', at);
}

/**
 * Reads the header at `at` into {@link element}; the element ends at or before `end`. An indefinite length is made
 * definite by looking for its end-of-contents octets, each octet at most once per level. Returns the tag.
 */
export function readElement(layer: Layer, bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 <= end) {
    // Nearly all elements have a tag of one octet and a short length.
    const tag = bytes[at];
    const contentsEnd = at + 2 + bytes[at + 1];
    if ((tag & 0x1f) !== 0x1f && bytes[at + 1] < 0x80 && contentsEnd <= end) {
      element.tag = tag;
      element.start = at + 2;
      element.end = contentsEnd;
      element.next = contentsEnd;
      return tag;
    }
  }
  return readLongElement(layer, bytes, at, end);
}

function readLongElement(layer: Layer, bytes: Uint8Array, at: number, end: number): number {
  readHeader(layer, bytes, at, end);
  findEnd(layer, bytes, end);
  return element.tag;
}

/** Fills `element.end` and `element.next` behind {@link readTagAndLength}. */
function findEnd(layer: Layer, bytes: Uint8Array, end: number): void {
  if (length >= 0) {
    element.end = element.start + length;
    element.next = element.end;
    return;
  }
  const { tag, start } = element;
  const contentsEnd = findEndOfContents(layer, bytes, start, end);
  element.tag = tag;
  element.start = start;
  element.end = contentsEnd;
  element.next = contentsEnd + 2;
}

/**
 * As {@link readElement}, for what no other element holds: where its length goes beyond `end`, it is taken to end
 * there, because what stands before is there to be read. Whether it was so cut.
 */
export function readOutermost(layer: Layer, bytes: Uint8Array, at: number, end: number): boolean {
  const fits = readTagAndLength(layer, bytes, at, end);
  if (fits) findEnd(layer, bytes, end);
  else {
    element.end = end;
    element.next = end;
  }
  return !fits;
}

/** Where the end-of-contents octets stand that close what begins at `start`. X.690 §8.1.5. */
function findEndOfContents(layer: Layer, bytes: Uint8Array, start: number, end: number): number {
  let depth = 1;
  let at = start;
  for (;;) {
    need(layer, at, 2, end);
    if (bytes[at] === 0 && bytes[at + 1] === 0) {
      depth--;
      if (depth === 0) return at;
      at += 2;
      continue;
    }
    readHeader(layer, bytes, at, end);
    if (length >= 0) at = element.start + length;
    else {
      at = element.start;
      if (++depth > depthMax) throw new DecodeError(layer, 'BAD_LENGTH', at);
    }
  }
}

/** A two's complement INTEGER or ENUMERATED of one to four octets, X.690 §8.3. */
export function readInteger(layer: Layer, bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 4) throw new DecodeError(layer, 'BAD_LENGTH', start);
  let value = (bytes[start] << 24) >> 24;
  for (let at = start + 1; at < end; at++) value = (value << 8) | bytes[at];
  return value;
}

/** One to four octets as an unsigned number: transaction identities, TMSI, LMSI. */
export function readUnsigned(layer: Layer, bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 4) throw new DecodeError(layer, 'BAD_LENGTH', start);
  let value = 0;
  for (let at = start; at < end; at++) value = value * 256 + bytes[at];
  return value;
}
