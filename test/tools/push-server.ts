import { connect } from 'node:net';
import type { HistorySource } from '../../server/api/history.ts';
import { type PushServer, type ServerOptions, startServer } from '../../server/api/server.ts';
import type { Clock } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import type { PushFeed } from '../../server/events/push-feed.ts';
import type { MachineStatus } from '../../server/push/status.ts';
import type { Layout } from '../../shared/protocol.ts';
import { FakeView, fakeLayout } from './fake-view.ts';

/** A clock that tests turn by hand; its monotonic time moves with real time, plus what a test adds. */
export class TestClock implements Clock {
  addedMs = 0;
  nowUs(): number {
    return 1_700_000_000_000_000;
  }
  monotonicMs(): number {
    return performance.now() + this.addedMs;
  }
}

export interface TestServer {
  server: PushServer;
  view: FakeView;
  clock: TestClock;
  layout: Layout;
  status: MachineStatus;
  log: string[];
}

export const fakeStatus = (): MachineStatus => ({
  feeds: [],
  store: { state: 'up', lagMs: 0, queuedRows: 0, droppedRows: 0, error: '' },
  unknownCells: 0,
  eventsPerS: 0,
});

const noHistory: HistorySource = {
  regionHistory: (id, _from, _to, bucketS) =>
    Promise.resolve({ id, bucketS, timeUs: [], present: [], entries: [], exits: [], traffic: [] }),
  regionPast: (id, { bucketS }) => Promise.resolve({ id, bucketS, timeUs: [] }),
  dayFigures: () => Promise.resolve([]),
  sql: () => Promise.resolve([]),
};

/** The real server on a free port, with a view, layout and status that the test may change. */
export async function startTestServer(
  options: {
    cells?: number;
    regions?: number;
    settings?: Record<string, unknown>;
    webRoot?: string;
    /** What it leaves out answers with nothing. */
    store?: Partial<HistorySource>;
    port?: number;
    host?: string;
    cellsOf?: ServerOptions['cellsOf'];
    openStays?: ServerOptions['openStays'];
    staysStored?: ServerOptions['staysStored'];
    editor?: ServerOptions['editor'];
    gates?: ServerOptions['gates'];
    pushFeeds?: ReadonlyMap<string, PushFeed>;
    receiver?: string;
    areaNames?: ServerOptions['areaNames'];
    crowds?: ServerOptions['crowds'];
  } = {},
): Promise<TestServer> {
  const { cells = 50, regions = 3 } = options;
  const log: string[] = [];
  const parts = {
    view: new FakeView(cells, regions),
    clock: new TestClock(),
    layout: fakeLayout(cells, regions),
    status: fakeStatus(),
    log,
  };
  const running: Omit<TestServer, 'server'> = parts;
  const server = await startServer({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    config: makeConfig({ where: 'test', settings: options.settings ?? {} }),
    clock: parts.clock,
    log: (level, line) => log.push(`${level}: ${line}`),
    webRoot: options.webRoot ?? '/nonexistent',
    build: 'test',
    view: () => running.view,
    layout: () => running.layout,
    status: () => running.status,
    health: () => ({ status: 'ok', versions: { signalwall: '0.0.0' } }),
    store: { ...noHistory, ...options.store },
    cellsOf: options.cellsOf ?? (() => []),
    ...(options.openStays !== undefined && { openStays: options.openStays }),
    ...(options.staysStored !== undefined && { staysStored: options.staysStored }),
    editor: options.editor ?? { regions: [], set: () => Promise.reject(new Error('no region is edited here')) },
    ...(options.gates && { gates: options.gates }),
    ...(options.pushFeeds && { pushFeeds: options.pushFeeds, receiver: options.receiver ?? '' }),
    ...(options.areaNames && { areaNames: options.areaNames }),
    ...(options.crowds && { crowds: options.crowds }),
  });
  return Object.assign(running, { server });
}

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: Buffer;
}

/** One HTTP request over a socket of its own, with the path and headers exactly as given. */
export function request(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const all: Record<string, string> = { host: `127.0.0.1:${port}`, ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    let bytes = Buffer.alloc(0);
    const done = () => {
      socket.destroy();
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return reject(new Error(`no answer: ${bytes.toString('latin1')}`));
      const [first, ...rest] = bytes.subarray(0, end).toString('latin1').split('\r\n');
      const named = new Map(
        rest.map((line): [string, string] => {
          const at = line.indexOf(':');
          return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
        }),
      );
      resolve({ status: Number(first!.split(' ')[1]), headers: named, body: bytes.subarray(end + 4) });
    };
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = /content-length: (\d+)/i.exec(bytes.subarray(0, end).toString('latin1'))?.[1];
      const bodyless = method === 'HEAD' || bytes.subarray(9, 12).toString() === '304';
      if (bodyless || (length !== undefined && bytes.length >= end + 4 + Number(length))) done();
    });
    socket.on('error', reject);
    socket.on('close', done);
  });
}

/** The body of an answer as JSON. */
export function jsonOf<T>(answer: RawAnswer): T {
  return JSON.parse(answer.body.toString()) as T;
}
