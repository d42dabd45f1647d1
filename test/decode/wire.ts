/**
 * Packets for tests, layer by layer as number lists. Written from the specifications' figures for the tests alone; it
 * shares nothing with the decoder but the vocabulary of octets.
 */
export type Octets = readonly number[];

export function hex(text: string): number[] {
  return (text.replace(/\s+/g, '').match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function reference(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff];
}

/** Ethernet II, optionally behind VLAN tags given as [TPID, TCI] pairs. IEEE 802.3 §3.1. */
export function ethernet(payload: Octets, options: { type?: number; vlans?: [number, number][] } = {}): number[] {
  const tags = (options.vlans ?? []).flatMap(([tpid, tci]) => [...u16(tpid), ...u16(tci)]);
  return [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tags, ...u16(options.type ?? 0x0800), ...payload];
}

export interface Ipv4Options {
  source?: Octets;
  destination?: Octets;
  protocol?: number;
  identification?: number;
  /** Octets. */
  offset?: number;
  more?: boolean;
}

export function ipv4(payload: Octets, options: Ipv4Options = {}): number[] {
  const { source = [192, 0, 2, 1], destination = [192, 0, 2, 2], protocol = 132 } = options;
  const fragment = ((options.more ?? false) ? 0x2000 : 0) | ((options.offset ?? 0) / 8);
  const header = [0x45, 0, ...u16(20 + payload.length), ...u16(options.identification ?? 0), ...u16(fragment)];
  return [...header, 64, protocol, 0, 0, ...source, ...destination, ...payload];
}

/** The same IPv4 packet with one word of options, which short cuts leave to the reader of layers. */
export function withOptions(packet: Octets): number[] {
  const length = (packet[2] << 8) | packet[3];
  return [
    0x46,
    packet[1],
    ...u16(length === 0 ? 0 : length + 4),
    ...packet.slice(4, 20),
    1,
    1,
    1,
    0,
    ...packet.slice(20),
  ];
}

/** @param extensions [next header value of this extension, its octets behind the next-header octet] from outer to inner */
export function ipv6(payload: Octets, extensions: [number, Octets][] = [], protocol = 132): number[] {
  const chain = extensions.flatMap(([, body], i) => [extensions[i + 1]?.[0] ?? protocol, ...body]);
  const address = (last: number) => [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), last];
  const length = u16(chain.length + payload.length);
  const first = extensions[0]?.[0] ?? protocol;
  return [0x60, 0, 0, 0, ...length, first, 64, ...address(1), ...address(2), ...chain, ...payload];
}

export interface SctpOptions {
  tag?: number;
  sourcePort?: number;
  destinationPort?: number;
}

export function sctp(chunks: Octets[], options: SctpOptions = {}): number[] {
  const ports = [...u16(options.sourcePort ?? 2905), ...u16(options.destinationPort ?? 2905)];
  return [...ports, ...u32(options.tag ?? 0x1000), 0, 0, 0, 0, ...chunks.flat()];
}

export interface DataOptions {
  /** 2 begins, 1 ends a message. */
  flags?: number;
  payload?: number;
  stream?: number;
  sequence?: number;
}

export function dataChunk(tsn: number, user: Octets, options: DataOptions = {}): number[] {
  const { flags = 3, payload = 3, stream = 0, sequence = 0 } = options;
  const length = 16 + user.length;
  const head = [0, flags, ...u16(length), ...u32(tsn), ...u16(stream), ...u16(sequence), ...u32(payload)];
  return [...head, ...user, ...new Array((4 - (length % 4)) % 4).fill(0)];
}

/** I-DATA, RFC 8260 §2.1: `number` is the fragment's, in place of the payload identifier of the first one. */
export function interleavedChunk(
  tsn: number,
  user: Octets,
  options: DataOptions & { message?: number; number?: number } = {},
): number[] {
  const { flags = 3, payload = 3, stream = 0, message = 0, number = 0 } = options;
  const head = [64, flags, ...u16(20 + user.length), ...u32(tsn), ...u16(stream), 0, 0, ...u32(message)];
  const last = u32((flags & 2) !== 0 ? payload : number);
  return [...head, ...last, ...user, ...new Array((4 - (user.length % 4)) % 4).fill(0)];
}

