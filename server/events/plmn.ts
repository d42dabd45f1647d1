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

const plmnBits = 21;
const plmnMask = (1 << plmnBits) - 1;

/**
 * A subscriber's home: its PLMN and, above that, the area code of China (without its zero, 10 … 999) that its SIM belongs
 * to; area 0: not known, so that a bare PLMN is a home too. 31 bits. Stands in the column `plmn` of rows and tables.
 */
export function placedHome(plmn: number, area: number): number {
  return plmn | (area << plmnBits);
}

/** In place of the area: the SIM is a machine's. No area has such a code. */
const machineArea = 1023;

/** The home of a machine's SIM. */
export function machineHome(home: number): number {
  return placedHome(plmnOfHome(home), machineArea);
}

export function isMachineHome(home: number): boolean {
  return home >>> plmnBits === machineArea;
}

export function plmnOfHome(home: number): number {
  return home & plmnMask;
}

export function areaOfHome(home: number): number {
  return home >>> plmnBits;
}

/** Of a PLMN, or of a home. */
export function mccOf(plmn: number): number {
  return (plmn & plmnMask) >>> 11;
}

/** `460-00`, of a PLMN or of a home; `''` for 0. */
export function formatPlmn(plmn: number): string {
  if (plmn === 0) return '';
  const digits = plmn & (1 << 10) ? 3 : 2;
  return `${String(mccOf(plmn)).padStart(3, '0')}-${String(plmn & 0x3ff).padStart(digits, '0')}`;
}
