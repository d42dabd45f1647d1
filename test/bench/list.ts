import { accuracyBench } from './accuracy.ts';
import { ackedBench } from './acked.ts';
import type { Bench } from './bench.ts';
import { cityBench } from './city.ts';
import { correlateBench } from './correlate.ts';
import { benchDecode } from './decode.ts';
import { estimateBench } from './estimate.ts';
import { historyBench } from './history.ts';
import { journalBench } from './journal.ts';
import { largeBench } from './large.ts';
import { latencyBench } from './latency.ts';
import { mapBench } from './map.ts';
import { memoryBench } from './memory.ts';
import { outageBench } from './outage.ts';
import { pastBench } from './past.ts';
import { pausesBench } from './pauses.ts';
import { slowestOfLayers } from './pdus.ts';
import { pipelineBench } from './pipeline.ts';
import { presenceBench } from './presence.ts';
import { benchPush } from './push.ts';
import { ranapBench } from './ranap.ts';
import { restartBench } from './restart.ts';
import { scaleBench } from './scale.ts';
import { simulateBench } from './simulate.ts';
import { startupBench } from './startup.ts';
import { stateBench } from './state.ts';
import { storeBench } from './store.ts';
import { wholeBench } from './whole.ts';

const decodeBench: Bench = {
  name: 'decode',
  meaning: 'packets per second of decoding alone, from memory, on one core; the slowest PDU of each layer',
  async run(scale) {
    const { packetsPerSecond, bytesPerPacket } = benchDecode({ packets: scale === 'full' ? 1_000_000 : 5_000 });
    return [
      { key: 'decode.packetsPerS', value: packetsPerSecond, unit: 'packets/s' },
      { key: 'decode.bytesPerPacket', value: bytesPerPacket, unit: 'bytes' },
      ...slowestOfLayers(scale === 'full' ? 5_000 : 20),
    ];
  },
};

const pushBench: Bench = {
  name: 'push',
  meaning: 'frames of 10,012 cells and 50 regions; a delta with 800 changed cells',
  async run(scale) {
    const figures = benchPush(scale === 'full' ? 500 : 10);
    return [
      { key: 'push.snapshotBytes', value: figures.snapshotBytes, unit: 'bytes' },
      { key: 'push.deltaBytes', value: figures.deltaBytes, unit: 'bytes' },
      { key: 'push.tickUs', value: figures.tickUs, unit: 'µs' },
      { key: 'push.snapshotUs', value: figures.snapshotUs, unit: 'µs' },
      { key: 'push.applyUs', value: figures.applyUs, unit: 'µs' },
    ];
  },
};

/** Every bench, in the order they run. */
export const benches: readonly Bench[] = [
  cityBench,
  simulateBench,
  decodeBench,
  mapBench,
  ranapBench,
  correlateBench,
  scaleBench,
  presenceBench,
  pausesBench,
  stateBench,
  journalBench,
  ackedBench,
  pushBench,
  latencyBench,
  storeBench,
  historyBench,
  pastBench,
  pipelineBench,
  wholeBench,
  largeBench,
  outageBench,
  memoryBench,
  restartBench,
  accuracyBench,
  estimateBench,
  startupBench,
];
