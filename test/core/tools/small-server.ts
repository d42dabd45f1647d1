import type { Clock, Timers } from '../../../server/clock.ts';
import { type Config, makeConfig } from '../../../server/config.ts';
import { beginRun, positionOf } from '../../../server/core/begin-run.ts';
import { Core } from '../../../server/core/core.ts';
import { EventLog } from '../../../server/core/event-log.ts';
import { LogState } from '../../../server/core/log-state.ts';
import { LogWriter } from '../../../server/core/log-writer.ts';
import { RegionEditor } from '../../../server/core/region-editor.ts';
import { Snapshots } from '../../../server/core/snapshots.ts';
import { StoreReader } from '../../../server/core/store-reader.ts';
import { EventBatch } from '../../../server/events/event-batch.ts';
import { eventFlag } from '../../../server/events/kinds.ts';
import { Journal } from '../../../server/journal/journal.ts';
import type { LogRecord } from '../../../server/journal/records.ts';
import type { Store } from '../../../server/store/types.ts';
import type { MemoryDisk } from './memory-disk.ts';

const usual: Config = makeConfig({
  where: 'test',
  settings: {
    presenceTtlMs: 600_000,
    gaugeEveryMs: 10_000,
    holdDownMs: 10_000,
    snapshotEveryMs: 100,
    recordsKeptBytesMax: 65_536,
  },
});

/** The store gets all at the end. */
const drainMs = 10_000;
/** Waits of so long are for somebody to get ready, and end when he is. */
const givenMs = 4_000;
const feeds = 2;
const startUs = 1_780_000_000_000_000;
const stepUs = 2_000_000;
const rowsPerBatch = 12;
/** The regions are edited before this batch, once in a journal's life. */
const editBefore = 30;
const region = (id: string, lac: number) => ({
  ...{ id, name: id, kind: 'venue', capacity: null, polygons: null, cells: [`460-00-${lac}-*`] },
});

const firstRegions = [region('a', 1), region('b', 2)];
/** One is new, one is unchanged at another place, one has other cells. */
const editedRegions = [region('c', 1), region('b', 2), region('a', 3)];

/** A number from 0 to 1 that is a function of these. */
function hash(a: number, b: number, c: number): number {
  let h = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b) ^ Math.imul(c + 7, 0xc2b2ae35)) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 0;
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

/** A database: rows that are kept, and up to where; it survives every crash. */
export class MemoryDatabase {
  journal = '';
  offset = 0;
  readonly rows: string[] = [];
}

/** What stores into it, a transaction at a time. */
class MemoryStore {
  readonly #database: MemoryDatabase;
  #open: string[] = [];
  #to = 0;

  readonly #disk: MemoryDisk;

  constructor(database: MemoryDatabase, journal: string, disk: MemoryDisk) {
    this.#database = database;
    this.#disk = disk;
    this.#to = database.offset;
    database.journal = journal;
  }

  readonly ready = true;
  async whenReady(): Promise<void> {}

  take(record: LogRecord, to: number): void {
    this.#to = to;
    if (record.k === 'gauges') this.#open.push(gaugesLine(record));
    if (record.k === 'batch') {
      const { batch, position } = record;
      for (let i = 0; i < batch.n; i++)
        this.#open.push(
          `event ${position.number} ${batch.timeUs[i]} ${batch.subLo[i]} ${batch.cell[i]} ${batch.flags[i]}`,
        );
    }
    if (record.k === 'stays') {
      const { n, subLo, cell, firstInUs, lastInUs, firstOutUs } = record.stays;
      for (let i = 0; i < n; i++)
        this.#open.push(`stay ${subLo[i]} ${cell[i]} ${firstInUs[i]} ${lastInUs[i]} ${firstOutUs[i]}`);
    }
    if (this.#open.length > 100 && to % 3 === 0) this.#commit();
  }

  async flush(): Promise<void> {
    this.#commit();
  }

  #commit(): void {
    // Who has lost its disk has lost its process.
    if (this.#disk.isCut) return;
    this.#database.rows.push(...this.#open);
    this.#database.offset = this.#to;
    this.#open = [];
  }
}

function gaugesLine({ gauges, regionIds }: Extract<LogRecord, { k: 'gauges' }>): string {
  const { startUs, present, cells, regions } = gauges;
  const of = (rows: typeof cells, names?: readonly string[]) =>
    Array.from({ length: rows.n }, (_, i) =>
      [
        names?.[rows.id[i]] ?? rows.id[i],
        rows.present[i],
        rows.fresh5[i],
        rows.entries[i],
        rows.exits[i],
        rows.visitors[i],
      ].join('/'),
    ).join(' ');
  return `gauges ${startUs} ${present} | ${of(cells)} | ${of(regions, regionIds)}`;
}

export interface RunResult {
  present: number;
  regions: Record<string, number>;
  traffic: number[];
}

/**
 * Starts on what disk and database hold, feeds `batches` from each feed in all, and ends in order. Never ends where the
 * disk is cut off.
 */
