import type { StayColumns } from './view.ts';

const rows = 4096;

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
  private readonly taker: (stays: StayColumns) => void;

  constructor(taker: (stays: StayColumns) => void) {
    this.taker = taker;
  }

  push(
    subLo: number,
    subHi: number,
    cell: number,
    firstInUs: number,
    lastInUs: number,
    firstOutUs: number,
    events: number,
    plmn: number,
  ): void {
    const i = this.n++;
    this.subLo[i] = subLo;
    this.subHi[i] = subHi;
    this.cell[i] = cell;
    this.firstInUs[i] = firstInUs;
    this.lastInUs[i] = lastInUs;
    this.firstOutUs[i] = firstOutUs;
    this.events[i] = events;
    this.plmn[i] = plmn;
    if (this.n === rows) this.flush();
  }

  flush(): void {
    if (this.n === 0) return;
    this.taker(this);
    this.n = 0;
  }
}
