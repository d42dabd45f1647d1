import { type Layout, protocolVersion } from '../../shared/protocol.ts';
import { FigureExit } from '../access/exit.ts';
import type { Estimates } from '../access/people.ts';
import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import type { RegionEditor } from '../core/region-editor.ts';
import { messageOf } from '../errors.ts';
import type { PushFeed } from '../events/push-feed.ts';
import type { Log } from '../log.ts';
import type { LiveView } from '../occupancy/view.ts';
import { FrameSource } from '../push/frames.ts';
import { Screens } from '../push/screens.ts';
import type { MachineStatus } from '../push/status.ts';
import { loadUws } from '../push/uws.ts';
import type { AreaName } from '../reference/home-areas.ts';
import { AreaAnswers, type CellFigure, type RegionFigure, regionFigures } from './area-figures.ts';
import { CrowdReader } from './crowd-reader.ts';
import { ExpectedAnswers } from './expected.ts';
import { FeedSockets } from './feed-sockets.ts';
import { FeedAnswers, feedPath } from './feeds.ts';
import { GateCounts, type GateTaker } from './gate-counts.ts';
import { hostAllowed, listenAddress, originAllowed, securityHeaders } from './guard.ts';
import { HistoryAnswers, type HistoryNow, type HistorySource, noOpenStays } from './history.ts';
import { type ApiRequest, Refusal, Reply, readRequest, Unsent } from './http.ts';
import { listenAlone } from './listen.ts';
import { TileFile } from './pmtiles.ts';
import { QueryGate } from './query-gate.ts';
import { RegionEdits } from './region-edits.ts';
import { serveScreens } from './screen-sockets.ts';
import { StaticFiles } from './static.ts';
import { answerRegions, CellAnswers, LayoutAnswers } from './tables.ts';
import { answerTraffic } from './traffic.ts';

export interface ServerOptions {
  /** A loopback address or `localhost`. */
  host: string;
  /** 0: any free one. */
  port: number;
  config: Config;
  clock: Clock;
  log: Log;
  /** Folder of the built web application. */
  webRoot: string;
  build: string;
  view(): LiveView;
  /** The same object as long as its revision stays. Its cells are only ever appended to, in order of cell_id. */
  layout(): Layout;
  /** People estimates by place in the layout; absent: none are made. */
  people?(): Estimates;
  status(): MachineStatus;
  /** What `GET /api/health` says beside `push` and `versions`. */
  health(): object;
  store: HistorySource;
  /** Of China, by area code; absent: nobody has told them. */
  areaNames?: ReadonlyMap<number, AreaName>;
  /** Ids of the cells in a region, by its place in the layout. */
  cellsOf(region: number): ArrayLike<number>;
  /** Stays in these cells that last: no history has them. Absent: nobody is anywhere. */
  openStays?: HistoryNow['openStays'];
  /** Absent: they always are. */
  staysStored?: HistoryNow['staysStored'];
  editor: Pick<RegionEditor, 'regions' | 'set'>;
  /** Takes gate counts in; absent or null: no people are estimated. */
  gates?: GateTaker | null;
  /** Feeds that senders bring their batches to, by ID; absent: there are none. */
  pushFeeds?: ReadonlyMap<string, PushFeed>;
  /** Tells this server's data folder from others. Absent: ''. */
  receiver?: string;
  /** By these the crowds of regions are read for the wall, and a bug in it is told; absent: they are not. */
  crowds?: { readonly timers: Timers; failed(error: Error): void };
}

export interface PushServer {
  readonly port: number;
  /** Once per tick: makes the next frame and sends it to every screen. */
  publish(): void;
  /** Says goodbye to the screens (1012) and ends every connection, within a few seconds. */
  close(): Promise<void>;
  readonly stats: PushStats;
}

export type PushStats = Screens['counts'] & {
  /** Screens open now, and those of them that wait for a snapshot. */
  screens: number;
  behind: number;
  /** Number of the newest frame, its size, and microseconds its encoding took. */
  seq: number;
  deltaBytes: number;
  snapshotBytes: number;
  encodeUs: number;
  requests: number;
  requestsRefused: number;
  /** Upgrades and requests refused for their Host or Origin. */
  strangers: number;
};

const regionPath = new RegExp(`^/api/regions/([^/]+)/(history|past|crowd|expected|${regionFigures.join('|')})$`);

/** How long `close` waits for answers and close frames to leave. */
const closeGraceMs = 3_000;

/**
 * Serves the wall: the built application, `/ws` and the read API.
 * @throws UserError LISTEN_NOT_LOOPBACK, PORT_IN_USE and others of its parts, before anything is answered
 */
