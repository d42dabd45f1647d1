import { clientMessageBytesMax } from '../../shared/codec.ts';
import type { ScreenSocket, Screens } from '../push/screens.ts';
import type { UwsApp, UwsResponse } from '../push/uws.ts';

/** `/ws`: what uWebSockets.js tells about sockets goes to `screens`. */
export function serveScreens(
  app: UwsApp,
  compression: number,
  screens: Screens,
  allowed: (host: string, origin: string) => boolean,
): void {
  app.ws<Record<string, never>>('/ws', {
    compression,
    maxPayloadLength: clientMessageBytesMax * 4,
    // Never reached: Screens stops far below. Closing is safe where dropping silently is not.
    maxBackpressure: 64 * 1024 * 1024,
    closeOnBackpressureLimit: true,
    idleTimeout: 60,
    sendPingsAutomatically: true,
    upgrade(response: UwsResponse, request, context) {
      if (!allowed(request.getHeader('host'), request.getHeader('origin'))) {
        response.writeStatus('403 Forbidden').end('this page may not open the wall', true);
        return;
      }
      const key = request.getHeader('sec-websocket-key');
      const protocol = request.getHeader('sec-websocket-protocol');
      const extensions = request.getHeader('sec-websocket-extensions');
      response.upgrade<Record<string, never>>({}, key, protocol, extensions, context);
    },
    open: (socket: ScreenSocket) => screens.opened(socket),
    message: (socket: ScreenSocket, message, isBinary) => screens.message(socket, new Uint8Array(message), isBinary),
    drain: (socket: ScreenSocket) => screens.drained(socket),
    close: (socket: ScreenSocket) => screens.closed(socket),
  });
}
