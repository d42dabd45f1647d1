import { eventsMax } from '../presence/record.ts';
import type { SubscriberTable } from '../presence/subscriber-table.ts';
import { restoreColumns, type StateReader, type StateWriter, saveColumns } from '../state-writer.ts';
import type { StayColumns } from './view.ts';

/** So many become a record of the journal in one piece, in two milliseconds. */
const rows = 2048;

/** Collects ended stays and hands them on in blocks; the columns are re-used, so the taker copies what it keeps. */
export class StayBuffer implements StayColumns {
  n = 0;
  readonly subLo = new Uint32Array(rows);
  readonly subHi = new Uint32Array(rows);
  readonly cell = new Uint32Array(rows);
  readonly firstInUs = new Float64Array(rows);
  readonly lastInUs = new Float64Array(rows);
  readonly firstOutUs = new Float64Array(rows);
  readonly events = new Uint32Array(rows);
  readonly plmn = new Uint32Array(rows);
  readonly toCell = new Uint32Array(rows);
  private readonly taker: (stays: StayColumns) => void;

  constructor(taker: (stays: StayColumns) => void) {
    this.taker = taker;
  }

  /** The subscriber's stay in `cell`, as the table has it, ends at `outUs`. */
  push(table: SubscriberTable, sub: number, cell: number, outUs: number, plmn: number, toCell: number): void {
    const i = this.n++;
    this.subLo[i] = table.subLo(sub);
    this.subHi[i] = table.subHi(sub);
    this.cell[i] = cell;
    this.firstInUs[i] = table.sinceUs(sub);
    this.lastInUs[i] = table.lastUs(sub);
    this.firstOutUs[i] = outUs;
    this.events[i] = table.events(sub);
    this.plmn[i] = plmn;
    this.toCell[i] = toCell;
    if (this.n === rows) this.flush();
  }

  /** The same of somebody who has moved: `row` of the table's {@link MovedRows}. */
  pushMoved(table: SubscriberTable, row: number, plmn: number): void {
    const { movedRows: moved } = table;
    const sub = moved.sub[row];
    const i = this.n++;
    this.subLo[i] = table.subLo(sub);
    this.subHi[i] = table.subHi(sub);
    this.cell[i] = moved.from[row];
    this.firstInUs[i] = moved.sinceUs[row];
    this.lastInUs[i] = moved.lastUs[row];
    this.firstOutUs[i] = moved.timeUs[row];
    this.events[i] = moved.originEvents[row] & eventsMax;
    this.plmn[i] = plmn;
    this.toCell[i] = moved.to[row];
    if (this.n === rows) this.flush();
  }

  /** The stays that wait to be handed on. */
  *save(to: StateWriter): Generator<void> {
    to.json('stays', { n: this.n });
    yield* saveColumns(to, 'stays', this.columns());
  }

  restore(from: StateReader): void {
    this.n = from.json<{ n: number }>('stays').n;
    restoreColumns(from, 'stays', this.columns());
  }

  private columns() {
    const { n, subLo, subHi, cell, firstInUs, lastInUs, firstOutUs, events, plmn, toCell } = this;
    return Object.fromEntries(
      Object.entries({ subLo, subHi, cell, firstInUs, lastInUs, firstOutUs, events, plmn, toCell }).map(
        ([key, column]) => [key, column.subarray(0, n)],
      ),
    );
  }

  flush(): void {
    if (this.n === 0) return;
    this.taker(this);
    this.n = 0;
  }
}
