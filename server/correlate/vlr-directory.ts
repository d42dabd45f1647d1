import { PairTable, segmentCount } from '../privacy/pair-table.ts';
import { TmsiIndex } from './tmsi-index.ts';

const areasMax = 1 << 20;
const wordStep = 0x1_0000_0000;
/** A packed IMSI has 21 bits above its first 32, the table's own mark is the top one: ten are left for a time. */
const stampShift = 21;
const stampMask = 0x3ff;
const highMask = (1 << stampShift) - 1;
/** Steps of the stamp that make the time after which a TMSI is nobody's: a quarter of what it can count. */
const idleStamps = 256;
/** All is looked through so many times within that time, so that no stamp comes round. */
const roundsPerIdle = 8;

/**
 * What the VLRs of the network have allocated, as far as the wire showed it: TMSI → IMSI, and which location areas
 * are whose.
 *
 * A TMSI means something only to the VLR that allocated it (3GPP TS 23.003 §2.4), so every entry stands under a
 * **scope** (`scopeOf`): the point code of the core side of the link, within its network. Pools of MSCs fit in without change as long as each MSC has a
 * point code of its own: members share location areas but not TMSIs, whose network resource identifier (NRI, TS 23.236)
 * the BSC routes by, so a TMSI arrives at the scope that gave it. Should a pool hide behind one point code, its
 * members' NRIs keep their TMSIs apart as well, and one scope is right.
 */
export class VlrDirectory {
  /** TMSIs that a phone named itself by after they had expired. */
  expired = 0;
  readonly #imsis: PairTable;
  /** The other way: the one TMSI of an IMSI at a VLR. */
  readonly #tmsis = new TmsiIndex();
  readonly #areas = new PairTable({ entriesMax: areasMax });
  /** PLMN and LAC → scope, and 1 where one VLR alone has said that the area is its, else 2. */
  readonly #owners = new PairTable({ entriesMax: areasMax });
  readonly #idleUs: number;
  readonly #stampUs: number;
  readonly #pruneEveryUs: number;
  /** Coarse time of now. */
  #stamp = 0;
  #nowUs = -1;
  #prunedUs = -1;
  #pruneAt = 0;
  #isAllOver = false;

  /**
   * @param tmsiMax mappings kept; beyond, those not used for longest go
   * @param tmsiIdleMs a TMSI that nobody was heard under for longer is nobody's. Whoever is registered is heard once in a
   *   T3212, 25.5 h at most (3GPP TS 44.018 §10.5.2.11), else the VLR detaches them and may give the TMSI to another.
   */
  constructor(tmsiMax: number, tmsiIdleMs: number) {
    this.#idleUs = tmsiIdleMs * 1000;
    this.#stampUs = this.#idleUs / idleStamps;
    this.#pruneEveryUs = this.#idleUs / (roundsPerIdle * segmentCount);
    this.#imsis = new PairTable({ entriesMax: tmsiMax, touched: true, evicted: this.#unlist });
  }

  get tmsis(): number {
    return this.#imsis.size;
  }

  get evictions(): number {
    return this.#imsis.evictions;
  }

  /** Location areas forgotten for want of room, by VLR and by owner. */
  get areaEvictions(): number {
    return this.#areas.evictions + this.#owners.evictions;
  }

  get byteLength(): number {
    return this.#imsis.byteLength + this.#tmsis.byteLength;
  }

