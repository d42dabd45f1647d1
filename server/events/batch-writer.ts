import { EventBatch, type EventSink, noCell } from './event-batch.ts';
import { batchRows } from './feed-messages.ts';

/** Collects rows in batches and turns each cell's CGI into a feed-local symbol (0, 1, 2 … in order of appearance). */
export class BatchWriter implements EventSink {
  /** Full batches waiting to be taken, and the one being filled. */
  private readonly full: EventBatch[] = [];
  private batch = new EventBatch(batchRows);
  private newCells: string[] = [];
  private readonly symbolByCgi = new Map<string, number>();
  private lastCgi = '';
  private lastSymbol = noCell;
  newestUs = -1;

  event(
    timeUs: number,
    subLo: number,
    subHi: number,
    cgi: string,
    plmn: number,
    kind: number,
    outcome: number,
    cause: number,
    flags: number,
    durationMs: number,
    typeAllocationCode: number,
    bytes: number,
  ): void {
    if (cgi !== this.lastCgi) {
      this.lastCgi = cgi;
      this.lastSymbol = this.symbolOf(cgi);
    }
    if (this.batch.full) {
      this.full.push(this.batch);
      this.batch = new EventBatch(batchRows);
    }
    if (timeUs > this.newestUs) this.newestUs = timeUs;
    this.batch.push(
      timeUs,
      subLo,
      subHi,
      this.lastSymbol,
      plmn,
      kind,
      outcome,
      cause,
      flags,
      durationMs,
      typeAllocationCode,
      bytes,
    );
  }

  /** Rows that have been written and not yet taken. */
  get waiting(): number {
    return this.full.length * batchRows + this.batch.n;
  }

  /** Takes the oldest batch (perhaps an empty one) and the cells that became known since the last call. */
  take(): { batch: EventBatch; newCells: string[] } {
    let batch = this.full.shift();
    if (batch === undefined) {
      batch = this.batch;
      this.batch = new EventBatch(batchRows);
    }
    const { newCells } = this;
    this.newCells = [];
    return { batch, newCells };
  }

  private symbolOf(cgi: string): number {
    if (cgi === '') return noCell;
    let symbol = this.symbolByCgi.get(cgi);
    if (symbol === undefined) {
      symbol = this.symbolByCgi.size;
      this.symbolByCgi.set(cgi, symbol);
      this.newCells.push(cgi);
    }
    return symbol;
  }
}
