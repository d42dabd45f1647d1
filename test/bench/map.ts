import { openSimulation } from '../../fixtures/make/simulation.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { allTcapVectors } from '../decode/map-vectors.ts';
import { unitdata } from '../decode/wire.ts';
import type { Bench } from './bench.ts';
import { Frames, measureFrames, slowestPdus } from './frames.ts';

/** Packets of the simulated city's core network: registrations, calls and short messages as they mix on its links. */
async function corePackets(count: number): Promise<Frames> {
  const frames = new Frames();
  let components = 0;
  const probe = new Decoder({ message: () => undefined, map: () => components++ });
  const feed = openSimulation({ seed: 1, population: 50_000, from: '17:30', map: true });
  const sink = {
    frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number) {
      const before = components;
      probe.frame(timeUs, linkType, bytes, start, end);
      if (components > before && frames.count < count) frames.add(timeUs, bytes.slice(start, end));
    },
  };
  while (frames.count < count) await feed.read(sink, Number.POSITIVE_INFINITY, 1024);
  await feed.close();
  return frames;
}

const pdus = allTcapVectors
  .filter(({ bytes }) => bytes.length < 256)
  .map(({ name, called, calling, bytes }) => {
    const sccp = unitdata([...bytes], [0x42, called]);
    return {
      name: calling === called ? name : `${name}, to ${called}`,
      sccp: Uint8Array.from(sccp),
    };
  });

export const mapBench: Bench = {
  name: 'map',
  meaning:
    'components of MAP a second, from packets of the simulated core network in memory, on one core; the slowest PDU',
  async run(scale) {
    const frames = await corePackets(scale === 'full' ? 100_000 : 1_000);
    return [
      ...measureFrames('map', frames, scale === 'full' ? 7 : 1),
      ...slowestPdus('map.slowestPdu', pdus, scale === 'full' ? 5_000 : 20),
    ];
  },
};
