import { parseTimeUs } from '../clock.ts';
import { packIso } from '../reference/country-codes.ts';
import { causeOfList } from './cause.ts';
import { isEventTime } from './feed-position.ts';
import { eventKinds, kindCode, outcomeCode, outcomes, peerClassCode, peerClasses } from './kinds.ts';
import { parsePlmn } from './plmn.ts';
import type { PushDraft } from './push-row.ts';

/** What turns plain identities into what events carry; the only place a plain one goes to. */
export interface PushIdentities {
  /** Pseudonym and home PLMN of the last identity that was given. */
  readonly lo: number;
  readonly hi: number;
  readonly plmn: number;
  /** @param digits 7 to 15 @returns whether it is an IMSI */
  imsi(digits: string): boolean;
  /** An IMSI of 15 digits as an integer. @returns whether it is one */
  imsiNumber(value: number): boolean;
  /** A user of a record file, whatever text that is; {@link plmn} is 0. */
  user(text: string): void;
  /** A telephone number in international form, 3 to 15 digits. */
  peerNumber(digits: string): void;
  /** First 8 digits as an integer; 0: no IMEI or IMEISV. */
  typeAllocationCode(imei: string): number;
  /** The home of a subscriber who is heard with a handset model. @param model type allocation code, not 0 */
  heardWith(home: number, model: number): number;
  /** Whether a text is a CGI as Signalwall writes it. */
  isCgi(text: string): boolean;
}

export const pushBytesOfEventMax = 2 ** 50;

export interface PushField {
  /** What its value must be, for help and refusals. */
  readonly must: string;
  /** @returns whether it is that */
  readonly read: (value: unknown, to: PushDraft, identities: PushIdentities) => boolean;
}

const isWhole = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
const codeOf = (codes: Readonly<Record<string, number>>, value: unknown): number =>
  typeof value === 'string' && Object.hasOwn(codes, value) ? codes[value] : -1;
const hexPattern = /^[0-9a-fA-F]{16}(?:[0-9a-fA-F]{16})?$/;
function setTime(us: number, to: PushDraft): boolean {
  to.times++;
  to.timeUs = us;
  // Seconds or milliseconds since 1970 are none.
  return isEventTime(us);
}

/** First 64 bits of a pseudonym in hexadecimal: octets in order, each word little-endian as `Pseudonymiser` has them. */
function wordOf(hex: string, from: number): number {
  const word = Number.parseInt(hex.slice(from, from + 8), 16);
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
}

function setFlag(name: 'sighting' | 'traffic' | 'detach'): PushField['read'] {
  return (value, to) => {
    to[name] = value === true ? 1 : 0;
    return typeof value === 'boolean';
  };
}

function takeSubscriber(to: PushDraft, identities: PushIdentities): true {
  to.subscribers++;
  to.subLo = identities.lo;
  to.subHi = identities.hi;
  if (to.plmn < 0 && identities.plmn > 0) to.plmn = identities.plmn;
  return true;
}

