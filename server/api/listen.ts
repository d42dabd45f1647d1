import { createServer } from 'node:net';
import { UserError } from '../errors.ts';
import type { ListenSocket, Uws, UwsApp } from '../push/uws.ts';

/**
 * Listens, alone on its port. @throws UserError PORT_IN_USE, PORT_REFUSED, LISTEN_FAILED
 */
export async function listenAlone(uws: Uws, app: UwsApp, host: string, port: number): Promise<ListenSocket> {
  const socket = await new Promise<ListenSocket | false>((resolve) => {
    // Exclusive: else Linux lets two servers share the port and spread the screens over both.
    app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve);
  });
  if (socket !== false) return socket;
  // uWebSockets.js does not say why; Node's own attempt does.
  const code = await listenErrorCode(host, port);
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (code === 'EADDRINUSE') {
    throw new UserError(
      'PORT_IN_USE',
      `${at} is in use by another program (perhaps another Signalwall): end it or choose another port with --listen ${at.replace(/\d+$/, String(port + 1))}`,
    );
  }
  if (code === 'EACCES') {
    throw new UserError('PORT_REFUSED', `the system refuses port ${port} to this user: choose one above 1023`);
  }
  throw new UserError('LISTEN_FAILED', `cannot listen on ${at} (${code}): choose another address with --listen`);
}

function listenErrorCode(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve('refused by uWebSockets.js')));
  });
}
