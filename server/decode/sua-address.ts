import { DecodeError, need } from './decode-error.ts';

/** Parts of a SUA address, RFC 3868 §3.10.2. */
const globalTitle = 0x8001;
const pointCode = 0x8002;
const subsystemNumber = 0x8003;
const routeOnGlobalTitle = 1;
/** No numbering plan has longer numbers; keeps an address far below what a pointer of one octet reaches. */
const digitsMax = 32;

/**
 * Writes a SUA address (RFC 3868 §3.10.2) as the SCCP address that it stands for (ITU-T Q.713 §3.4): indicator, point
 * code, subsystem number, global title. Host names and IP addresses have no place there and are left out.
 *
 * @param start where the parameter's value begins: routing indicator and address indicator, then the parts
 * @returns octets written from `at` on
 */
export function writeSccpAddress(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  need('sua', start, 4, end);
  const routing = (bytes[start] << 8) | bytes[start + 1];
  const codeAt = findPart(bytes, start + 4, end, pointCode, 8);
  const subsystemAt = findPart(bytes, start + 4, end, subsystemNumber, 8);
  const titleAt = findPart(bytes, start + 4, end, globalTitle, 12);
  let indicator = routing === routeOnGlobalTitle ? 0 : 0x40;
  let p = at + 1;
  if (codeAt >= 0) {
    indicator |= 0x01;
    out[p++] = bytes[codeAt + 7];
    out[p++] = bytes[codeAt + 6] & 0x3f;
  }
  if (subsystemAt >= 0) {
    indicator |= 0x02;
    out[p++] = bytes[subsystemAt + 7];
  }
  if (titleAt >= 0) {
    const kind = bytes[titleAt + 7] & 0x0f;
    indicator |= kind << 2;
    p = writeTitle(bytes, titleAt, kind, out, p);
  }
  out[at] = indicator;
  return p - at;
}

/** Global title in the format of its indicator, ITU-T Q.713 §3.4.2.3; its digits are packed alike in both. */
function writeTitle(bytes: Uint8Array, part: number, kind: number, out: Uint8Array, at: number): number {
  const digits = bytes[part + 8];
  const octets = (digits + 1) >> 1;
  if (digits > digitsMax) throw new DecodeError('sua', 'BAD_LENGTH', part + 8);
  need('sua', part + 12, octets, part + ((bytes[part + 2] << 8) | bytes[part + 3]));
  const odd = digits & 1;
  let p = at;
  if (kind === 1) out[p++] = (odd << 7) | (bytes[part + 11] & 0x7f);
  else {
    out[p++] = bytes[part + 9];
    // Numbering plan, and the encoding scheme: 1 BCD with an odd number of digits, 2 with an even one.
    if (kind >= 3) out[p++] = ((bytes[part + 10] & 0x0f) << 4) | (odd === 1 ? 1 : 2);
    if (kind === 4) out[p++] = bytes[part + 11] & 0x7f;
  }
  for (let i = 0; i < octets; i++) out[p++] = bytes[part + 12 + i];
  return p;
}

/** Where a part of an address begins; -1 where it has none. */
function findPart(bytes: Uint8Array, start: number, end: number, tag: number, lengthMin: number): number {
  for (let at = start; at + 4 <= end; ) {
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (length < 4) throw new DecodeError('sua', 'BAD_LENGTH', at + 2);
    need('sua', at, length, end);
    if (((bytes[at] << 8) | bytes[at + 1]) === tag) {
      if (length < lengthMin) throw new DecodeError('sua', 'BAD_LENGTH', at + 2);
      return at;
    }
    at += (length + 3) & ~3;
  }
  return -1;
}