export async function startServer(options: ServerOptions): Promise<PushServer> {
  const host = listenAddress(options.host);
  const { uws, source } = loadUws();
  const { config, clock, log } = options;
  const statics = await StaticFiles.read(options.webRoot);
  const tiles = config.pmtilesFile === '' ? null : await TileFile.open(config.pmtilesFile);
  const exit = new FigureExit(config.minCount, options.areaNames);
  const layouts = new LayoutAnswers(options.layout);
  const cells = new CellAnswers(exit);
  const gate = new QueryGate(config, log);
  const histories = new HistoryAnswers(options.store, config, gate);
  const historyNow = (): HistoryNow => {
    const { cellsOf, openStays = noOpenStays, staysStored = async () => true } = options;
    const databaseAway = options.status().store.state === 'away';
    const { clockUs } = options.view();
    return { layout: options.layout(), clockUs, databaseAway, cellsOf, openStays, staysStored };
  };
  const crowds =
    options.crowds &&
    new CrowdReader({
      ...{ histories, gate, clock, now: historyNow, ...options.crowds },
      ready() {
        const { feeds, store } = options.status();
        return store.state === 'up' && !feeds.some(({ state }) => state === 'warming up');
      },
    });
  const frames = new FrameSource({
    ...{ ...callsOf(options), exit, clock, gaugeEveryMs: config.gaugeEveryMs },
    ...(crowds && { crowds: () => crowds.crowds }),
  });
  const screens = new Screens(frames, config, clock);
  const expected = new ExpectedAnswers(options.store, config, gate);
  const areas = new AreaAnswers(
    (text, values) => options.store.sql(text, values),
    config,
    gate,
    () => options.view(),
    options.areaNames,
  );
  const feeds = new FeedAnswers(options.pushFeeds ?? new Map(), config, options.receiver ?? '');
  const edits = new RegionEdits(options.editor, config, () => {
    crowds?.forget();
    // Who is told that the set counts finds its figures everywhere.
    exit.regionsEdited();
    screens.tick();
  });
  const gateCounts = new GateCounts(options.gates ?? null, config);
  const feedSockets = new FeedSockets(feeds, config, (error) => log('error', `a batch on a socket: ${error.message}`));
  const headers = securityHeaders(config.tileUrl);
  const counts = { requests: 0, requestsRefused: 0, strangers: 0 };
  const unsent = new Unsent();
  let pending = 0;
  /** Of them, requests that read. */
  let reading = 0;
  let closing = false;

  const stats = (): PushStats => ({
    ...screens.counts,
    ...frames.stats,
    ...counts,
    screens: screens.size,
    behind: screens.behind,
    seq: frames.seq,
  });

  function health(): object {
    const own = options.health() as { versions?: object };
    const versions = { build: options.build, protocol: protocolVersion, node: process.versions.node, uws: source };
    return { ...own, push: stats(), versions: { ...own.versions, ...versions } };
  }

  async function route(request: ApiRequest, reply: Reply): Promise<void> {
    if (!hostAllowed(request.host)) {
      counts.strangers++;
      throw new Refusal(403, 'HOST_REFUSED', 'open Signalwall by localhost or 127.0.0.1, not by another name');
    }
    const { path } = request;
    if (path === '/ws') throw new Refusal(426, 'UPGRADE_REQUIRED', '/ws speaks WebSocket only');
    if (path !== '/api' && !path.startsWith('/api/')) return statics.answer(request, reply);
    if (path === '/api/health') return reply.json(200, health());
    if (path === '/api/layout') return layouts.answer(request, reply);
    if (path === '/api/cells') return cells.answer(request, reply, options.layout(), frames.seq);
    if (path === '/api/regions') {
      const layout = frames.layout ?? options.layout();
      return answerRegions(request, reply, layout, exit, config.gaugeEveryMs);
    }
    if (path === '/api/traffic')
      return answerTraffic(request, reply, options.layout(), options.view(), config.minCount);
    if (path === '/api/regions.geojson') return edits.answer(request, reply);
    const now = historyNow();
    const [, cellFigure] = /^\/api\/cells\/(latest|hour)$/.exec(path) ?? [];
    if (cellFigure !== undefined) return areas.cells(cellFigure as CellFigure, request, reply, now);
    if (path === '/api/origins') return areas.origins(request, reply, '', now);
    const [, region, part] = regionPath.exec(path) ?? [];
    if (region !== undefined) {
      if (regionFigures.includes(part as RegionFigure))
        return areas.region(part as RegionFigure, request, reply, region, now);
      if (part === 'expected') return expected.answer(request, reply, region, now);
      if (part === 'crowd') return histories.answerCrowd(request, reply, region, now);
      return part === 'past'
        ? histories.answerPast(request, reply, region, now)
        : histories.answer(request, reply, region, now);
    }
    const feed = feedPath(path);
    if (feed?.part === 'feed') return feeds.answer(reply, feed.id);
    if (feed?.part === 'events' || path === '/api/gates') throw wrongMethod(path);
    if (feed?.part === 'socket') throw new Refusal(426, 'UPGRADE_REQUIRED', 'this path speaks WebSocket only');
    if (path === '/api/base.pmtiles' && tiles !== null) return tiles.answer(request, reply);
    throw new Refusal(404, 'NOT_FOUND', 'no such path; the API is described in server/api/README.md');
  }

  function upgradeAllowed(hostHeader: string, origin: string): boolean {
    const allowed = !closing && originAllowed(origin, hostHeader);
    if (!allowed) counts.strangers++;
    return allowed;
  }

  function refuse(request: ApiRequest, reply: Reply, error: unknown): void {
    counts.requestsRefused++;
    if (error instanceof Refusal) {
      // The rest of a body that is too large, or that nobody takes, is not waited for.
      const cut = error.status === 413 || (error.status === 405 && request.method !== 'GET');
      reply.error(error, headersOf(error, request.path), cut);
      return;
    }
    log('error', `${request.method} ${request.path.slice(0, 200)}: ${messageOf(error)}`);
    reply.error(new Refusal(500, 'INTERNAL', 'the server could not answer; its log says why'));
  }

  const app = uws.App();
  serveScreens(app, uws.DISABLED, screens, upgradeAllowed);
  feedSockets.serve(app, uws.DISABLED, upgradeAllowed);
  app.any('/*', (response, raw) => {
    counts.requests++;
    pending++;
    const request = readRequest(raw);
    const reads = request.method !== 'POST' && request.method !== 'PUT';
    const done = () => {
      pending--;
      if (reads) reading--;
    };
    const reply = new Reply(response, request.method, headers, done, unsent);
    if (reads && reading++ >= config.requestsMax) return refuse(request, reply, busy());
    if (reads && unsent.bytes >= config.answerBytesMax) return refuse(request, reply, busy());
    const feed = feedPath(request.path);
    if (request.method === 'POST' && feed?.part === 'events') {
      feeds.take(feed.id, request, reply).catch((error: unknown) => refuse(request, reply, error));
      return;
    }
    if (request.method === 'PUT' && request.path === '/api/regions') {
      edits.take(request, reply).catch((error: unknown) => refuse(request, reply, error));
      return;
    }
    if (request.method === 'POST' && request.path === '/api/gates') {
      gateCounts.take(request, reply).catch((error: unknown) => refuse(request, reply, error));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(request, reply, wrongMethod(request.path));
      return;
    }
    route(request, reply).catch((error: unknown) => refuse(request, reply, error));
  });

  const listening = await listenAlone(app, host, options.port).catch(async (error: unknown) => {
    await tiles?.close();
    throw error;
  });
  const port = uws.us_socket_local_port(listening);
  crowds?.start();
  if (statics.count === 0) log('warn', `no web application in ${options.webRoot}: run npm run build`);

  return {
    port,
    publish: () => screens.tick(),
    async close() {
      if (closing) return;
      closing = true;
      crowds?.stop();
      uws.us_listen_socket_close(listening);
      screens.endAll();
      feedSockets.stopTaking();
      const from = clock.monotonicMs();
      while (pending + feedSockets.pending > 0 && clock.monotonicMs() - from < closeGraceMs) await sleep(20);
      feedSockets.endAll();
      // One more turn for the close frames to leave.
      await sleep(50);
      app.close();
      await tiles?.close();
    },
    get stats() {
      return stats();
    },
  };
}

/** The calls into the composition root, bound to their object. */
function callsOf(options: ServerOptions): Pick<ServerOptions, 'view' | 'layout' | 'status' | 'people'> {
  return {
    view: () => options.view(),
    layout: () => options.layout(),
    status: () => options.status(),
    people: () => options.people?.() ?? null,
  };
}

function busy(): Refusal {
  return new Refusal(503, 'BUSY', 'too many answers are under way at once; ask again in a moment');
}

/** The methods of a path, as `Allow` has them. */
function methodsOf(path: string): string {
  if (path === '/api/gates' || feedPath(path)?.part === 'events') return 'POST';
  return path === '/api/regions' ? 'GET, HEAD, PUT' : 'GET, HEAD';
}

function wrongMethod(path: string): Refusal {
  const methods = methodsOf(path).replace(/, ([^,]*)$/, ' and $1');
  return new Refusal(405, 'METHOD_NOT_ALLOWED', `this path takes only ${methods}`);
}

function headersOf({ status, more }: Refusal, path: string): Record<string, string> {
  if (status === 405) return { allow: methodsOf(path) };
  const { retryAfterS = 5 } = more as { retryAfterS?: number };
  return status === 503 ? { 'retry-after': String(retryAfterS) } : {};
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
