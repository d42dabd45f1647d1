import { columnBytes } from '../../../shared/codec.ts';
import {
  type DeltaFrame,
  type FeedStatus,
  hiddenCount,
  type Layout,
  type OriginRow,
  type PeopleRow,
  type RegionHistory,
  regionColumns,
  rowSparkPoints,
  type SnapshotFrame,
  type SparkColumns,
  sparkPointsMax,
  unknownCount,
  type WallStatus,
} from '../../../shared/protocol.ts';
import { fakeCrowd, fakePlaces, fakeTraffic } from './fake-areas.ts';
import { randomFrom, venue } from './fake-city.ts';

const minuteUs = 60_000_000;
/** 2026-11-21 19:30 in UTC+8: kick-off. */
export const kickOffUs = Date.UTC(2026, 10, 21, 11, 30) * 1000;

/** How full the venue is at a time, 0 … 1: fills over two hours, empties within one. */
function filling(timeUs: number): number {
  const minutes = (timeUs - kickOffUs) / minuteUs;
  const up = 1 / (1 + Math.exp(-(minutes + 50) / 16));
  const down = 1 / (1 + Math.exp((minutes - 135) / 11));
  return up * down;
}

export interface FakeFeedOptions {
  seed: number;
  /** Event time of the first frame, µs. */
  startUs: number;
  /** Event µs per frame. */
  stepUs: number;
  /** Changes of the status that a scenario asks for. */
  status?: Partial<WallStatus>;
  feed?: Partial<FeedStatus>;
  /** Feeds beside the first, as changes of it. */
  moreFeeds?: Partial<FeedStatus>[];
  /** People are estimated from a market share of 40 %. */
  people?: boolean;
  /** Guests are told by operator and area. */
  places?: boolean;
  /** Crowds have been counted, so many minutes ago. */
  crowdMinutes?: number;
  /** Traffic is counted, so many times that of a small region. */
  traffic?: number;
  /** The server started cold at `fromUs`: live counts climb for two hours; up to `storedUs` history is of earlier runs. */
  warmUp?: { fromUs: number; storedUs: number };
}

const ttlUs = 120 * minuteUs;

/** A deterministic stream of frames over a {@link Layout}: an evening on which the venue fills and empties. */
export class FakeFeed {
  seq = 0;
  timeUs: number;
  readonly layout: Layout;
  readonly #options: FakeFeedOptions;
  readonly #random: () => number;
  readonly #base: Float64Array;
  readonly #gain: Float64Array;
  readonly #present: Uint32Array;
  #changed: number[] = [];

