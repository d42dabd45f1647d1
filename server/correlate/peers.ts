import type { SignalMessage } from '../decode/message.ts';
import type { Peer } from '../events/event-batch.ts';
import { peerClassCode } from '../events/kinds.ts';
import type { NumberPlan } from '../reference/number-plan.ts';
import { none } from './connection-records.ts';
import { cc, discriminator } from './message-types.ts';
import type { SubscriberKeys } from './parts.ts';
import { type Procedures, procedureState } from './procedures.ts';
import { countryOfPlmn } from './roamers.ts';

/** Type of a short message's address that is text of 7-bit characters. 3GPP TS 23.040 §9.1.2.5. */
const alphanumeric = 5;
const filler = 0x0f;

/**
 * Who is called, calls, is written to or writes: takes the number out of SETUP and of short messages and leaves its
 * pseudonym, class, country and area with the procedure. The plain number goes no further than this.
 */
export class Peers {
  readonly #procedures: Procedures;
  readonly #keys: SubscriberKeys;
  readonly #plan: NumberPlan;
  readonly #peer: Peer = { peerLo: 0, peerHi: 0, peerClass: 0, country: 0, area: 0 };

  constructor(procedures: Procedures, keys: SubscriberKeys, plan: NumberPlan) {
    this.#procedures = procedures;
    this.#keys = keys;
    this.#plan = plan;
  }

  /** Takes the other party's number in, if the message brings it. @param plmn whose network is heard, 0: not known */
  note(p: number, m: SignalMessage, uplink: boolean, plmn: number): void {
    if (p === none || this.#procedures.is(p, procedureState.peer)) return;
    this.#plan.network = countryOfPlmn(plmn);
    if (m.protocolDiscriminator === discriminator.callControl) {
      if (m.dtapType !== cc.setup) return;
      if (uplink) this.#number(p, m, m.calledType, m.calledOffset, m.calledLength);
      else this.#number(p, m, m.callingType, m.callingOffset, m.callingLength);
    } else if (m.protocolDiscriminator === discriminator.sms) {
      // The relay layer's own numbers are the service centre's.
      if (uplink) this.#shortMessageAddress(p, m, m.tpDestinationOffset);
      else this.#shortMessageAddress(p, m, m.tpOriginatorOffset);
    }
  }

  /** TP-DA, TP-OA: count of digits, type and plan, semi-octets. 3GPP TS 23.040 §9.1.2.5. */
  #shortMessageAddress(p: number, m: SignalMessage, offset: number): void {
    if (offset < 0) return;
    const { bytes } = m;
    const length = (bytes[offset] + 1) >> 1;
    const type = (bytes[offset + 1] >> 4) & 0x07;
    if (type !== alphanumeric) {
      this.#number(p, m, type, offset + 2, length);
      return;
    }
    let text = '';
    for (let i = 0; i < length; i++) text += bytes[offset + 2 + i].toString(16).padStart(2, '0');
    // A name in place of a number: who sends such messages is a service, wherever it is.
    this.#leave(p, `name ${text}`, peerClassCode['service number'], 0, 0);
  }

  /** A number withheld or empty is nobody's. */
  #number(p: number, m: SignalMessage, type: number, offset: number, length: number): void {
    if (offset < 0 || length === 0) return;
    const plan = this.#plan;
    const { digits } = plan;
    let count = 0;
    let isNumber = true;
    for (let i = 0; i < 2 * length && count < digits.length; i++) {
      const octet = m.bytes[offset + (i >> 1)];
      const digit = (i & 1) === 0 ? octet & 0x0f : octet >> 4;
      if (digit === filler) break;
      if (digit > 9) isNumber = false;
      digits[count++] = digit;
    }
    if (count === 0) return;
    plan.count = count;
    if (isNumber) {
      plan.analyse(type);
      // As it came, it may look like somebody else's number in international form.
      const text = plan.isInternational ? '' : `dialled ${this.#digitText()}`;
      this.#leave(p, text, plan.peerClass, plan.country, plan.area);
    } else {
      // *, # and letters: what the network makes of it is not known.
      this.#leave(p, this.#digitText(), peerClassCode.unknown, 0, 0);
    }
  }

  /** @param text what to make the pseudonym of, where it is not the plan's number */
  #leave(p: number, text: string, peerClass: number, country: number, area: number): void {
    const keys = this.#keys;
    const { value } = this.#plan;
    if (text !== '' || value < 0) keys.peerText(text || this.#digitText());
    else keys.peerNumber(value, this.#plan.count);
    const peer = this.#peer;
    peer.peerLo = keys.lo;
    peer.peerHi = keys.hi;
    peer.peerClass = peerClass;
    peer.country = country;
    peer.area = area;
    this.#procedures.setPeer(p, peer);
  }

  #digitText(): string {
    let text = '';
    for (let i = 0; i < this.#plan.count; i++) text += this.#plan.digits[i].toString(16);
    return text;
  }
}
