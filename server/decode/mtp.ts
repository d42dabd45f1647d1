import { DecodeError, need } from './decode-error.ts';
import { decodeSccp } from './sccp.ts';
import type { DecodeState } from './state.ts';
import { biccNames, isupNames, serviceIndicatorNames } from './transport-tables.ts';

const sccpUser = 3;
/** Service indicators of the users whose messages are named, and octets of the circuit in front of the message type. */
const isup = 5;
const isupCircuitOctets = 2;
const bicc = 13;
const biccCircuitOctets = 4;

/**
 * A message from one point code to another, whoever carried it: names the link and its direction and hands the octets
 * to the MTP user.
 *
 * @param si service indicator, ITU-T Q.704 §14.2.1
 * @param network number of the network that the codes belong to, 0 where the carrier does not name it
 */
export function decodeMtpTransfer(
  state: DecodeState,
  opc: number,
  dpc: number,
  si: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  network: number,
): void {
  if (si !== sccpUser) {
    state.stats.unhandledAs(nameOfUser(si, bytes, start, end));
    return;
  }
  const { message } = state;
  message.opc = opc;
  message.dpc = dpc;
  if (opc < dpc) {
    message.fromLower = true;
    message.link = state.links.symbolOf(opc, dpc, network);
  } else if (opc > dpc) {
    message.fromLower = false;
    message.link = state.links.symbolOf(dpc, opc, network);
  } else placeByTransport(state, opc);
  decodeSccp(state, bytes, start, end);
}

/** What a message of another MTP user is called: by its type where the user is ISUP or BICC. ITU-T Q.763 §1.2, Q.1902.3. */
function nameOfUser(si: number, bytes: Uint8Array, start: number, end: number): string {
  if (si === isup && start + isupCircuitOctets < end) return isupNames[bytes[start + isupCircuitOctets]];
  if (si === bicc && start + biccCircuitOctets < end) return biccNames[bytes[start + biccCircuitOctets]];
  return serviceIndicatorNames[si];
}

/** SCCP right above a transport, without point codes: the association or TCP connection is the link. */
export function decodeWithoutMtp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const { message } = state;
  message.opc = -1;
  message.dpc = -1;
  placeByTransport(state, 0);
  decodeSccp(state, bytes, start, end);
}

/** Link and direction by what carries the message, where the point codes (both `code`) don't tell. */
function placeByTransport(state: DecodeState, code: number): void {
  const { message } = state;
  if (state.sctpTag === 0) {
    message.fromLower = sourceIsLower(state);
    message.link = state.links.symbolOf(code, code, transportPair(state));
  } else {
    const sender = sctpSender(state);
    message.fromLower = (sender & 1) !== 0;
    // Even, as pairs of addresses are odd.
    message.link = state.links.symbolOf(code, code, sender & ~1);
  }
}

/** The side of its SCTP association that has sent the packet. */
export function sctpSender(state: DecodeState): number {
  const ports = (state.sourcePort << 16) | state.destinationPort;
  return state.associations.senderOf(transportPair(state), sourceIsLower(state), state.sctpTag, ports);
}

/** Whether the packet's source address, then port, is the smaller one. */
export function sourceIsLower(state: DecodeState): boolean {
  const { addresses, sourceAddress, destinationAddress, addressLength } = state;
  for (let i = 0; i < addressLength; i++) {
    const difference = addresses[sourceAddress + i] - addresses[destinationAddress + i];
    if (difference !== 0) return difference < 0;
  }
  return state.sourcePort < state.destinationPort;
}

/** A number, not 0, for the unordered pair of transport addresses and ports. */
function transportPair(state: DecodeState): number {
  const { addresses, sourceAddress, destinationAddress, addressLength } = state;
  let source = state.sourcePort;
  let destination = state.destinationPort;
  for (let i = 0; i < addressLength; i++) {
    source = Math.imul(source ^ addresses[sourceAddress + i], 0x9e3779b1);
    destination = Math.imul(destination ^ addresses[destinationAddress + i], 0x9e3779b1);
  }
  return ((Math.imul(source ^ destination, 0x85ebca6b) ^ (source + destination)) | 1) >>> 0;
}

/** MTP3 with the routing label of ITU-T Q.704 §14.2 (14-bit point codes), whatever carries it. */
export function decodeMtp3(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.mtp3++;
  need('mtp3', start, 5, end);
  const si = bytes[start] & 0x0f;
  const label =
    (bytes[start + 1] | (bytes[start + 2] << 8) | (bytes[start + 3] << 16) | (bytes[start + 4] << 24)) >>> 0;
  const dpc = label & 0x3fff;
  const opc = (label >>> 14) & 0x3fff;
  decodeMtpTransfer(state, opc, dpc, si, bytes, start + 5, end, 0);
}

/** MTP3 on a signalling link of its own: there are no transport addresses. */
export function decodeMtp3Link(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.sctpTag = 0;
  state.addressLength = 0;
  state.sourcePort = 0;
  state.destinationPort = 0;
  decodeMtp3(state, bytes, start, end);
}

/** MTP2 signal units, ITU-T Q.703 §2.2: those without a message are counted, the others carry MTP3. */
export function decodeMtp2(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.mtp2++;
  need('mtp2', start, 3, end);
  const length = bytes[start + 2] & 0x3f;
  decodeSignalUnit(state, length, length === 63, bytes, start + 3, end);
}

/** MTP2 behind the pseudo-header of LINKTYPE 139: direction, Annex A (extended sequence numbers), link number. */
export function decodeMtp2Phdr(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('mtp2', start, 4, end);
  const extended = bytes[start + 1] === 1;
  if (!extended) {
    decodeMtp2(state, bytes, start + 4, end);
    return;
  }
  state.stats.layers.mtp2++;
  need('mtp2', start, 10, end);
  const length = (bytes[start + 8] | (bytes[start + 9] << 8)) & 0x1ff;
  decodeSignalUnit(state, length, false, bytes, start + 10, end);
}

/** @param orMore whether the length is the greatest one that can be told */
function decodeSignalUnit(
  state: DecodeState,
  length: number,
  orMore: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (length === 0) {
    state.stats.unhandledAs('MTP2 FISU');
    return;
  }
  if (length <= 2) {
    state.stats.unhandledAs('MTP2 LSSU');
    return;
  }
  if (orMore) {
    decodeMtp3Link(state, bytes, start, end);
    return;
  }
  if (start + length > end) throw new DecodeError('mtp2', 'TRUNCATED', end);
  decodeMtp3Link(state, bytes, start, start + length);
}
