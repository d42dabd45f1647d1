import type { EventBatch } from '../../server/events/event-batch.ts';
import { eventFlag } from '../../server/events/kinds.ts';

const secondUs = 1e6;
const stepUs = 30 * secondUs;
const quarterUs = 900 * secondUs;
const firstCell = 1_000_000;

interface Crossing {
  area: Area;
  timeUs: number;
  entry: boolean;
  cancelled: boolean;
}

interface Subscriber {
  cell: number;
  lastUs: number;
  sinceUs: number;
  events: number;
  origin: number;
  /** Newest crossing of each area that may still be undone. */
  pending: Map<Area, Crossing> | null;
  /** Areas visited in the interval that began at `visitedFromUs`. */
  visited: Set<Area> | null;
  visitedFromUs: number;
  /** What it entered last, and when. */
  entered: Area[];
  enteredUs: number;
  isDue: boolean;
}

/** A cell or a micro-region. */
class Area {
  readonly id: number;
  present = 0;
  appeared = 0;
  vanished = 0;
  /** Visitors of the interval who are not there any more. */
  left = 0;
  touched = false;
  told = { present: 0, fresh5: 0 };
  /** Present by the half minute of the newest sighting: of cells. */
  readonly seen = new Map<number, number>();
  heardUs = 0;
  /** Units by kind and outcome, of cells: of the open interval, and of the window behind it. */
  traffic = new Map<number, number>();
  readonly trafficWindow = new Map<number, number>();
  /** Present by origin, and crossings held within the window: of regions. */
  readonly origins = new Map<number, number>();
  inflow = 0;
  outflow = 0;
  readonly cells: Area[] = [];

  constructor(id: number) {
    this.id = id;
  }
}

/** What is told of an area with an interval. */
export interface MapRow {
  id: number;
  isCell: boolean;
  present: number;
  entries: number;
  exits: number;
  appeared: number;
  vanished: number;
  visitors: number;
  fresh5: number;
}

export interface MapInterval {
  startUs: number;
  present: number;
  rows: Map<Area, MapRow>;
}

interface MapOptions {
  ttlUs: number;
  holdDownUs: number;
  everyUs: number;
  windowUs: number;
  onInterval: (interval: MapInterval) => void;
}

