import type { SignalMessage } from '../decode/message.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { bssmap, ranap, ranapOutcome } from './message-types.ts';

/** Links whose core side is remembered. */
const linksMax = 1 << 16;

/** What only the core sends, and what only the radio side sends. 3GPP TS 48.008 §3.2.1. */
const fromCore: ReadonlySet<number> = new Set([
  bssmap.assignmentRequest,
  bssmap.handoverRequest,
  bssmap.handoverCommand,
  bssmap.handoverRequiredReject,
  bssmap.clearCommand,
  bssmap.commonId,
  bssmap.paging,
  bssmap.cipherModeCommand,
]);
const fromRadio: ReadonlySet<number> = new Set([
  bssmap.assignmentComplete,
  bssmap.handoverRequired,
  bssmap.handoverRequestAcknowledge,
  bssmap.handoverComplete,
  bssmap.handoverFailure,
  bssmap.handoverPerformed,
  bssmap.clearComplete,
  bssmap.clearRequest,
  bssmap.cipherModeComplete,
  bssmap.completeLayer3Information,
]);
/** The same of RANAP's initiating messages. 3GPP TS 25.413 §8. */
const ranapFromCore: ReadonlySet<number> = new Set([
  ranap.iuRelease,
  ranap.relocationResourceAllocation,
  ranap.paging,
  ranap.commonId,
]);
const ranapFromRadio: ReadonlySet<number> = new Set([
  ranap.relocationPreparation,
  ranap.iuReleaseRequest,
  ranap.relocationComplete,
  ranap.locationReport,
  ranap.initialUeMessage,
]);

/** Which side of each link is the core: messages that go one way only tell it. */
export class LinkSides {
  /** Link → 2 where the lower side is the core, else 1. */
  readonly #sides = new PairTable({ entriesMax: linksMax });

  /** Takes in what a message tells of its link. */
  hear(m: SignalMessage): void {
    const isInitiating = m.ranapType === ranapOutcome.initiating;
    const core = fromCore.has(m.bssmapType) || (isInitiating && ranapFromCore.has(m.ranapProcedure));
    const radio = fromRadio.has(m.bssmapType) || (isInitiating && ranapFromRadio.has(m.ranapProcedure));
    if (core === radio) return;
    const side = m.fromLower === core ? 2 : 1;
    if (this.#sides.get(m.link, 0) !== side) this.#sides.set(m.link, 0, side, 0);
  }

  isKnown(link: number): boolean {
    return this.#sides.get(link, 0) !== 0;
  }

  /** Whether the core is the lower side of a known link. */
  isCoreLower(link: number): boolean {
    return this.#sides.get(link, 0) === 2;
  }
}
