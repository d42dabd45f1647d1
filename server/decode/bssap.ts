import { decodeBssmap } from './bssmap.ts';
import { need } from './decode-error.ts';
import { decodeDtap } from './dtap.ts';
import type { DecodeState } from './state.ts';

const bssmapData = 0;
const dtapData = 1;

/**
 * User data of an SCCP message of the A interface: BSSMAP or DTAP by the discrimination parameter; the data link
 * connection identifier (radio channel, SAPI) that DTAP carries changes nothing here. 3GPP TS 48.006 §9.3.
 */
export function decodeBssap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.bssap++;
  need('bssap', start, 2, end);
  const discrimination = bytes[start];
  if (discrimination === dtapData) {
    need('bssap', start, 3, end);
    need('bssap', start + 3, bytes[start + 2], end);
    decodeDtap(state, bytes, start + 3, start + 3 + bytes[start + 2]);
  } else if (discrimination === bssmapData) {
    need('bssap', start + 2, bytes[start + 1], end);
    decodeBssmap(state, bytes, start + 2, start + 2 + bytes[start + 1]);
  } else state.stats.unhandledAs(`BSSAP discrimination ${discrimination}`);
}
