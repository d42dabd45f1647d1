import type { Socket } from 'node:net';
import type { StreamFault } from './live-stream.ts';

/** Host and port as they stand in a URI: `[::1]:5555`. */
export function addressText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What messages call the other end of a connection. */
export function peerOf(socket: Socket): string {
  return addressText(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
}

/** Why a stream ended, for people. */
export function endText(fault: StreamFault | null): string {
  switch (fault) {
    case null:
      return 'has closed the connection';
    case 'PROBE_NOT_A_CAPTURE':
      return 'sends no pcap or pcapng: closed';
    case 'CORRUPT_RECORD':
      return 'sent a record of impossible length: closed';
    case 'TRUNCATED_CAPTURE':
      return 'stopped inside a record';
    case 'PROBE_LOST':
      return 'was lost';
  }
}