  /** Event time has come this far: what has expired goes, a part at a time. Mappings go by this time, not by their messages'. */
  advance(nowUs: number): void {
    if (nowUs <= this.#nowUs) return;
    // Behind a silence so long, stamps may have come round: nothing is younger.
    this.#isAllOver = this.#nowUs >= 0 && nowUs - this.#nowUs > this.#idleUs;
    this.#nowUs = nowUs;
    this.#stamp = Math.floor(nowUs / this.#stampUs) & stampMask;
    if (this.#prunedUs < 0) this.#prunedUs = nowUs;
    const due = Math.floor((nowUs - this.#prunedUs) / this.#pruneEveryUs);
    this.#prunedUs += due * this.#pruneEveryUs;
    for (let left = Math.min(due, segmentCount); left > 0; left--) {
      this.#imsis.prune(this.#pruneAt, this.#isOver);
      this.#pruneAt = (this.#pruneAt + 1) % segmentCount;
    }
    this.#isAllOver = false;
  }

  /**
   * Maps a TMSI to an IMSI (from `packImsi`); replaces what it meant before. A subscriber has one TMSI at a VLR, so the
   * one that it had there is nobody's from now on.
   */
  learn(scope: number, tmsi: number, packedImsi: number): void {
    const low = packedImsi >>> 0;
    const high = (packedImsi - low) / wordStep;
    const imsis = this.#imsis;
    const stamped = high | (this.#stamp << stampShift);
    if (imsis.find(scope, tmsi)) {
      const lowBefore = imsis.value[0];
      const before = imsis.value[1];
      if (lowBefore === low && (before & highMask) === high) {
        if (before !== stamped) imsis.amend(stamped);
        return;
      }
      this.#unlist(scope, tmsi, lowBefore, before);
    }
    const tmsis = this.#tmsis;
    const hash = tmsis.hashOf(scope, low, high);
    const at = this.#placeOfTmsi(hash, scope, packedImsi);
    // Set first, another might be given up for want of room in place of the one that goes.
    if (at >= 0) imsis.delete(scope, tmsis.tmsiAt(hash, at));
    if (at >= 0) tmsis.replace(hash, at, tmsi);
    imsis.set(scope, tmsi, low, stamped);
    if (at < 0) tmsis.add(hash, tmsi);
  }

  /** Fetches what is known of a TMSI. @returns something of it */
  fetch(scope: number, tmsi: number): number {
    return this.#imsis.fetch(scope, tmsi);
  }

  /** The IMSI as `packImsi` packs it of who is heard under a TMSI now, or -1. */
  imsiOf(scope: number, tmsi: number): number {
    const imsis = this.#imsis;
    if (!imsis.find(scope, tmsi)) return -1;
    const low = imsis.value[0];
    const second = imsis.value[1];
    const high = second & highMask;
    if (this.#ageOf(second) > idleStamps) {
      this.expired++;
      this.vacate(scope, tmsi);
      return -1;
    }
    const stamped = high | (this.#stamp << stampShift);
    if (second !== stamped) imsis.amend(stamped);
    return high * wordStep + low;
  }

  /** As {@link imsiOf}, but no use of the mapping: others are not kept for it. */
  expected(scope: number, tmsi: number): number {
    const imsis = this.#imsis;
    return imsis.peek(scope, tmsi) ? (imsis.value[1] & highMask) * wordStep + imsis.value[0] : -1;
  }

  /** The subscriber has no TMSI at this VLR any more. */
  forgetTmsiOf(scope: number, packedImsi: number): void {
    const low = packedImsi >>> 0;
    const hash = this.#tmsis.hashOf(scope, low, (packedImsi - low) / wordStep);
    const at = this.#placeOfTmsi(hash, scope, packedImsi);
    if (at < 0) return;
    const tmsi = this.#tmsis.tmsiAt(hash, at);
    this.#tmsis.delete(hash, tmsi);
    this.#imsis.delete(scope, tmsi);
  }

  /** Where the index has the TMSI that the subscriber has at this VLR, or -1. */
  #placeOfTmsi(hash: number, scope: number, packedImsi: number): number {
    let at = this.#tmsis.first(hash);
    while (at >= 0 && this.expected(scope, this.#tmsis.tmsiAt(hash, at)) !== packedImsi) {
      at = this.#tmsis.next(hash, at);
    }
    return at;
  }

  /** The VLR gives a TMSI to somebody who is not known: whoever had it before has it no more. */
  vacate(scope: number, tmsi: number): void {
    const imsis = this.#imsis;
    if (!imsis.peek(scope, tmsi)) return;
    this.#unlist(scope, tmsi, imsis.value[0], imsis.value[1]);
    imsis.delete(scope, tmsi);
  }

  /** Notes that the VLR of the scope serves this location area. */
  learnArea(scope: number, plmn: number, lac: number): void {
    if (plmn === 0 || lac < 0 || this.plmnOfArea(scope, lac) === plmn) return;
    this.#areas.set(scope, lac, plmn, 0);
    const isShared = this.#owners.find(plmn, lac) && this.#owners.value[0] !== scope;
    this.#owners.set(plmn, lac, scope, isShared ? 2 : 1);
  }

  /**
   * The IMSI of a TMSI that came with the area where it was given, which is not of the VLR that is asked now: -1 where it
   * is not known, or where several VLRs (a pool) serve that area, so that it may be any one's.
   */
  imsiOfArea(plmn: number, lac: number, tmsi: number): number {
    if (!this.#owners.find(plmn, lac) || this.#owners.value[1] !== 1) return -1;
    return this.imsiOf(this.#owners.value[0], tmsi);
  }

  /** Whether some VLR is known to serve this location area. */
  isAreaKnown(plmn: number, lac: number): boolean {
    return this.#owners.find(plmn, lac);
  }

  /** PLMN under which the scope's location area was last heard, packed by `packPlmn`; 0 where it was not. */
  plmnOfArea(scope: number, lac: number): number {
    return this.#areas.get(scope, lac);
  }

  /** Takes a TMSI out of the list of who has which. @param second the second word of its entry, stamp and all */
  readonly #unlist = (scope: number, tmsi: number, low: number, second: number): void => {
    this.#tmsis.delete(this.#tmsis.hashOf(scope, low, second & highMask), tmsi);
  };

  readonly #isOver = (scope: number, tmsi: number, low: number, second: number): boolean => {
    if (!this.#isAllOver && this.#ageOf(second) <= idleStamps) return false;
    this.#unlist(scope, tmsi, low, second);
    return true;
  };

  #ageOf(second: number): number {
    return (this.#stamp - (second >>> stampShift)) & stampMask;
  }
}
