import { noCause } from './event-batch.ts';

/**
 * Why a procedure ended as it did: a number means something only in the list of the protocol that said it, and one kind
 * of event may end by several (a call by call control, by a reject of mobility management, or because the radio side
 * or the SCCP gave it up). So the `cause` of a row is the list and the value together, 15 bits; `noCause`: none was told.
 */

const valueBits = 12;
const valueMask = (1 << valueBits) - 1;
/** Of SCCP: a refusal cause, else a release cause. Of BSSMAP: two octets, three bits of class and a national value. */
const other = 0x800;
const bssmapClassShift = 12;

/**
 * The lists of causes. Codes are stored in the database: append, never renumber, seven at most. 0, of which there is no
 * packing, are rows that were stored before lists were told.
 */
export const causeList = {
  /** Reject cause of mobility management, 3GPP TS 24.008 §10.5.3.6. */
  mm: 1,
  /** Cause of call control, which supplementary services share, 3GPP TS 24.008 §10.5.4.11. */
  cc: 2,
  /** RP-Cause and CP-Cause of short messages, 3GPP TS 24.011 §8.2.5.4 and §8.1.4.2. */
  rp: 3,
  cp: 4,
  /** Cause of BSSMAP, 3GPP TS 48.008 §3.2.2.5. */
  bssmap: 5,
  /** Cause of RANAP, its number over all groups, 3GPP TS 25.413 §9.2.1.4. */
  ranap: 6,
  /** Release cause of SCCP, ITU-T Q.713 §3.11; {@link packRefusal}: refusal cause, §3.15. */
  sccp: 7,
} as const;
const names = ['', 'MM', 'CC', 'RP', 'CP', 'BSSMAP', 'RANAP', 'SCCP release'];

/** List and value as one number below 2^15; {@link noCause} for -1. @param list one of {@link causeList} */
export function packCause(list: number, value: number): number {
  if (value < 0) return noCause;
  const isLong = list === causeList.bssmap && value > 0xff;
  const bits = isLong ? other | ((value >> bssmapClassShift) << 8) | (value & 0xff) : value & valueMask;
  return (list << valueBits) | bits;
}

/** A refusal cause of SCCP, ITU-T Q.713 §3.15; {@link noCause} for -1. */
export function packRefusal(value: number): number {
  return value < 0 ? noCause : packCause(causeList.sccp, other | value);
}

/** The value as its list has it; -1: none. */
export function causeValue(cause: number): number {
  if (cause === noCause) return -1;
  const list = cause >> valueBits;
  const value = cause & valueMask;
  if ((value & other) === 0) return value;
  if (list === causeList.sccp) return value & 0xff;
  return list === causeList.bssmap ? (((value >> 8) & 7) << bssmapClassShift) | (value & 0xff) : value;
}

/** Whose cause it is, in words; '' where none was told, or not whose. */
export function causeListName(cause: number): string {
  if (cause === noCause) return '';
  const list = cause >> valueBits;
  return list === causeList.sccp && (cause & other) !== 0 ? 'SCCP refusal' : names[list];
}

/** Cause of a list by its name, as {@link causeListName} says it; -1 where there is no such list or value. */
export function causeOfList(name: string, value: number): number {
  if (name === 'SCCP refusal') return value > 0xff ? -1 : packRefusal(value);
  const list = names.indexOf(name);
  if (list < 1) return -1;
  const cause = packCause(list, value);
  return causeValue(cause) === value ? cause : -1;
}
