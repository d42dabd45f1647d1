/** What goes to the database in one transaction: rows of every table, new cells, and the ledger row that covers them. */
import type { FeedPosition } from '../events/feed-position.ts';
import { CopyBuffer } from './copy-buffer.ts';
import type { LedgerRow } from './ledger.ts';
import { type CopyTable, copyTableNames } from './rows.ts';
import type { StoredCell, StoredRegion } from './types.ts';

/** A new set of micro-regions. */
export interface RegionsSet {
  readonly regions: readonly StoredRegion[];
  /** Which set it is; -1: its journal does not tell. */
  readonly version: number;
  /** Cells of each region and the event time from which they are its own; null: whoever brings the set stores that. */
  readonly members: readonly (readonly number[])[] | null;
  readonly fromUs: number;
}

export class StoreBatch {
  readonly copies: Record<CopyTable, CopyBuffer>;
  readonly cells: { id: number; cell: StoredCell }[] = [];
  /** Micro-regions that begin behind its rows; null: they stay. */
  regions: RegionsSet | null = null;
  /** Feeds behind their newest row in it. */
  readonly positions = new Map<string, FeedPosition>();
  /** The ledger as it stands once this batch is stored; set when the batch is sealed. */
  ledger: LedgerRow | null = null;
  /** Earliest event, activity and gauge in it, µs: from there on aggregates are out of date. */
  eventMinUs = Infinity;
  activityMinUs = Infinity;
  gaugeMinUs = Infinity;
  /** Starts of gauge intervals whose rows stand in place of those that are stored, µs. */
  readonly toldAgainUs: number[] = [];
  /** Whether a gauge interval in it may be told again. */
  foretold = false;
  /** Hours of its event rows, as `hourOf` numbers them. */
  readonly eventHours = new Set<number>();
  /** Event clock when it was sealed, µs. */
  clockUs = -1;
  /** Monotonic ms of its first record. */
  readonly openedMs: number;
  /** Whether a table has refused a row of it: the refused ones are looked for. */
  careful = false;

  constructor(openedMs: number, copies?: Record<CopyTable, CopyBuffer>) {
    this.openedMs = openedMs;
    this.copies =
      copies ??
      (Object.fromEntries(copyTableNames.map((table) => [table, new CopyBuffer()])) as Record<CopyTable, CopyBuffer>);
  }

  get rows(): number {
    let rows = this.cells.length;
    for (const table of copyTableNames) rows += this.copies[table].rows;
    return rows;
  }
}

/** Buffers of stored batches, kept for the next ones. */
export class CopyPool {
  readonly #free: Record<CopyTable, CopyBuffer>[] = [];
  readonly #keepMax = 2;

  open(openedMs: number): StoreBatch {
    return new StoreBatch(openedMs, this.#free.pop());
  }

  giveBack(batch: StoreBatch): void {
    if (this.#free.length >= this.#keepMax) return;
    for (const table of copyTableNames) batch.copies[table].clear();
    this.#free.push(batch.copies);
  }
}
