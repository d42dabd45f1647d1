import type { Config } from '../config.ts';
import { scopeOf } from '../decode/links.ts';
import { type MapMessage, mapSlice } from '../decode/map-message.ts';
import type { SignalMessage } from '../decode/message.ts';
import { componentType, tcapType } from '../decode/tcap-tables.ts';
import { packImsi } from '../privacy/imsi.ts';
import { none } from './connection-records.ts';
import type { Learning } from './learning.ts';
import { map, subsystem } from './message-types.ts';
import { Nodes, numberOfSemiOctets, unknownNode } from './nodes.ts';
import { Registrations } from './registrations.ts';
import { Roamers } from './roamers.ts';
import type { RowWriter } from './row-writer.ts';
import type { SubscriberNumbers } from './subscriber-numbers.ts';
import { type End, Transactions } from './transactions.ts';
import type { VlrDirectory } from './vlr-directory.ts';

/** Event time between two slices of the sweep for silent dialogues, and slices of a whole round. */
const sweepEveryUs = 1_000_000;
const sweepSlices = 60;
/** How many records are looked at for the one to give up when all are in use. */
const victimsLookedAt = 16;

/**
 * The C, D and G interfaces: follows TCAP dialogues (ITU-T Q.774 §3) and reads out of their MAP operations who is whose
 * (3GPP TS 29.002 §8, §10, §12): MSISDN ↔ IMSI, the serving VLR, and TMSI ↔ IMSI of the VLR that sendIdentification asks.
 */
export class CoreNetwork {
  orphans = 0;
  reused = 0;
  idle = 0;
  evicted = 0;
  imsiInvalid = 0;
  readonly roamers: Roamers;
  readonly registrations: Registrations;
  readonly numbers: SubscriberNumbers;
  readonly nodes: Nodes;
  readonly transactions: Transactions;
  readonly learning: Learning;
  readonly #directory: VlrDirectory;
  readonly #idleUs: number;
  /** The two ends of the message at hand. */
  readonly #from: End = { link: 0, lower: false, title: 0 };
  readonly #to: End = { link: 0, lower: false, title: 0 };
  /** Its sender has begun the dialogue. The sides of the link do not tell: the way back may be another link. */
  #byInitiator = false;
  /** A dialogue whose last message is being read, a component at a time. */
  #ending = none;
  /** Which message the component before was of, and its place there. */
  readonly #last = { frame: -1, link: -1, tcapType: -1, otid: -1, dtid: -1, index: -1 };
  /** The component at hand is the first of its message that could be read. */
  #isFirst = true;
  #sweptUs = -1;
  #sweepAt = 0;
  #victimAt = 0;

  constructor(config: Config, directory: VlrDirectory, rows: RowWriter) {
    this.#directory = directory;
    this.learning = rows.learning(config.handsetsMax);
    this.#idleUs = config.dialogueIdleMs * 1000;
    this.nodes = new Nodes(config.homeNodePrefixes, config.nodeOperators);
    this.roamers = new Roamers(config.homePlmns, config.roamersMax);
    this.registrations = new Registrations(config.registrationsMax, this.nodes, this.roamers, rows, this.learning);
    this.numbers = rows.homes.numbers;
    this.transactions = new Transactions(config.dialoguesMax);
  }

