import { DecodeError, need } from './decode-error.ts';
import { decodeOrdinary } from './ordinary.ts';
import { decodeSctp } from './sctp.ts';
import type { DecodeState } from './state.ts';
import { decodeTcp } from './tcp.ts';
import { ipProtocolNames } from './transport-tables.ts';

const sctp = 132;
const tcp = 6;
/** IPv6 extension headers in front of the payload, RFC 8200 §4. */
const hopByHop = 0;
const routing = 43;
const fragment = 44;
const authentication = 51;
const destinationOptions = 60;
/** RFC 5533 §5.2. */
const shim6 = 140;

/** An IP packet of whichever version its first octet says. */
export function decodeIp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('ip', start, 1, end);
  if (bytes[start] >> 4 === 6) decodeIpv6(state, bytes, start, end);
  else decodeIpv4(state, bytes, start, end);
}

/** RFC 791 §3.1. A packet cut by the capture is read as far as it goes. */
export function decodeIpv4(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  if (decodeOrdinary(state, bytes, start, end)) return;
  state.stats.layers.ip++;
  need('ip', start, 20, end);
  const view = state.viewOf(bytes);
  const first = view.getInt32(start);
  if (first >>> 28 !== 4) throw new DecodeError('ip', 'BAD_VERSION', start);
  const headerLength = (first >>> 22) & 0x3c;
  const totalLength = first & 0xffff;
  if (headerLength < 20) throw new DecodeError('ip', 'BAD_LENGTH', start);
  need('ip', start, headerLength, end);
  // Segmentation offload leaves 0 in packets captured on the sending host.
  if (totalLength !== 0 && totalLength < headerLength) throw new DecodeError('ip', 'BAD_LENGTH', start + 2);
  const packetEnd = totalLength === 0 ? end : Math.min(end, start + totalLength);
  const protocol = bytes[start + 9];
  state.addresses = bytes;
  state.addressLength = 4;
  state.sourceAddress = start + 12;
  state.destinationAddress = start + 16;

  const payload = start + headerLength;
  const second = view.getInt32(start + 4);
  const offset = (second & 0x1fff) * 8;
  const more = (second & 0x2000) !== 0;
  if (offset !== 0 || more) {
    if (start + totalLength > end) throw new DecodeError('ip', 'TRUNCATED', end);
    decodeFragment(state, bytes, protocol, second >>> 16, offset, more, payload, packetEnd);
  } else decodePayload(state, protocol, bytes, payload, packetEnd);
}

/** A header that says its length in units of eight octets behind the first eight. */
function isOptionHeader(protocol: number): boolean {
  return protocol === hopByHop || protocol === routing || protocol === destinationOptions || protocol === shim6;
}

/** RFC 8200 §3. */
export function decodeIpv6(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.ip++;
  need('ip', start, 40, end);
  if (bytes[start] >> 4 !== 6) throw new DecodeError('ip', 'BAD_VERSION', start);
  const payloadLength = (bytes[start + 4] << 8) | bytes[start + 5];
  const packetEnd = payloadLength === 0 ? end : Math.min(end, start + 40 + payloadLength);
  state.addresses = bytes;
  state.addressLength = 16;
  state.sourceAddress = start + 8;
  state.destinationAddress = start + 24;

  let protocol = bytes[start + 6];
  let at = start + 40;
  for (;;) {
    if (isOptionHeader(protocol)) {
      need('ip', at, 8, packetEnd);
      protocol = bytes[at];
      at += (bytes[at + 1] + 1) * 8;
    } else if (protocol === authentication) {
      need('ip', at, 8, packetEnd);
      protocol = bytes[at];
      at += (bytes[at + 1] + 2) * 4;
    } else if (protocol === fragment) {
      need('ip', at, 8, packetEnd);
      protocol = bytes[at];
      const word = (bytes[at + 2] << 8) | bytes[at + 3];
      const more = (word & 1) !== 0;
      const offset = word & 0xfff8;
      if (offset !== 0 || more) {
        if (start + 40 + payloadLength > end) throw new DecodeError('ip', 'TRUNCATED', end);
        const identification =
          ((bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]) >>> 0;
        decodeFragment(state, bytes, protocol, identification, offset, more, at + 8, packetEnd);
        return;
      }
      at += 8;
    } else break;
    need('ip', at, 0, packetEnd);
  }
  decodePayload(state, protocol, bytes, at, packetEnd);
}

function decodeFragment(
  state: DecodeState,
  bytes: Uint8Array,
  protocol: number,
  identification: number,
  offset: number,
  more: boolean,
  start: number,
  end: number,
): void {
  // Traffic that would not be looked at anyway must not displace what is waited for. TCP is hardly ever in fragments.
  const wanted =
    protocol === sctp || protocol === tcp || protocol === destinationOptions || protocol === authentication;
  if (!wanted) {
    state.stats.unhandledAs(ipProtocolNames[protocol]);
    return;
  }
  const { addressLength, sourceAddress, timeS } = state;
  const whole = state.ipFragments.add(
    bytes,
    sourceAddress,
    addressLength,
    protocol,
    identification,
    offset,
    more,
    timeS,
    start,
    end,
  );
  if (whole === 'bad') throw new DecodeError('ip', 'BAD_FRAGMENT', start);
  if (whole === 'waiting') return;
  state.addresses = whole.bytes;
  state.sourceAddress = 0;
  state.destinationAddress = addressLength;
  decodeReassembled(state, protocol, whole.bytes, 2 * addressLength, whole.end);
}

/** Of the extension headers of IPv6 these may stand in the part that is cut into fragments. RFC 8200 §4.1, §4.5. */
function decodeReassembled(state: DecodeState, protocol: number, bytes: Uint8Array, start: number, end: number): void {
  let inner = protocol;
  let at = start;
  while (inner === destinationOptions || inner === authentication) {
    need('ip', at, 8, end);
    const length = inner === authentication ? (bytes[at + 1] + 2) * 4 : (bytes[at + 1] + 1) * 8;
    inner = bytes[at];
    at += length;
    need('ip', at, 0, end);
  }
  decodePayload(state, inner, bytes, at, end);
}

function decodePayload(state: DecodeState, protocol: number, bytes: Uint8Array, start: number, end: number): void {
  if (protocol === sctp) decodeSctp(state, bytes, start, end);
  else if (protocol === tcp) decodeTcp(state, bytes, start, end);
  else state.stats.unhandledAs(ipProtocolNames[protocol]);
}
