import type { OriginClass } from '../../shared/protocol.ts';
import { mccOf, parsePlmn } from '../events/plmn.ts';
import { countryOfMcc } from './mcc.ts';

export interface Origin {
  class: OriginClass;
  /** ISO 3166-1 alpha-2; '' where unknown. */
  country: string;
  /** Three digits; '' where unknown. */
  mcc: string;
}

/** Hong Kong, Macau and Taiwan: a class of their own on the wall. */
const hkMacauTaiwan = new Set([454, 455, 466]);

/**
 * Tells where a SIM comes from by its PLMN. `other city` and `other province` need IMSI ranges or MSISDN segments and
 * are not told apart here: a SIM of the home network is `local`.
 */
export class OriginClassifier {
  private readonly home: Set<number>;
  private readonly homeMccs: Set<number>;

  /** @param homePlmns the home network, e.g. `460-00,460-02` */
  constructor(homePlmns: string) {
    this.home = new Set(homePlmns.split(',').map(parsePlmn));
    this.homeMccs = new Set([...this.home].map(mccOf));
  }

  classify(plmn: number): Origin {
    if (plmn === 0) return { class: 'unknown', country: '', mcc: '' };
    const number = mccOf(plmn);
    const mcc = String(number).padStart(3, '0');
    const country = countryOfMcc(number);
    const iso = country?.iso ?? '';
    if (this.home.has(plmn)) return { class: 'local', country: iso, mcc };
    if (this.homeMccs.has(number)) return { class: 'other network', country: iso, mcc };
    if (hkMacauTaiwan.has(number)) return { class: '港澳台', country: iso, mcc };
    return { class: country === null ? 'unknown' : 'international', country: iso, mcc };
  }
}