export function m3uaData(opc: number, dpc: number, user: Octets, si = 3, ni = 2): number[] {
  const length = 4 + 12 + user.length;
  const padding = new Array((4 - (length % 4)) % 4).fill(0);
  const parameter = [2, 0x10, ...u16(length), ...u32(opc), ...u32(dpc), si, ni, 0, 0, ...user, ...padding];
  return [1, 0, 1, 1, ...u32(8 + parameter.length), ...parameter];
}

/** Address with subsystem number only; routing on it. ITU-T Q.713 §3.4. */
const bssapAddress = [0x42, 254];

function lengthAndValue(value: Octets): number[] {
  return [value.length, ...value];
}

export function connectionRequest(source: number, user: Octets, address: Octets = bssapAddress): number[] {
  const called = lengthAndValue(address);
  const optional = user.length === 0 ? [0] : [0x0f, ...lengthAndValue(user), 0];
  return [1, ...reference(source), 2, 2, called.length + 1, ...called, ...optional];
}

export function connectionConfirm(destination: number, source: number, user: Octets = []): number[] {
  const optional = user.length === 0 ? [0] : [1, 0x0f, ...lengthAndValue(user), 0];
  return [2, ...reference(destination), ...reference(source), 2, ...optional];
}

export function connectionRefused(destination: number, cause: number): number[] {
  return [3, ...reference(destination), cause, 0];
}

export function released(destination: number, source: number, cause: number): number[] {
  return [4, ...reference(destination), ...reference(source), cause, 0];
}

export function releaseComplete(destination: number, source: number): number[] {
  return [5, ...reference(destination), ...reference(source)];
}

export function dataForm1(destination: number, user: Octets, more = false): number[] {
  return [6, ...reference(destination), more ? 1 : 0, 1, ...lengthAndValue(user)];
}

export function unitdata(user: Octets, address: Octets = bssapAddress): number[] {
  const one = lengthAndValue(address);
  return [9, 0, 3, 2 + one.length, 1 + 2 * one.length, ...one, ...one, ...lengthAndValue(user)];
}

/** @param segmentation octets of the segmentation parameter: flags and remaining, local reference of three octets */
export function extendedUnitdata(user: Octets, segmentation: Octets | null = null, address = bssapAddress): number[] {
  const one = lengthAndValue(address);
  const data = lengthAndValue(user);
  const optional = segmentation === null ? 0 : 1 + 2 * one.length + data.length;
  const tail = segmentation === null ? [] : [0x10, ...lengthAndValue(segmentation), 0];
  return [0x11, 0, 15, 4, 3 + one.length, 2 + 2 * one.length, optional, ...one, ...one, ...data, ...tail];
}

export function bssmapMessage(contents: Octets): number[] {
  return [0, contents.length, ...contents];
}

export function dtapMessage(contents: Octets, dlci = 0): number[] {
  return [1, dlci, contents.length, ...contents];
}

/** A frame of Ethernet, IPv4, SCTP and M3UA around one SCCP message. */
export function frameOf(
  sccp: Octets,
  options: { opc?: number; dpc?: number; tsn?: number; tag?: number; source?: Octets; destination?: Octets } = {},
): Uint8Array {
  const { opc = 100, dpc = 200, tsn = 1, tag } = options;
  const packet = sctp([dataChunk(tsn, m3uaData(opc, dpc, sccp))], { tag });
  return Uint8Array.from(ethernet(ipv4(packet, { source: options.source, destination: options.destination })));
}

/** CGI 460-00-4097-513 as a Cell Identifier element. */
export const cellIdentifier = hex('05 08 00 64 f0 00 10 01 02 01');

/** LOCATION UPDATING REQUEST, normal, from LAI 460-00-8193, of the given mobile identity (length and value). */
export function locationUpdatingRequest(identity: Octets): number[] {
  return [0x05, 0x08, 0x70, ...hex('64 f0 00 20 01'), 0x57, ...identity];
}

/** Mobile identity: IMSI 001-01-0000000042. */
export const imsi42 = hex('08 09 10 10 00 00 00 00 24');

export function tmsiIdentity(tmsi: number): number[] {
  return [5, 0xf4, ...u32(tmsi)];
}

export function completeLayer3(layer3: Octets, cell: Octets = cellIdentifier): number[] {
  return bssmapMessage([0x57, ...cell, 0x17, ...lengthAndValue(layer3)]);
}