export async function run(
  disk: MemoryDisk,
  database: MemoryDatabase,
  batches: number,
  settings: Partial<Config> = {},
  lines: string[] = [],
): Promise<RunResult> {
  let nowMs = 0;
  const config = { ...usual, ...settings };
  const clock: Clock = { nowUs: () => startUs, monotonicMs: () => (nowMs += 3) };
  const timers: Timers = {
    after: (ms, work) => {
      // As long as the store and the last snapshot are given at the end: they have what they need.
      if (ms >= givenMs) return () => undefined;
      const immediate = setImmediate(work);
      return () => clearImmediate(immediate);
    },
  };
  const failed = (error: unknown) => {
    throw error;
  };
  const log = (_: unknown, line: string) => void lines.push(line);
  const journal = await Journal.open({
    ...{ disk, folder: 'journal', timers, newId: () => '0123456789abcdef0123456789abcdef', log },
    ...{ segmentBytes: 33_600_000, bytesMax: 2 ** 40, freeBytesMin: 0, commitMs: 5 },
  });
  const records = new EventLog(journal, config.recordsKeptBytesMax);
  const snapshots = await Snapshots.open(disk, 'snapshots', journal, log, timers);
  const storedTo = () => (database.journal === journal.id ? database.offset : -1);
  const core = await Core.open({
    ...{ config, clock, timers, log, journal, records, snapshots, known: new LogState(), storedTo, onFailed: failed },
  });
  core.start();
  const positions = [];
  const known = new Map(core.state.positions);
  for (let feed = 0; feed < feeds; feed++) {
    const position = positionOf(known, `feed ${feed}`);
    known.set(position.identity, position);
    positions.push(position);
  }
  await beginRun(core, records, clock, log, {
    ...{ stored: [], positions: [], after: null, cells: null, historyFromUs: null },
    ...{ regions: firstRegions, feeds: positions },
  });
  const writer = new LogWriter({ clock, journal, records, state: core.state });
  const store = new MemoryStore(database, journal.id, disk);
  const reader = new StoreReader(
    { clock, timers, records, store: store as unknown as Store, onHeld: failed, onFailed: failed },
    database.offset,
  );
  reader.start();

  const editor = new RegionEditor({ core, records, journal, clock, timers, config });
  const edited = editor.version > 1;
  const kept: Promise<void>[] = [];
  for (let b = 0; b < batches; b++) {
    if (b === editBefore && !edited) {
      // The clock may have been lost with the edit.
      const readUs = Float64Array.from(positions, () => startUs + b * stepUs);
      const feedClocksUs = readUs.map((us) => us - 10_000_000);
      writer.clock(feedClocksUs[0], feedClocksUs, readUs);
      await editor.set(editedRegions, 'the test');
    }
    for (const [feed, position] of positions.entries()) {
      if (position.seq > b * rowsPerBatch) continue;
      const batch = batchOf(feed, b, (cgi) => writer.cellIdOf(cgi), position.number);
      const clockUs = startUs + (b + 1) * stepUs;
      position.seq += batch.n;
      position.eventUs = Math.max(position.eventUs, ...batch.timeUs.subarray(0, batch.n));
      position.clockUs = clockUs;
      kept.push(writer.batch({ ...position }, batch));
      const readUs = Float64Array.from(positions, (one) => one.clockUs);
      const slowestUs = Math.min(...readUs);
      if (slowestUs > 0)
        writer.clock(
          slowestUs - 10_000_000,
          readUs.map((us) => us - 10_000_000),
          readUs,
        );
    }
    if (kept.length > 6) await kept.shift();
  }
  const endUs = startUs + (batches + 1) * stepUs;
  const ended = new Float64Array(feeds).fill(endUs);
  // As the hub does: the end is told once.
  if (core.state.releaseUs < endUs || kept.length > 0) writer.clock(endUs, ended, ended);
  if (!core.state.finished || kept.length > 0) writer.finish();
  await journal.whenCommitted(journal.next);
  await core.whenApplied(journal.next);
  await journal.whenCommitted(journal.next);
  await core.stop();
  await reader.stop(drainMs);
  const { view } = core.counting.engine;
  const regions = Object.fromEntries(editor.regions.map(({ id }, place) => [id, view.regionPresent[place]]));
  const result = { present: view.present, regions, traffic: [...view.traffic] };
  await journal.close();
  return result;
}

/** Rows of a feed's batch: the same whenever it is asked for. */
function batchOf(feed: number, b: number, cellIdOf: (cgi: string) => number, number: number): EventBatch {
  const batch = new EventBatch(rowsPerBatch);
  for (let i = 0; i < rowsPerBatch; i++) {
    const at = b * rowsPerBatch + i;
    const sub = 1 + Math.floor(hash(feed, at, 1) * 60);
    const cgi = `460-00-${1 + Math.floor(hash(feed, at, 2) * 3)}-${1 + Math.floor(hash(feed, at, 3) * 4)}`;
    const timeUs =
      startUs + b * stepUs + Math.floor(hash(feed, at, 4) * stepUs) - (hash(feed, at, 5) < 0.05 ? 30_000_000 : 0);
    const flags =
      hash(feed, at, 6) < 0.02 ? eventFlag.sighting | eventFlag.detach : eventFlag.sighting | eventFlag.traffic;
    batch.push(timeUs, sub, 7, cellIdOf(cgi), 0, 1, 0, 0, flags, 0, 0, 0);
    batch.feed[i] = number;
  }
  return batch;
}
