import type { SignalMessage } from '../decode/message.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { bssmap, ranap, ranapOutcome } from './message-types.ts';

/** Links whose core side is remembered. */
const linksMax = 1 << 16;

/** What a message type tells of its sender. */
const core = 1;
const radio = 2;

/** By type + 1 (0: no message) what it tells, 0: nothing. A table, because this is asked of every connection. */
function senders(ofCore: readonly number[], ofRadio: readonly number[]): Uint8Array {
  const table = new Uint8Array(257);
  for (const type of ofCore) table[type + 1] = core;
  for (const type of ofRadio) table[type + 1] = radio;
  return table;
}

/** What only the core sends, and what only the radio side sends. 3GPP TS 48.008 §3.2.1. */
const bssmapSenders = senders(
  [
    bssmap.assignmentRequest,
    bssmap.handoverRequest,
    bssmap.handoverCommand,
    bssmap.handoverRequiredReject,
    bssmap.clearCommand,
    bssmap.commonId,
    bssmap.paging,
    bssmap.cipherModeCommand,
  ],
  [
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
  ],
);
/** The same of RANAP's initiating messages. 3GPP TS 25.413 §8. */
const ranapSenders = senders(
  [ranap.iuRelease, ranap.relocationResourceAllocation, ranap.paging, ranap.commonId],
  [
    ranap.relocationPreparation,
    ranap.iuReleaseRequest,
    ranap.relocationComplete,
    ranap.locationReport,
    ranap.initialUeMessage,
  ],
);

/** Which side of each link is the core: messages that go one way only tell it. */
export class LinkSides {
  /** Link → 2 where the lower side is the core, else 1. */
  readonly #sides = new PairTable({ entriesMax: linksMax });

  get evictions(): number {
    return this.#sides.evictions;
  }

  /** Takes in what a message tells of its link. */
  hear(m: SignalMessage): void {
    let sender = bssmapSenders[m.bssmapType + 1];
    if (m.ranapType === ranapOutcome.initiating) sender |= ranapSenders[m.ranapProcedure + 1];
    if (sender !== core && sender !== radio) return;
    const side = m.fromLower === (sender === core) ? 2 : 1;
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
