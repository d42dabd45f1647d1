const digitsMax = 15;
const digitsMin = 7;
/** 10^15: an IMSI of 15 digits lies below it. */
const packedStep = 1e15;
/** 10^0 … 10^15: looked up, because a power costs more than the rest of a packing. */
export const powersOfTen = Float64Array.from({ length: digitsMax + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Packs an IMSI and its count of digits (leading zeros count) into one integer below 2^53, so that it can be a key in
 * two 32-bit words. An IMSI of 15 digits, which nearly all are, packs into its own value.
 *
 * 3GPP TS 23.003 §2.2.
 *
 * @returns -1 where it is none: fewer than 7 or more than 15 digits, or all of them zero
 */
export function packImsi(value: number, digits: number): number {
  if (digits < digitsMin || digits > digitsMax || !(value > 0 && value < powersOfTen[digits])) return -1;
  return value + (digitsMax - digits) * packedStep;
}

/** The IMSI as an integer, without its leading zeros. */
export function imsiValue(packed: number): number {
  return packed < packedStep ? packed : packed % packedStep;
}

export function imsiDigits(packed: number): number {
  return packed < packedStep ? digitsMax : digitsMax - Math.floor(packed / packedStep);
}
