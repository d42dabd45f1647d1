import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { encodeFrame } from '../../../shared/codec.ts';
import {
  fakeDwell,
  fakeExpected,
  fakeOutcomes,
  fakePast,
  fakePlaces,
  fakeRegionOrigins,
  fakeTrips,
} from './fake-areas.ts';
import type { FakeFeed } from './fake-feed.ts';
import { acceptWebSockets, type Screen } from './ws-server.ts';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
/** The server's own policy, so that what it forbids is seen here too. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
  "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

export interface FakeServer {
  port: number;
  /** Cuts all screens off and refuses new ones. */
  cut(): void;
  close(): Promise<void>;
}

/** Serves a built wall and feeds it with the frames of `feed`, one a tick. */
export async function serveFake(webRoot: string, feed: FakeFeed, tickMs: number): Promise<FakeServer> {
  const screens = new Set<Screen>();
  let open = true;
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const [, encodedId, part] =
      /^\/api\/regions\/([^/]+)\/(dwell|expected|flows|past|origins)$/.exec(url.pathname) ?? [];
    const history = /^\/api\/regions\/([^/]+)\/history$/.exec(url.pathname);
    response.setHeader('content-security-policy', policy);
    if (!open) {
      response.writeHead(503).end();
    } else if (url.pathname === '/api/layout') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(feed.layout));
    } else if (encodedId !== undefined) {
      const id = decodeURIComponent(encodedId);
      const { regions } = feed.layout;
      const toUs = Number(url.searchParams.get('to'));
      const answers = {
        past: fakePast(id, toUs),
        origins: fakeRegionOrigins(id, toUs, fakePlaces(feed.layout.minCount)),
        dwell: fakeDwell(id),
        expected: fakeExpected(id, id === regions[0]?.id),
        flows: fakeTrips(id, regions),
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers[part as keyof typeof answers]));
    } else if (url.pathname === '/api/traffic') {
      const minuteUs = 60_000_000;
      const answer = fakeOutcomes(url.searchParams.get('region')!, Math.floor(feed.timeUs / minuteUs) * minuteUs);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } else if (history !== null) {
      const [from, to, bucket] = ['from', 'to', 'bucket'].map((name) => Number(url.searchParams.get(name)));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(feed.history(decodeURIComponent(history[1]!), from!, to!, bucket!)));
    } else {
      const name = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
      readFile(join(webRoot, name)).then(
        (bytes) => {
          response.setHeader('content-type', types[extname(name)] ?? 'application/octet-stream').end(bytes);
        },
        () => response.writeHead(404).end(),
      );
    }
  });
  acceptWebSockets(server, '/ws', (screen) => {
    if (open) screens.add(screen);
    else screen.close();
    if (open) screen.send(encodeFrame(feed.snapshot()));
    return {
      onMessage: () => screen.send(encodeFrame(feed.snapshot())),
      onClose: () => screens.delete(screen),
    };
  });
  const timer = setInterval(() => {
    if (screens.size === 0) return;
    const bytes = encodeFrame(feed.delta());
    for (const screen of screens) screen.send(bytes);
  }, tickMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      open = false;
      for (const screen of screens) screen.close();
    },
    async close() {
      clearInterval(timer);
      for (const screen of screens) screen.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
