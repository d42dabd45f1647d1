import { packPlmn } from '../events/plmn.ts';
import { imsiDigits, imsiValue, powersOfTen } from '../privacy/imsi.ts';
import { mncDigits } from './mnc-length.ts';

/** Home PLMN of a subscriber, packed by `packPlmn`, from an IMSI packed by `packImsi`. 3GPP TS 23.003 §2.2. */
export function homePlmn(packedImsi: number): number {
  const firstSix = (imsiValue(packedImsi) / powersOfTen[imsiDigits(packedImsi) - 6]) | 0;
  const mcc = (firstSix / 1000) | 0;
  const threeAfterMcc = firstSix % 1000;
  const digits = mncDigits(mcc, threeAfterMcc);
  return packPlmn(mcc, digits === 3 ? threeAfterMcc : (threeAfterMcc / 10) | 0, digits);
}

/**
 * First 8 digits of an IMEI or IMEISV as an integer: the handset model; 0 where it is none. 3GPP TS 23.003 §6.2.
 *
 * @param imei its first 14 digits
 * @param digits count of all its digits, 14 to 16
 */
export function typeAllocationCode(imei: number, digits: number): number {
  return digits >= 14 && digits <= 16 ? Math.floor(imei / powersOfTen[6]) : 0;
}