/** Every field that a row may have, and what it is. */
const fields: Readonly<Record<string, PushField>> = {
  timeUs: {
    must: 'microseconds since 1970, an integer from the year 1990 on',
    read: (value, to) => typeof value === 'number' && Number.isInteger(value) && setTime(value, to),
  },
  time: {
    must: 'a time with its zone such as 2026-10-17T19:30:00.25+08:00, from the year 1990 on',
    read: (value, to) => typeof value === 'string' && setTime(parseTimeUs(value), to),
  },
  imsi: {
    must: 'a text of 7 to 15 digits',
    read: (value, to, identities) =>
      typeof value === 'string' && /^\d{7,15}$/.test(value) && identities.imsi(value) && takeSubscriber(to, identities),
  },
  subscriber: {
    must: "a pseudonym under this server's key, 16 or 32 hexadecimal digits",
    read: (value, to) => {
      if (typeof value !== 'string' || !hexPattern.test(value)) return false;
      to.subscribers++;
      to.subLo = wordOf(value, 0);
      to.subHi = wordOf(value, 8);
      return true;
    },
  },
  user: {
    must: 'a text of 1 to 256 characters',
    read: (value, to, identities) => {
      if (typeof value !== 'string' || value === '' || value.length > 256) return false;
      identities.user(value);
      return takeSubscriber(to, identities);
    },
  },
  cell: {
    must: 'a CGI such as 460-00-42285-28831, its numbers without padding',
    read: (value, to, identities) => {
      if (typeof value !== 'string' || !identities.isCgi(value)) return false;
      to.cgi = value;
      return true;
    },
  },
  kind: {
    must: `one of ${eventKinds.join(', ')}`,
    read: (value, to) => {
      to.kind = codeOf(kindCode, value);
      return to.kind >= 0;
    },
  },
  outcome: {
    must: `one of ${outcomes.join(', ')}`,
    read: (value, to) => {
      to.outcome = codeOf(outcomeCode, value);
      return to.outcome >= 0;
    },
  },
  cause: {
    must: "a cause's value, a whole number of the list that causeOf names",
    read: (value, to) => {
      to.causeValue = value as number;
      return isWhole(value, 0xffff);
    },
  },
  causeOf: {
    must: 'the list of the cause: MM, CC, RP, CP, BSSMAP, RANAP, SCCP release or SCCP refusal',
    read: (value, to) => {
      to.causeOf = value as string;
      return typeof value === 'string' && causeOfList(value, 0) >= 0;
    },
  },
  durationMs: {
    must: 'milliseconds, a whole number below 2^32',
    read: (value, to) => {
      to.durationMs = value as number;
      return isWhole(value, 0xffff_ffff);
    },
  },
  bytes: {
    must: 'octets, a whole number up to 2^50',
    read: (value, to) => {
      to.bytes = value as number;
      return isWhole(value, pushBytesOfEventMax);
    },
  },
  imei: {
    must: 'a text of 14 to 16 digits',
    read: (value, to, identities) => {
      if (typeof value !== 'string' || !/^\d{14,16}$/.test(value)) return false;
      to.typeAllocationCode = identities.typeAllocationCode(value);
      return true;
    },
  },
  typeAllocationCode: {
    must: 'the first 8 (or 6) digits of the IMEI as a number',
    read: (value, to) => {
      to.typeAllocationCode = value as number;
      return isWhole(value, 99_999_999);
    },
  },
  plmn: {
    must: "the subscriber's home network such as 460-00 (in rows that were set aside: a number)",
    read: (value, to) => {
      if (isWhole(value, 0x7fff_ffff)) {
        to.plmn = value;
        return true;
      }
      if (typeof value !== 'string' || !/^\d{3}-\d{2,3}$/.test(value)) return false;
      to.plmn = parsePlmn(value);
      return true;
    },
  },
  sighting: { must: 'true or false', read: setFlag('sighting') },
  traffic: { must: 'true or false', read: setFlag('traffic') },
  detach: { must: 'true or false', read: setFlag('detach') },
  peer: {
    must: "the other party's pseudonym under this server's key, 16 or 32 hexadecimal digits",
    read: (value, to) => {
      if (typeof value !== 'string' || !hexPattern.test(value)) return false;
      to.peerLo = wordOf(value, 0);
      to.peerHi = wordOf(value, 8);
      return true;
    },
  },
  peerNumber: {
    must: "the other party's number in international form, a text of 3 to 15 digits",
    read: (value, to, identities) => {
      if (typeof value !== 'string' || !/^\d{3,15}$/.test(value)) return false;
      identities.peerNumber(value);
      to.peerLo = identities.lo;
      to.peerHi = identities.hi;
      return true;
    },
  },
  peerClass: {
    must: `one of ${peerClasses.join(', ')}`,
    read: (value, to) => {
      to.peerClass = codeOf(peerClassCode, value);
      return to.peerClass >= 0;
    },
  },
  country: {
    must: 'the country of the other party or foreign network, two capital letters of ISO 3166-1',
    read: (value, to) => {
      if (typeof value !== 'string' || !/^[A-Z]{2}$/.test(value)) return false;
      to.country = packIso(value);
      return true;
    },
  },
  area: {
    must: "the other party's segment or area code, a whole number up to 9999999",
    read: (value, to) => {
      to.area = value as number;
      return isWhole(value, 9_999_999);
    },
  },
};

export const pushFields: ReadonlyMap<string, PushField> = new Map(Object.entries(fields));
