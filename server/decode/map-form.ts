import { highTag } from './ber.ts';
import type { mapSlice } from './map-message.ts';

/** How map-parameters.ts describes the parameters of MAP, and by what map.ts walks along them. */

/**
 * What {@link Field} does with an element. Numbers below 32 are {@link mapSlice}: the element becomes that slice.
 */
export const take = {
  /** Goes into the element. */
  inside: 32,
  /** The same, but takes no place where one is known already. */
  insidePacketDomain: 33,
  imsi: 34,
  tmsi: 35,
  lmsi: 36,
  imei: 37,
  cell: 38,
  targetCell: 39,
  /** An RNC of the target MSC: its location area. */
  targetRnc: 51,
  lai: 40,
  /** sai-Present: what stood as a cell is a service area. */
  serviceArea: 41,
  locationAge: 42,
  cancellationType: 43,
  errorCause: 44,
  equipmentStatus: 45,
  deliveryOutcome: 46,
  gprsNode: 47,
  ssCode: 48,
  ussdCoding: 49,
  accessProtocol: 50,
} as const;

/** One element of a sequence: its tag, what to do with it, and what it holds. */
export interface Field {
  readonly tag: number;
  readonly take: number;
  readonly inside: readonly Field[];
  /** In every version of the operation. */
  readonly isMandatory: boolean;
  /** Stands in a SEQUENCE OF: the same may follow again. */
  readonly repeats: boolean;
}

export const none: readonly Field[] = [];

export function field(tag: number, what: number): Field {
  return { tag, take: what, inside: none, isMandatory: false, repeats: false };
}
export function must(tag: number, what: number): Field {
  return { tag, take: what, inside: none, isMandatory: true, repeats: false };
}
export function into(tag: number, inside: readonly Field[], what: number = take.inside): Field {
  return { tag, take: what, inside, isMandatory: false, repeats: false };
}
export function eachOf(fields: readonly Field[]): readonly Field[] {
  return fields.map((one) => ({ ...one, repeats: true }));
}

/** Universal tags, ITU-T X.680 §8.4, and context-specific ones: primitive, and constructed. */
export const integer = 0x02;
export const octets = 0x04;
export const enumerated = 0x0a;
export const ia5String = 0x16;
export const sequence = 0x30;
export const context = (n: number) => (n < 31 ? 0x80 | n : highTag(0x9f, n));
export const holder = (n: number) => 0xa0 | n;

/** An operation's parameter as versions 1 and 2 (a SEQUENCE) and version 3 ([3] instead) send it. */
export const inSequence = (fields: readonly Field[]) => into(sequence, fields);
export const inVersion3 = (fields: readonly Field[]) => into(holder(3), fields);