  /** A component, or a TCAP message without any. */
  component(m: SignalMessage, c: MapMessage): void {
    this.#isFirst = this.#takePlace(m, c);
    if (this.#isFirst) this.settle();
    this.#takeEnds(m);
    const d = this.#dialogue(m, c);
    if (d !== none) this.transactions.setLastUs(d, m.timeUs);
    switch (c.componentType) {
      case componentType.invoke:
        this.#invoke(d, m, c);
        break;
      case componentType.returnResultLast:
      case componentType.returnResultNotLast:
        this.#result(d, m, c);
        break;
      case componentType.returnError:
      case componentType.reject:
        this.#refusal(d, c);
    }
    if (c.tcapType === tcapType.End || c.tcapType === tcapType.Abort) this.#ending = d;
  }

  /** The message before was its dialogue's last one, and all of it has come. */
  settle(): void {
    const d = this.#ending;
    this.#ending = none;
    if (d !== none) this.#end(d);
  }

  /** Ends dialogues that were silent for too long, a slice of the records for each second of event time. */
  sweep(nowUs: number): void {
    if (nowUs - this.#sweptUs < sweepEveryUs) return;
    this.settle();
    this.registrations.settle(nowUs);
    const t = this.transactions;
    const seconds = this.#sweptUs < 0 ? 1 : (nowUs - this.#sweptUs) / sweepEveryUs;
    this.#sweptUs = nowUs;
    for (let left = Math.ceil((t.high * Math.min(sweepSlices, Math.floor(seconds))) / sweepSlices); left > 0; left--) {
      this.#sweepAt = this.#sweepAt + 1 < t.high ? this.#sweepAt + 1 : 0;
      const d = t.handleOf(this.#sweepAt);
      if (!t.isOpen(d) || t.lastUs(d) >= nowUs - this.#idleUs) continue;
      this.idle++;
      this.#end(d);
    }
  }

  /** @returns whether the component begins a message: those in front of it may have been of no known type */
  #takePlace(m: SignalMessage, c: MapMessage): boolean {
    const last = this.#last;
    const goesOn =
      c.componentIndex > last.index &&
      m.frame === last.frame &&
      m.link === last.link &&
      c.tcapType === last.tcapType &&
      c.otid === last.otid &&
      c.dtid === last.dtid;
    last.index = c.componentIndex;
    if (goesOn) return false;
    last.frame = m.frame;
    last.link = m.link;
    last.tcapType = c.tcapType;
    last.otid = c.otid;
    last.dtid = c.dtid;
    return true;
  }

  #takeEnds(m: SignalMessage): void {
    const { addressBytes } = m;
    this.#from.link = m.link;
    this.#from.lower = m.fromLower;
    this.#from.title = numberOfSemiOctets(addressBytes, m.callingTitleOffset, m.callingTitleDigits);
    this.#to.link = m.link;
    this.#to.lower = !m.fromLower;
    this.#to.title = numberOfSemiOctets(addressBytes, m.calledTitleOffset, m.calledTitleDigits);
  }

  /** The dialogue of a message, begun if need be; {@link none}: it has none, or its beginning was not seen. */
  #dialogue(m: SignalMessage, c: MapMessage): number {
    const t = this.transactions;
    switch (c.tcapType) {
      case tcapType.Begin: {
        this.#byInitiator = true;
        const known = t.find(this.#from, c.otid, c.otidLength);
        if (known !== none && !this.#isFirst) return known;
        if (known !== none) this.#reuse(known);
        return this.#start(this.#from, c.otid, c.otidLength, m.timeUs);
      }
      case tcapType.Continue:
        return this.#continued(m, c);
      case tcapType.End:
      case tcapType.Abort: {
        const d = t.find(this.#to, c.dtid, c.dtidLength);
        this.#byInitiator = d !== none && !t.foundInitiator;
        if (d === none && this.#isFirst) this.orphans++;
        return d;
      }
      default:
        return none;
    }
  }

  /**
   * CONTINUE names both ends, so its dialogue is one that has both identities, as far as they are known. One that has
   * the one but another one opposite is over, though nobody said so: that side has given its identity anew.
   */
  #continued(m: SignalMessage, c: MapMessage): number {
    const t = this.transactions;
    const to = t.find(this.#to, c.dtid, c.dtidLength);
    if (to !== none) {
      this.#byInitiator = !t.foundInitiator;
      const whole = t.isAnswered(to);
      if (t.isOpposite(to, c.otid, c.otidLength)) {
        if (whole) return to;
        const before = t.find(this.#from, c.otid, c.otidLength);
        if (before !== none && before !== to) this.#reuse(before);
        t.answer(to, this.#from, c.otid, c.otidLength);
        return to;
      }
      this.#reuse(to);
    }
    const from = t.find(this.#from, c.otid, c.otidLength);
    if (from !== none) {
      this.#byInitiator = t.foundInitiator;
      if (t.isOpposite(from, c.dtid, c.dtidLength)) {
        // The other side's first message was not seen.
        t.answer(from, this.#to, c.dtid, c.dtidLength);
        return from;
      }
      this.#reuse(from);
    }
    this.#byInitiator = false;
    this.orphans++;
    // Followed from here on: what comes next names its own subscribers.
    const d = this.#start(this.#to, c.dtid, c.dtidLength, m.timeUs);
    t.answer(d, this.#from, c.otid, c.otidLength);
    return d;
  }

  /** A side gives an identity anew: the dialogue that had it is over, though nobody said so. */
  #reuse(d: number): void {
    this.reused++;
    this.#end(d);
  }

  #start(owner: End, identity: number, length: number, timeUs: number): number {
    const t = this.transactions;
    if (t.full) this.#evict();
    return t.start(owner, identity, length, timeUs);
  }

  #evict(): void {
    const t = this.transactions;
    let victim = none;
    for (let looked = 0; looked < victimsLookedAt; looked++) {
      this.#victimAt = (this.#victimAt + 1) % t.max;
      const d = t.handleOf(this.#victimAt);
      if (victim === none || t.lastUs(d) < t.lastUs(victim)) victim = d;
    }
    this.evicted++;
    if (victim === this.#ending) this.#ending = none;
    this.#end(victim);
  }

  /** What was asked in a dialogue that ends and got no answer has failed. */
  #end(d: number): void {
    const t = this.transactions;
    for (let at = t.unanswered(d); at !== none; at = t.unanswered(d)) this.#failed(at);
    t.end(d);
  }

  #failed(at: number): void {
    const t = this.transactions;
    if (t.operation(at) === map.updateLocation && t.invokeImsi(at) >= 0) {
      this.registrations.failed(t.invokeImsi(at), t.invokeNode(at));
    }
    t.answered(at);
  }

  #invoke(d: number, m: SignalMessage, c: MapMessage): void {
    const t = this.transactions;
    const own = this.#imsiOf(c.imsi, c.imsiDigits);
    if (d !== none && own >= 0) t.setImsi(d, own);
    // insertSubscriberData within an update, USSD by the reference of its opening: the dialogue knows whom.
    const imsi = own >= 0 || d === none ? own : this.#known(d, c);
    const msisdn = numberIn(c, mapSlice.msisdn);
    // The sender of a message to the phone may stand there as a number.
    if (imsi >= 0 && msisdn >= 0 && c.operation !== map.mtForwardSm) this.#learnNumber(msisdn, imsi, m.timeUs);
    if (imsi >= 0 && c.imei >= 0) this.learning.handset(imsi, c.imei, c.imeiDigits, m.timeUs);
    const node = imsi >= 0 ? this.#register(m, c, imsi) : unknownNode;
    if (d === none || c.invokeId < 0 || c.operation < 0 || c.operation > 0xff) return;
    const subject = c.operation === map.sendIdentification ? c.tmsi : msisdn;
    t.invoke(d, this.#byInitiator, c.invokeId, c.operation, imsi, subject, node);
  }

  /** The subscriber of the dialogue, where the component names none. */
  #known(d: number, c: MapMessage): number {
    const t = this.transactions;
    if (t.imsi(d) < 0) t.setImsi(d, this.#imsiOf(c.referenceImsi, c.referenceImsiDigits));
    return t.imsi(d);
  }

  /** What an invoke does to the subscriber's registration. @returns the node that registers */
  #register(m: SignalMessage, c: MapMessage, imsi: number): number {
    const { nodes, registrations } = this;
    switch (c.operation) {
      case map.updateLocation: {
        const vlr = nodes.symbolOf(numberOr(c, mapSlice.vlr, this.#from.title));
        registrations.begun(imsi, vlr, m.timeUs);
        return vlr;
      }
      case map.updateGprsLocation:
        return nodes.symbolOf(numberOr(c, mapSlice.sgsn, this.#from.title));
      case map.cancelLocation: {
        const node = nodes.symbolOf(this.#to.title);
        if (m.calledSsn === subsystem.sgsn) registrations.cancelledSgsn(imsi, node);
        else registrations.cancelled(imsi, node, m.timeUs);
        return node;
      }
      case map.purgeMs: {
        const sgsn = nodes.symbolOf(numberIn(c, mapSlice.sgsn));
        if (sgsn !== unknownNode || m.callingSsn === subsystem.sgsn) {
          registrations.cancelledSgsn(imsi, sgsn === unknownNode ? nodes.symbolOf(this.#from.title) : sgsn);
        } else {
          registrations.cancelled(imsi, nodes.symbolOf(numberOr(c, mapSlice.vlr, this.#from.title)), m.timeUs);
        }
        return unknownNode;
      }
      case map.provideRoamingNumber:
        // The home register asks the VLR that serves for a number to reach the subscriber by.
        registrations.served(imsi, nodes.symbolOf(this.#to.title), m.timeUs);
        return unknownNode;
      default:
        return unknownNode;
    }
  }

  #result(d: number, m: SignalMessage, c: MapMessage): void {
    const t = this.transactions;
    const at = d === none ? none : t.invokeOf(d, this.#byInitiator, c.invokeId);
    if (at === none) return;
    const told = this.#imsiOf(c.imsi, c.imsiDigits);
    const imsi = told >= 0 ? told : t.invokeImsi(at);
    const subject = t.invokeSubject(at);
    switch (t.operation(at)) {
      case map.updateLocation:
        if (c.componentType === componentType.returnResultLast && imsi >= 0) {
          this.registrations.registered(imsi, t.invokeNode(at), m.timeUs);
        }
        break;
      case map.updateGprsLocation:
        if (imsi >= 0) this.registrations.servedBySgsn(imsi, t.invokeNode(at));
        break;
      case map.sendIdentification:
        // Who answers is the VLR that gave the TMSI.
        if (told >= 0 && subject >= 0) this.#directory.learn(scopeOf(m.opc, m.dpc, m.link), subject, told);
        break;
      case map.sendParameters: {
        const msisdn = numberIn(c, mapSlice.msisdn);
        if (imsi >= 0 && msisdn >= 0) this.#learnNumber(msisdn, imsi, m.timeUs);
        break;
      }
      default: {
        if (subject < 0) break;
        if (told >= 0) this.#learnNumber(subject, told, m.timeUs);
        // Asked by number alone, as anyTimeInterrogation may be.
        const who = imsi >= 0 ? imsi : this.numbers.imsiOf(subject);
        const vlr = this.nodes.symbolOf(numberIn(c, mapSlice.vlr));
        if (who >= 0 && vlr !== unknownNode) this.registrations.served(who, vlr, m.timeUs);
      }
    }
    if (c.componentType === componentType.returnResultLast) t.answered(at);
  }

  #refusal(d: number, c: MapMessage): void {
    if (d === none || c.invokeId < 0) return;
    const at = this.transactions.invokeOf(d, this.#byInitiator, c.invokeId);
    if (at !== none) this.#failed(at);
  }

  #learnNumber(number: number, imsi: number, timeUs: number): void {
    if (this.numbers.learn(number, imsi)) this.learning.number(imsi, number, timeUs);
  }

  #imsiOf(value: number, digits: number): number {
    if (value < 0) return -1;
    const imsi = packImsi(value, digits);
    if (imsi < 0) this.imsiInvalid++;
    return imsi;
  }
}

/** A number of the component in international form as an integer; -1 where it has none. */
function numberIn(c: MapMessage, slice: number): number {
  const offset = c.sliceOffset(slice);
  return offset < 0 ? -1 : numberOfSemiOctets(c.bytes, offset, 2 * c.sliceLength(slice));
}

function numberOr(c: MapMessage, slice: number, otherwise: number): number {
  const number = numberIn(c, slice);
  return number >= 0 ? number : otherwise;
}
