import { DecodeError, need } from './decode-error.ts';
import { decodeIpa } from './ipa.ts';
import { sourceIsLower } from './mtp.ts';
import type { DecodeState } from './state.ts';
import { ipProtocolNames } from './transport-tables.ts';

/** Ports of IPA, those of tshark 4.0 (`gsm_ipa.tcp.port`); TCP on others is counted as what it is. */
const ipaPorts: ReadonlySet<number> = new Set([3002, 3003, 3006, 4222, 4249, 4250, 5000]);
const syn = 0x02;
const ack = 0x10;
const tcpProtocol = 6;

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** A TCP segment, RFC 9293 §3.1. Its checksum is not looked at: capture hosts see packets before it is computed. */
export function decodeTcp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  need('tcp', start, 20, end);
  const sourcePort = (bytes[start] << 8) | bytes[start + 1];
  const destinationPort = (bytes[start + 2] << 8) | bytes[start + 3];
  if (!ipaPorts.has(sourcePort) && !ipaPorts.has(destinationPort)) {
    state.stats.unhandledAs(ipProtocolNames[tcpProtocol]);
    return;
  }
  state.stats.layers.tcp++;
  const headerLength = (bytes[start + 12] >> 4) * 4;
  if (headerLength < 20) throw new DecodeError('tcp', 'BAD_LENGTH', start + 12);
  need('tcp', start, headerLength, end);
  state.sctpTag = 0;
  state.sourcePort = sourcePort;
  state.destinationPort = destinationPort;
  const fromLower = sourceIsLower(state);
  const { addresses, sourceAddress, destinationAddress, addressLength } = state;
  const connection = fromLower
    ? state.tcpConnections.find(
        addresses,
        sourceAddress,
        destinationAddress,
        addressLength,
        sourcePort,
        destinationPort,
      )
    : state.tcpConnections.find(
        addresses,
        destinationAddress,
        sourceAddress,
        addressLength,
        destinationPort,
        sourcePort,
      );
  const own = fromLower ? 0 : 1;
  const direction = connection.directions[own];
  const flags = bytes[start + 13];
  const number = word(bytes, start + 4);
  if ((flags & syn) !== 0 && direction.begin(number)) {
    const framer = connection.framers[own];
    framer.dropped += framer.drop();
    framer.restart(true);
  }
  if ((flags & ack) !== 0) connection.directions[own ^ 1].acknowledged = word(bytes, start + 8);
  const sequence = (flags & syn) !== 0 ? (number + 1) >>> 0 : number;
  const payload = start + headerLength;
  if (payload === end) return;
  const came = direction.take(sequence, state.message.timeUs, bytes, payload, end);
  if (came === 'old' && end - payload > 1) state.stats.duplicates++;
  state.tcpDirection = direction;
  state.ipaFramer = connection.framers[own];
  decodeStream(state);
}

/**
 * Reads the messages that the segment completes. When one is malformed its place is behind already, so that calling
 * this again goes on with the next.
 */
export function decodeStream(state: DecodeState): void {
  const { tcpDirection: direction, ipaFramer: framer, limits } = state;
  if (direction === null || framer === null) return;
  do {
    while (framer.next(direction)) decodeIpa(state, framer.bytes, framer.start, framer.end);
    if (direction.dropped > 0) {
      state.stats.evict('tcp', direction.dropped);
      direction.dropped = 0;
    }
    if (framer.dropped > 0) {
      state.stats.evict('ipa', framer.dropped);
      framer.dropped = 0;
    }
  } while (direction.advance(state.message.timeUs, limits.tcpWaitBytesMax, limits.reassemblyMs * 1000));
  state.tcpDirection = null;
  state.ipaFramer = null;
}
