import type { FrameError } from '../../shared/codec.ts';
import type { Layout, LayoutRegion, RegionPast, ServerFrame, WallStatus } from '../../shared/protocol.ts';
import type { RegionDwell, RegionExpected, RegionOrigins, RegionTrips } from '../../shared/region-answers.ts';
import type { LayoutNode } from '../../shared/region-tree.ts';
import type { TrafficAnswer } from '../../shared/traffic.ts';
import type { ScreenClock } from '../app/clock.ts';
import type { FrameLoop } from '../draw/frame-loop.ts';
import { LayoutLoader } from '../link/layout.ts';
import { BuildGuard } from '../link/reload.ts';
import { type LinkStatus, WallSocket } from '../link/socket.ts';
import { usableZone } from '../parts/time.ts';
import { AnswerModel } from './answer.svelte.ts';
import { changeLagMs, changeOf, changePath, changeTurn } from './change.ts';
import { CityTrend } from './city-trend.svelte.ts';
import { Figures } from './figures.ts';
import { type Freshness, judgeFreshness } from './freshness.ts';
import type { ListLevel } from './node-rows.ts';
import { mainRegion } from './region-order.ts';
import { originsPath } from './region-origins.ts';
import { TrendModel } from './trend.svelte.ts';
import { type SparkLine, sameWarmth, sparkLineOf, type Warmth, warmthOf } from './warmth.ts';

export interface WallOptions {
  clock: ScreenClock;
  frames: FrameLoop;
  /** Address of the page; everything else is relative to it. */
  base: string;
  storage: Pick<Storage, 'getItem' | 'setItem'>;
  reload(): void;
}

/**
 * All that a screen shows. Frames are applied to typed arrays as they come; what components see changes once per
 * animation frame, when `frame` rises.
 */
export class Wall {
  layout = $state.raw<Layout | null>(null);
  layoutError = $state.raw<{ message: string; retryAtMs: number } | null>(null);
  status = $state.raw<WallStatus | null>(null);
  link = $state.raw<LinkStatus>({ state: 'connecting', retryAtMs: -1 });
  /** Rises with each painted frame: components read it before they read {@link figures}. */
  frame = $state(0);
  /** Rises when gauge intervals have closed, or others of them are complete. */
  sparkVersion = $state(0);
  /** Monotonic ms; rises each second, so that ages grow while nothing arrives. */
  nowMs = $state(0);
  /** When the last frame came, monotonic ms; -1 before the first. */
  frameMs = $state(-1);
  /** Of a micro-region or of a node of the tree. */
  chosenId = $state('');
  /** What the list shows; a level that the tree lacks is as 0. */
  listLevel = $state<ListLevel>(0);

  readonly figures = new Figures();
  readonly trend: TrendModel;
  readonly dwell: AnswerModel<RegionDwell>;
  readonly expected: AnswerModel<RegionExpected>;
  readonly trips: AnswerModel<RegionTrips>;
  /** By procedure. */
  readonly outcomes: AnswerModel<TrafficAnswer>;
  readonly change: AnswerModel<RegionPast>;
  readonly origins: AnswerModel<RegionOrigins>;
  readonly city = new CityTrend();
  readonly #options: WallOptions;
  readonly #socket: WallSocket;
  readonly #loader: LayoutLoader;
  readonly #guard: BuildGuard;
  #ticker: ReturnType<typeof setInterval> | undefined;
  /** False from a reconnect until the layout has been read again. */
  #layoutSure = $state(true);
  #arrivedMs = -1;
  #sparkEndUs = -1;
  #warmth: Warmth | null = null;
  readonly #commit = () => this.#commitFrame();
  readonly #online = () => this.#socket.retryNow();

