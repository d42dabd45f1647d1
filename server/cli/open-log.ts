import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import { Core, type CoreOptions } from '../core/core.ts';
import { EventLog } from '../core/event-log.ts';
import { LogState } from '../core/log-state.ts';
import { Snapshots } from '../core/snapshots.ts';
import { UserError } from '../errors.ts';
import type { OptedOut } from '../events/opted-out.ts';
import { nodeDisk } from '../journal/disk.ts';
import { isFull } from '../journal/disk-full.ts';
import { Journal } from '../journal/journal.ts';
import type { Log } from '../log.ts';
import type { CellInfo } from '../reference/cell-registry.ts';
import { isLocked, lockFolder } from '../store/embedded/folder-lock.ts';
import { LateStore } from '../store/late-store.ts';
import type { LedgerRow } from '../store/ledger.ts';
import type { CellsOfRegion, Store } from '../store/types.ts';

const segmentBytes = 64 * 2 ** 20;

/** The journal of a data folder, and what is counted from it. */
export interface OpenLog {
  journal: Journal;
  records: EventLog;
  core: Core;
  close(): Promise<void>;
}

const foldersOf = (folder: string) => ({ journal: join(folder, 'journal'), snapshots: join(folder, 'snapshots') });

/**
 * Removes what a process that was killed had half written, before anything is written: on a full disk that may be all
 * the room there is. Where another process is at work it is left alone.
 */
export async function clearUnfinished(folder: string): Promise<void> {
  const { journal, snapshots } = foldersOf(folder);
  if (isLocked(journal)) return;
  for (const each of [journal, snapshots]) {
    const names = await readdir(each).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names) if (name.endsWith('.tmp')) await rm(join(each, name), { force: true });
  }
}

/**
 * Opens the journal in `folder`, beside the snapshots, and brings the counters back.
 *
 * @param cells that the database holds
 * @throws UserError when the folder is in use or damaged
 */
export async function openLog(options: {
  folder: string;
  config: Config;
  clock: Clock;
  timers: Timers;
  log: Log;
  store: Store | LateStore;
  cells: { id: number; cell: CellInfo }[];
  signal: AbortSignal;
  follow?: CoreOptions['follow'];
  optedOut?: OptedOut;
  onFailed(error: Error): void;
}): Promise<OpenLog> {
  const { config, clock, timers, log, store, signal, follow, optedOut, onFailed } = options;
  const { journal: folder, snapshots: snapshotFolder } = foldersOf(options.folder);
  const lock = await lockFolder(folder);
  try {
    const journal = await Journal.open({
      disk: nodeDisk,
      folder,
      timers,
      newId: () => randomBytes(16).toString('hex'),
      log,
      segmentBytes,
      bytesMax: config.journalBytesMax,
      freeBytesMin: config.journalFreeBytesMin,
      commitMs: config.journalCommitMs,
      onFailed,
      provenTo: (id) => (store.held.row.journal === id ? store.held.row.offset : 0),
    });
    const records = new EventLog(journal, config.recordsKeptBytesMax);
    const snapshots = await Snapshots.open(nodeDisk, snapshotFolder, journal, log, timers);
    // What was before the journal's base only a snapshot tells then.
    const why = store instanceof LateStore ? store.why : null;
    if (why !== null && snapshots.newest < 0 && (journal.base > 0 || journal.committed === 0)) throw why;
    const known = journal.base === 0 ? new LogState() : stateOfStore(store, options.cells);
    const storedTo = () => (store.ledger.journal === journal.id ? store.durable : -1);
    const core = await Core.open(
      {
        ...{ config, clock, timers, log, journal, records, snapshots, known, storedTo, onFailed },
        ...(follow && { follow }),
        ...(optedOut && { optedOut }),
      },
      signal,
    );
    return {
      journal,
      records,
      core,
      async close() {
        await journal.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    if (!isFull(error)) throw error;
    throw new UserError('DISK_FULL', `the disk of ${options.folder} is full: make room there and start again`, {
      cause: error,
    });
  }
}

/**
 * The database has come late: what it holds of the journal must have been there before this server gave it anything.
 *
 * @throws UserError JOURNAL_SHORT
 */
export function refuseShortJournal(journal: string, end: number, row: LedgerRow): void {
  if (row.journal !== journal || row.offset <= end) return;
  throw new UserError(
    'JOURNAL_SHORT',
    `the journal ended at ${end} when the server started, but the database holds it up to ${row.offset}: records that were acknowledged are missing. Bring the journal back from a copy, or move its folder away to begin a new one`,
  );
}

/**
 * Which cells the regions hold, as the counters have them: told once these have come to where the store stands. It may be
 * ahead of them (they stand still while a large snapshot is written), and would store the cells of before for good.
 */
export function cellsOfRegions(core: Core, journal: Journal, store: Pick<Store, 'ledger'>): CellsOfRegion {
  const { counting, state } = core;
  return (region, version) => {
    const { ledger } = store;
    if (version !== state.regionsVersion || (ledger.journal === journal.id && ledger.offset > core.applied))
      return null;
    return counting.regions.cellsOf(region);
  };
}

/** Whether a server has run there, whose counters may go on while the database is away. */
export function hasRun(folder: string): boolean {
  return existsSync(join(foldersOf(folder).journal, 'base.json'));
}

/** What the database knows of the log before the journal's base. */
function stateOfStore(store: Pick<Store, 'held'>, cells: { id: number; cell: CellInfo }[]): LogState {
  const state = new LogState();
  state.apply({ k: 'cells', listed: false, cells });
  for (const position of store.held.positions) state.positions.set(position.identity, position);
  state.fingerprint = 'none';
  state.after = store.held.row.journal;
  return state;
}

/**
 * From where on the store needs the journal's records.
 *
 * @throws UserError when the database belongs to another journal
 */
export function storeOffset(journal: Journal, core: Core, store: Store, log: Log): number {
  const { row } = store.held;
  if (row.journal === journal.id) {
    if (row.offset >= journal.base) return row.offset;
    log(
      'error',
      'the database is of before the oldest record that the journal still holds: what lies between is not in it',
    );
    return journal.base;
  }
  // A journal that begins (its first run may have been cut off before it was told), or whose beginning the database has
  // not seen yet.
  const begins = core.state.fingerprint === '';
  if (begins && row.batch > 0) {
    log(
      'warn',
      'the database was filled from a journal that this data folder does not have (another folder, or it is lost): a new one begins behind what the database holds. Presence begins empty, micro-regions are those of the start, and what only that journal held has to be sent again',
    );
  }
  if (begins || core.state.after === row.journal) return journal.base;
  if (row.journal === '' && row.batch === 0) {
    if (journal.base > 0) log('warn', 'the database is empty: it gets what the journal still holds');
    return journal.base;
  }
  throw new UserError(
    'JOURNAL_MISMATCH',
    'the database was filled from the journal of another data folder: start with that folder (--data DIR), or with another database',
  );
}
