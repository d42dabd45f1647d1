import { PairTable } from '../privacy/pair-table.ts';
import { cacheLines } from './cache-lines.ts';
import { unknownNode } from './nodes.ts';

const slots = 1 << 16;
const slotWide = 4;
const scopesMax = 1 << 16;
/** A mapping that has been confirmed so often is given up only when it was contradicted as often. */
const votesMax = 16;
/** The core network's part of a location update and its answer to the phone lie within this. */
const updateUs = 30_000_000;

/** What was last told of a subscriber, if it was lately: a slot each by its IMSI, and whoever comes later takes it. */
class Recent {
  /** Updates that had to make room before their time. */
  evictions = 0;
  /** Four numbers a slot, on one cache line: IMSI (0: free), time, value. */
  readonly #slots = new Float64Array(cacheLines(slots * slotWide * 8));
  #isEmpty = true;

  note(imsi: number, value: number, timeUs: number): void {
    const at = slotOf(imsi);
    this.#isEmpty = false;
    const before = this.#slots[at];
    if (before !== 0 && before !== imsi && timeUs - this.#slots[at + 1] <= updateUs) this.evictions++;
    this.#slots[at] = imsi;
    this.#slots[at + 1] = timeUs;
    this.#slots[at + 2] = value;
  }

  /** What was told at `sinceUs` or later; -1: nothing. */
  find(imsi: number, sinceUs: number): number {
    if (this.#isEmpty) return -1;
    const at = slotOf(imsi);
    return this.#slots[at] === imsi && this.#slots[at + 1] >= sinceUs ? this.#slots[at + 2] : -1;
  }
}

function slotOf(imsi: number): number {
  return slotWide * (Math.imul(imsi ^ (imsi / 0x1_0000_0000), 0x9e37_79b1) >>> 16);
}

/**
 * Location updates as the radio side (A, Iu-CS) shows them, beside what MAP tells: either may be lost or come first. Which
 * VLR stands behind a core side's point code is learnt from updates of which both sides were seen.
 */
export class ServingEvidence {
  readonly #radio = new Recent();
  readonly #core = new Recent();
  /** Scope → VLR, votes. */
  readonly #vlrs = new PairTable({ entriesMax: scopesMax });

  /** Location updates, and VLRs behind point codes, forgotten for want of room. */
  get updateEvictions(): number {
    return this.#radio.evictions + this.#core.evictions;
  }
  get vlrEvictions(): number {
    return this.#vlrs.evictions;
  }

  /** MAP tells that a VLR registers a subscriber. */
  core(imsi: number, vlr: number, timeUs: number): void {
    this.#core.note(imsi, vlr, timeUs);
  }

  /** A location update was accepted on the radio side. @param scope see `VlrDirectory` */
  radio(imsi: number, scope: number, timeUs: number): void {
    this.#radio.note(imsi, scope, timeUs);
    const vlr = this.#core.find(imsi, timeUs - updateUs);
    if (vlr < 0) return;
    const found = this.#vlrs.find(scope, 0);
    const known = found ? this.#vlrs.value[0] : vlr;
    const votes = found ? this.#vlrs.value[1] : 0;
    if (known === vlr) this.#vlrs.set(scope, 0, vlr, Math.min(votesMax, votes + 1));
    else if (votes > 1) this.#vlrs.set(scope, 0, known, votes - 1);
    else this.#vlrs.set(scope, 0, vlr, 1);
  }

  /** The VLR behind a core side's point code; `unknownNode` where it was not learnt. */
  vlrOf(scope: number): number {
    return this.#vlrs.find(scope, 0) ? this.#vlrs.value[0] : unknownNode;
  }

  /** Whether the subscriber has updated its location since then at another MSC than that of this VLR. */
  isElsewhere(imsi: number, vlr: number, sinceUs: number): boolean {
    const scope = this.#radio.find(imsi, sinceUs);
    return scope >= 0 && this.vlrOf(scope) !== vlr;
  }
}
