import { createHash } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface Screen {
  send(bytes: Uint8Array): void;
  close(): void;
}

/**
 * The least of RFC 6455 that a wall needs to be fed in tests: binary messages out, short binary messages in. Not for
 * production: nothing is bounded and control frames but Close are left unanswered.
 */
export function acceptWebSockets(
  server: Server,
  path: string,
  onScreen: (screen: Screen) => { onMessage(bytes: Uint8Array): void; onClose(): void },
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const key = request.headers['sec-websocket-key'];
    if (request.url !== path || key === undefined) {
      socket.destroy();
      return;
    }
    const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const listener = onScreen({
      send: (bytes) => void socket.write(Buffer.concat([head(bytes.byteLength), bytes])),
      close: () => socket.destroy(),
    });
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      held = take(held, (opcode, payload) => {
        if (opcode === 8) socket.destroy();
        else listener.onMessage(payload);
      });
    });
    socket.on('close', () => listener.onClose());
    socket.on('error', () => socket.destroy());
  });
}

/** Frame header of a whole, unmasked binary message (§5.2). */
function head(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, length]);
  if (length < 65_536) return Buffer.from([0x82, 126, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x82;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** Takes whole masked frames of up to 65,535 bytes off the front; returns the rest. */
function take(held: Buffer, onFrame: (opcode: number, payload: Uint8Array) => void): Buffer<ArrayBuffer> {
  let rest = Buffer.from(held);
  for (;;) {
    if (rest.length < 6) return rest;
    const long = (rest[1]! & 0x7f) === 126;
    const length = long ? rest.readUInt16BE(2) : rest[1]! & 0x7f;
    const start = (long ? 4 : 2) + 4;
    if (rest.length < start + length) return rest;
    const mask = rest.subarray(start - 4, start);
    const payload = new Uint8Array(length);
    for (let k = 0; k < length; k++) payload[k] = rest[start + k]! ^ mask[k % 4]!;
    onFrame(rest[0]! & 0x0f, payload);
    rest = rest.subarray(start + length);
  }
}
