import { DecodeError, need } from './decode-error.ts';
import { decodeMtpTransfer } from './mtp.ts';
import type { DecodeState } from './state.ts';
import { m3uaNames } from './transport-tables.ts';

const headerLength = 8;
/** Class and type of DATA, as they stand in octets 3 and 4. */
const dataMessage = 0x0101;
const protocolData = 0x0210;
/** Tag and length of Network Appearance, RFC 4666 §3.3.1. */
export const networkAppearance = 0x0200_0008;

/**
 * The number of the network that a Network Appearance names: never 0, which says that none is named, but for the
 * appearance of all ones.
 */
export function networkOf(appearance: number): number {
  return ~appearance;
}

/**
 * An M3UA message, RFC 4666 §3: the Protocol Data of DATA goes on, management messages are counted. There is to be one
 * Protocol Data; where a sender puts several into a message, each is read.
 */
export function decodeM3ua(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.m3ua++;
  need('m3ua', start, headerLength, end);
  const view = state.viewOf(bytes);
  const first = view.getInt32(start);
  if (first >>> 24 !== 1) throw new DecodeError('m3ua', 'BAD_VERSION', start);
  if ((first & 0xffff) !== dataMessage) {
    const name = bytes[start + 2] < 16 && bytes[start + 3] < 16 ? bytes[start + 2] * 16 + bytes[start + 3] : 255;
    state.stats.unhandledAs(m3uaNames[name]);
    return;
  }
  const length = view.getUint32(start + 4);
  // The padding of the last parameter may be counted but left out, RFC 4666 §3.1.4.
  if (length < headerLength || start + length > end + 3) throw new DecodeError('m3ua', 'BAD_LENGTH', start + 4);
  const messageEnd = Math.min(end, start + length);
  let network = 0;
  let isFound = false;
  for (let at = start + headerLength; at + 4 <= messageEnd; ) {
    const header = view.getInt32(at);
    const parameterLength = header & 0xffff;
    if (parameterLength < 4) throw new DecodeError('m3ua', 'BAD_LENGTH', at + 2);
    need('m3ua', at, parameterLength, messageEnd);
    if (header >>> 16 === protocolData) {
      isFound = true;
      decodeProtocolData(state, bytes, at + 4, at + parameterLength, network);
    } else if (header === networkAppearance) network = networkOf(view.getInt32(at + 4));
    at += (parameterLength + 3) & ~3;
  }
  if (!isFound) throw new DecodeError('m3ua', 'MISSING_ELEMENT', messageEnd);
}

/** RFC 4666 §3.3.1: OPC, DPC, SI, NI, MP, SLS, then the user's octets. NI plays no part: some
 * networks set it differently in the two directions of one link. */
function decodeProtocolData(state: DecodeState, bytes: Uint8Array, start: number, end: number, network: number): void {
  need('m3ua', start, 12, end);
  const view = state.viewOf(bytes);
  const opc = view.getUint32(start);
  const dpc = view.getUint32(start + 4);
  decodeMtpTransfer(state, opc, dpc, bytes[start + 8], bytes, start + 12, end, network);
}
