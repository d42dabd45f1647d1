import { createHash } from 'node:crypto';
import { assertInvariant } from '../errors.ts';
import type { FeedPosition } from '../events/feed-position.ts';
import type { ClockRecord, LogRecord } from '../journal/records.ts';
import { type CellInfo, CellRegistry } from '../reference/cell-registry.ts';
import type { Region } from '../reference/read-regions.ts';
import type { StateReader, StateWriter } from '../state-writer.ts';
import { ToldOrigins } from './carried-origins.ts';
import { type OldFigures, OriginFigures } from './origin-figures.ts';

/** Feeds in a journal's life: their number stands in one octet of a row. */
export const feedsMax = 256;

/** What is saved as it is. */
interface Figures {
  /** Of the settings that are counted by; '': counting has not begun. */
  fingerprint: string;
  historyFromUs: number | null;
  after: string | null;
  /** Whether all feeds had come to their end and nothing has come since. */
  finished: boolean;
  /** Rows in the journal, and the newest event time among them, µs; -1: none. */
  rows: number;
  newestUs: number;
  /** Highest number of a derived record; -1: none. */
  derived: number;
  releaseUs: number | null;
  wallUs: number;
  positions: FeedPosition[];
  regions: Region[];
  regionsVersion: number;
  broughtRegions: string;
  broughtTo: number;
  editedTo: number;
  listed: boolean[];
  /** Of pieces of their own; of before: here, or not known. */
  origins?: 'apart' | OldFigures;
}

/**
 * What the journal's records say by themselves, whatever is counted from them: cells and their ids, micro-regions, how
 * far each feed has been taken in, the last decision of the clock.
 */
export class LogState {
  readonly registry = new CellRegistry();
  regions: Region[] = [];
  /** Of the present set: it grows with each one. */
  regionsVersion = 0;
  /** Digest of the set that a start has brought last; edits since then stand above it. '': not known. */
  broughtRegions = '';
  /** Where the newest record ends that a start has brought a set by, and the newest one of an edit; -1: none has come. */
  broughtTo = -1;
  editedTo = -1;
  readonly positions = new Map<string, FeedPosition>();
  /** By feed number, kept in place: who counts goes by it. */
  readonly feedClocksUs = new Float64Array(feedsMax).fill(Number.NEGATIVE_INFINITY);
  fingerprint = '';
  historyFromUs: number | null = null;
  /** The journal whose rows the database held when this one began; null: it was empty. */
  after: string | null = null;
  finished = false;
  rows = 0;
  newestUs = -1;
  derived = -1;
  /** What the log's gauges have told of origins. */
  origins = new ToldOrigins();
  releaseUs = Number.NEGATIVE_INFINITY;
  wallUs = 0;

  /** @param to where the record ends in the journal */
  apply(record: LogRecord, to = -1): void {
    switch (record.k) {
      case 'run':
        for (const position of record.positions) {
          // A feed that is over has given its number away, and is forgotten.
          for (const { identity, number } of this.positions.values())
            if (number === position.number && identity !== position.identity) this.positions.delete(identity);
          this.positions.set(position.identity, { ...position });
        }
        this.historyFromUs = record.historyFromUs;
        if (record.after !== null) this.after = record.after;
        this.fingerprint = record.fingerprint;
        return;
      case 'cells':
        this.#learnCells(record.cells, record.listed);
        return;
      case 'batch':
        this.positions.set(record.position.identity, { ...record.position });
        this.rows = record.rowsBefore + record.batch.n;
        this.newestUs = Math.max(this.newestUs, record.position.eventUs);
        this.finished = false;
        return;
      case 'clock':
        this.#takeClock(record);
        return;
      case 'regions':
        this.regions = [...record.regions];
        this.regionsVersion = record.version ?? this.regionsVersion + 1;
        if (record.edit === undefined) {
          this.broughtRegions = digestOf(record.regions);
          this.broughtTo = to;
        } else this.editedTo = to;
        return;
      case 'finish':
        this.finished = true;
        return;
      case 'leave':
        return;
      case 'gauges':
        this.origins.take(record.gauges.origins, record.regionIds, record.foretold ?? false);
        this.derived = Math.max(this.derived, record.number);
        return;
      case 'stays':
        this.derived = Math.max(this.derived, record.number);
    }
  }

