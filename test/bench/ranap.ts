import { ranapVectors } from '../decode/ranap-vectors.ts';
import {
  connectionConfirm,
  connectionRequest,
  dataForm1,
  frameOf,
  type Octets,
  releaseComplete,
  released,
  unitdata,
} from '../decode/wire.ts';
import type { Bench } from './bench.ts';
import { Frames, measureFrames, slowestPdus } from './frames.ts';

/** Between two RNCs and their MSC: subsystem number of RANAP, point codes, time from packet to packet. */
const address: Octets = [0x42, 142];
const rncs = [300, 301];
const msc = 500;
const stepUs = 1000;

const of = (carrier: string) => ranapVectors.filter((vector) => vector.carrier === carrier);

/** One Iu connection after the other, each begun with another of the vectors and with all those of a connection on it. */
function conversations(count: number): Frames {
  const frames = new Frames();
  const tsns = new Map<number, number>();
  const put = (rnc: number, up: boolean, sccp: Octets) => {
    const direction = 2 * rnc + (up ? 1 : 0);
    const tsn = (tsns.get(direction) ?? 0) + 1;
    tsns.set(direction, tsn);
    const [opc, dpc] = up ? [rnc, msc] : [msc, rnc];
    frames.add(1_700_000_000_000_000 + frames.count * stepUs, frameOf(sccp, { opc, dpc, tsn, tag: direction }));
  };
  const opening = of('CR');
  const inside = of('DT1');
  const outside = of('UDT');
  for (let n = 0; frames.count < count; n++) {
    const rnc = rncs[n % rncs.length];
    const own = (2 * n) & 0xffffff;
    const other = (2 * n + 1) & 0xffffff;
    put(rnc, true, connectionRequest(own, opening[n % opening.length].octets, address));
    put(rnc, false, connectionConfirm(own, other));
    for (const [i, { octets }] of inside.entries()) put(rnc, i % 2 === 0, dataForm1(i % 2 === 0 ? other : own, octets));
    put(rnc, false, released(own, other, 3));
    put(rnc, true, releaseComplete(other, own));
    put(rnc, false, unitdata(outside[n % outside.length].octets, address));
  }
  return frames;
}

const pdus = ranapVectors.map(({ name, octets }) => ({
  name,
  sccp: Uint8Array.from(unitdata(octets, address)),
}));

export const ranapBench: Bench = {
  name: 'ranap',
  meaning: 'messages of Iu connections a second: every RANAP vector in turn, from memory, on one core; the slowest PDU',
  async run(scale) {
    const frames = conversations(scale === 'full' ? 200_000 : 1_000);
    return [
      ...measureFrames('ranap', frames, scale === 'full' ? 7 : 1),
      ...slowestPdus('ranap.slowestPdu', pdus, scale === 'full' ? 5_000 : 20),
    ];
  },
};
