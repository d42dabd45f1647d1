import type { Socket } from 'node:net';
import { feedNote } from '../../shared/feed-note.ts';
import type { StreamFault } from './live-stream.ts';

/** Host and port as they stand in a URI: `[::1]:5555`. */
export function addressText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What messages call the other end of a connection. */
export function peerOf(socket: Socket): string {
  return addressText(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
}

/** How the stream of the probe at `address` ended, for people. */
export function endNote(address: string, fault: StreamFault | null): string {
  switch (fault) {
    case null:
      return feedNote('closed', { address });
    case 'PROBE_NOT_A_CAPTURE':
      return feedNote('noCapture', { address });
    case 'CORRUPT_RECORD':
      return feedNote('badRecord', { address });
    case 'TRUNCATED_CAPTURE':
      return feedNote('cut', { address });
    case 'PROBE_LOST':
      return feedNote('lost', { address });
  }
}
