import { decodeBssap } from './bssap.ts';
import { decodeRanap } from './ranap.ts';
import { ranapNames } from './ranap-tables.ts';
import { bssapSubsystem, ranapSubsystem } from './sccp-tables.ts';
import type { DecodeState } from './state.ts';
import { decodeTcap } from './tcap.ts';
import { managementNames, subsystemNames } from './transport-tables.ts';

const management = 1;

/** Users whose data is read, as {@link userOf} names them. */
const bssap = 1;
const ranap = 2;
const tcap = 3;

/**
 * Who reads the data of a subsystem; 0: nobody. BSSAP also serves the SMLC, whose dialogues with a BSC (Lb) are BSSAP's
 * (3GPP TS 49.031 §9). MAP and CAP speak through TCAP in every node that has a number of its own (3GPP TS 23.003 §8.2),
 * INAP (241) likewise, ISDN supplementary services (11) and the test responder (14) by ITU-T Q.713 §3.4.2.2.
 */
const userOf: Uint8Array = (() => {
  const users = new Uint8Array(256);
  for (const ssn of [bssapSubsystem, 252]) users[ssn] = bssap;
  users[ranapSubsystem] = ranap;
  for (const ssn of [5, 6, 7, 8, 9, 10, 11, 14, 145, 146, 147, 148, 149, 150, 241]) users[ssn] = tcap;
  return users;
})();

/** Hands user data to the user part of a subsystem; data that nobody reads is counted by the subsystem's name. */
export function decodeUser(state: DecodeState, ssn: number, bytes: Uint8Array, start: number, end: number): void {
  switch (userOf[ssn]) {
    case bssap:
      decodeBssap(state, bytes, start, end);
      return;
    case ranap:
      decodeRanap(state, bytes, start, end);
      return;
    case tcap:
      decodeTcap(state, bytes, start, end);
      return;
    default:
      state.stats.unhandledAs(ssn === management && start < end ? managementNames[bytes[start]] : subsystemNames[ssn]);
  }
}

/**
 * Whether a specification gives this subsystem number to somebody. The others (33 to 128 and more) are each network's
 * own. ITU-T Q.713 §3.4.2.2, 3GPP TS 23.003 §8.2.
 */
function isAssigned(ssn: number): boolean {
  return (ssn > 0 && ssn < 15) || ssn === 241 || (ssn >= 142 && ssn <= 150) || (ssn >= 249 && ssn < 256);
}

/** Procedure codes of the RANAP messages that open a connection: InitialUE-Message, RelocationResourceAllocation. */
const initialUeMessage = 19;
const relocationResourceAllocation = 3;

/**
 * The user of a connection by the number its CR calls. Networks may give RANAP a number of their own: then its first
 * message tells.
 */
export function userOfRequest(ssn: number, bytes: Uint8Array, start: number, end: number): number {
  if (isAssigned(ssn) || start < 0 || !isRanapMessage(bytes, start, end)) return ssn;
  const opens = bytes[start + 1] === initialUeMessage || bytes[start + 1] === relocationResourceAllocation;
  return opens && bytes[start] === 0 ? ranapSubsystem : ssn;
}

/** The same for a message without connection, where every message of RANAP, or of TCAP, may stand. */
export function userOfUnitdata(ssn: number, bytes: Uint8Array, start: number, end: number): number {
  if (isAssigned(ssn)) return ssn;
  if (isRanapMessage(bytes, start, end)) return ranapSubsystem;
  return isTcapMessage(bytes, start, end) ? anyTcap : ssn;
}

/** The test responder's number: TCAP of which only the application context says more. */
const anyTcap = 14;
/** Message types, ITU-T Q.773 table 8. */
const tcapMessages = new Set([0x61, 0x62, 0x64, 0x65, 0x67]);

/**
 * Whether the outermost frame of TCAP fits exactly: a message type, a definite length that ends with the last octet, a
 * transaction identity (or, without one, the dialogue or the components). ITU-T Q.773 §4.2.1.
 */
function isTcapMessage(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4 || !tcapMessages.has(bytes[start])) return false;
  const length = bytes[start + 1];
  const octets = length < 0x80 ? 0 : length & 0x7f;
  if (octets > 2 || length === 0x80) return false;
  let value = octets === 0 ? length : 0;
  for (let i = 0; i < octets; i++) value = (value << 8) | bytes[start + 2 + i];
  const at = start + 2 + octets;
  if (at + value !== end || at >= end) return false;
  const first = bytes[at];
  return bytes[start] === 0x61 ? first === 0x6b || first === 0x6c : first === 0x48 || first === 0x49;
}

/**
 * Whether data of a connection of which nothing is known can be BSSAP: DTAP, or BSSMAP whose length fits and whose type
 * may stand in a connection, which BLOCK (40 hex) and the types that end in six zero bits may not. 3GPP TS 48.006 §9.3,
 * TS 48.008 §3.2.2.1.
 */
export function maybeBssap(bytes: Uint8Array, start: number, end: number): boolean {
  const discrimination = bytes[start];
  if (discrimination !== 0) return discrimination === 1;
  return bytes[start + 1] === end - start - 2 && (bytes[start + 2] & 0x3f) !== 0;
}

/**
 * Whether the outermost frame of RANAP fits exactly: a message that has a name, criticality, and a length that ends with
 * the last octet. 3GPP TS 25.413 §9.3.2, ITU-T X.691 §11.9.
 */
export function isRanapMessage(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 7 || (bytes[start] & 0x9f) !== 0) return false;
  if (ranapNames[bytes[start + 1] * 4 + (bytes[start] >> 5)] === undefined) return false;
  if ((bytes[start + 2] & 0x3f) !== 0 || bytes[start + 2] === 0xc0) return false;
  const length = bytes[start + 3];
  if (length < 0x80) return start + 4 + length === end;
  return (length & 0xc0) === 0x80 && start + 5 + (((length & 0x3f) << 8) | bytes[start + 4]) === end;
}
