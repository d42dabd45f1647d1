import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { openCapture } from '../../server/capture/open-capture.ts';
import { simulateCommand } from '../../server/cli/simulate.ts';
import { ephemeralKey } from '../../server/privacy/key-file.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { type Bench, type Figure, median } from './bench.ts';
import { cityPipeline } from './city-pipeline.ts';

/** The dozen fields that a shell pipeline on tshark would want. */
const fields = [
  ...['frame.number', 'frame.time_epoch', 'sccp.message_type', 'sccp.slr', 'sccp.dlr', 'gsm_a.bssmap.msgtype'],
  ...[
    'gsm_a.dtap.msg_mm_type',
    'gsm_a.dtap.msg_cc_type',
    'e212.imsi',
    '3gpp.tmsi',
    'gsm_a.bssmap.cell_lac',
    'gsm_a.bssmap.cell_ci',
  ],
];

interface Run {
  packets: number;
  events: number;
  seconds: number;
}

/**
 * The whole way of a capture on one thread: read, decode, correlate, reorder, presence, occupancy. Timed from the
 * first packet to the last; the city's cells and regions are loaded before.
 */
async function runPipeline(path: string, pseudonymiser: Pseudonymiser): Promise<Run> {
  const way = cityPipeline(await openCapture(path), { pseudonymiser });
  const startedMs = performance.now();
  await way.runTo(Number.POSITIVE_INFINITY);
  const seconds = (performance.now() - startedMs) / 1000;
  await way.close();
  const { frames, events } = way.pipeline.counters();
  return { packets: frames, events, seconds };
}

export const pipelineBench: Bench = {
  name: 'pipeline',
  meaning:
    'packets of a simulated capture through decode, correlate, presence and occupancy on one core; peer: tshark -T fields on the same file',
  async run(scale): Promise<Figure[]> {
    const folder = temporaryFolder('bench');
    try {
      const path = join(folder.path, 'city.pcap');
      const packets = scale === 'full' ? 1_000_000 : 5_000;
      const population = scale === 'full' ? 200_000 : 2_000;
      await simulateCommand.run([
        ...[
          '--out',
          path,
          '--truth',
          join(folder.path, 'truth.csv'),
          '--seed',
          '1',
          '--population',
          String(population),
        ],
        ...['--from', '17:30', '--hours', '4', '--packets', String(packets)],
      ]);
      const pseudonymiser = new Pseudonymiser(ephemeralKey());
      const runs: Run[] = [];
      for (let run = 0; run < (scale === 'full' ? 6 : 2); run++) runs.push(await runPipeline(path, pseudonymiser));
      const seen = runs[0];
      // The first run warms up.
      const seconds = median(runs.slice(1).map((run) => run.seconds));
      const tshark: number[] = [];
      for (let run = 0; run < (scale === 'full' ? 2 : 1); run++) {
        const startedMs = performance.now();
        const done = spawnSync(
          'tshark',
          ['-n', '-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
          {
            stdio: ['ignore', 'ignore', 'pipe'],
          },
        );
        if (done.status !== 0) throw new Error(`tshark failed: ${done.stderr}`);
        tshark.push((performance.now() - startedMs) / 1000);
      }
      return [
        { key: 'pipeline.packets', value: seen.packets, unit: 'packets' },
        { key: 'pipeline.bytes', value: statSync(path).size, unit: 'bytes' },
        { key: 'pipeline.events', value: seen.events, unit: 'events' },
        { key: 'pipeline.packetsPerS', value: seen.packets / seconds, unit: 'packets/s' },
        { key: 'pipeline.tsharkPacketsPerS', value: seen.packets / median(tshark), unit: 'packets/s' },
        { key: 'pipeline.timesTshark', value: median(tshark) / seconds, unit: '×' },
      ];
    } finally {
      folder.remove();
    }
  },
};
