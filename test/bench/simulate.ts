import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { FrameSink } from '../../server/capture/frame.ts';
import type { Bench } from './bench.ts';

/** The simulator as a feed: world and wire encoder together, nobody behind it. */
export const simulateBench: Bench = {
  name: 'simulate',
  meaning: 'packets per second that the simulated event day gives out as a feed, on one core',
  async run(scale) {
    const full = scale === 'full';
    const openedMs = performance.now();
    const feed = openSimulation({ population: full ? 200_000 : 2_000, from: '18:30' });
    const startedMs = performance.now();
    let bytes = 0;
    const sink: FrameSink = {
      frame(_timeUs, _linkType, _bytes, start, end) {
        bytes += end - start;
      },
    };
    await feed.read(sink, Number.POSITIVE_INFINITY, full ? 2_000_000 : 5_000);
    const seconds = (performance.now() - startedMs) / 1000;
    const { packets, procedures } = feed.stats;
    const begun = Object.values(procedures).reduce((sum, count) => sum + count, 0);
    const simulatedS = (feed.nextTimeUs - feed.startUs) / 1e6;
    return [
      { key: 'simulate.packetsPerS', value: packets / seconds, unit: 'packets/s' },
      { key: 'simulate.bytesPerPacket', value: bytes / packets, unit: 'bytes' },
      { key: 'simulate.packetsPerProcedure', value: packets / begun, unit: 'packets' },
      { key: 'simulate.speed', value: simulatedS / seconds, unit: 'times event time' },
      { key: 'simulate.openMs', value: startedMs - openedMs, unit: 'ms' },
    ];
  },
};
