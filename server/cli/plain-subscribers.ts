import { imsiDigits, imsiValue } from '../privacy/imsi.ts';

const word = 0x1_0000_0000;

/**
 * In place of a pseudonymiser where somebody looks at one capture by hand: the two words of a subscriber hold the
 * packed IMSI itself. For `decode` alone, whose output masks it unless its reader asks for it (DESIGN §1).
 */
export class PlainSubscribers {
  lo = 0;
  hi = 0;

  packedImsi(packed: number): void {
    this.lo = packed >>> 0;
    this.hi = (packed - this.lo) / word;
  }

  /** Peers stay out of what is printed, but for their class, country and area. */
  peerNumber(): void {
    this.#nobody();
  }

  peerText(): void {
    this.#nobody();
  }

  /** Whose a number or handset is stands in its message. */
  ownNumber(): void {
    this.#nobody();
  }

  handset(): void {
    this.#nobody();
  }

  /** The IMSI behind the two words of an event; `''` where it has none. */
  imsiOf(lo: number, hi: number): string {
    if (lo === 0 && hi === 0) return '';
    const packed = hi * word + lo;
    return String(imsiValue(packed)).padStart(imsiDigits(packed), '0');
  }

  #nobody(): void {
    this.lo = 0;
    this.hi = 0;
  }
}
