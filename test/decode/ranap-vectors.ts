import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { decodeRanap } from '../../server/decode/ranap.ts';
import { DecodeState, defaultDecodeLimits } from '../../server/decode/state.ts';
import { root } from '../tools/shared-inputs.ts';
import { type Plain, plain } from './collect.ts';
import type { Vector } from './vectors.ts';
import { hex, type Octets } from './wire.ts';

/** RANAP messages of `fixtures/wire/ranap.json` with what they say. */
export const ranapVectors: (Vector & { octets: Octets })[] = JSON.parse(
  readFileSync(join(root, 'fixtures/wire/ranap.json'), 'utf8'),
).vectors.map((vector: Vector) => ({ ...vector, octets: hex(vector.hex) }));

export interface Decoded {
  message: Plain;
  /** Code of the fault that ended the decoding; `''` where there is none. */
  fault: string;
  unhandled: string[];
}

/** One state for all: what a message leaves behind in it would show in the next one. */
const state = new DecodeState({ message: () => {} }, defaultDecodeLimits);

/** One RANAP message decoded by itself; what lies around it is of another octet, so that reading too far shows. */
export function decodeAlone(octets: Octets): Decoded {
  state.message.resetSccp();
  state.stats.unhandled.clear();
  const bytes = Uint8Array.from([0xa5, 0xa5, 0xa5, ...octets, 0xa5, 0xa5]);
  let fault = '';
  try {
    decodeRanap(state, bytes, 3, 3 + octets.length);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    fault = error.code;
  }
  const { frame, timeUs, link, fromLower, ...message } = plain(state.message);
  return { message, fault, unhandled: [...state.stats.unhandled.keys()] };
}
