import { spawnSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeCity } from '../../fixtures/make/city/index.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { openFeedPipeline } from '../../server/cli/feed-pipeline.ts';
import { startFeedThread } from '../../server/cli/feed-thread.ts';
import { simulateCommand } from '../../server/cli/simulate.ts';
import { systemClock } from '../../server/clock.ts';
import { FeedHub } from '../../server/events/hub.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { ephemeralKey } from '../../server/privacy/key-file.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { newPosition, noPast, sortingSink } from '../tools/sorting-sink.ts';
import { type Bench, type Figure, median } from './bench.ts';
import { cityConfig } from './city-pipeline.ts';
import { repeatCapture } from './repeat-capture.ts';

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

/** Seconds that each copy of the packets took; what comes in one piece counts in equal shares. */
class Laps {
  readonly seconds: number[] = [];
  readonly #packets: number;
  #fromMs = performance.now();

  constructor(packets: number) {
    this.#packets = packets;
  }

  at(frames: number): void {
    const copies = Math.floor(frames / this.#packets) - this.seconds.length;
    if (copies < 1) return;
    const nowMs = performance.now();
    for (let copy = 0; copy < copies; copy++) this.seconds.push((nowMs - this.#fromMs) / 1000 / copies);
    this.#fromMs = nowMs;
  }
}

/**
 * The whole way of a capture as the server runs it: one thread reads and decodes, one correlates, this one puts in
 * order and counts. The capture is `copies` times the same packets; seconds that each copy took, oldest first.
 */
async function runPipeline(path: string, packets: number): Promise<{ seconds: number[]; events: number }> {
  const city = makeCity(1);
  const registry = new CellRegistry();
  registry.load(city.cells);
  const regions = new RegionIndex(city.regions, registry, () => undefined);
  const engine = new Engine({ config: cityConfig, registry, regions, everyUs: 60_000_000 });
  const spec = parseFeedUri(`pcap:${path}`, cityConfig.homePlmns.split(',')[0]);
  const key = new Uint8Array(32).fill(7);
  let events = 0;
  const laps = new Laps(packets);
  await new Promise<void>((resolve, reject) => {
    const port = startFeedThread({ spec, config: cityConfig, key, known: {} }, reject);
    const hub = new FeedHub({
      config: cityConfig,
      clock: systemClock,
      log: () => undefined,
      speed: 0,
      feeds: [
        {
          id: 'capture',
          uri: spec.uri,
          position: newPosition(0),
          port: {
            ...port,
            onMessage: (listener) =>
              port.onMessage((message) => {
                listener(message);
                if (message.k !== 'batch' && message.k !== 'clock') return;
                events = message.at.counters.events;
                laps.at(message.at.counters.frames);
              }),
          },
        },
      ],
      past: noPast(),
      sink: sortingSink({
        latenessUs: cityConfig.latenessMs * 1000,
        rowsMax: cityConfig.reorderRowsMax,
        cellIdOf: (cgi) => registry.idOf(cgi),
        onRows: (batch, from, to) => engine.apply(batch, from, to),
        onLate: (batch, from, to) => engine.applyLate(batch, from, to),
        onClock: (clockUs, feedClocksUs) => engine.advance(clockUs, feedClocksUs),
        onEnd: () => void hub.stop().then(resolve, reject),
      }),
      room: () => null,
      onFailed: reject,
    });
    hub.start().catch(reject);
  });
  return { seconds: laps.seconds, events };
}

/** The same up to events: one thread reads and decodes, this one correlates. Seconds per copy, oldest first. */
async function runCorrelation(path: string, packets: number): Promise<number[]> {
  let events = 0;
  const pipeline = await openFeedPipeline(parseFeedUri(`pcap:${path}`, cityConfig.homePlmns.split(',')[0]), {
    config: cityConfig,
    sorted: false,
    decodeApart: true,
    sink: {
      event: () => {
        events++;
      },
    },
    pseudonymiser: new Pseudonymiser(ephemeralKey()),
  });
  const laps = new Laps(packets);
  for (let why = 'more'; why !== 'end'; ) {
    why = await pipeline.run(Number.POSITIVE_INFINITY);
    // The thread that decodes is heard between two runs.
    await new Promise(setImmediate);
    laps.at(pipeline.counters().frames);
  }
  await pipeline.close();
  if (events === 0) throw new Error('no event came out of the capture');
  return laps.seconds;
}

/** Seconds of tshark over a capture. */
function runTshark(path: string): number {
  const startedMs = performance.now();
  const done = spawnSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (done.status !== 0) throw new Error(`tshark failed: ${done.stderr}`);
  return (performance.now() - startedMs) / 1000;
}

/** One capture of the city both ways, beside tshark. @param key begins its figures' keys */
async function measure(folder: string, key: string, scale: 'full' | 'small', args: string[]): Promise<Figure[]> {
  const path = join(folder, `${key}.pcap`);
  const packets = scale === 'full' ? 1_000_000 : 5_000;
  const population = scale === 'full' ? 200_000 : 2_000;
  await simulateCommand.run([
    ...['--out', path, '--seed', '1', '--population', String(population)],
    ...['--from', '17:30', '--hours', '4', '--packets', String(packets)],
    ...args,
  ]);
  // A lap is an eighth of a second, and compiling goes on for several.
  const copies = scale === 'full' ? 15 : 2;
  const repeated = join(folder, 'repeated.pcap');
  repeatCapture(path, repeated, copies);
  const { seconds, events } = await runPipeline(repeated, packets);
  // The first copy warms up.
  const perCopy = median(seconds.slice(1));
  const [cold, ...warm] = await runCorrelation(repeated, packets);
  const correlated = median(warm);
  rmSync(repeated);
  const tshark = median(Array.from({ length: scale === 'full' ? 2 : 1 }, () => runTshark(path)));
  return [
    { key: `${key}.packets`, value: packets, unit: 'packets' },
    { key: `${key}.bytes`, value: statSync(path).size, unit: 'bytes' },
    { key: `${key}.events`, value: events / copies, unit: 'events' },
    { key: `${key}.packetsPerS`, value: packets / perCopy, unit: 'packets/s' },
    { key: `${key}.correlatedPacketsPerS`, value: packets / correlated, unit: 'packets/s' },
    { key: `${key}.tsharkPacketsPerS`, value: packets / tshark, unit: 'packets/s' },
    { key: `${key}.timesTshark`, value: tshark / perCopy, unit: '×' },
    { key: `${key}.correlatedTimesTshark`, value: tshark / correlated, unit: '×' },
    { key: `${key}.coldTimesTshark`, value: tshark / cold, unit: '×' },
  ];
}

export const pipelineBench: Bench = {
  name: 'pipeline',
  meaning:
    'packets of a simulated A-interface capture, and of one with MAP beside it, to events and through presence and occupancy, on the threads that the server has; peer: tshark -T fields on the same packets',
  async run(scale): Promise<Figure[]> {
    const folder = temporaryFolder('bench');
    try {
      return [
        ...(await measure(folder.path, 'pipeline', scale, ['--no-map'])),
        ...(await measure(folder.path, 'pipeline.withMap', scale, [])),
      ];
    } finally {
      folder.remove();
    }
  },
};
