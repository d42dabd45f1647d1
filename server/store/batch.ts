/** What goes to the database in one transaction: rows of every table, new cells, and the ledger row that covers them. */
import { CopyBuffer } from './copy-buffer.ts';
import type { LedgerRow } from './ledger.ts';
import { type CopyTable, copyTableNames } from './rows.ts';
import type { StoredCell } from './types.ts';

export class StoreBatch {
  readonly stream: string;
  readonly copies: Record<CopyTable, CopyBuffer>;
  readonly cells: { id: number; cell: StoredCell }[] = [];
  /** The ledger as it stands once this batch is stored; set when the batch is sealed. */
  ledger: LedgerRow | null = null;
  /** Earliest event and earliest gauge in it, µs: from there on aggregates are out of date. */
  eventMinUs = Infinity;
  gaugeMinUs = Infinity;
  /** Event clock when it was sealed, µs. */
  clockUs = -1;
  /** Monotonic ms of its first row; -1: empty. */
  openedMs = -1;
  /** Attempts that a statement of it, not the connection, made fail. */
  refusals = 0;

  constructor(stream: string, copies?: Record<CopyTable, CopyBuffer>) {
    this.stream = stream;
    this.copies =
      copies ??
      (Object.fromEntries(copyTableNames.map((table) => [table, new CopyBuffer()])) as Record<CopyTable, CopyBuffer>);
  }

  get rows(): number {
    const { event, cell_gauge, region_gauge, city_gauge, stay } = this.copies;
    return event.rows + cell_gauge.rows + region_gauge.rows + city_gauge.rows + stay.rows + this.cells.length;
  }
}

/** Buffers of stored batches, kept for the next ones. */
export class CopyPool {
  readonly #free: Record<CopyTable, CopyBuffer>[] = [];
  readonly #keepMax = 4;

  open(stream: string): StoreBatch {
    return new StoreBatch(stream, this.#free.pop());
  }

  giveBack(batch: StoreBatch): void {
    if (this.#free.length >= this.#keepMax) return;
    for (const table of copyTableNames) batch.copies[table].clear();
    this.#free.push(batch.copies);
  }
}