  constructor(options: WallOptions) {
    this.#options = options;
    const { clock, base } = options;
    this.nowMs = clock.monotonicMs();
    this.#guard = new BuildGuard(clock, options.storage, options.reload);
    this.#loader = new LayoutLoader({
      url: new URL('api/layout', base).href,
      clock,
      onLayout: (layout) => this.applyLayout(layout),
      onError: (message, retryAtMs) => {
        this.layoutError = { message, retryAtMs };
      },
    });
    const address = new URL('ws', base);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WallSocket({
      url: address.href,
      clock,
      onFrame: (frame) => this.applyFrame(frame),
      onLink: (link) => this.#linkChanged(link),
      lastSeq: () => this.figures.state.seq,
      onBadFrame: (error: FrameError) => {
        // Another protocol version means another build: its layout makes this page load itself anew.
        console.warn(`signalwall: ${error.message}`);
        this.#loader.refresh();
      },
    });
    this.trend = new TrendModel({
      clock,
      url: (id, fromUs, toUs, bucketS) =>
        new URL(`api/regions/${encodeURIComponent(id)}/history?from=${fromUs}&to=${toUs}&bucket=${bucketS}`, base).href,
    });
    const answer = <T>(path: (id: string) => string, holds?: (answer: T) => boolean) =>
      new AnswerModel<T>({
        clock,
        url: (id) => new URL(`api/${path(encodeURIComponent(id))}`, base).href,
        ...(holds && { holds }),
      });
    this.dwell = answer((id) => `regions/${id}/dwell`);
    this.expected = answer((id) => `regions/${id}/expected`);
    this.trips = answer((id) => `regions/${id}/flows`);
    this.outcomes = answer((id) => `traffic?region=${id}`);
    this.change = answer(
      (id) => changePath(id, this.#eventUs, this.#settling),
      (past) => changeOf(past) !== null,
    );
    this.origins = answer((id) => originsPath(id, this.#eventUs));
  }

  start(): void {
    this.#loader.start();
    this.#socket.start();
    this.#ticker = setInterval(() => this.#tick(), 1000);
    globalThis.addEventListener('online', this.#online);
  }

  stop(): void {
    clearInterval(this.#ticker);
    globalThis.removeEventListener('online', this.#online);
    this.#loader.stop();
    this.#socket.stop();
    this.trend.dispose();
    for (const answer of this.#answers) answer.dispose();
    this.#options.frames.drop(this.#commit);
  }

  applyLayout(layout: Layout): void {
    this.layoutError = null;
    this.#layoutSure = true;
    if (this.#guard.see(layout.build)) return;
    this.layout = layout;
    this.figures.markAll();
    if (![...layout.regions, ...layout.tree].some(({ id }) => id === this.chosenId)) {
      this.choose(layout.regions[this.mainPlace]?.id ?? '');
    }
    this.#options.frames.schedule(this.#commit);
  }

  applyFrame(frame: ServerFrame): 'applied' | 'gap' {
    const result = this.figures.apply(frame);
    if (frame.layout !== this.layout?.revision) this.#loader.want(frame.layout);
    if (result === 'gap') return result;
    this.#arrivedMs = this.#options.clock.monotonicMs();
    this.#options.frames.schedule(this.#commit);
    return result;
  }

  /** Shows the trend of another micro-region or node. */
  choose(id: string): void {
    this.chosenId = id;
    this.trend.choose(id);
    for (const answer of [this.expected, this.outcomes, this.origins]) answer.choose(id);
    // Stays and trips are not kept of nodes, and counting the change of a whole branch from stays takes seconds.
    for (const answer of [this.dwell, this.trips, this.change]) answer.choose(this.node === undefined ? id : '');
    this.#seedTrend();
  }

  get #answers(): Pick<AnswerModel<unknown>, 'dispose'>[] {
    return [this.dwell, this.expected, this.trips, this.outcomes, this.change, this.origins];
  }

  get #eventUs(): number {
    return this.figures.state.status?.eventUs ?? 0;
  }

  get #settling(): Pick<Layout, 'gaugeEveryMs' | 'holdDownMs'> {
    return this.layout ?? { gaugeEveryMs: 60_000, holdDownMs: 60_000 };
  }

  get #gaugeEveryMs(): number {
    return this.layout?.gaugeEveryMs ?? 60_000;
  }

  get region(): LayoutRegion | undefined {
    return this.layout?.regions[this.chosenPlace];
  }

  /** The chosen node of the tree, unless a micro-region is chosen. */
  get node(): LayoutNode | undefined {
    return this.layout?.tree[this.nodePlace];
  }

  get nodePlace(): number {
    return this.layout?.tree.findIndex((node) => node.id === this.chosenId) ?? -1;
  }

  /** Place of the region that the wall is about, -1 without any. */
  get mainPlace(): number {
    return mainRegion(this.layout?.regions ?? []);
  }

  get chosenPlace(): number {
    return this.layout?.regions.findIndex((region) => region.id === this.chosenId) ?? -1;
  }

  /** Whether the regions' figures and the layout held belong together; false for a moment while a new one is read. */
  get regionsFit(): boolean {
    return this.#layoutSure && this.layout !== null && this.layout.revision >= this.figures.snapshotLayout;
  }

  get zone(): string {
    return usableZone(this.layout?.timeZone ?? 'UTC');
  }

  get minCount(): number {
    return this.status?.minCount ?? this.layout?.minCount ?? 0;
  }

  /** Time since the last frame came, ms; 0 before the first. */
  get sinceMs(): number {
    return this.frameMs < 0 ? 0 : Math.max(0, this.nowMs - this.frameMs);
  }

  get freshness(): Freshness {
    return judgeFreshness({
      link: this.link,
      nowMs: this.nowMs,
      frameMs: this.frameMs,
      feeds: this.status?.feeds ?? [],
    });
  }

  #linkChanged(link: LinkStatus): void {
    const { state, retryAtMs } = this.link;
    if (link.state === state && link.retryAtMs === retryAtMs) return;
    // The server behind the same address may be another by now: other cells, another build.
    if (link.state === 'live' && state === 'lost') {
      this.#layoutSure = false;
      this.#loader.refresh();
    }
    this.link = link;
  }

  /** Wall time by the server's clock, carried on by the screen's monotonic one, µs. */
  get wallUs(): number {
    if (this.status === null) return this.#options.clock.wallMs() * 1000;
    return this.status.wallUs + Math.max(0, this.nowMs - this.frameMs) * 1000;
  }

  #commitFrame(): void {
    const { state } = this.figures;
    if (state.status !== null) {
      this.status = state.status;
      this.frameMs = this.#arrivedMs;
      const warmth = warmthOf(state.status);
      if (this.#warmth === null || !sameWarmth(warmth, this.#warmth)) {
        this.#warmth = warmth;
        this.trend.seeWarmth(warmth);
        this.sparkVersion++;
      }
      this.city.add(state.status.eventUs, state.status.present, this.layout?.gaugeEveryMs ?? 60_000, warmth);
      this.nowMs = Math.max(this.nowMs, this.#options.clock.monotonicMs());
    }
    this.frame++;
    if (state.sparkEndUs !== this.#sparkEndUs) {
      this.#sparkEndUs = state.sparkEndUs;
      this.sparkVersion++;
      this.#seedTrend();
    }
  }

  /** The last `points` closed intervals of a region as they may be drawn. */
  sparkLine(place: number, points: number): SparkLine {
    return this.#lineOf(this.figures.sparkOf(place, points));
  }

  /** The same of a node of the tree. */
  nodeSparkLine(place: number, points: number): SparkLine {
    return this.#lineOf(this.figures.nodeSparkOf(place, points));
  }

  #lineOf(values: Uint32Array): SparkLine {
    if (this.#warmth === null || this.layout === null) return { values, muted: false };
    return sparkLineOf(values, this.figures.state.sparkEndUs, this.layout.gaugeEveryMs, this.#warmth);
  }

  /** Gives the trend what the frames have brought of its region; it takes what is new. */
  #seedTrend(): void {
    const [place, nodePlace] = [this.chosenPlace, this.nodePlace];
    if ((place < 0 && nodePlace < 0) || !this.regionsFit) return;
    const { figures, layout } = this;
    const values = place < 0 ? figures.nodeSparkOf(nodePlace) : figures.sparkOf(place);
    this.trend.extend(figures.state.sparkEndUs, layout!.gaugeEveryMs, values);
  }

  #tick(): void {
    this.nowMs = this.#options.clock.monotonicMs();
    const status = this.figures.state.status;
    if (status !== null && this.layout !== null) {
      const storeUp = ['up', 'slow', 'held'].includes(status.store.state);
      this.trend.tick(status.eventUs, storeUp, this.layout.gaugeEveryMs);
      // Before the first event nobody has stayed anywhere.
      if (status.eventUs <= 0) return;
      for (const answer of [this.dwell, this.expected, this.trips]) answer.tick(storeUp);
      this.outcomes.tick(true, Math.floor(status.eventUs / 1000 / this.#gaugeEveryMs));
      this.origins.tick(storeUp);
      // From stays: while the database is behind, they don't tell.
      const keepsUp = storeUp && status.store.lagMs < changeLagMs;
      this.change.tick(keepsUp, changeTurn(status.eventUs, this.#settling));
    }
  }
}
