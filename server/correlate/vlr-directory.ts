import { PairTable } from '../privacy/pair-table.ts';

const areasMax = 1 << 20;
const wordStep = 0x1_0000_0000;

/** Scope of a VLR: the point code of its side, or the link where the carrier has none. */
export function scopeOf(pointCode: number, link: number): number {
  return pointCode >= 0 ? pointCode : 0x2000_0000 | link;
}

/**
 * What the VLRs of the network have allocated, as far as the wire showed it: TMSI → IMSI, and which location areas
 * are whose.
 *
 * A TMSI means something only to the VLR that allocated it (3GPP TS 23.003 §2.4), so every entry stands under a
 * **scope**: the point code of the core side of the link. Pools of MSCs fit in without change as long as each MSC has a
 * point code of its own: members share location areas but not TMSIs, whose network resource identifier (NRI, TS 23.236)
 * the BSC routes by, so a TMSI arrives at the scope that gave it. Should a pool hide behind one point code, its
 * members' NRIs keep their TMSIs apart as well, and one scope is right.
 */
export class VlrDirectory {
  readonly #imsis: PairTable;
  readonly #areas = new PairTable({ entriesMax: areasMax });

  /** @param tmsiMax mappings kept; beyond, those not used for longest go */
  constructor(tmsiMax: number) {
    this.#imsis = new PairTable({ entriesMax: tmsiMax, touched: true });
  }

  get tmsis(): number {
    return this.#imsis.size;
  }

  get evictions(): number {
    return this.#imsis.evictions;
  }

  get byteLength(): number {
    return this.#imsis.byteLength;
  }

  /** Maps a TMSI to an IMSI (from `packImsi`); replaces what it meant before. */
  learn(scope: number, tmsi: number, packedImsi: number): void {
    const low = packedImsi >>> 0;
    this.#imsis.set(scope, tmsi, low, (packedImsi - low) / wordStep);
  }

  /** Fetches what is known of a TMSI. @returns something of it */
  fetch(scope: number, tmsi: number): number {
    return this.#imsis.fetch(scope, tmsi);
  }

  /** The IMSI as `packImsi` packs it, or -1. */
  imsiOf(scope: number, tmsi: number): number {
    const imsis = this.#imsis;
    return imsis.find(scope, tmsi) ? imsis.value[1] * wordStep + imsis.value[0] : -1;
  }

  /** As {@link imsiOf}, but no use of the mapping: others are not kept for it. */
  expected(scope: number, tmsi: number): number {
    const imsis = this.#imsis;
    return imsis.peek(scope, tmsi) ? imsis.value[1] * wordStep + imsis.value[0] : -1;
  }

  /** Forgets a TMSI if it still means this IMSI. */
  forget(scope: number, tmsi: number, packedImsi: number): void {
    if (this.imsiOf(scope, tmsi) === packedImsi) this.#imsis.delete(scope, tmsi);
  }

  /** The VLR gives a TMSI to somebody who is not known: whoever had it before has it no more. */
  vacate(scope: number, tmsi: number): void {
    this.#imsis.delete(scope, tmsi);
  }

  /** Notes that the VLR of the scope serves this location area. */
  learnArea(scope: number, plmn: number, lac: number): void {
    if (plmn !== 0 && lac >= 0 && this.plmnOfArea(scope, lac) !== plmn) this.#areas.set(scope, lac, plmn, 0);
  }

  /** PLMN under which the scope's location area was last heard, packed by `packPlmn`; 0 where it was not. */
  plmnOfArea(scope: number, lac: number): number {
    return this.#areas.get(scope, lac);
  }
}
