import { ipaControlNames, ipaExtensionNames, ipaStreamNames } from './adaptation-tables.ts';
import { ipaHeaderBytes } from './ipa-framer.ts';
import { decodeWithoutMtp } from './mtp.ts';
import type { DecodeState } from './state.ts';

const extension = 0xee;
const sccp = 0xfd;
const control = 0xfe;

/**
 * One message of the IPA multiplex (ip.access; Osmocom's "Abis over IP and IPA multiplex"): length, stream, payload.
 * SCCPlite is SCCP on a stream of its own, without MTP and so without point codes.
 */
export function decodeIpa(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.ipa++;
  const stream = bytes[start + 2];
  const payload = start + ipaHeaderBytes;
  if (stream === sccp) decodeWithoutMtp(state, bytes, payload, end);
  else if (stream === control && payload < end) state.stats.unhandledAs(ipaControlNames[bytes[payload]]);
  else if (stream === extension && payload < end) state.stats.unhandledAs(ipaExtensionNames[bytes[payload]]);
  else state.stats.unhandledAs(ipaStreamNames[stream]);
}
