import { formatPlmn, mccOf, parsePlmn } from '../events/plmn.ts';
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
  readonly #home: ReadonlySet<number>;
  /** Packed IMSIs; of those abroad with country × 2^21 + operator. */
  readonly #out = new Map<number, number>();
  readonly #in = new Set<number>();
  readonly #outByCountry = new Map<number, number>();
  readonly #inByPlmn = new Map<number, number>();

  constructor(homePlmns: string, max: number) {
    this.#home = new Set(homePlmns.split(',').map(parsePlmn));
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
    return this.#home.has(homePlmn(imsi));
  }

  /** The network that one of our own is in, or null. */
  abroad(imsi: number): ForeignNetwork | null {
    const code = this.#out.get(imsi);
    return code === undefined ? null : { country: Math.floor(code / plmnStep), operator: code % plmnStep };
  }

  /** Whether a stranger is here. */
  isGuest(imsi: number): boolean {
    return this.#in.has(imsi);
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
    add(this.#outByCountry, country, 1);
  }

  comes(imsi: number): void {
    if (this.#in.size >= this.#max) {
      this.#forgetIn(this.#in.keys().next().value!);
      this.evicted++;
    }
    this.#in.add(imsi);
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
    add(this.#outByCountry, network.country, -1);
  }

  #forgetIn(imsi: number): void {
    if (this.#in.delete(imsi)) add(this.#inByPlmn, homePlmn(imsi), -1);
  }
}

/** Packed PLMNs have 21 bits. */
const plmnStep = 1 << 21;

function add(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
