/**
 * PLMN identities packed into 21 bits, so that hot paths carry a number: MCC (10 bits), MNC length flag (1 bit, set
 * for three digits), MNC (10 bits). 0 is no PLMN (MCC 000 is never assigned).
 *
 * 3GPP TS 23.003 §2.2, §12.1.
 */
export function packPlmn(mcc: number, mnc: number, mncDigits: number): number {
  return (mcc << 11) | (mncDigits === 3 ? 1 << 10 : 0) | mnc;
}

/** Packs `460-00` or `310-410`; throws on anything else. */
export function parsePlmn(text: string): number {
  const match = /^(\d{3})-(\d{2,3})$/.exec(text);
  if (match === null)
    throw new RangeError(`not a PLMN: '${text}' (write MCC-MNC with the MNC's own digits, as 460-00)`);
  return packPlmn(Number(match[1]), Number(match[2]), match[2].length);
}

export function mccOf(plmn: number): number {
  return plmn >>> 11;
}

/** `460-00`; `''` for 0. */
export function formatPlmn(plmn: number): string {
  if (plmn === 0) return '';
  const digits = plmn & (1 << 10) ? 3 : 2;
  return `${String(plmn >>> 11).padStart(3, '0')}-${String(plmn & 0x3ff).padStart(digits, '0')}`;
}
