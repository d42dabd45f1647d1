import { packPlmn } from '../events/plmn.ts';
import { DecodeError, type Layer } from './decode-error.ts';
import { part, type SignalMessage } from './message.ts';

/** Information elements that several protocols share. */

/** Type allocation code and serial number, which IMEI and IMEISV begin with. 3GPP TS 23.003 §6.2. */
const equipmentDigits = 14;

/**
 * A PLMN identity of three octets, packed; 0 where its digits are no digits (a deleted LAI, unused octets).
 * 3GPP TS 24.008 §10.5.1.3: MCC 2 and 1, MNC 3 and MCC 3, MNC 2 and 1; MNC 3 is 1111 in a two-digit MNC.
 */
export function readPlmn(bytes: Uint8Array, at: number): number {
  const a = bytes[at];
  const b = bytes[at + 1];
  const c = bytes[at + 2];
  const mcc1 = a & 0x0f;
  const mcc2 = a >> 4;
  const mcc3 = b & 0x0f;
  const mnc1 = c & 0x0f;
  const mnc2 = c >> 4;
  const mnc3 = b >> 4;
  if (mcc1 > 9 || mcc2 > 9 || mcc3 > 9 || mnc1 > 9 || mnc2 > 9) return 0;
  const mcc = mcc1 * 100 + mcc2 * 10 + mcc3;
  if (mnc3 === 0x0f) return packPlmn(mcc, mnc1 * 10 + mnc2, 2);
  return mnc3 > 9 ? 0 : packPlmn(mcc, mnc1 * 100 + mnc2 * 10 + mnc3, 3);
}

/** Location Area Identification of five octets. 3GPP TS 24.008 §10.5.1.3. */
export function readLai(message: SignalMessage, bytes: Uint8Array, at: number): void {
  message.parts |= part.place;
  message.laiPlmn = readPlmn(bytes, at);
  message.laiLac = (bytes[at + 3] << 8) | bytes[at + 4];
}

/**
 * Mobile Identity: fills `imsi`, `imei` or `tmsi`. 3GPP TS 24.008 §10.5.1.4; BSSMAP's IMSI and IMEI are coded the same,
 * 3GPP TS 48.008 §3.2.2.6, §3.2.2.86.
 */
export function readMobileIdentity(
  layer: Layer,
  message: SignalMessage,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (start >= end) throw new DecodeError(layer, 'BAD_LENGTH', start);
  const first = bytes[start];
  const type = first & 7;
  if (type === 4) {
    if (end - start !== 5) throw new DecodeError(layer, 'BAD_LENGTH', start);
    message.parts |= part.identity;
    message.tmsi =
      ((bytes[start + 1] << 24) | (bytes[start + 2] << 16) | (bytes[start + 3] << 8) | bytes[start + 4]) >>> 0;
    return;
  }
  // 0 is no identity (a phone may have none to give), 5 a TMGI; both name no subscriber.
  if (type === 0 || type > 3) return;
  const isOdd = (first & 8) !== 0;
  const digits = 2 * (end - start) - (isOdd ? 1 : 2);
  const digitsMax = type === 1 ? 15 : 16;
  if (digits < 1 || digits > digitsMax) throw new DecodeError(layer, 'BAD_IDENTITY', start);
  // An integer of 16 digits may be beyond what a float64 holds exactly, so an equipment identity is cut behind the 14th.
  const cut = type === 1 ? digits : Math.min(digits, equipmentDigits);
  let value = first >> 4;
  let tail = 0;
  let isDigit = value <= 9;
  for (let i = 1; i < digits; i++) {
    const octet = bytes[start + ((i + 1) >> 1)];
    const digit = (i & 1) !== 0 ? octet & 0x0f : octet >> 4;
    if (digit > 9) isDigit = false;
    if (i < cut) value = value * 10 + digit;
    else tail = tail * 10 + digit;
  }
  if (!isDigit) throw new DecodeError(layer, 'BAD_IDENTITY', start);
  message.parts |= part.identity;
  if (type === 1) {
    message.imsi = value;
    message.imsiDigits = digits;
  } else {
    message.imei = value;
    message.imeiTail = tail;
    message.imeiDigits = digits;
  }
}