  *save(to: StateWriter): Generator<void> {
    const { registry, positions, regions, releaseUs } = this;
    const { fingerprint, historyFromUs, after, finished, rows, newestUs, derived, wallUs } = this;
    const { regionsVersion, broughtRegions, broughtTo, editedTo } = this;
    const ids = Array.from({ length: registry.count }, (_, id) => id);
    to.json('log', {
      ...{ fingerprint, historyFromUs, after, finished, rows, newestUs, derived, wallUs, regions },
      ...{ regionsVersion, broughtRegions, broughtTo, editedTo },
      releaseUs: releaseUs === Number.NEGATIVE_INFINITY ? null : releaseUs,
      positions: [...positions.values()],
      listed: ids.map((id) => registry.isListed(id)),
      origins: 'apart',
    } satisfies Figures);
    to.bytes('log.feedClocks', this.feedClocksUs);
    yield;
    yield* this.origins.figures.save(to, 'log.origins');
    // Some milliseconds of work at a time, as all that is saved.
    for (let from = 0; from < ids.length; from += cellsAtOnce) {
      const some = ids.slice(from, from + cellsAtOnce);
      to.json(
        `log.cells.${from / cellsAtOnce}`,
        some.map((id) => registry.info(id)),
      );
      yield;
    }
  }

  /** @throws UserError when a piece is missing or damaged */
  static restore(from: StateReader): LogState {
    const state = new LogState();
    const { releaseUs, positions, regions, listed, origins, ...figures } = from.json<Figures>('log');
    Object.assign(state, figures);
    state.releaseUs = releaseUs ?? Number.NEGATIVE_INFINITY;
    state.regions = regions;
    const told = origins === 'apart' ? OriginFigures.restore(from, 'log.origins') : OriginFigures.ofOld(origins ?? []);
    state.origins = new ToldOrigins(told);
    for (const position of positions) state.positions.set(position.identity, position);
    const clocks = from.bytes('log.feedClocks');
    state.feedClocksUs.set(new Float64Array(clocks.buffer, clocks.byteOffset, feedsMax));
    const cells: CellInfo[] = [];
    for (let piece = 0; cells.length < listed.length; piece++)
      cells.push(...from.json<CellInfo[]>(`log.cells.${piece}`));
    state.registry.restore(cells, listed);
    return state;
  }

  #takeClock({ releaseUs, wallUs, feedClocksUs, readUs }: ClockRecord): void {
    this.releaseUs = Math.max(this.releaseUs, releaseUs);
    if (wallUs > 0) this.wallUs = wallUs;
    this.feedClocksUs.set(feedClocksUs);
    for (const position of this.positions.values()) {
      const us = readUs[position.number] ?? -1;
      if (us > position.clockUs) position.clockUs = us;
    }
  }

  #learnCells(cells: readonly { id: number; cell: CellInfo }[], listed: boolean): void {
    const { registry } = this;
    const infos = cells.map(({ cell }) => cell);
    if (listed) registry.load(infos);
    else registry.load(infos, { ids: cells.map(({ id }) => id) });
    for (const { id, cell } of cells)
      assertInvariant(registry.find(cell.cgi) === id, `the journal gives cell ${cell.cgi} the id ${id}, not its own`);
  }
}

const cellsAtOnce = 2000;

/** Tells sets of micro-regions apart. */
export function digestOf(regions: readonly Region[]): string {
  return createHash('sha256').update(JSON.stringify(regions)).digest('base64url');
}
