/**
 * Rows of an {@link EventBatch} that are no events: what has become known of a subscriber, written when it changes. They
 * travel with the events, so that they are journalled and stored exactly once, and have no flags, so that nothing counts
 * them. Codes stand in the column `kind`, above those of all events, and in the database: never renumber.
 */
export const learntKind = {
  /** Its own telephone number. */
  msisdn: 64,
  /** Its handset. */
  handset: 65,
  /** The VLR that serves it from now on, or that none does. */
  serving: 66,
} as const;

const learntFirst = 64;

/** Whether a row of this kind tells what was learnt. */
export function isLearnt(kind: number): boolean {
  return kind >= learntFirst;
}

/** What was learnt: without plain identities. */
export interface Learnt {
  /** When it was told, µs. */
  timeUs: number;
  /** First 64 bits of the subscriber's keyed pseudonym. */
  subLo: number;
  subHi: number;
  /** One of {@link learntKind}. */
  kind: number;
  /** Where the subscriber is at home, as in the column `plmn` of events. */
  plmn: number;
  /** First 64 bits of the keyed pseudonym of number or handset; 0, 0: it has none any more. */
  valueLo: number;
  valueHi: number;
  /** Of a handset: the first eight digits of its IMEI; else 0. */
  typeAllocationCode: number;
  /** Of a VLR: its E.164 number, a network node's; else 0. 0 of {@link learntKind.serving}: none serves. */
  node: number;
  /** Of a VLR: its country (`packIso`) and network (`packPlmn`); 0 where unknown. */
  country: number;
  network: number;
}

/** A record to fill in again and again. */
export function blankLearnt(): Learnt {
  return {
    ...{ timeUs: 0, subLo: 0, subHi: 0, kind: 0, plmn: 0, valueLo: 0, valueHi: 0 },
    ...{ typeAllocationCode: 0, node: 0, country: 0, network: 0 },
  };
}
