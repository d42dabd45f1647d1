import { decodeBssmap } from './bssmap.ts';
import { decodeDtap } from './dtap.ts';
import { networkAppearance, networkOf } from './m3ua.ts';
import { decodeMtpTransfer } from './mtp.ts';
import { fingerprint } from './sctp.ts';
import type { DecodeState } from './state.ts';

/** Octets of IPv4 and SCTP header, and of DATA, M3UA header and Protocol Data in front of its user's octets. */
const packetHeader = 20 + 12;
const chunkHeaders = 16 + 8 + 16;
/** The first octet of an IPv4 header without options. RFC 791 §3.1. */
const versionAndLength = 0x45;
const sctp = 132;
const sack = 3;
/** Type DATA; beginning and end of a message. RFC 9260 §3.3.1. */
const wholeMessage = 0x0003_0000;
const typeAndFragmentation = 0xff03_0000 | 0;
const m3ua = 3;
/** Version 1, DATA. RFC 4666 §3.1. */
const m3uaData = 0x0100_0101;
const protocolData = 0x0210;
const sccpUser = 3;
/** Type of DT1; behind its reference: no segment follows, and the data stand right behind the pointer. ITU-T Q.713 §4.7. */
const dataForm1 = 6;
const segmentingAndPointer = 0x01ff_0000;
const wholeBehindPointer = 0x0001_0000;
/** Discrimination of BSSAP. 3GPP TS 48.006 §9.3. */
const bssmapData = 0;
const dtapData = 1;

/**
 * Takes an ordinary IPv4 packet in one go, as nearly all of a feed's are: no options, no fragment, one SCTP DATA chunk
 * (behind a SACK or not) with one whole M3UA DATA message for SCCP between two point codes.
 *
 * @returns false for any other packet, wherever it differs, with nothing changed or counted: then it is for
 *   `decodeIpv4` to take it layer by layer
 */
export function decodeOrdinary(state: DecodeState, bytes: Uint8Array, start: number, end: number): boolean {
  if (start + packetHeader + chunkHeaders > end) return false;
  const view = state.viewOf(bytes);
  const ip = view.getInt32(start);
  const packetEnd = start + (ip & 0xffff);
  if (ip >>> 24 !== versionAndLength || packetEnd > end) return false;
  if ((view.getInt32(start + 4) & 0x3fff) !== 0 || bytes[start + 9] !== sctp) return false;

  let chunk = start + packetHeader;
  let header = view.getInt32(chunk);
  if (header >>> 24 === sack) {
    if ((header & 0xffff) < 4) return false;
    chunk += ((header & 0xffff) + 3) & ~3;
    if (chunk + chunkHeaders > end) return false;
    header = view.getInt32(chunk);
  }
  const length = header & 0xffff;
  const chunkEnd = chunk + length;
  if ((header & typeAndFragmentation) !== wholeMessage || length < chunkHeaders || chunkEnd > packetEnd) return false;
  // Behind the chunk there is nothing but padding.
  if (chunkEnd + 4 <= packetEnd || view.getInt32(chunk + 12) !== m3ua) return false;

  if (view.getInt32(chunk + 16) !== m3uaData || view.getInt32(chunk + 20) !== length - 16) return false;
  let parameter = chunk + 24;
  let tagAndLength = view.getInt32(parameter);
  let network = 0;
  // Network Appearance and Routing Context may stand in front, of eight octets each.
  while (tagAndLength >>> 16 !== protocolData) {
    if (tagAndLength === networkAppearance) network = networkOf(view.getInt32(parameter + 4));
    parameter += 8;
    if ((tagAndLength & 0xffff) !== 8 || parameter + 16 > chunkEnd) return false;
    tagAndLength = view.getInt32(parameter);
  }
  const dataEnd = parameter + (tagAndLength & 0xffff);
  if (parameter + 16 > dataEnd || dataEnd > chunkEnd || bytes[parameter + 12] !== sccpUser) return false;
  // Behind it there is nothing but padding.
  if (dataEnd + 4 <= chunkEnd) return false;
  const opc = view.getUint32(parameter + 4);
  const dpc = view.getUint32(parameter + 8);
  if (opc === dpc) return false;

  const { layers } = state.stats;
  layers.ip++;
  const direction = state.directions.find(view.getInt32(start + 24), view.getInt32(start + 20));
  if (direction.isDuplicate(view.getInt32(chunk + 4), fingerprint(view, chunk, length), state.timeS)) {
    state.stats.duplicates++;
    return true;
  }
  layers.sctp++;
  layers.m3ua++;
  const user = parameter + 16;
  if (bytes[user] !== dataForm1 || !decodeOrdinaryData(state, opc, dpc, network, bytes, user, dataEnd)) {
    decodeMtpTransfer(state, opc, dpc, sccpUser, bytes, user, dataEnd, network);
  }
  return true;
}

/**
 * Likewise DT1 of the A interface, two thirds of its messages: one with a whole message of BSSMAP or DTAP, where no
 * other user's connection and no unfinished message is known of the link.
 *
 * @returns false for any other, with nothing changed or counted
 */
function decodeOrdinaryData(
  state: DecodeState,
  opc: number,
  dpc: number,
  network: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (start + 10 > end) return false;
  const view = state.viewOf(bytes);
  // Segmenting, pointer to the data, their length, discrimination.
  const second = view.getInt32(start + 4);
  const dataEnd = start + 7 + ((second >>> 8) & 0xff);
  if ((second & segmentingAndPointer) !== wholeBehindPointer || dataEnd > end) return false;
  const isDtap = (second & 0xff) === dtapData;
  const message3 = isDtap ? start + 10 : start + 9;
  const messageEnd = message3 + bytes[message3 - 1];
  if (isDtap) {
    if (messageEnd > dataEnd) return false;
  } else if ((second & 0xff) !== bssmapData || messageEnd !== dataEnd || (bytes[message3] & 0x3f) === 0) return false;

  const { message, stats, links } = state;
  const fromLower = opc < dpc;
  const link = fromLower ? links.symbolOf(opc, dpc, network) : links.symbolOf(dpc, opc, network);
  if (!state.linkMarks.isPlain(link)) return false;
  message.opc = opc;
  message.dpc = dpc;
  message.fromLower = fromLower;
  message.link = link;
  stats.layers.sccp++;
  stats.sccp[dataForm1]++;
  stats.layers.bssap++;
  message.resetSccp();
  message.sccpType = dataForm1;
  message.destinationLocalReference = view.getInt32(start, true) >>> 8;
  state.deliverable = true;
  if (isDtap) decodeDtap(state, bytes, message3, messageEnd);
  else decodeBssmap(state, bytes, message3, messageEnd);
  if (state.deliverable) state.deliver();
  return true;
}
