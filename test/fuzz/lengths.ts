/**
 * Where the lengths of the layers stand, found by a walk of the tests' own: a mutation of the user data that leaves them
 * as they were would only ever be refused below SCCP. What the walk does not know has no lengths.
 */
export interface Lengths {
  lengths: readonly (readonly [number, number])[];
  user: number;
  /** Where the user data ends. */
  userEnd: number;
}

const none: Lengths = { lengths: [], user: 0, userEnd: 0 };

/** User data behind an octet that counts it. */
function counted(bytes: Uint8Array, at: number, outer: readonly (readonly [number, number])[]): Lengths {
  const user = at + 1;
  return { lengths: [...outer, [at, 1]], user, userEnd: Math.min(bytes.length, user + bytes[at]) };
}

/** Where the data parameter of an SCCP message begins and the octet that counts it; ITU-T Q.713 §4. */
function inSccp(bytes: Uint8Array, start: number, outer: readonly (readonly [number, number])[]): Lengths {
  // The pointer to the data: behind the references of DT1, behind the two addresses of UDT and XUDT; of CR it is the
  // first optional parameter behind the called address.
  const pointer = { 6: start + 5, 9: start + 4, 17: start + 5 }[bytes[start]];
  if (pointer !== undefined) {
    const at = pointer + bytes[pointer];
    return at < bytes.length ? counted(bytes, at, outer) : none;
  }
  if (bytes[start] === 1) {
    const at = start + 6 + bytes[start + 6];
    if (bytes[start + 6] > 0 && bytes[at] === 0x0f) return counted(bytes, at + 1, outer);
  }
  return outer.length > 0 ? { lengths: outer, user: start, userEnd: bytes.length } : none;
}

/** Ethernet, IPv4, SCTP with one chunk of M3UA in front, its DATA message in front: the ordinary frame. */
function inEthernet(bytes: Uint8Array): Lengths {
  const half = (at: number) => (bytes[at] << 8) | bytes[at + 1];
  const ip = 14;
  if (half(12) !== 0x0800 || bytes[ip] !== 0x45 || bytes[ip + 9] !== 132) return none;
  const chunk = ip + 32;
  const m3ua = chunk + 16;
  if (bytes[chunk] !== 0 || half(chunk + 14) !== 3 || half(m3ua + 2) !== 0x0101) return none;
  let parameter = m3ua + 8;
  while (parameter + 4 <= bytes.length && half(parameter) !== 0x0210)
    parameter += Math.max(4, (half(parameter + 2) + 3) & ~3);
  if (parameter + 16 >= bytes.length || bytes[parameter + 12] !== 3) return none;
  const outer = [
    [ip + 2, 2],
    [chunk + 2, 2],
    [m3ua + 4, 4],
    [parameter + 2, 2],
  ] as const;
  return inSccp(bytes, parameter + 16, outer);
}

export function lengthsIn(linkType: number, bytes: Uint8Array): Lengths {
  if (linkType === 1 && bytes.length > 80) return inEthernet(bytes);
  if (linkType === 142) return inSccp(bytes, 0, []);
  if (linkType === 141 && bytes.length > 12) return inSccp(bytes, 5, []);
  return none;
}

/** Definite lengths of one octet of the BER elements around `at`, outermost first. ITU-T X.690 §8.1.3.4. */
export function berLengthsAround(bytes: Uint8Array, start: number, end: number, at: number): number[] {
  const out: number[] = [];
  let from = start;
  let to = end;
  while (from + 2 <= to) {
    const length = bytes[from + 1];
    const next = from + 2 + length;
    if (length >= 0x80 || next > to) break;
    if (at >= next) {
      from = next;
      continue;
    }
    out.push(from + 1);
    if ((bytes[from] & 0x20) === 0) break;
    from += 2;
    to = next;
  }
  return out;
}
