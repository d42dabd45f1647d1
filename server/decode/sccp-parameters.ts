import { DecodeError, need } from './decode-error.ts';
import { sccpParameter } from './sccp-tables.ts';

/** Where the value of the variable parameter that was read last stands. */
export const value = { start: 0, end: 0 };

/** Where the optional parameters that were read last stand; -1 in `start`: not there. */
export const optional = {
  calledStart: -1,
  calledEnd: 0,
  callingStart: -1,
  callingEnd: 0,
  dataStart: -1,
  dataEnd: 0,
  segmentationStart: -1,
  segmentationEnd: 0,
};

/** Follows the pointer of one octet at `at` to a parameter of length and value. ITU-T Q.713 §2.3. */
export function readVariable(bytes: Uint8Array, at: number, end: number): void {
  const pointer = bytes[at];
  const length = at + pointer;
  if (pointer === 0 || length >= end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  value.start = length + 1;
  value.end = length + 1 + bytes[length];
  if (value.end > end) throw new DecodeError('sccp', 'TRUNCATED', length);
}

/** The same with pointer and length of two octets, least significant first (LUDT). ITU-T Q.713 §4.20, §3.20. */
export function readLongVariable(bytes: Uint8Array, at: number, lengthOctets: 1 | 2, end: number): void {
  const pointer = bytes[at] | (bytes[at + 1] << 8);
  // The most significant octet of the pointer is the one that is counted from.
  const length = at + 1 + pointer;
  if (pointer === 0 || length + lengthOctets > end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  value.start = length + lengthOctets;
  value.end = value.start + (lengthOctets === 1 ? bytes[length] : bytes[length] | (bytes[length + 1] << 8));
  if (value.end > end) throw new DecodeError('sccp', 'TRUNCATED', length);
}

/** Where the optional part begins that the pointer of one octet at `at` shows; `end` where there is none. §2.4. */
export function optionalPart(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === 0) return end;
  if (at + bytes[at] >= end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  return at + bytes[at];
}

/** The same for a pointer of two octets. */
export function longOptionalPart(bytes: Uint8Array, at: number, end: number): number {
  const pointer = bytes[at] | (bytes[at + 1] << 8);
  if (pointer === 0) return end;
  if (at + 1 + pointer >= end) throw new DecodeError('sccp', 'BAD_POINTER', at);
  return at + 1 + pointer;
}

/**
 * Goes through the optional parameters from `start` on, up to their end mark or `end`: name, length, value each. The
 * first of each kind counts. ITU-T Q.713 §2.4.
 */
export function readOptionalParameters(bytes: Uint8Array, start: number, end: number): void {
  optional.calledStart = -1;
  optional.callingStart = -1;
  optional.dataStart = -1;
  optional.segmentationStart = -1;
  for (let at = start; at < end; ) {
    const name = bytes[at];
    if (name === sccpParameter.endOfOptionalParameters) return;
    need('sccp', at, 2, end);
    const from = at + 2;
    at = from + bytes[from - 1];
    need('sccp', at, 0, end);
    if (name === sccpParameter.data) {
      if (optional.dataStart >= 0) continue;
      optional.dataStart = from;
      optional.dataEnd = at;
    } else if (name === sccpParameter.callingPartyAddress) {
      if (optional.callingStart >= 0) continue;
      optional.callingStart = from;
      optional.callingEnd = at;
    } else if (name === sccpParameter.calledPartyAddress) {
      if (optional.calledStart >= 0) continue;
      optional.calledStart = from;
      optional.calledEnd = at;
    } else if (name === sccpParameter.segmentation) {
      if (optional.segmentationStart >= 0) continue;
      optional.segmentationStart = from;
      optional.segmentationEnd = at;
    }
  }
}
