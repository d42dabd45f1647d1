import { EventBatch, type EventSink, noCause, noCell, type Peer } from './event-batch.ts';
import { batchRows } from './feed-messages.ts';
import type { Learnt } from './learnt.ts';

/** What was taken in before a restart and comes again. */
export interface Known {
  /** So many rows, the first ones: the feed gives the same rows in the same order again. */
  readonly rows?: number;
  /** Those up to this time, where the feed starts in the middle of what it gave, µs. */
  readonly untilUs?: number;
}

/**
 * Collects rows in batches and turns each cell's CGI into a feed-local symbol (0, 1, 2 … in order of appearance). All
 * rows that come with their sender's symbols come from one sender.
 */
export class BatchWriter implements EventSink {
  /** Full batches waiting to be taken, and the one being filled. */
  private readonly full: { batch: EventBatch; newestUs: number }[] = [];
  private batch = new EventBatch(batchRows);
  private newCells: string[] = [];
  private readonly symbolByCgi = new Map<string, number>();
  /** Symbol + 1 by the sender's symbol; 0 where it did not come yet. */
  private symbolBySender = new Uint32Array(1024);
  private lastCgi = '';
  private lastSymbol = noCell;
  /** Newest time of all rows written so far, µs. */
  newestUs = -1;
  /** Rows that are left out, and the time up to which they are. */
  private known: number;
  private readonly knownUs: number;

  constructor({ rows, untilUs }: Known = {}) {
    this.known = rows ?? (untilUs === undefined ? 0 : Number.POSITIVE_INFINITY);
    this.knownUs = untilUs ?? Number.POSITIVE_INFINITY;
  }

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
    cellSymbol = -1,
    peer?: Readonly<Peer>,
  ): void {
    if (this.isKnown(timeUs)) return;
    const cell = cellSymbol < 0 ? this.symbolOf(cgi) : this.symbolOfSender(cellSymbol, cgi);
    this.makeRoom(timeUs);
    this.batch.push(
      timeUs,
      subLo,
      subHi,
      cell,
      plmn,
      kind,
      outcome,
      cause,
      flags,
      durationMs,
      typeAllocationCode,
      bytes,
      peer,
    );
  }

  learnt({ timeUs, subLo, subHi, kind, plmn, typeAllocationCode, node, ...rest }: Readonly<Learnt>): void {
    if (this.isKnown(timeUs)) return;
    this.makeRoom(timeUs);
    this.batch.push(timeUs, subLo, subHi, noCell, plmn, kind, 0, noCause, 0, 0, typeAllocationCode, node, {
      peerLo: rest.valueLo,
      peerHi: rest.valueHi,
      peerClass: 0,
      country: rest.country,
      area: rest.network,
    });
  }

  /** Rows that have been written and not yet taken. */
  get waiting(): number {
    return this.full.length * batchRows + this.batch.n;
  }

  /**
   * Takes the oldest batch (perhaps an empty one), the newest time of the rows up to its end, and the cells that
   * became known since the last call. It has no more room than its rows take: who hands it on copies all of it, and who
   * keeps it keeps all.
   */
  take(): { batch: EventBatch; newestUs: number; newCells: string[] } {
    const taken = this.full.shift() ?? { batch: this.takeRows(), newestUs: this.newestUs };
    const { newCells } = this;
    this.newCells = [];
    return { ...taken, newCells };
  }

  /** The rows of the batch that is being filled; its memory takes the next ones. */
  private takeRows(): EventBatch {
    const { batch } = this;
    const rows = new EventBatch(batch.n);
    rows.copyRange(batch, 0, batch.n, 0);
    rows.n = batch.n;
    batch.n = 0;
    return rows;
  }

  /** Whether a row is one that was taken in before: it counts as come again. */
  private isKnown(timeUs: number): boolean {
    if (this.known <= 0 || timeUs > this.knownUs) return false;
    this.known--;
    return true;
  }

  private makeRoom(timeUs: number): void {
    if (this.batch.full) {
      this.full.push({ batch: this.batch, newestUs: this.newestUs });
      this.batch = new EventBatch(batchRows);
    }
    if (timeUs > this.newestUs) this.newestUs = timeUs;
  }

  private symbolOfSender(cellSymbol: number, cgi: string): number {
    if (cellSymbol >= this.symbolBySender.length) {
      const grown = new Uint32Array(2 * cellSymbol);
      grown.set(this.symbolBySender);
      this.symbolBySender = grown;
    }
    let next = this.symbolBySender[cellSymbol];
    if (next === 0) {
      next = this.symbolOf(cgi) + 1;
      this.symbolBySender[cellSymbol] = next;
    }
    return next - 1;
  }

  private symbolOf(cgi: string): number {
    if (cgi === '') return noCell;
    if (cgi === this.lastCgi) return this.lastSymbol;
    let symbol = this.symbolByCgi.get(cgi);
    if (symbol === undefined) {
      symbol = this.symbolByCgi.size;
      this.symbolByCgi.set(cgi, symbol);
      this.newCells.push(cgi);
    }
    this.lastCgi = cgi;
    this.lastSymbol = symbol;
    return symbol;
  }
}
