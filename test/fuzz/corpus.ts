import { readdirSync } from 'node:fs';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { openCapture } from '../../server/capture/open-capture.ts';
import { allTcapVectors } from '../decode/map-vectors.ts';
import { ranapVectors } from '../decode/ranap-vectors.ts';
import { sccpOf, vectors } from '../decode/vectors.ts';
import {
  connectionConfirm,
  connectionRequest,
  dataChunk,
  dataForm1,
  ethernet,
  frameOf,
  interleavedChunk,
  ipv4,
  m3uaData,
  type Octets,
  sctp,
  u32,
  unitdata,
} from '../decode/wire.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { lengthsIn } from './lengths.ts';
import { sccpMessagesIn } from './sccp-in.ts';

/** An input that is good as it stands. */
export interface Seed {
  /** Where it comes from: a vector's name, or file and frame of a capture. */
  name: string;
  /** Whether its octets may be printed: nothing of a capture may. */
  ours: boolean;
  /** The file that it comes from, so that a capture of many frames alike does not outweigh the others. */
  group: string;
  linkType: number;
  bytes: Uint8Array;
  /** Length fields of the layers below the user data, outermost first: [place, octets]. */
  lengths: readonly (readonly [number, number])[];
  /** Where the user data of SCCP begins and ends; 0 where the frame is read no further. */
  user: number;
  userEnd: number;
}

/** Longer inputs are mutated, but not cut and flipped at every place; of longer frames their SCCP messages are. */
export const exhaustiveBytesMax = 300;
const ethernetLink = 1;
const sccpLink = 142;

function seed(name: string, group: string, linkType: number, octets: Octets | Uint8Array): Seed {
  const bytes = Uint8Array.from(octets);
  return { name, group, ours: !isCapture(group), linkType, bytes, ...lengthsIn(linkType, bytes) };
}

const isCapture = (group: string) => group.includes('.');

/** Subsystem of RANAP, and an address that says no more than a subsystem. ITU-T Q.713 §3.4. */
const ranap = 142;
const address = (subsystem: number): Octets => [0x42, subsystem];

/** Each vector in a frame of Ethernet, IP, SCTP and M3UA, and as SCCP alone, where damage is not stopped by an outer length. */
function vectorSeeds(): Seed[] {
  const out: Seed[] = [];
  const add = (name: string, group: string, sccp: Octets, opc: number, tsn: number) => {
    out.push(seed(name, group, ethernetLink, frameOf(sccp, { opc, dpc: opc + 100, tsn })));
    out.push(seed(`${name}, SCCP alone`, group, sccpLink, sccp));
  };
  for (const [i, vector] of vectors.entries()) add(vector.name, 'layer 3', sccpOf(vector), 100, i);
  for (const [i, { name, carrier, octets }] of ranapVectors.entries()) {
    const request = connectionRequest(0x010203, octets, address(ranap));
    const sccp =
      carrier === 'CR' ? request : carrier === 'UDT' ? unitdata(octets, address(ranap)) : dataForm1(0x010203, octets);
    add(name, 'RANAP', sccp, 300, 10_000 + i);
  }
  for (const [i, { name, called, bytes }] of allTcapVectors.entries()) {
    // What a length octet can't tell goes by XUDT segments elsewhere; here such a vector stays out.
    if (bytes.length < 0x80 * 2 - 1) add(name, 'TCAP', unitdata([...bytes], address(called)), 500, 20_000 + i);
  }
  return out;
}

/** Messages that none of the vectors is: what holds state in the lower layers. */
function carrierSeeds(): Seed[] {
  const out: Seed[] = [];
  for (const { name, linkType, frames } of carriers) {
    for (const [i, frame] of frames(conversation).entries())
      out.push(seed(`${name}, frame ${i + 1}`, 'carriers', linkType, frame));
  }
  const whole = ethernetPacket();
  for (const [offset, end, more] of [
    [0, 48, true],
    [48, whole.length, false],
  ] as const) {
    const part = ipv4(whole.slice(offset, end), { identification: 7, offset, more });
    out.push(seed(`IP fragment from octet ${offset}`, 'carriers', ethernetLink, ethernet(part)));
  }
  const chunk = (name: string, octets: Octets) =>
    void out.push(seed(name, 'carriers', ethernetLink, ethernet(ipv4(sctp([octets])))));
  const reset = m3uaData(100, 200, unitdata([0, 4, 0x30, 4, 1, 0x20]));
  chunk('I-DATA', interleavedChunk(30, reset));
  chunk('I-DATA, first fragment', interleavedChunk(31, reset.slice(0, 20), { flags: 2, message: 1 }));
  chunk('I-DATA, last fragment', interleavedChunk(32, reset.slice(20), { flags: 1, message: 1, number: 1 }));
  const twice = [1, 0, 1, 1, ...u32(2 * reset.length - 8), ...reset.slice(8), ...reset.slice(8)];
  chunk('M3UA with two Protocol Data', dataChunk(33, twice));
  out.push(
    seed('CONNECTION CONFIRM', 'carriers', ethernetLink, frameOf(connectionConfirm(0x010203, 0x040506), { tsn: 7 })),
  );
  out.push(
    seed(
      'DT1 with more data',
      'carriers',
      ethernetLink,
      frameOf(dataForm1(0x010203, [0, 20, 1, 2, 3], true), { tsn: 8 }),
    ),
  );
  return out;
}

function ethernetPacket(): number[] {
  return sctp([[...frameOf(unitdata([0, 1, 0x30]), { tsn: 9 }).slice(46)]]);
}

/** All frames of the shared captures, each content once; behind a long one its SCCP messages, each by itself. */
async function captureSeeds(): Promise<Seed[]> {
  if (!sharedPresent) return [];
  const out: Seed[] = [];
  const known = new Set<string>();
  const names = readdirSync(sharedPath('captures'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng|cap)$/.test(name))
    .sort();
  for (const name of names) {
    const reader = await openCapture(sharedPath(`captures/${name}`));
    let frame = 0;
    const sink = {
      frame(_timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) {
        frame++;
        const octets = bytes.slice(start, end);
        const key = `${linkType} ${Buffer.from(octets).toString('latin1')}`;
        if (known.has(key) || octets.length === 0) return;
        known.add(key);
        out.push(seed(`${name} frame ${frame}`, name, linkType, octets));
        if (octets.length <= exhaustiveBytesMax || linkType === sccpLink) return;
        for (const [i, [from, to]] of sccpMessagesIn(linkType, octets).entries()) {
          out.push(seed(`${name} frame ${frame}, SCCP message ${i + 1}`, name, sccpLink, octets.slice(from, to)));
        }
      },
    };
    await reader.read(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    await reader.close();
  }
  return out;
}

/** Everything that inputs are made from, in an order that does not change. */
export async function loadCorpus(): Promise<Seed[]> {
  return [...vectorSeeds(), ...carrierSeeds(), ...(await captureSeeds())];
}
