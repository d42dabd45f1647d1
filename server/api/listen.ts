import { connect, createServer } from 'node:net';
import { UserError } from '../errors.ts';
import type { ListenSocket, UwsApp } from '../push/uws.ts';

/** A listener that does not even accept a connection within this time is there all the same. */
const connectMs = 1_000;
const attemptsMax = 5;
const retryMs = 300;

function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function portInUse(host: string, port: number): UserError {
  return new UserError(
    'PORT_IN_USE',
    `${addressOf(host, port)} is in use by another program (perhaps another Signalwall): end it or choose another port, e.g. --listen ${addressOf(host, port + 1)}`,
  );
}

/**
 * Listens, alone on its port.
 *
 * uWebSockets.js shares a port with whoever else shares it (SO_REUSEPORT), so two servers would divide the screens
 * between them; its exclusive mode, in turn, finds the port taken for a minute after a restart (TIME_WAIT). So a
 * connection is tried first: who answers has the port.
 *
 * @throws UserError PORT_IN_USE, PORT_REFUSED, LISTEN_FAILED
 */
export async function listenAlone(app: UwsApp, host: string, port: number): Promise<ListenSocket> {
  let code = 'EADDRINUSE';
  // Several tries, because the server before this one may still be closing its sockets.
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    if (attempt > 1) await new Promise((resolve) => setTimeout(resolve, retryMs));
    if (port !== 0 && (await answers(host, port))) continue;
    const socket = await new Promise<ListenSocket | false>((done) => app.listen(host, port, done));
    if (socket !== false) return socket;
    code = await listenErrorCode(host, port);
    if (code !== 'EADDRINUSE') break;
  }
  if (code === 'EADDRINUSE') throw portInUse(host, port);
  if (code === 'EACCES') {
    throw new UserError('PORT_REFUSED', `the system refuses port ${port} to this user: choose one above 1023`);
  }
  throw new UserError(
    'LISTEN_FAILED',
    `cannot listen on ${addressOf(host, port)} (${code}): choose another address with --listen`,
  );
}

/**
 * An early look, before anything costly is started: whether somebody listens there already.
 *
 * @throws UserError PORT_IN_USE
 */
export async function refuseTakenPort(host: string, port: number): Promise<void> {
  for (let attempt = 1; port !== 0 && (await answers(host, port)); attempt++) {
    if (attempt === attemptsMax) throw portInUse(host, port);
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    // After a stall of this process the timer may come before an answer that is there: look for that first.
    const timer = setTimeout(() => setImmediate(() => done(true)), connectMs);
    const done = (answered: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Why listening fails: uWebSockets.js does not say, Node does. */
function listenErrorCode(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve('uWebSockets.js refused it')));
  });
}
