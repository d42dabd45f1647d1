import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';

/** What we use of uWebSockets.js; its own types name much more, and `any`. */
export interface Uws {
  App(): UwsApp;
  us_listen_socket_close(socket: ListenSocket): void;
  us_socket_local_port(socket: ListenSocket): number;
  readonly DISABLED: number;
}
/** A native handle; invalid once closed. */
export type ListenSocket = { readonly listenSocket: never };
/** A native handle of an upgrade. */
export type UpgradeContext = { readonly upgradeContext: never };

export interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  ws<T>(pattern: string, behavior: UwsBehavior<T>): UwsApp;
  listen(host: string, port: number, done: (socket: ListenSocket | false) => void): UwsApp;
  /** Closes every connection by force. */
  close(): UwsApp;
}

/** Readable only until the handler returns. */
export interface UwsRequest {
  /** '' when absent. */
  getHeader(lowerCaseName: string): string;
  getUrl(): string;
  getMethod(): string;
  getQuery(): string;
}

/** Usable until it has ended or was aborted; touching it later is an error. */
export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body?: string | Uint8Array, closeConnection?: boolean): UwsResponse;
  endWithoutBody(contentLength?: number, closeConnection?: boolean): UwsResponse;
  /** [everything was taken, the response is complete] */
  tryEnd(chunk: Uint8Array, totalBytes: number): [boolean, boolean];
  getWriteOffset(): number;
  onWritable(handler: (offset: number) => boolean): UwsResponse;
  onAborted(handler: () => void): UwsResponse;
  /** Pieces of the body; each holds during the call only. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  cork(write: () => void): UwsResponse;
  close(): UwsResponse;
  upgrade<T>(data: T, key: string, protocol: string, extensions: string, context: UpgradeContext): void;
}

export interface UwsSocket<T> {
  /** 1 sent, 0 buffered, 2 dropped. */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  /** Sends a close frame; the close handler runs at once. */
  end(code: number, reason: string): void;
  /** Cuts the connection; the close handler runs at once. */
  close(): void;
  getUserData(): T;
}

export interface UwsBehavior<T> {
  compression: number;
  maxPayloadLength: number;
  maxBackpressure: number;
  closeOnBackpressureLimit: boolean;
  idleTimeout: number;
  sendPingsAutomatically: boolean;
  upgrade(response: UwsResponse, request: UwsRequest, context: UpgradeContext): void;
  open(socket: UwsSocket<T>): void;
  message(socket: UwsSocket<T>, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: UwsSocket<T>): void;
  close(socket: UwsSocket<T>, code: number): void;
}

interface Candidate {
  readonly name: string;
  readonly version: string;
  /** The folder of the binaries, seen from the package's entry file. */
  readonly folder: string;
}

/** Newest first. Both are re-publications: the project itself is not on npm. */
const candidates: readonly Candidate[] = [
  { name: '@btc-vision/uwebsockets.js', version: '20.57.0', folder: '.' },
  { name: '@trufflesuite/uws-js-unofficial', version: '20.30.0', folder: '../binaries' },
];

export interface LoadedUws {
  readonly uws: Uws;
  /** Package and version, for `/api/health`. */
  readonly source: string;
}

/**
 * The newest uWebSockets.js whose binary loads on this machine. The binary file itself is loaded: the second package's
 * own entry would fall back to a slow JavaScript imitation without a word that anyone reads.
 * @throws UserError UWS_NOT_LOADED, naming each package's reason.
 */
export function loadUws(load: (file: string) => unknown = requireFile): LoadedUws {
  const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const reasons: string[] = [];
  for (const { name, version, folder } of candidates) {
    try {
      const uws = load(join(dirname(requireFile.resolve(name)), folder, binary)) as Uws;
      if (typeof uws.App !== 'function') throw new Error(`${binary} has no App`);
      return { uws, source: `${name} ${version}` };
    } catch (error) {
      reasons.push(`${name} ${version}: ${messageOf(error).split('\n')[0]}`);
    }
  }
  throw new UserError(
    'UWS_NOT_LOADED',
    `uWebSockets.js does not load on ${process.platform} ${process.arch} with Node ${process.versions.node}: ${reasons.join('; ')}; ` +
      'use Node 20, 22 or 24 on Linux with glibc, macOS or Windows, and run npm ci again',
  );
}

const requireFile = createRequire(import.meta.url);
