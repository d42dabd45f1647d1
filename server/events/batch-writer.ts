import { EventBatch, type EventSink, noCell } from './event-batch.ts';
import { batchRows } from './feed-messages.ts';

/** Collects rows in batches and turns each cell's CGI into a feed-local symbol (0, 1, 2 … in order of appearance). */
export class BatchWriter implements EventSink {
  /** Full batches waiting to be taken, and the one being filled. */
  private readonly full: { batch: EventBatch; newestUs: number }[] = [];
  private batch = new EventBatch(batchRows);
  private newCells: string[] = [];
  private readonly symbolByCgi = new Map<string, number>();
  private lastCgi = '';
  private lastSymbol = noCell;
  /** Newest time of all rows written so far, µs. */
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
      this.full.push({ batch: this.batch, newestUs: this.newestUs });
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

  /**
   * Takes the oldest batch (perhaps an empty one), the newest time of the rows up to its end, and the cells that
   * became known since the last call.
   */
  take(): { batch: EventBatch; newestUs: number; newCells: string[] } {
    let taken = this.full.shift();
    if (taken === undefined) {
      taken = { batch: this.batch, newestUs: this.newestUs };
      this.batch = new EventBatch(batchRows);
    }
    const { newCells } = this;
    this.newCells = [];
    return { ...taken, newCells };
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
