import type { Config } from '../config.ts';
import { EventBatch, noCause, noCell } from '../events/event-batch.ts';
import { eventFlag, kindCode, outcomeCode } from '../events/kinds.ts';
import { Sorter } from '../events/sorter.ts';
import type { GaugesRecord, LogRecord } from '../journal/records.ts';
import { Engine } from '../occupancy/engine.ts';
import type { IntervalGauges, StayColumns } from '../occupancy/view.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import { placing } from '../reference/placing.ts';
import type { Region } from '../reference/read-regions.ts';
import { RegionIndex } from '../reference/region-index.ts';
import { growingTree, type RegionTree } from '../reference/region-tree.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { CarriedGauges, withEmptyOnes } from './carried-gauges.ts';
import { CarriedOrigins } from './carried-origins.ts';
import type { Follower } from './follower.ts';
import type { LogState } from './log-state.ts';
import { Staging } from './snapshot-file.ts';

export type Derived = Omit<GaugesRecord, 'number'> | { readonly k: 'stays'; readonly stays: StayColumns };

/** Gets what counting gives, numbered; stays are valid only during the call, gauges are the taker's own. */
export type DerivedTaker = (number: number, derived: Derived) => void;

interface Figures {
  next: number;
  tellAll: boolean;
  foretoldToUs: number;
  /** Of the newest interval's regions. */
  regionIds: readonly string[];
  followed: boolean;
  /** Absent: saved before they were numbers. */
  originsNumbered?: true;
}

/** Null: nothing goes along. */
export type FollowerMaker = (counting: Counting, registry: CellRegistry) => Follower | null;

/**
 * Rows in order, and the counters over them: sorter → engine → gauges and stays. A function of the log's records since
 * the run that began it; the same records give the same derived ones with the same numbers.
 */
export class Counting {
  readonly engine: Engine;
  readonly sorter: Sorter;
  regions: RegionIndex;
  readonly #follow: FollowerMaker;
  readonly #follower: Follower | null;
  readonly #config: Config;
  readonly #state: LogState;
  readonly #taker: DerivedTaker;
  readonly #carried = new CarriedGauges();
  readonly #origins: CarriedOrigins;
  #next: number;
  /** Whether the next interval is the first after ones that another counting has told. */
  #tellAll: boolean;
  /** End of the newest interval that was told beforehand, µs: those up to there are told again. */
  #foretoldToUs = -1;
  /** Whether this is the copy that tells beforehand. */
  #foretells = false;

