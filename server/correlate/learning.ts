import type { EventSink } from '../events/event-batch.ts';
import { blankLearnt, learntKind } from '../events/learnt.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { typeAllocationCode } from './home-plmn.ts';
import type { Homes } from './homes.ts';
import { type Nodes, unknownNode } from './nodes.ts';
import type { SubscriberKeys } from './parts.ts';

const wordStep = 0x1_0000_0000;

/**
 * Tells the sink what is new of a subscriber: its own number, its handset, the VLR that serves it. The plain identities
 * end here. Does nothing, and holds nothing, where the sink does not ask.
 *
 * Which handset somebody has is remembered, so that each connection's IMEISV makes no row; those not seen for longest
 * are forgotten, and told once more.
 */
export class Learning {
  /** Rows told. */
  told = 0;
  readonly #sink: EventSink;
  readonly #keys: SubscriberKeys;
  readonly #homes: Homes;
  readonly #handsets: PairTable;
  readonly #row = blankLearnt();

  constructor(sink: EventSink, keys: SubscriberKeys, homes: Homes, handsetsMax: number) {
    this.#sink = sink;
    this.#keys = keys;
    this.#homes = homes;
    this.#handsets = new PairTable({ entriesMax: handsetsMax, touched: true });
  }

  get handsetEvictions(): number {
    return this.#handsets.evictions;
  }

  /** @param imsi from `packImsi` @param number its own, in international form */
  number(imsi: number, number: number, timeUs: number): void {
    if (this.#sink.learnt === undefined) return;
    this.#keys.ownNumber(number);
    this.#value();
    this.#tell(imsi, learntKind.msisdn, timeUs);
  }

  /** @param imsi from `packImsi` @param imei its first 14 digits @param digits count of all its digits */
  handset(imsi: number, imei: number, digits: number, timeUs: number): void {
    const code = typeAllocationCode(imei, digits);
    // One of zeros is what a phone says that has none.
    if (this.#sink.learnt === undefined || code === 0) return;
    const low = imsi >>> 0;
    const high = (imsi - low) / wordStep;
    const imeiLow = imei >>> 0;
    const imeiHigh = (imei - imeiLow) / wordStep;
    const { value } = this.#handsets;
    if (this.#handsets.find(low, high) && value[0] === imeiLow && value[1] === imeiHigh) return;
    this.#handsets.set(low, high, imeiLow, imeiHigh);
    this.#keys.handset(imei);
    this.#value();
    this.#row.typeAllocationCode = code;
    this.#tell(imsi, learntKind.handset, timeUs);
  }

  /** @param imsi from `packImsi` @param vlr symbol of the one that serves from now on; {@link unknownNode}: none does */
  serving(imsi: number, vlr: number, nodes: Nodes, timeUs: number): void {
    if (this.#sink.learnt === undefined) return;
    const row = this.#row;
    row.node = vlr === unknownNode ? 0 : nodes.numberOf(vlr);
    row.country = nodes.countryOf(vlr);
    row.network = nodes.operatorOf(vlr);
    this.#tell(imsi, learntKind.serving, timeUs);
  }

  #value(): void {
    this.#row.valueLo = this.#keys.lo;
    this.#row.valueHi = this.#keys.hi;
  }

  /** Sends the row and clears what not all kinds have. */
  #tell(imsi: number, kind: number, timeUs: number): void {
    const row = this.#row;
    this.#keys.packedImsi(imsi);
    row.subLo = this.#keys.lo;
    row.subHi = this.#keys.hi;
    row.kind = kind;
    row.plmn = this.#homes.of(imsi);
    row.timeUs = timeUs;
    this.told++;
    this.#sink.learnt?.(row);
    row.valueLo = 0;
    row.valueHi = 0;
    row.typeAllocationCode = 0;
    row.node = 0;
    row.country = 0;
    row.network = 0;
  }
}
