import { sccpOf, sccpVectors, vectors } from '../decode/vectors.ts';
import { hex } from '../decode/wire.ts';
import type { Figure } from './bench.ts';
import { type Pdu, slowestPdus } from './frames.ts';

const layer3: (Pdu & { isBssmap: boolean })[] = vectors.map((vector) => ({
  name: vector.name,
  sccp: Uint8Array.from(sccpOf(vector)),
  isBssmap: vector.decoded.bssmapType !== undefined,
}));

/** The slowest PDU of BSSMAP, DTAP and SCCP, over their vectors and over mutations of these. */
export function slowestOfLayers(decodings: number): Figure[] {
  const sccp = sccpVectors.map((vector) => ({ name: vector.name, sccp: Uint8Array.from(hex(vector.hex)) }));
  return [
    ...slowestPdus(
      'decode.slowestBssmap',
      layer3.filter(({ isBssmap }) => isBssmap),
      decodings,
    ),
    ...slowestPdus(
      'decode.slowestDtap',
      layer3.filter(({ isBssmap }) => !isBssmap),
      decodings,
    ),
    ...slowestPdus('decode.slowestSccp', sccp, decodings),
  ];
}
