import { MapMessage } from '../../server/decode/map-message.ts';
import { part, type SignalMessage } from '../../server/decode/message.ts';
import type { Random } from './random.ts';
import type { SequenceTarget } from './sequence-target.ts';
import * as world from './sequence-world.ts';

/** So few references that messages of any two connections collide. */
const references = 4;
const tmsis = 3;
const second = 1_000_000;

/** SCCP types as often as they stand here: CR, CC, CREF, RLSD, RLC, DT1, IT, UDT. ITU-T Q.713 §2.1. */
const sccpTypes = [1, 1, 1, 2, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 16, 9];
/** All that the correlator acts on, and one that it does not. 3GPP TS 48.008 §3.2.2.1. */
const bssmapTypes = [0x10, 0x10, 0x11, 0x11, 0x14, 0x14, 0x16, 0x17, 0x1a, 0x20, 0x22, 0x2f, 0x52, 0x57, 0x57, 0x57];
/** Protocol discriminator and message types. 3GPP TS 24.008 §10.4, 24.011 §8.1.3, 24.080 §3.4, 44.018 §10.4. */
const layer3: readonly (readonly [discriminator: number, types: readonly number[]])[] = [
  [5, [0x01, 0x02, 0x04, 0x08, 0x08, 0x11, 0x14, 0x19, 0x1a, 0x1b, 0x22, 0x23, 0x24, 0x24, 0x28, 0x29]],
  [3, [0x05, 0x05, 0x07, 0x0e, 0x25, 0x2a, 0x2d]],
  [9, [0x01, 0x01, 0x04, 0x10]],
  [11, [0x2a, 0x3b]],
  [6, [0x27]],
  [15, [0x01]],
];
const ranapProcedures = [1, 2, 2, 3, 3, 4, 11, 13, 13, 14, 15, 18, 19, 19, 19, 20, 20, 20];
/** MAP operations that mean something here, and one that does not. 3GPP TS 29.002 §17.5. */
const operations = [2, 2, 2, 3, 3, 4, 7, 9, 22, 23, 44, 45, 55, 55, 67, 71, 59];
const tcapTypes = [1, 2, 2, 2, 4, 4, 5, 5, 5, 7];

/** Any message after any other, at any time: what no network sends, and a damaged or joined capture may hold. */
export class Chaos {
  readonly #random: Random;
  readonly #message: SignalMessage;
  readonly #component = new MapMessage();
  readonly #target: SequenceTarget;
  #timeUs: number;
  /** In this sequence RANAP is as frequent as BSSMAP; in others there is none. */
  readonly #iu: boolean;

  constructor(random: Random, message: SignalMessage, target: SequenceTarget) {
    this.#random = random;
    this.#message = message;
    this.#target = target;
    this.#timeUs = random.below(8) === 0 ? random.below(second) : 1_790_000_000 * second;
    this.#iu = random.below(3) === 0;
  }

