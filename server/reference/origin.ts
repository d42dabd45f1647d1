import type { OriginClass } from '../../shared/protocol.ts';
import { areaOfHome, isMachineHome, mccOf, parsePlmn, plmnOfHome } from '../events/plmn.ts';
import { countryOfMcc } from './mcc.ts';

export interface Origin {
  class: OriginClass;
  /** ISO 3166-1 alpha-2; '' where unknown. */
  country: string;
  /** Three digits; '' where unknown. */
  mcc: string;
  /** The SIM is a machine's: counted, and no head. */
  machine: boolean;
}

/** Hong Kong, Macau and Taiwan: a class of their own on the wall. */
const hkMacauTaiwan = new Set([454, 455, 466]);

/** Area codes by commas, with or without their zero. */
export function parseAreas(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

/**
 * Tells where a SIM comes from by its home: the PLMN, and of the home network's SIMs the area, where that is known. A SIM
 * of the home network whose area is not known is `local`.
 */
export class OriginClassifier {
  private readonly home: Set<number>;
  private readonly homeMccs: Set<number>;
  private readonly homeAreas: Set<number>;
  private readonly provinceAreas: Set<number>;

  /**
   * @param homePlmns the home network, e.g. `460-00,460-02`
   * @param homeAreas area codes of the city; '': the home network's SIMs are local wherever they come from
   * @param provinceAreas those of the other cities of its province
   */
  constructor(homePlmns: string, homeAreas = '', provinceAreas = '') {
    this.home = new Set(homePlmns.split(',').map(parsePlmn));
    this.homeMccs = new Set([...this.home].map(mccOf));
    this.homeAreas = new Set(parseAreas(homeAreas));
    this.provinceAreas = new Set(parseAreas(provinceAreas));
  }

  /** @param home a PLMN, with the area as `placedHome` packs it */
  classify(home: number): Origin {
    const plmn = plmnOfHome(home);
    const machine = isMachineHome(home);
    if (plmn === 0) return { class: 'unknown', country: '', mcc: '', machine };
    const number = mccOf(plmn);
    const mcc = String(number).padStart(3, '0');
    const country = countryOfMcc(number);
    const iso = country?.iso ?? '';
    const of = (origin: OriginClass): Origin => ({ class: origin, country: iso, mcc, machine });
    if (this.home.has(plmn)) return of(machine ? 'local' : this.classOfArea(areaOfHome(home)));
    if (this.homeMccs.has(number)) return of('other network');
    if (hkMacauTaiwan.has(number)) return of('港澳台');
    return of(country === null ? 'unknown' : 'international');
  }

  private classOfArea(area: number): OriginClass {
    if (area === 0 || this.homeAreas.size === 0 || this.homeAreas.has(area)) return 'local';
    return this.provinceAreas.has(area) ? 'other city' : 'other province';
  }
}
