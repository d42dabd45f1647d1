import { decodeM2pa } from './m2pa.ts';
import { decodeM2ua } from './m2ua.ts';
import { decodeM3ua } from './m3ua.ts';
import type { DecodeState } from './state.ts';
import { decodeSua } from './sua.ts';
import { sctpPayloadNames } from './transport-tables.ts';

/** Payload protocol identifiers and registered ports of the adaptation layers, IANA. */
const m2ua = 2;
const m3ua = 3;
const sua = 4;
const m2pa = 5;
const identifierByPort: ReadonlyMap<number, number> = new Map([
  [2904, m2ua],
  [2905, m3ua],
  [3565, m2pa],
  [14001, sua],
]);

/**
 * Which adaptation layer a payload identifier names. Some stacks send it in the wrong byte order, some send 0: then the
 * registered port tells.
 */
function adaptationOf(state: DecodeState, payload: number): number {
  if (payload === 0) {
    return identifierByPort.get(state.sourcePort) ?? identifierByPort.get(state.destinationPort) ?? payload;
  }
  return (payload & 0xff_ffff) === 0 ? payload >>> 24 : payload;
}

/** Hands a user message of SCTP to the adaptation layer that its payload protocol identifier names. */
export function decodeSctpPayload(
  state: DecodeState,
  payload: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  switch (adaptationOf(state, payload)) {
    case m3ua:
      decodeM3ua(state, bytes, start, end);
      return;
    case m2ua:
      decodeM2ua(state, bytes, start, end);
      return;
    case m2pa:
      decodeM2pa(state, bytes, start, end);
      return;
    case sua:
      decodeSua(state, bytes, start, end);
      return;
    default:
      state.stats.unhandledAs(sctpPayloadNames[payload] ?? `SCTP payload ${payload}`);
  }
}