function add<Key>(counts: Map<Key, number>, key: Key, n: number): void {
  const count = (counts.get(key) ?? 0) + n;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/**
 * The peer of the presence bench: the same rules written the usual way, with Maps of objects: presence with its end at
 * presenceTtl, crossings with holdDown, visitors, fix ages, origins by region, in- and outflow of the window, traffic by
 * cell, and the rows of each interval (cells and regions as areas). Its rows are the engine's (`presence-map.test.ts`).
 */
export class MapPresence {
  present = 0;
  private readonly subscribers = new Map<number, Subscriber>();
  private readonly cells: Area[];
  private readonly regions: Area[];
  private readonly regionsOf: Area[][];
  private readonly options: MapOptions;
  private readonly origins = new Map<number, number>();
  private readonly traffic = new Map<number, number>();
  /** Who is to be looked at by the second in which presence may end. */
  private readonly due = new Map<number, Subscriber[]>();
  private second = -1;
  private crossings: Crossing[] = [];
  private held: Crossing[] = [];
  private trafficOfIntervals: { endUs: number; traffic: Map<Area, Map<number, number>> }[] = [];
  private startUs = -1;
  /** Closed; its crossings may still be undone. */
  private waiting: MapInterval | null = null;

  constructor(cellCount: number, regionCount: number, regionsOf: number[][], options: MapOptions) {
    this.options = options;
    this.cells = Array.from({ length: cellCount }, (_, cell) => new Area(firstCell + cell));
    this.regions = Array.from({ length: regionCount }, (_, region) => new Area(region));
    this.regionsOf = regionsOf.map((regions) => regions.map((region) => this.regions[region]));
    for (const [cell, regions] of this.regionsOf.entries())
      for (const region of regions) region.cells.push(this.cells[cell]);
  }

  apply(batch: EventBatch): void {
    for (let i = 0; i < batch.n; i++) {
      const timeUs = batch.timeUs[i];
      this.reach(timeUs);
      const cell = this.cells[batch.cell[i]];
      cell.heardUs = timeUs;
      cell.touched = true;
      if ((batch.flags[i] & eventFlag.traffic) !== 0) {
        add(cell.traffic, batch.kind[i] * 256 + batch.outcome[i], 1);
        add(this.traffic, batch.kind[i], 1);
      }
      const key = batch.subHi[i] * 4294967296 + batch.subLo[i];
      let subscriber = this.subscribers.get(key);
      if (subscriber === undefined) {
        subscriber = newSubscriber(batch.plmn[i]);
        this.subscribers.set(key, subscriber);
      }
      this.sighting(subscriber, batch.cell[i], timeUs);
      if ((batch.flags[i] & eventFlag.detach) !== 0) this.vanish(subscriber, timeUs);
    }
  }

  private sighting(subscriber: Subscriber, cell: number, timeUs: number): void {
    const before = subscriber.cell;
    // The list of its second comes only when that has gone by.
    if (before >= 0 && timeUs - subscriber.lastUs >= this.options.ttlUs)
      this.vanish(subscriber, subscriber.lastUs + this.options.ttlUs);
    if (subscriber.cell < 0) {
      this.present++;
      add(this.origins, subscriber.origin, 1);
      subscriber.entered = [];
      for (const area of this.areasOf(cell)) {
        area.appeared++;
        this.enter(subscriber, area, timeUs, false);
      }
    } else {
      add(this.cells[before].seen, Math.floor(subscriber.lastUs / stepUs), -1);
      if (before !== cell) this.move(subscriber, this.areasOf(before), this.areasOf(cell), timeUs);
    }
    if (subscriber.cell !== cell) {
      subscriber.sinceUs = timeUs;
      subscriber.events = 0;
    }
    subscriber.cell = cell;
    subscriber.lastUs = timeUs;
    subscriber.events++;
    add(this.cells[cell].seen, Math.floor(timeUs / stepUs), 1);
    if (!subscriber.isDue) this.expect(subscriber);
  }

  private move(subscriber: Subscriber, before: Area[], after: Area[], timeUs: number): void {
    for (const area of before) if (!after.includes(area)) this.leave(subscriber, area, timeUs, true);
    subscriber.entered = [];
    for (const area of after) if (!before.includes(area)) this.enter(subscriber, area, timeUs, true);
  }

  private areasOf(cell: number): Area[] {
    return [this.cells[cell], ...this.regionsOf[cell]];
  }

  /** null: none yet. */
  private visitedOf(subscriber: Subscriber): Set<Area> | null {
    if (subscriber.visitedFromUs !== this.startUs) {
      subscriber.visited = null;
      subscriber.visitedFromUs = this.startUs;
    }
    return subscriber.visited;
  }

  private enter(subscriber: Subscriber, area: Area, timeUs: number, isCrossing: boolean): void {
    area.present++;
    area.touched = true;
    if (area.id < firstCell) add(area.origins, subscriber.origin, 1);
    if (this.visitedOf(subscriber)?.has(area)) area.left--;
    subscriber.entered.push(area);
    subscriber.enteredUs = timeUs;
    if (isCrossing) this.cross(subscriber, area, timeUs, true);
  }

  private leave(subscriber: Subscriber, area: Area, timeUs: number, isCrossing: boolean): void {
    area.present--;
    area.touched = true;
    if (area.id < firstCell) add(area.origins, subscriber.origin, -1);
    const visited = this.visitedOf(subscriber);
    // A stay without length is no visit.
    const isNew = subscriber.enteredUs === timeUs && subscriber.entered.includes(area);
    if (visited?.has(area) || (timeUs > this.startUs && !isNew)) {
      subscriber.visited ??= new Set();
      subscriber.visited.add(area);
      area.left++;
    }
    if (isCrossing) this.cross(subscriber, area, timeUs, false);
  }

  private cross(subscriber: Subscriber, area: Area, timeUs: number, entry: boolean): void {
    const before = subscriber.pending?.get(area);
    if (before !== undefined && timeUs - before.timeUs < this.options.holdDownUs) {
      before.cancelled = true;
      subscriber.pending!.delete(area);
      return;
    }
    const crossing = { area, timeUs, entry, cancelled: false };
    subscriber.pending ??= new Map();
    subscriber.pending.set(area, crossing);
    this.crossings.push(crossing);
  }

  private vanish(subscriber: Subscriber, timeUs: number): void {
    this.present--;
    add(this.origins, subscriber.origin, -1);
    // Whatever comes, they count.
    subscriber.pending = null;
    add(this.cells[subscriber.cell].seen, Math.floor(subscriber.lastUs / stepUs), -1);
    for (const area of this.areasOf(subscriber.cell)) {
      area.vanished++;
      this.leave(subscriber, area, timeUs, false);
    }
    subscriber.cell = -1;
  }

  private expect(subscriber: Subscriber): void {
    const second = Math.floor((subscriber.lastUs + this.options.ttlUs) / secondUs);
    const list = this.due.get(second);
    if (list === undefined) this.due.set(second, [subscriber]);
    else list.push(subscriber);
    subscriber.isDue = true;
  }

  /** Seconds and intervals that have gone by when something of `timeUs` comes. */
  private reach(timeUs: number): void {
    const { everyUs } = this.options;
    if (this.startUs < 0) this.startUs = Math.floor(timeUs / everyUs) * everyUs;
    while (timeUs >= this.startUs + everyUs) {
      this.expireBefore((this.startUs + everyUs) / secondUs);
      this.close();
    }
    this.expireBefore(Math.floor(timeUs / secondUs));
  }

  private expireBefore(second: number): void {
    if (this.second < 0) this.second = second;
    for (; this.second < second; this.second++) {
      const list = this.due.get(this.second);
      if (list === undefined) continue;
      this.due.delete(this.second);
      for (const subscriber of list) {
        subscriber.isDue = false;
        if (subscriber.cell < 0) continue;
        const endUs = subscriber.lastUs + this.options.ttlUs;
        if (endUs < (this.second + 1) * secondUs) this.vanish(subscriber, endUs);
        else this.expect(subscriber);
      }
    }
  }

  private close(): void {
    const { everyUs, onInterval } = this.options;
    const endUs = this.startUs + everyUs;
    const isWhole = Math.floor(this.startUs / quarterUs) !== Math.floor((this.startUs - everyUs) / quarterUs);
    // An empty region is told of then.
    const tellsEmpty = isWhole || this.waiting === null;
    if (this.waiting !== null) {
      this.settleBefore(this.startUs, this.waiting);
      onInterval(this.waiting);
    }
    const rows = new Map<Area, MapRow>();
    const fresh5 = new Map(this.cells.map((cell) => [cell, freshOf(cell, endUs)]));
    for (const area of [...this.cells, ...this.regions]) {
      const fresh = fresh5.get(area) ?? area.cells.reduce((sum, cell) => sum + fresh5.get(cell)!, 0);
      const { present, appeared, vanished, left, told, touched } = area;
      const isNews = touched || present !== told.present || fresh !== told.fresh5;
      area.touched = false;
      area.appeared = 0;
      area.vanished = 0;
      area.left = 0;
      const isCell = area.id >= firstCell;
      if (!isNews && !(isWhole && present > 0) && (isCell || !tellsEmpty)) continue;
      area.told = { present, fresh5: fresh };
      const row = { id: isCell ? area.id - firstCell : area.id, isCell, present, appeared, vanished, fresh5: fresh };
      rows.set(area, { ...row, visitors: present + left, entries: 0, exits: 0 });
    }
    this.waiting = { startUs: this.startUs, present: this.present, rows };
    this.closeTraffic(endUs);
    this.startUs = endUs;
  }

  /** Crossings before `timeUs` have held. */
  private settleBefore(timeUs: number, interval: MapInterval): void {
    let n = 0;
    for (; n < this.crossings.length && this.crossings[n].timeUs < timeUs; n++) {
      const crossing = this.crossings[n];
      if (crossing.cancelled) continue;
      const row = interval.rows.get(crossing.area)!;
      if (crossing.entry) row.entries++;
      else row.exits++;
      if (crossing.area.id >= firstCell) continue;
      this.held.push(crossing);
      if (crossing.entry) crossing.area.inflow++;
      else crossing.area.outflow++;
    }
    this.crossings = this.crossings.slice(n);
    let gone = 0;
    for (; gone < this.held.length && this.held[gone].timeUs < timeUs - this.options.windowUs; gone++) {
      const { area, entry } = this.held[gone];
      if (entry) area.inflow--;
      else area.outflow--;
    }
    this.held = this.held.slice(gone);
  }

  private closeTraffic(endUs: number): void {
    const traffic = new Map<Area, Map<number, number>>();
    for (const cell of this.cells) {
      if (cell.traffic.size === 0) continue;
      traffic.set(cell, cell.traffic);
      for (const [key, units] of cell.traffic) add(cell.trafficWindow, key, units);
      cell.traffic = new Map();
    }
    this.trafficOfIntervals.push({ endUs, traffic });
    while (this.trafficOfIntervals[0].endUs <= endUs - this.options.windowUs) {
      for (const [cell, units] of this.trafficOfIntervals.shift()!.traffic)
        for (const [key, count] of units) add(cell.trafficWindow, key, -count);
    }
  }
}

function newSubscriber(origin: number): Subscriber {
  return {
    ...{ cell: -1, lastUs: 0, sinceUs: 0, events: 0, origin, isDue: false, entered: [], enteredUs: 0 },
    ...{ pending: null, visited: null, visitedFromUs: -1 },
  };
}

/** Present in the cell whose newest sighting is five minutes old at most. */
function freshOf(cell: Area, endUs: number): number {
  const now = Math.floor(endUs / stepUs);
  let fresh = 0;
  for (let step = now - 10; step <= now; step++) fresh += cell.seen.get(step) ?? 0;
  return fresh;
}
