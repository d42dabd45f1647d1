import { fromLowerBit } from '../decode/message-record.ts';
import { causeList, packCause } from '../events/cause.ts';
import { none } from './connection-records.ts';
import type { Dialogues } from './dialogues.ts';
import type { LateBeginnings } from './late-beginnings.ts';
import { bssmap, discriminator, mm, sccp } from './message-types.ts';
import type { OpenConnections } from './open-connections.ts';

/** What a message of DATA FORM 1 without any group does to its connection, by its BSSMAP type. */
const needsMessage = 0;
const doesNothing = 1;
const settles = 2;
const effects = new Uint8Array(512);
for (const type of [
  bssmap.assignmentRequest,
  bssmap.assignmentComplete,
  bssmap.cipherModeCommand,
  bssmap.cipherModeComplete,
]) {
  effects[type] = doesNothing;
}
effects[bssmap.clearComplete] = settles;

/**
 * Messages that bring nothing but their head: every second one. They are taken straight from their records, without
 * {@link SignalMessage}, whose filling costs more than what they do: a connection is confirmed, released, or heard of.
 * What does more than that goes the whole way, and both do the same (a test holds them to it).
 */
export class PlainMessages {
  readonly #open: OpenConnections;
  readonly #late: LateBeginnings;
  readonly #dialogues: Dialogues;

  constructor(open: OpenConnections, late: LateBeginnings, dialogues: Dialogues) {
    this.#open = open;
    this.#late = late;
    this.#dialogues = dialogues;
  }

  /** @returns whether that is all; else nothing has been done that the whole way would not do as well */
  take(words: Int32Array, at: number, timeUs: number): boolean {
    const types = words[at + 7];
    const sccpType = (types & 0x1ff) - 1;
    const bssmapType = ((types >>> 9) & 0x1ff) - 1;
    const isEmpty = types >>> 9 === 0;
    let effect = needsMessage;
    switch (sccpType) {
      case sccp.dataForm1:
        if (bssmapType >= 0) effect = effects[bssmapType];
        else if (types >>> 27 === discriminator.mobilityManagement + 1) return this.#mobility(words, at, timeUs, types);
        if (effect === needsMessage) return false;
        break;
      case sccp.connectionConfirm:
      case sccp.released:
      case sccp.releaseComplete:
        if (!isEmpty) return false;
        break;
      default:
        return false;
    }
    const i = this.#connection(words, at, timeUs, sccpType);
    switch (sccpType) {
      case sccp.connectionConfirm:
        return i !== none;
      case sccp.released:
        if (i === none) return false;
        this.#dialogues.cleared(i, timeUs, packCause(causeList.sccp, words[at + 10]));
        this.#open.end(i, -1);
        return true;
      case sccp.releaseComplete:
        if (i !== none) this.#open.end(i, -1);
        return true;
      default:
        if (i === none || this.#late.isUndecided(i)) return false;
        if (effect === settles) this.#dialogues.settled(i);
        return true;
    }
  }

  /** AUTHENTICATION REQUEST and RESPONSE without an identity: the phone is heard, no more. */
  #mobility(words: Int32Array, at: number, timeUs: number, types: number): boolean {
    const dtapType = ((types >>> 18) & 0x1ff) - 1;
    if (dtapType !== mm.authenticationRequest && dtapType !== mm.authenticationResponse) return false;
    const i = this.#connection(words, at, timeUs, sccp.dataForm1);
    if (i === none || this.#late.isUndecided(i)) return false;
    this.#dialogues.heard(i, timeUs, sideAt(words, at));
    return true;
  }

  #connection(words: Int32Array, at: number, timeUs: number, sccpType: number): number {
    return this.#open.of(words[at + 4], sideAt(words, at), words[at + 9], words[at + 8], sccpType, timeUs);
  }
}

/** Side of the sender: 1 where it is the lower one of its link. */
function sideAt(words: Int32Array, at: number): number {
  return (words[at] & fromLowerBit) === 0 ? 0 : 1;
}