  constructor(layout: Layout, options: FakeFeedOptions) {
    this.layout = layout;
    this.#options = options;
    this.timeUs = options.startUs;
    this.#random = randomFrom(options.seed);
    const n = layout.cells.length;
    this.#base = new Float64Array(n);
    this.#gain = new Float64Array(n);
    this.#present = new Uint32Array(n).fill(unknownCount);
    for (let i = 0; i < n; i++) {
      const { lon, lat } = layout.cells[i]!;
      const away = lon === null || lat === null ? i / 60 : Math.hypot((lon - venue.lon) * 102, (lat - venue.lat) * 111);
      this.#base[i] = 4 + 60 * Math.exp(-away / 4.5) * this.#random() ** 0.7 + 14 * this.#random();
      this.#gain[i] = 2400 * Math.exp(-((away / 0.75) ** 2)) + 130 * Math.exp(-away / 1.8);
      if (this.#random() < 0.04) this.#base[i] = 0;
    }
    this.#setAll();
  }

  snapshot(): SnapshotFrame {
    const index = Uint32Array.from(this.#present.keys());
    return {
      v: 1,
      k: 'snapshot',
      seq: ++this.seq,
      layout: this.layout.revision,
      status: this.status(),
      cells: { index: columnBytes(index), present: columnBytes(this.#present.slice()) },
      regions: this.#regionColumns(),
      spark: this.#spark(this.timeUs, sparkPointsMax),
      ...this.#nodes(),
      ...this.#nodeSpark(this.timeUs, rowSparkPoints),
      ...this.#people(),
      ...this.#crowd(),
      ...(this.#options.places === true && { places: fakePlaces(this.layout.minCount) }),
      ...this.#traffic(),
    };
  }

  /** Moves on by one step and gives what changed. */
  delta(): DeltaFrame {
    const before = Math.floor(this.timeUs / minuteUs);
    this.timeUs += this.#options.stepUs;
    this.#move();
    const index = Uint32Array.from(this.#changed);
    const frame: DeltaFrame = {
      v: 1,
      k: 'delta',
      seq: ++this.seq,
      layout: this.layout.revision,
      status: this.status(),
      cells: { index: columnBytes(index), present: columnBytes(index.map((i) => this.#present[i]!)) },
      regions: this.#regionColumns(),
      ...this.#nodes(),
      ...this.#people(),
      ...this.#traffic(),
    };
    const after = Math.floor(this.timeUs / minuteUs);
    if (after > before) {
      frame.spark = this.#spark(after * minuteUs, after - before);
      Object.assign(frame, this.#nodeSpark(after * minuteUs, after - before));
    }
    return frame;
  }

  regionPresent(place: number, timeUs: number): number {
    const region = this.layout.regions[place]!;
    const size = region.capacity ?? 8_000;
    const wave = 0.5 + 0.5 * Math.sin(timeUs / minuteUs / (70 + 9 * place) + place);
    const noise = 1 + 0.015 * Math.sin(timeUs / minuteUs / 1.7 + 3 * place);
    const share = place === 0 ? 0.03 + 0.94 * filling(timeUs) : place === 7 ? 0.9 + 0.16 * wave : 0.25 + 0.55 * wave;
    return place === 14 ? 7 : place === 15 ? 0 : Math.round(size * share * noise);
  }

  /** What this run has counted: of those present, who has been heard since the start. */
  #counted(place: number, timeUs: number): number {
    const { warmUp } = this.#options;
    const heard = warmUp === undefined ? 1 : Math.max(0, Math.min(1, (timeUs - warmUp.fromUs) / ttlUs));
    return Math.round(this.regionPresent(place, timeUs) * heard);
  }

  history(id: string, fromUs: number, toUs: number, bucketS: number): RegionHistory {
    const node = this.layout.tree.findIndex((one) => one.id === id);
    const place = node >= 0 ? node : this.layout.regions.findIndex((region) => region.id === id);
    const timeUs: number[] = [];
    const until = Math.min(toUs, Math.max(this.timeUs, this.#options.warmUp?.storedUs ?? 0));
    for (let t = fromUs; t < until; t += bucketS * 1_000_000) timeUs.push(t);
    const present = timeUs.map((t) => {
      const end = t + bucketS * 1_000_000;
      if (end < (this.#options.warmUp?.fromUs ?? 0) && end > this.#options.warmUp!.storedUs) return null;
      const earlier = end <= (this.#options.warmUp?.storedUs ?? 0);
      return earlier ? this.regionPresent(place, end) : this.#counted(place, end);
    });
    const none = timeUs.map(() => null);
    return { id, bucketS, timeUs, present, entries: none, exits: none, traffic: none };
  }

  status(): WallStatus {
    const { warmUp } = this.#options;
    let present = 0;
    for (const count of this.#present) if (count < hiddenCount) present += count;
    const feed: FeedStatus = {
      id: 'sim',
      uri: 'sim:event-day?seed=1',
      state: 'running',
      clockUs: this.timeUs,
      nextUs: 0,
      dataAgeMs: 400,
      framesPerS: 21_400,
      eventsPerS: 3180,
      speed: 60,
      speedReached: 60,
      progress: -1,
      faults: {},
      faultsTotal: 0,
      note: '',
      ...this.#options.feed,
    };
    return {
      eventUs: this.timeUs,
      wallUs: Date.UTC(2026, 10, 21, 6, 3, 21) * 1000 + this.seq * 1_000_000,
      present,
      fresh5: Math.round(present * 0.31),
      fresh30: Math.round(present * 0.72),
      appeared: 214_806,
      vanished: 16_455,
      fixAgeMedianMs: 540_000,
      fixAgeP90Ms: 3_000_000,
      resolvedShare: 0.9974,
      cellsHeardShare: 0.986,
      linksAlive: 1 + (this.#options.moreFeeds?.length ?? 0),
      linksKnown: 1 + (this.#options.moreFeeds?.length ?? 0),
      unknownCells: 0,
      lateEvents: 3,
      eventsPerS: 3_180 + Math.round(400 * this.#random()),
      traffic: { 'location update': 120_000 },
      origins: fakeOrigins(present),
      topCells: this.#topCells(),
      feeds: [feed, ...(this.#options.moreFeeds ?? []).map((changes) => ({ ...feed, note: '', ...changes }))],
      store: { state: 'up', lagMs: 1200, queuedRows: 0, droppedRows: 0, error: '' },
      journal: null,
      warmingUp: warmUp !== undefined && this.timeUs < warmUp.fromUs + ttlUs,
      wholeFromUs: warmUp === undefined ? 0 : warmUp.fromUs + ttlUs,
      storedUs: warmUp?.storedUs ?? null,
      minCount: this.layout.minCount,
      ...this.#options.status,
    };
  }

  #target(i: number): number {
    return this.#base[i]! + this.#gain[i]! * filling(this.timeUs);
  }

  #publish(i: number, count: number): void {
    const { minCount } = this.layout;
    const shown = count > 0 && count < minCount ? hiddenCount : count;
    if (shown === this.#present[i]) return;
    this.#present[i] = shown;
    this.#changed.push(i);
  }

  #setAll(): void {
    for (let i = 0; i < this.#present.length; i++) {
      if (this.#random() < 0.01) continue;
      this.#publish(i, Math.round(this.#target(i) * (0.7 + 0.6 * this.#random())));
    }
    this.#changed = [];
  }

  #move(): void {
    this.#changed = [];
    const n = this.#present.length;
    for (let k = 0; k < n / 12; k++) {
      const i = Math.floor(this.#random() * n);
      const now = this.#present[i]! < hiddenCount ? this.#present[i]! : this.#base[i]!;
      this.#publish(i, Math.round(now + (this.#target(i) - now) * 0.4 + 4 * (this.#random() - 0.5)));
    }
    this.#changed = [...new Set(this.#changed)];
  }

  #hide(count: number): number {
    return count > 0 && count < this.layout.minCount ? hiddenCount : count;
  }

  #regionColumns(): SnapshotFrame['regions'] {
    return this.#columnsOf(this.layout.regions.map((_, place) => place));
  }

  /** A node has what a micro-region has. */
  #nodes(): Pick<SnapshotFrame, 'nodes'> {
    const places = this.layout.tree.map((_, place) => place);
    return places.length === 0 ? {} : { nodes: this.#columnsOf(places) };
  }

  #columnsOf(places: number[]): SnapshotFrame['regions'] {
    const columns: Record<string, Uint8Array> = { index: columnBytes(Uint32Array.from(places)) };
    for (const column of regionColumns) {
      const values = places.map((place) => {
        const now = this.#counted(place, this.timeUs);
        const then = this.#counted(place, this.timeUs - 15 * minuteUs);
        const churn = Math.round(now * 0.04);
        if (column === 'inflow') return this.#hide(churn + Math.max(0, now - then));
        if (column === 'outflow') return this.#hide(churn + Math.max(0, then - now));
        return this.#hide(column === 'fresh5' ? Math.round(now * 0.3) : now);
      });
      columns[column] = columnBytes(Uint32Array.from(values));
    }
    return columns as SnapshotFrame['regions'];
  }

  /** Of all regions but one, which has devices without a share; the first is calibrated and fills. */
  #people(): { people?: PeopleRow[] } {
    if (this.#options.people !== true) return {};
    const rows = this.layout.regions.map(({ capacity }, region): PeopleRow => {
      const devices = this.#hide(Math.round(0.4 * this.#counted(region, this.timeUs)));
      const head = { region, calibrated: region === 0 };
      if (devices === hiddenCount) {
        return {
          ...head,
          people: devices,
          low: devices,
          high: devices,
          inflow: null,
          toFirstAlertMs: null,
          toCapacityMs: null,
        };
      }
      const people = Math.round(devices / 0.4);
      const until = (share: number) =>
        capacity === null ? null : Math.max(0, (share * capacity - people) / 300) * 60_000;
      return {
        ...head,
        people,
        low: Math.round(0.94 * people),
        high: Math.round(1.06 * people),
        inflow: 4_500,
        toFirstAlertMs: until(0.8),
        toCapacityMs: until(1),
      };
    });
    return { people: rows.filter(({ region }) => region !== 5) };
  }

  #crowd(): Pick<SnapshotFrame, 'crowd'> {
    const { crowdMinutes } = this.#options;
    if (crowdMinutes === undefined) return {};
    const atUs = (Math.floor(this.timeUs / minuteUs) - crowdMinutes) * minuteUs;
    const rows = fakeCrowd(this.layout.regions.length, (place) => this.#counted(place, atUs), atUs);
    const hide = (figure: number | null) => (figure === null ? null : this.#hide(figure));
    const crowd = rows.map((row) => ({ ...row, crowd: hide(row.crowd) }));
    return { crowd };
  }

  #spark(endUs: number, points: number): SparkColumns {
    const end = Math.floor(endUs / minuteUs) * minuteUs;
    return { everyMs: 60_000, endUs: end, points, present: this.#points(this.layout.regions.length, end, points) };
  }

  #nodeSpark(endUs: number, points: number): Pick<SnapshotFrame, 'nodeSpark'> {
    if (this.layout.tree.length === 0) return {};
    const taken = Math.min(points, rowSparkPoints);
    const end = Math.floor(endUs / minuteUs) * minuteUs;
    return { nodeSpark: { points: taken, present: this.#points(this.layout.tree.length, end, taken) } };
  }

  #points(rows: number, endUs: number, points: number): Uint8Array {
    const values = Array.from({ length: rows }, (_, place) =>
      Array.from({ length: points }, (_, k) => this.#hide(this.#counted(place, endUs - (points - 1 - k) * minuteUs))),
    );
    return columnBytes(Uint32Array.from(values.flat()));
  }

  #traffic(): Pick<SnapshotFrame, 'traffic'> {
    const { traffic } = this.#options;
    if (traffic === undefined) return {};
    const toUs = Math.floor(this.timeUs / minuteUs) * minuteUs;
    return { traffic: fakeTraffic(toUs, this.layout.regions.length, traffic) };
  }

  #topCells(): [number, number][] {
    return [...this.#present]
      .map((count, place): [number, number] => [place, count])
      .filter(([, count]) => count > 0 && count < hiddenCount)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 50);
  }
}

function fakeOrigins(present: number): OriginRow[] {
  const rows: [OriginRow['class'], string, string, number][] = [
    ['local', 'CN', '460', 0.9312],
    ['other network', 'CN', '460', 0.034],
    ['港澳台', 'HK', '454', 0.0117],
    ['港澳台', 'MO', '455', 0.0031],
    ['港澳台', 'TW', '466', 0.0026],
    ['international', 'JP', '440', 0.0041],
    ['international', 'KR', '450', 0.0036],
    ['international', 'SG', '525', 0.0022],
    ['international', 'TH', '520', 0.0018],
    ['international', 'US', '310', 0.0017],
    ['international', 'GB', '234', 0.0009],
    ['international', 'DE', '262', 0.0007],
    ['international', 'AE', '424', 0.0003],
    ['unknown', '', '', 0.0021],
  ];
  return rows.map(([of, country, mcc, share]) => ({ class: of, country, mcc, present: Math.round(present * share) }));
}
