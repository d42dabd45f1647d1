import { noLinkType } from '../capture/frame.ts';
import { need } from './decode-error.ts';
import { decodeIp, decodeIpv4, decodeIpv6 } from './ip.ts';
import { decodeMtp2, decodeMtp2Phdr, decodeMtp3Link } from './mtp.ts';
import { decodeBareSccp } from './sccp-sides.ts';
import type { DecodeState } from './state.ts';
import { etherTypeName } from './transport-tables.ts';

const ipv4 = 0x0800;
const ipv6 = 0x86dd;
/** Customer, service and older stacked VLAN tags. IEEE 802.1Q §9.6. */
const vlan = 0x8100;
const serviceVlan = 0x88a8;
const oldServiceVlan = 0x9100;

/** Takes a captured frame by its LINKTYPE (tcpdump.org/linktypes.html). */
export function decodeLink(state: DecodeState, linkType: number, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.link++;
  switch (linkType) {
    case 1:
      need('link', start, 14, end);
      decodeProtocol(state, state.viewOf(bytes).getUint16(start + 12), start + 14, bytes, end);
      return;
    case 113: // Linux cooked, version 1
      need('link', start, 16, end);
      decodeProtocol(state, state.viewOf(bytes).getUint16(start + 14), start + 16, bytes, end);
      return;
    case 276: // Linux cooked, version 2
      need('link', start, 20, end);
      decodeProtocol(state, state.viewOf(bytes).getUint16(start), start + 20, bytes, end);
      return;
    case 12:
    case 14:
    case 101:
      decodeIp(state, bytes, start, end);
      return;
    case 228:
      decodeIpv4(state, bytes, start, end);
      return;
    case 229:
      decodeIpv6(state, bytes, start, end);
      return;
    case 0: // loopback: address family in the capturing host's byte order
    case 108: // loopback: address family in network byte order
      need('link', start, 4, end);
      decodeIp(state, bytes, start + 4, end);
      return;
    case 139:
      decodeMtp2Phdr(state, bytes, start, end);
      return;
    case 140:
      decodeMtp2(state, bytes, start, end);
      return;
    case 141:
      decodeMtp3Link(state, bytes, start, end);
      return;
    case 142:
      decodeBareSccp(state, bytes, start, end);
      return;
    case noLinkType:
      state.stats.unhandledAs('pcapng record without packet');
      return;
    default:
      state.stats.unhandledAs(`LINKTYPE ${linkType}`);
  }
}

/** @param type EtherType of what begins at `start`; VLAN tags in front of it are skipped */
function decodeProtocol(state: DecodeState, type: number, start: number, bytes: Uint8Array, end: number): void {
  if (type === ipv4) {
    decodeIpv4(state, bytes, start, end);
    return;
  }
  let inner = type;
  let at = start;
  while (inner === vlan || inner === serviceVlan || inner === oldServiceVlan) {
    need('link', at, 4, end);
    inner = (bytes[at + 2] << 8) | bytes[at + 3];
    at += 4;
  }
  if (inner === ipv4) decodeIpv4(state, bytes, at, end);
  else if (inner === ipv6) decodeIpv6(state, bytes, at, end);
  else state.stats.unhandledAs(etherTypeName(inner));
}
