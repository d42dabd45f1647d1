import { RecentMap } from './recent-map.ts';
import { decodeSccp } from './sccp.ts';
import { sccp } from './sccp-tables.ts';
import type { DecodeState } from './state.ts';

const referencesMax = 524_288;
const initiator = 1;
const responder = 2;

/** Where destination and source local reference stand, by type; 0: not there. ITU-T Q.713 §4. */
const destinationAt = new Uint8Array(256);
const sourceAt = new Uint8Array(256);
for (const type of [sccp.CC, sccp.RLSD, sccp.RLC, sccp.RSR, sccp.RSC, sccp.IT]) {
  destinationAt[type] = 1;
  sourceAt[type] = 4;
}
for (const type of [sccp.CREF, sccp.DT1, sccp.DT2, sccp.AK, sccp.ED, sccp.EA, sccp.ERR]) destinationAt[type] = 1;
sourceAt[sccp.CR] = 1;

/**
 * Tells the two directions of SCCP apart where neither point codes nor addresses do (LINKTYPE_SCCP): who sends a
 * CONNECTION REQUEST is the lower side of its connection, and whoever is sent to under a reference is its owner.
 * Bounded: the oldest reference is forgotten first.
 */
export class SccpSides {
  /** Bits of {@link initiator} and {@link responder} by local reference: both may have given the same number. */
  readonly #owners: RecentMap;

  /** @param evicted is called with how many references were forgotten */
  constructor(evicted: (n: number) => void) {
    this.#owners = new RecentMap(referencesMax, evicted);
  }

  /** Whether the initiator of its connection has sent this; false where nothing is known of it. */
  fromInitiator(type: number, destination: number, source: number): boolean {
    if (type === sccp.CR) {
      this.#own(source, initiator);
      return true;
    }
    const owner = destination < 0 ? 0 : (this.#owners.get(destination) ?? 0);
    const other = source < 0 ? 0 : (this.#owners.get(source) ?? 0);
    if (type === sccp.CC) {
      this.#own(source, responder);
      return false;
    }
    const sent = owner === responder || (owner !== initiator && other === initiator);
    if (type === sccp.RLC || type === sccp.CREF) {
      this.#disown(destination, sent ? responder : initiator);
      this.#disown(source, sent ? initiator : responder);
    }
    return sent;
  }

  #own(reference: number, side: number): void {
    const sides = this.#owners.get(reference) ?? 0;
    this.#owners.set(reference, sides | side);
  }

  #disown(reference: number, side: number): void {
    const sides = (this.#owners.get(reference) ?? 0) & ~side;
    if (sides === 0) this.#owners.delete(reference);
    else this.#owners.set(reference, sides);
  }
}

function reference(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}

/** SCCP without anything below it: no point codes, one link, the direction by its references. */
export function decodeBareSccp(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const { message } = state;
  message.opc = -1;
  message.dpc = -1;
  message.link = state.links.symbolOf(0, 0, 0);
  const type = start < end ? bytes[start] : 0;
  const to = destinationAt[type];
  const from = sourceAt[type];
  const whole = start + Math.max(to, from) + 3 <= end;
  message.fromLower =
    whole &&
    state.sccpSides.fromInitiator(
      type,
      to === 0 ? -1 : reference(bytes, start + to),
      from === 0 ? -1 : reference(bytes, start + from),
    );
  decodeSccp(state, bytes, start, end);
}
