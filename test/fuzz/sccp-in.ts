/**
 * Where the SCCP messages of a captured frame stand, found by a walk of the tests' own: of a frame longer than what is
 * damaged at every place, its messages still are. Known are the carriers of the captures' long frames.
 */

type Slice = readonly [start: number, end: number];

const half = (bytes: Uint8Array, at: number) => (bytes[at] << 8) | bytes[at + 1];
const word = (bytes: Uint8Array, at: number) => half(bytes, at) * 0x1_0000 + half(bytes, at + 2);
const sccpUser = 3;

/** Behind service information and routing label. ITU-T Q.704 §14.2. */
function inMtp3(bytes: Uint8Array, start: number, end: number): Slice[] {
  return start + 5 < end && (bytes[start] & 0x0f) === sccpUser ? [[start + 5, end]] : [];
}

/** Behind the Protocol Data's routing label. RFC 4666 §3.3.1. */
function inM3ua(bytes: Uint8Array, start: number, end: number): Slice[] {
  if (half(bytes, start + 2) !== 0x0101) return [];
  for (let at = start + 8; at + 4 <= end; at += (half(bytes, at + 2) + 3) & ~3) {
    const length = half(bytes, at + 2);
    if (length < 4) return [];
    if (half(bytes, at) === 0x0210) return bytes[at + 12] === sccpUser ? [[at + 16, at + length]] : [];
  }
  return [];
}

/** User Data: behind header, sequence numbers and priority. RFC 4165 §2.3.1. */
function inM2pa(bytes: Uint8Array, start: number, end: number): Slice[] {
  const length = word(bytes, start + 4);
  return half(bytes, start + 2) === 0x0b01 ? inMtp3(bytes, start + 17, Math.min(end, start + length)) : [];
}

/** Whole messages in DATA chunks, by payload protocol. RFC 9260 §3.3.1. */
function inSctp(bytes: Uint8Array, start: number, end: number): Slice[] {
  const out: Slice[] = [];
  for (let at = start + 12; at + 16 <= end; at += (half(bytes, at + 2) + 3) & ~3) {
    const length = half(bytes, at + 2);
    if (length < 4) break;
    if (bytes[at] !== 0 || (bytes[at + 1] & 3) !== 3) continue;
    const protocol = word(bytes, at + 12);
    if (protocol === 3) out.push(...inM3ua(bytes, at + 16, at + length));
    else if (protocol === 5) out.push(...inM2pa(bytes, at + 16, at + length));
  }
  return out;
}

/** The SCCP messages of a frame, in their order. */
export function sccpMessagesIn(linkType: number, bytes: Uint8Array): Slice[] {
  if (linkType === 142) return [[0, bytes.length]];
  if (linkType === 141) return inMtp3(bytes, 0, bytes.length);
  const ip = 14;
  if (linkType !== 1 || half(bytes, 12) !== 0x0800 || bytes[ip + 9] !== 132) return [];
  return inSctp(bytes, ip + 4 * (bytes[ip] & 0x0f), Math.min(bytes.length, ip + half(bytes, ip + 2)));
}
