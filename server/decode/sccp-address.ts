import { DecodeError } from './decode-error.ts';
import { part } from './message.ts';
import type { DecodeState } from './state.ts';

/** Bits of the address indicator: which parts follow, in this order. ITU-T Q.713 §3.4.1. */
const hasPointCode = 0x01;
const hasSubsystem = 0x02;
/** The same point code and subsystem without a global title. */
const subsystemAlone = 0x02;
const pointCodeAndSubsystem = 0x03;

/** Encoding scheme: an odd or an even number of digits in semi-octets. §3.4.2.3.3. */
const oddDigits = 1;
const evenDigits = 2;

/** What the address that was read last names: -1 where it does not. */
const address = { subsystem: -1, title: -1, digits: 0 };

/** Called party address in `bytes[start..end)` into the message; its subsystem number, -1 where it names none. */
export function readCalledAddress(state: DecodeState, bytes: Uint8Array, start: number, end: number): number {
  readAddress(state, bytes, start, end);
  const { message } = state;
  message.parts |= part.addresses;
  message.calledSsn = address.subsystem;
  if (address.title >= 0) {
    message.calledTitleOffset = address.title;
    message.calledTitleDigits = address.digits;
    message.addressBytes = bytes;
  }
  return address.subsystem;
}

/** The same for a calling party address. */
export function readCallingAddress(state: DecodeState, bytes: Uint8Array, start: number, end: number): number {
  readAddress(state, bytes, start, end);
  const { message } = state;
  message.parts |= part.addresses;
  message.callingSsn = address.subsystem;
  if (address.title >= 0) {
    message.callingTitleOffset = address.title;
    message.callingTitleDigits = address.digits;
    message.addressBytes = bytes;
  }
  return address.subsystem;
}

/** ITU-T Q.713 §3.4: indicator, point code, subsystem number, global title. */
function readAddress(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  address.subsystem = -1;
  address.title = -1;
  if (start >= end) throw new DecodeError('sccp', 'BAD_LENGTH', start);
  const indicator = bytes[start];
  // Routing and reserved bits apart.
  const parts = indicator & 0x3f;
  if (parts === subsystemAlone && end - start === 2) {
    address.subsystem = bytes[start + 1];
    return;
  }
  if (parts === pointCodeAndSubsystem && end - start === 4) {
    address.subsystem = bytes[start + 3];
    return;
  }
  let at = start + 1;
  if ((indicator & hasPointCode) !== 0) at += 2;
  if ((indicator & hasSubsystem) !== 0) {
    if (at >= end) throw new DecodeError('sccp', 'BAD_LENGTH', start);
    address.subsystem = bytes[at];
    at++;
  }
  if (at > end) throw new DecodeError('sccp', 'BAD_LENGTH', start);
  readTitle(state, parts >> 2, bytes, at, end);
}

/**
 * Global title by its indicator: nature of address; translation type; translation type, numbering plan, encoding
 * scheme; all of them. Then the digits, to the end of the address. §3.4.2.3.
 */
function readTitle(state: DecodeState, indicator: number, bytes: Uint8Array, start: number, end: number): void {
  if (indicator === 0) return;
  let header = 1;
  // Nothing tells what an encoding of translation type alone (0010) looks like: semi-octets, all of them, as usual.
  let scheme = evenDigits;
  if (indicator > 4) {
    state.stats.unhandledAs(`SCCP global title indicator ${indicator}`);
    return;
  }
  if (indicator >= 3) header = indicator - 1;
  if (start + header > end) throw new DecodeError('sccp', 'BAD_LENGTH', start);
  if (indicator === 1) scheme = (bytes[start] & 0x80) !== 0 ? oddDigits : evenDigits;
  else if (indicator >= 3) scheme = bytes[start + 1] & 0x0f;
  if (scheme !== oddDigits && scheme !== evenDigits) {
    state.stats.unhandledAs(`SCCP encoding scheme ${scheme}`);
    return;
  }
  const octets = end - start - header;
  address.title = start + header;
  address.digits = scheme === oddDigits ? Math.max(0, octets * 2 - 1) : octets * 2;
}
