/** Captures for tests, octet by octet as the formats say. */
export interface TestFrame {
  /** Whole seconds, then the fraction in units of the file's resolution. */
  seconds: number;
  fraction: number;
  bytes: Uint8Array;
}

export interface PcapOptions {
  bigEndian?: boolean;
  nanoseconds?: boolean;
  linkType?: number;
}

/** A pcap file. draft-ietf-opsawg-pcap §4. */
export function pcapFile(frames: TestFrame[], options: PcapOptions = {}): Buffer {
  const { bigEndian = false, nanoseconds = false, linkType = 1 } = options;
  const u32 = (value: number) => {
    const word = Buffer.alloc(4);
    if (bigEndian) word.writeUInt32BE(value);
    else word.writeUInt32LE(value);
    return word;
  };
  const u16 = (value: number) => {
    const half = Buffer.alloc(2);
    if (bigEndian) half.writeUInt16BE(value);
    else half.writeUInt16LE(value);
    return half;
  };
  const magic = u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
  const header = [magic, u16(2), u16(4), u32(0), u32(0), u32(262_144), u32(linkType)];
  const records = frames.flatMap(({ seconds, fraction, bytes }) => [
    u32(seconds),
    u32(fraction),
    u32(bytes.length),
    u32(bytes.length),
    bytes,
  ]);
  return Buffer.concat([...header, ...records]);
}

export type Order = 'LE' | 'BE';

/** Octets of numbers in the given order: [octets, value] pairs, or octets as they are. */
export function pack(order: Order, ...parts: ([1 | 2 | 4 | 8, number | bigint] | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const [size, value] = part;
      const octets = Buffer.alloc(size);
      let rest = BigInt.asUintN(64, BigInt(value));
      for (let i = 0; i < size; i++) {
        octets[order === 'LE' ? i : size - 1 - i] = Number(rest & 0xffn);
        rest >>= 8n;
      }
      return octets;
    }),
  );
}

/** A pcapng block around `body`, padded. draft-ietf-opsawg-pcapng §3.1. */
export function block(order: Order, type: number, body: Uint8Array): Buffer {
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
  const length = 12 + body.length + padding.length;
  return pack(order, [4, type], [4, length], body, padding, [4, length]);
}

export function sectionHeader(order: Order): Buffer {
  return block(order, 0x0a0d0d0a, pack(order, [4, 0x1a2b3c4d], [2, 1], [2, 0], [8, -1]));
}

/** @param options [code, value] pairs; end of options is added */
export function interfaceBlock(order: Order, linkType: number, snap = 0, options: [number, Uint8Array][] = []): Buffer {
  const list = options.flatMap(([code, value]) => {
    const padding = Buffer.alloc((4 - (value.length % 4)) % 4);
    return [pack(order, [2, code], [2, value.length], value, padding)];
  });
  const end = options.length === 0 ? Buffer.alloc(0) : Buffer.alloc(4);
  return block(order, 1, pack(order, [2, linkType], [2, 0], [4, snap], ...list, end));
}

/** @param time 64-bit timestamp in the interface's units */
export function enhancedPacket(order: Order, interfaceId: number, time: bigint, bytes: Uint8Array): Buffer {
  const halves: [4, bigint][] = [
    [4, time >> 32n],
    [4, time & 0xffff_ffffn],
  ];
  return block(order, 6, pack(order, [4, interfaceId], ...halves, [4, bytes.length], [4, bytes.length], bytes));
}

export function simplePacket(order: Order, bytes: Uint8Array, original = bytes.length): Buffer {
  return block(order, 3, pack(order, [4, original], bytes));
}