  /** @param state of the log up to here; its registry and feed clocks are read while counting goes on */
  constructor(config: Config, state: LogState, taker: DerivedTaker, follow: FollowerMaker = () => null) {
    this.#config = config;
    this.#state = state;
    this.#taker = taker;
    this.#follow = follow;
    this.#origins = new CarriedOrigins(state.origins);
    this.#next = state.derived + 1;
    this.#tellAll = state.derived >= 0 || state.after !== null;
    this.regions = regionsOf(state.regions, state.registry);
    const engine = new Engine({
      config,
      registry: state.registry,
      regions: this.regions,
      everyUs: config.gaugeEveryMs * 1000,
      onInterval: (gauges, regionIds) => this.#interval(gauges, regionIds),
      tellingOrigins: (changed, { startUs, regionIds, whole }) =>
        this.#origins.completing(changed, regionIds, this.#isTold(startUs), whole),
      onStays: (stays) => {
        // The original has them still.
        if (!this.#foretells) this.#taker(this.#next++, { k: 'stays', stays });
      },
    });
    // Rows may be released before the first decision of the clock: they go by the feeds' clocks already.
    engine.advance(0, state.feedClocksUs);
    this.engine = engine;
    this.sorter = new Sorter({
      latenessUs: config.latenessMs * 1000,
      rowsMax: config.reorderRowsMax,
      onLate: (batch, from, to) => engine.applyLate(batch, from, to),
      onTooLate: () => undefined,
    });
    this.#follower = follow(this, state.registry);
  }

  /**
   * The record as the state has just taken it in, some milliseconds of work at a time: one decision of the clock may
   * release all that the reorder window holds. Counters may be read in between, but nothing else be asked.
   */
  *applying(record: LogRecord): Generator<void> {
    const { engine, sorter } = this;
    if (record.k === 'batch') yield* this.#taking(sorter.pushing(record.batch));
    else if (record.k === 'finish') yield* this.#foretelling();
    else if (record.k === 'leave') yield* this.#leaving(record.subs);
    else if (record.k === 'clock') {
      yield* this.#taking(sorter.releasing(record.releaseUs));
      if (sorter.releasedUs > 0) yield* engine.advancing(sorter.releasedUs, this.#state.feedClocksUs);
    }
  }

  /**
   * The regions, or the tree, are others from here on: those present are counted in them at once, some at a time. They
   * are shown, and `atOnce` is called, when all is ready.
   */
  *settingRegions(regions: readonly Region[], atOnce: () => void): Generator<void> {
    const before = this.regions;
    const { registry } = this.#state;
    const placed = yield* placing(regions, registry);
    const tree = yield* growingTree(registry);
    yield;
    const after = regionsOf(regions, registry, tree);
    yield;
    yield* after.placingCells(placed);
    yield* this.engine.settingRegions(after);
    this.regions = after;
    before.close();
    atOnce();
  }

  /**
   * The feeds have ended, and nobody knows whether more is to come: a copy tells what the intervals that are not final
   * would be if nothing did. They are told again, in place of these, when the clock makes them final.
   */
  *#foretelling(): Generator<void> {
    this.engine.flushStays();
    const staging = new Staging('in place');
    yield* this.save(staging);
    const copy = Counting.restore(this.#config, this.#state, this.#taker, staging.reader);
    copy.#foretells = true;
    yield* copy.engine.finishing();
    copy.regions.close();
    this.#next = copy.#next;
    this.#foretoldToUs = copy.#foretoldToUs;
  }

  /** The same counters by other settings, with which they go on (`goesOn`); nothing is counted by these any more. */
  *under(config: Config): Generator<void, Counting> {
    const staging = new Staging('given away');
    yield* this.save(staging);
    this.regions.close();
    return Counting.restore(config, this.#state, this.#taker, staging.reader, this.#follow);
  }

  /**
   * Others count from here on, who begin anew: the rows that are held count, closed intervals are told as they stand, and
   * the stays of those present are cut off. Nothing is counted by these any more.
   */
  *ending(): Generator<void> {
    yield* this.#taking(this.sorter.releasing(Number.POSITIVE_INFINITY));
    yield* this.engine.finishing(true);
    this.regions.close();
  }

  /** Nothing has been counted yet, and what `ended` has told is not told again: numbers go on behind its own. */
  goBehind(ended: Counting): void {
    this.#next = ended.#next;
    // Rows of its intervals that come now are late ones.
    if (ended.engine.view.intervalEndUs > 0) this.sorter.releasedUs = ended.engine.view.intervalEndUs;
  }

  *save(to: StateWriter): Generator<void> {
    const figures: Figures = {
      next: this.#next,
      tellAll: this.#tellAll,
      foretoldToUs: this.#foretoldToUs,
      regionIds: this.#carried.ids,
      followed: this.#follower !== null,
      originsNumbered: true,
    };
    to.json('counting', figures);
    to.bytes('counting.present', this.#carried.present);
    to.bytes('counting.fresh5', this.#carried.fresh5);
    yield* this.#origins.save(to);
    yield* this.sorter.save(to);
    yield* this.engine.save(to);
    if (this.#follower !== null) yield* this.#follower.save(to);
  }

  /** Goes on where the saved one stood. @param state that was saved with it @throws UserError as the engine's */
  static restore(
    config: Config,
    state: LogState,
    taker: DerivedTaker,
    from: StateReader,
    follow?: FollowerMaker,
  ): Counting {
    const counting = new Counting(config, state, taker, follow);
    const { next, tellAll, foretoldToUs, regionIds, followed, originsNumbered } = from.json<Figures>('counting');
    counting.#carried.ids = regionIds;
    counting.#next = next;
    counting.#tellAll = tellAll;
    counting.#foretoldToUs = foretoldToUs;
    if (originsNumbered === true) counting.#origins.restore(from);
    else counting.#origins.restoreOld(from.json('counting.origins'));
    for (const name of ['present', 'fresh5'] as const) {
      const bytes = from.bytes(`counting.${name}`);
      counting.#carried[name] = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice();
    }
    counting.sorter.restore(from);
    counting.engine.restore(from, state.feedClocksUs);
    // One that joins later begins with the rows that come now.
    if (followed) counting.#follower?.restore(from);
    return counting;
  }

  *#taking(blocks: Iterable<EventBatch | null>): Generator<void> {
    for (const rows of blocks) {
      if (rows === null) {
        yield;
        continue;
      }
      let from = 0;
      while (this.#follower !== null && rows.n > 0 && this.#follower.dueUs <= rows.timeUs[rows.n - 1]) {
        const to = firstFrom(rows, from, this.#follower.dueUs);
        yield* this.#counted(rows, from, to);
        this.#follower.reach(this.engine.view, rows.timeUs[to]);
        from = to;
      }
      yield* this.#counted(rows, from, rows.n);
    }
  }

  /** Presence of these subscribers ends at the counters' clock, as by a detach that names no cell. */
  *#leaving(subs: readonly number[]): Generator<void> {
    const { clockUs } = this.engine.view;
    // Nobody has been present yet.
    if (clockUs <= 0) return;
    const rows = new EventBatch(subs.length / 2);
    const { detach } = kindCode;
    for (let i = 0; i < subs.length; i += 2)
      rows.push(
        clockUs,
        subs[i],
        subs[i + 1],
        noCell,
        0,
        detach,
        outcomeCode.success,
        noCause,
        eventFlag.detach,
        0,
        0,
        0,
      );
    yield* this.#counted(rows, 0, rows.n);
    // The clock may stand, and who asks for a past waits for stays that have ended.
    this.engine.flushStays();
  }

  *#counted(rows: EventBatch, from: number, to: number): Generator<void> {
    yield* this.engine.applying(rows, from, to);
    this.#follower?.apply(rows, from, to);
  }

  /** While a simulation warms up the presence table fills: those figures are nobody's history. */
  #isTold(startUs: number): boolean {
    const { historyFromUs } = this.#state;
    return historyFromUs === null || startUs >= historyFromUs;
  }

  #interval(gauges: IntervalGauges, regionIds: readonly string[]): void {
    const regions = this.#carried.complete(gauges.regions, regionIds);
    if (!this.#isTold(gauges.startUs)) return;
    const { registry } = this.#state;
    const { origins, ...rest } = gauges;
    // A cell without a row is as its newest one says, which is another counting's.
    const cells = this.#tellAll ? withEmptyOnes(gauges.cells, registry.count) : gauges.cells;
    this.#tellAll = false;
    const again = gauges.startUs < this.#foretoldToUs;
    const foretold = this.#foretells;
    if (foretold) this.#foretoldToUs = Math.max(this.#foretoldToUs, gauges.endUs);
    const tells = { ...rest, cells, regions, ...(origins !== undefined && { origins }) };
    this.#taker(this.#next++, { k: 'gauges', foretold, again, gauges: tells, regionIds });
  }
}

/** The first row at or behind `from` that is of `timeUs` or later: there is one. */
function firstFrom({ timeUs: times }: EventBatch, from: number, timeUs: number): number {
  let row = from;
  while (times[row] < timeUs) row++;
  return row;
}

/**
 * Micro-regions and the region tree of the cells. Whoever sets regions has been warned of the odd ones.
 *
 * @param tree that of now: cells are placed later
 */
function regionsOf(regions: readonly Region[], registry: CellRegistry, tree?: RegionTree): RegionIndex {
  const later = tree === undefined ? undefined : 'later';
  return new RegionIndex([...regions], registry, () => undefined, undefined, tree ?? true, later);
}
