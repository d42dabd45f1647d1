import type { Config } from '../config.ts';
import { UserError } from '../errors.ts';
import { EventBatch, type EventSink, noCell } from '../events/event-batch.ts';
import { type RowConsumer, Sorter } from '../events/sorter.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';

const chunkRows = 1 << 16;
/** Rows that are sorted in memory: about 12 GiB. */
const sortedRowsMax = 1 << 28;

/** Takes rows from a pipeline and hands them on in order of time, with ids of the registry as cells. */
export abstract class OrderedRows implements EventSink {
  private readonly registry: CellRegistry;
  private lastCgi = '';
  private lastId = noCell;

  constructor(registry: CellRegistry) {
    this.registry = registry;
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
  ): void {
    if (cgi !== this.lastCgi) {
      this.lastCgi = cgi;
      this.lastId = cgi === '' ? noCell : this.registry.idOf(cgi);
    }
    const batch = this.batchFor(timeUs);
    batch.push(
      timeUs,
      subLo,
      subHi,
      this.lastId,
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

  /** Called now and then while the feed is read. */
  abstract step(): void;
  /** The feed has ended: hands on all that is left, a block at each turn. */
  abstract drain(): Generator<void>;
  /** A batch with room for a row of this time. */
  protected abstract batchFor(timeUs: number): EventBatch;
}

/** Keeps the whole feed and sorts it by (time, arrival). */
export class SortedRows extends OrderedRows {
  private readonly chunks: EventBatch[] = [];
  private readonly onRows: RowConsumer;

  constructor(registry: CellRegistry, onRows: RowConsumer) {
    super(registry);
    this.onRows = onRows;
  }

  override step(): void {
    // Nothing can be handed on before the last row is known.
  }

  override *drain(): Generator<void> {
    const { chunks } = this;
    const rows = chunks.reduce((sum, { n }) => sum + n, 0);
    const times = new Float64Array(rows);
    chunks.forEach((chunk, i) => {
      times.set(chunk.timeUs.subarray(0, chunk.n), i * chunkRows);
    });
    const order = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) order[i] = i;
    order.sort((a, b) => times[a] - times[b] || a - b);
    const out = new EventBatch(1024);
    for (let i = 0; i < rows; i++) {
      out.copyRow(chunks[Math.floor(order[i] / chunkRows)], order[i] % chunkRows);
      if (out.full || i === rows - 1) {
        this.onRows(out, 0, out.n);
        out.n = 0;
        yield;
      }
    }
    chunks.length = 0;
  }

  protected override batchFor(): EventBatch {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || chunk.full) {
      if (this.chunks.length * chunkRows >= sortedRowsMax) {
        throw new UserError(
          'COUNT_TOO_LONG',
          `count --sort: the feed has more than ${sortedRowsMax.toLocaleString('en')} rows: leave --sort away, or count it in parts`,
        );
      }
      chunk = new EventBatch(chunkRows);
      this.chunks.push(chunk);
    }
    return chunk;
  }
}

/** Puts rows in order within the reorder window, as the server does; a row is late if it is that far behind the newest. */
export class WindowedRows extends OrderedRows {
  readonly sorter: Sorter;
  private readonly windowUs: number;
  private readonly batch = new EventBatch(chunkRows);
  private newestUs = Number.NEGATIVE_INFINITY;

  constructor(registry: CellRegistry, config: Config, onRows: RowConsumer, onLate: RowConsumer) {
    super(registry);
    this.windowUs = config.reorderWindowMs * 1000;
    this.sorter = new Sorter({
      latenessUs: config.latenessMs * 1000,
      rowsMax: config.reorderRowsMax,
      onRows,
      onLate,
      // Too late even for traffic: `count` has no database that would keep it; the sorter counts it.
      onTooLate: () => undefined,
    });
  }

  override step(): void {
    this.release();
  }

  override *drain(): Generator<void> {
    this.release();
    yield;
    this.sorter.release(Number.POSITIVE_INFINITY);
  }

  protected override batchFor(timeUs: number): EventBatch {
    // What is late must not depend on how the feed is cut into batches: the clock is brought up to date before.
    if (this.batch.full || timeUs < this.newestUs - this.windowUs) this.release();
    if (timeUs > this.newestUs) this.newestUs = timeUs;
    return this.batch;
  }

  private release(): void {
    this.sorter.push(this.batch);
    this.batch.n = 0;
    this.sorter.release(this.newestUs - this.windowUs);
  }
}
