import { machineHome, placedHome } from '../events/plmn.ts';
import type { HomeAreas } from '../reference/home-areas.ts';
import type { Machines } from '../reference/machines.ts';
import { homePlmn } from './home-plmn.ts';
import { SubscriberNumbers } from './subscriber-numbers.ts';

/**
 * Where subscribers are at home: their PLMN, and their area of China by IMSI, else by the number that MAP told
 * (DESIGN §2, *origin*). Without imported segments the PLMN alone.
 */
export class Homes {
  readonly numbers: SubscriberNumbers;
  readonly #areas: HomeAreas | null;
  readonly #machines: Machines;

  constructor(numbersMax: number, areas: HomeAreas | null, machines: Machines) {
    this.numbers = new SubscriberNumbers(numbersMax);
    this.#areas = areas;
    this.#machines = machines;
  }

  /** @param imsi from `packImsi` @returns as `placedHome` packs it */
  of(imsi: number): number {
    const plmn = homePlmn(imsi);
    const areas = this.#areas;
    const machines = this.#machines;
    if (machines.ofImsi(imsi) || machines.ofNumber(this.numbers.numberOf(imsi))) return machineHome(plmn);
    if (areas === null) return plmn;
    const area = areas.ofImsi(imsi);
    if (area !== 0) return placedHome(plmn, area);
    const number = this.numbers.numberOf(imsi);
    return number < 0 ? plmn : placedHome(plmn, areas.ofNumber(number));
  }

  /** The home of a subscriber who is heard with a handset model. @param model type allocation code; 0: not known */
  heardWith(home: number, model: number): number {
    return this.#machines.ofModel(model) ? machineHome(home) : home;
  }
}
