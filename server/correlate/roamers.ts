import { formatPlmn, mccOf, parsePlmn } from '../events/plmn.ts';
import { PairTable } from '../privacy/pair-table.ts';
import { formatIso, packIso } from '../reference/country-codes.ts';
import { countryOfMcc } from '../reference/mcc.ts';
import { homePlmn } from './home-plmn.ts';

/** Country of a PLMN as `packIso` packs it; 0: nobody's. */
export function countryOfPlmn(plmn: number): number {
  return packIso(countryOfMcc(mccOf(plmn))?.iso ?? '');
}

/** A network that a roamer is in, or comes from: country (`packIso`) and operator (`packPlmn`), 0 where unknown. */
export interface ForeignNetwork {
  country: number;
  operator: number;
}

/**
 * Who of our own subscribers is abroad and who of others' is here (roam-out, roam-in). The home network is a set of
 * PLMNs. Bounded: of more roamers those who have been away longest are forgotten.
 */
export class Roamers {
  evicted = 0;
  readonly #max: number;
  readonly #home: Int32Array;
  /** Who is in one of the lists below: nearly all who are asked for are in none, and a map of large numbers is slow. */
  readonly #roaming = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  /** Packed IMSIs; of those abroad with country × 2^21 + operator. */
  readonly #out = new Map<number, number>();
  readonly #in = new Set<number>();
  readonly #outByCountry = new Map<number, number>();
  readonly #inByPlmn = new Map<number, number>();

  constructor(homePlmns: string, max: number) {
    this.#home = Int32Array.from(homePlmns.split(','), parsePlmn);
    this.#max = max;
  }

  /** Our own subscribers abroad by country (ISO 3166-1, `unknown`), and others' here by their PLMN. */
  get outByCountry(): Map<string, number> {
    return new Map([...this.#outByCountry].map(([country, count]) => [formatIso(country) || 'unknown', count]));
  }
  get inByPlmn(): Map<string, number> {
    return new Map([...this.#inByPlmn].map(([plmn, count]) => [formatPlmn(plmn), count]));
  }

  isHome(imsi: number): boolean {
    const plmn = homePlmn(imsi);
    const home = this.#home;
    for (let k = 0; k < home.length; k++) if (home[k] === plmn) return true;
    return false;
  }

  /** The network that one of our own is in, or null. */
  abroad(imsi: number): ForeignNetwork | null {
    if (!this.#isRoaming(imsi)) return null;
    const code = this.#out.get(imsi);
    return code === undefined ? null : { country: Math.floor(code / plmnStep), operator: code % plmnStep };
  }

  /** Whether a stranger is here. */
  isGuest(imsi: number): boolean {
    return this.#isRoaming(imsi) && this.#in.has(imsi);
  }

  networkOfGuest(imsi: number): ForeignNetwork {
    const operator = homePlmn(imsi);
    return { country: countryOfPlmn(operator), operator };
  }

  goes(imsi: number, { country, operator }: ForeignNetwork): void {
    this.#forgetOut(imsi);
    if (this.#out.size >= this.#max) {
      this.#forgetOut(this.#out.keys().next().value!);
      this.evicted++;
    }
    this.#out.set(imsi, country * plmnStep + operator);
    this.#roaming.set(imsi >>> 0, highWord(imsi), 1, 0);
    add(this.#outByCountry, country, 1);
  }

  comes(imsi: number): void {
    if (this.#in.size >= this.#max) {
      this.#forgetIn(this.#in.keys().next().value!);
      this.evicted++;
    }
    this.#in.add(imsi);
    this.#roaming.set(imsi >>> 0, highWord(imsi), 1, 0);
    add(this.#inByPlmn, homePlmn(imsi), 1);
  }

  /** The subscriber roams no more. */
  ends(imsi: number): void {
    this.#forgetOut(imsi);
    this.#forgetIn(imsi);
  }

  #forgetOut(imsi: number): void {
    const network = this.abroad(imsi);
    if (network === null) return;
    this.#out.delete(imsi);
    this.#roaming.delete(imsi >>> 0, highWord(imsi));
    add(this.#outByCountry, network.country, -1);
  }

  #forgetIn(imsi: number): void {
    if (!this.isGuest(imsi)) return;
    this.#in.delete(imsi);
    this.#roaming.delete(imsi >>> 0, highWord(imsi));
    add(this.#inByPlmn, homePlmn(imsi), -1);
  }

  #isRoaming(imsi: number): boolean {
    return this.#roaming.size > 0 && this.#roaming.get(imsi >>> 0, highWord(imsi)) !== 0;
  }
}

/** What is above the first 32 bits of a packed IMSI. */
function highWord(imsi: number): number {
  return (imsi - (imsi >>> 0)) / 0x1_0000_0000;
}

/** Packed PLMNs have 21 bits. */
const plmnStep = 1 << 21;

function add(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