  step(): void {
    this.#wait();
    switch (this.#random.below(12)) {
      case 0:
      case 1:
      case 2:
        this.#map();
        return;
      case 3:
        if (this.#random.below(8) === 0) this.#target.tick(this.#timeUs);
        else this.#signal();
        return;
      default:
        this.#signal();
    }
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)];
  }

  /** One in n: `value`; else -1. */
  #maybe(n: number, value: number): number {
    return this.#random.below(n) === 0 ? value : -1;
  }

  #wait(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 30) return;
    if (kind < 75) this.#timeUs += random.below(second);
    else if (kind < 92) this.#timeUs += random.below(20 * second);
    else if (kind < 98) this.#timeUs = Math.max(0, this.#timeUs - random.below(20 * second));
    // Beyond every time-out, up to two days.
    else this.#timeUs += second * random.below(200_000);
  }

  #signal(): void {
    const random = this.#random;
    const m = this.#message;
    const link = this.#one(world.radioLinks);
    const up = random.below(2) === 0;
    world.blankMessage(m, link, up, this.#timeUs);
    const type = this.#one(sccpTypes);
    m.sccpType = type;
    if (type !== 9) {
      if (type !== 6 && type !== 3) m.sourceLocalReference = 1 + random.below(references);
      if (type !== 1) m.destinationLocalReference = 1 + random.below(references);
    }
    if (type === 3 || type === 4) m.sccpCause = random.below(16);
    const hasUser = type === 6 || type === 9 ? 16 : type === 1 ? 12 : 2;
    if (random.below(16) < hasUser) this.#user(m, link.group, up);
    this.#target.message(m, link.group);
  }

  #user(m: SignalMessage, group: number, up: boolean): void {
    const random = this.#random;
    m.parts = part.place | part.identity | part.detail | part.numbers | part.cells;
    if (random.below(3) === 0) m.imsi = world.imsiOf(group, random.below(world.subscribersPerGroup));
    if (m.imsi >= 0) m.imsiDigits = random.below(50) === 0 ? random.below(20) : 15;
    m.tmsi = this.#maybe(2, random.below(tmsis));
    if (random.below(8) === 0) {
      m.imei = 35_000_000_000_000 + random.below(3) * 1_000_000;
      m.imeiDigits = 14 + random.below(3);
    }
    m.bssmapCause = this.#maybe(2, random.below(128));
    m.cause = this.#maybe(2, random.below(128));
    m.cellPlmn = random.below(2) === 0 ? world.plmn : 0;
    m.cellLac = random.below(8) === 0 ? -1 : world.lacOf(group, random.below(2));
    m.cellCi = random.below(8) === 0 ? -1 : random.below(2);
    m.targetCellLac = random.below(8) === 0 ? -1 : world.lacOf(group, random.below(2));
    m.targetCellCi = random.below(8) === 0 ? -1 : random.below(2);
    if (random.below(3) === 0) {
      m.laiPlmn = world.plmn;
      m.laiLac = world.lacOf(group, random.below(2));
    }
    if (random.below(3) > 0) this.#layer3(m);
    if (this.#iu ? random.below(2) === 0 : false) this.#ranap(m);
    else if (m.protocolDiscriminator < 0 || random.below(up ? 3 : 12) === 0) m.bssmapType = this.#one(bssmapTypes);
  }

  #layer3(m: SignalMessage): void {
    const random = this.#random;
    const [discriminator, types] = random.below(2) === 0 ? layer3[0] : this.#one(layer3);
    m.protocolDiscriminator = discriminator;
    m.dtapType = this.#one(types);
    m.transactionId = this.#maybe(8, 15) < 0 ? random.below(2) * 8 + random.below(2) : -1;
    m.locationUpdatingType = random.below(4);
    m.cmServiceType = this.#one([1, 2, 4, 8, 0]);
    m.rpType = this.#maybe(2, random.below(8));
    if (random.below(4) > 0) return;
    const octets = world.semiOctets(this.#one(['13500000021', '8190000021', '0', '00852900', '10086']));
    m.bytes = Uint8Array.from([11, random.below(8) << 4, ...octets, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    m.calledOffset = 2;
    m.calledLength = octets.length;
    m.callingOffset = 2;
    m.callingLength = octets.length;
    m.calledType = random.below(3);
    m.callingType = random.below(3);
    m.tpDestinationOffset = 0;
    m.tpOriginatorOffset = 0;
  }

  #ranap(m: SignalMessage): void {
    const random = this.#random;
    m.parts |= part.ranap;
    m.ranapProcedure = this.#one(ranapProcedures);
    m.ranapType = random.below(3);
    m.ranapCause = this.#maybe(2, random.below(300));
    m.cnDomain = random.below(8) === 0 ? 1 : 0;
    m.cellSac = m.cellCi;
    m.rncId = this.#maybe(2, random.below(2));
    m.targetRncId = this.#maybe(2, random.below(2));
    if (m.targetRncId >= 0) m.targetCellCi = -1;
  }

  #map(): void {
    const random = this.#random;
    const m = this.#message;
    const from = random.below(world.mapNodes.length);
    const to = random.below(world.mapNodes.length);
    world.blankMap(m, from, to, this.#timeUs);
    m.callingSsn = this.#one([6, 7, 8, 149, -1]);
    m.calledSsn = this.#one([6, 7, 8, 149, -1]);
    const type = this.#one(tcapTypes);
    const otid = type === 2 || type === 5 ? 1 + random.below(references) : -1;
    const dtid = type >= 4 ? 1 + random.below(references) : -1;
    const { group } = world.mapNodes[from];
    const count = random.below(4);
    // What could not be read has a number all the same.
    const skipped = random.below(10) === 0 ? 1 : 0;
    for (let n = 0; n < Math.max(1, count); n++) {
      const c = this.#component;
      c.reset();
      c.tcapType = type;
      c.otid = otid;
      c.otidLength = otid < 0 ? 0 : 4;
      c.dtid = dtid;
      c.dtidLength = dtid < 0 ? 0 : 4;
      c.user = 0;
      c.componentIndex = n + skipped;
      if (count > 0) this.#told(c, group);
      this.#target.map(m, c, group);
    }
  }

  #told(c: MapMessage, group: number): void {
    const random = this.#random;
    c.componentType = this.#one([1, 1, 1, 2, 2, 2, 3, 4, 7]);
    c.invokeId = random.below(10) === 0 ? -1 : random.below(3);
    c.operation = this.#one(operations);
    const whose = group < 0 ? random.below(world.groups) : group;
    if (random.below(2) === 0) {
      c.imsi = world.imsiOf(whose, random.below(world.subscribersPerGroup));
      c.imsiDigits = 15;
    }
    if (random.below(8) === 0) {
      c.referenceImsi = world.imsiOf(whose, random.below(world.subscribersPerGroup));
      c.referenceImsiDigits = 15;
    }
    c.tmsi = this.#maybe(2, random.below(tmsis));
    c.parts |= 0x1f;
    const node = () => (random.below(2) === 0 ? this.#one(world.mapNodes).title : '');
    world.setNumbers(c, [random.below(3) > 0 ? `86135000000${20 + random.below(4)}` : '', node(), node()]);
  }
}
