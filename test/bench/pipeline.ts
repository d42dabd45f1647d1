import { spawnSync } from 'node:child_process';
import { statSync } from "node:fs";
import { join } from 'node:path';
import { makeCity } from '../../fixtures/make/city/index.ts';
import { type FeedPipeline, openFeedPipeline } from '../../server/cli/feed-pipeline.ts';
import { simulateCommand } from '../../server/cli/simulate.ts';
import { makeConfig } from '../../server/config.ts';
import { BatchWriter } from '../../server/events/batch-writer.ts';
import { noCell } from '../../server/events/event-batch.ts';
import { Sorter } from '../../server/events/sorter.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { ephemeralKey } from '../../server/privacy/key-file.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';
import { temporaryFolder } from '../tools/serve.ts';
import { type Bench, type Figure, median, medianSeconds } from './bench.ts';

const config = makeConfig({ where: 'bench', settings: { homePlmns: '460-00,001-01' } });
const windowUs = config.reorderWindowMs * 1000;
/** The dozen fields that a shell pipeline on tshark would want. */
const fields = [
  ...['frame.number', 'frame.time_epoch', 'sccp.message_type', 'sccp.slr', 'sccp.dlr', 'gsm_a.bssmap.msgtype'],
  ...['gsm_a.dtap.msg_mm_type', 'gsm_a.dtap.msg_cc_type', 'e212.imsi', '3gpp.tmsi', 'gsm_a.bssmap.cell_lac', 'gsm_a.bssmap.cell_ci'],
];

/** The whole way of a capture on one thread: read, decode, correlate, reorder, presence, occupancy. */
async function runPipeline(path: string, pseudonymiser: Pseudonymiser): Promise<{ packets: number; events: number; present: number }> {
  const city = makeCity(1);
  const registry = new CellRegistry();
  registry.load(city.cells);
  const regions = new RegionIndex(city.regions, registry, () => undefined);
  const engine = new Engine({ config, registry, regions, everyUs: 60_000_000 });
  const sorter = new Sorter({
    latenessUs: config.latenessMs * 1000,
    rowsMax: config.reorderRowsMax,
    onRows: (batch, from, to) => engine.apply(batch, from, to),
    onLate: (batch, from, to) => engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  const writer = new BatchWriter();
  const pipeline: FeedPipeline = await openFeedPipeline(
    { kind: 'pcap', path, uri: path },
    { config, sorted: false, sink: writer, pseudonymiser },
  );
  const ids: number[] = [];
  for (let why = 'more'; why !== 'end'; ) {
    why = await pipeline.run(Number.POSITIVE_INFINITY, 16_384);
    do {
      const { batch, newCells } = writer.take();
      for (const cgi of newCells) ids.push(registry.idOf(cgi));
      for (let i = 0; i < batch.n; i++) if (batch.cell[i] !== noCell) batch.cell[i] = ids[batch.cell[i]];
      sorter.push(batch);
    } while (writer.waiting > 0);
    sorter.release(why === 'end' ? Number.POSITIVE_INFINITY : pipeline.clockUs - windowUs);
    engine.advance(why === 'end' ? pipeline.clockUs : pipeline.clockUs - windowUs);
  }
  await pipeline.close();
  const { frames, events } = pipeline.counters();
  return { packets: frames, events, present: engine.view.present };
}

export const pipelineBench: Bench = {
  name: 'pipeline',
  meaning: 'packets of a simulated capture through decode, correlate, presence and occupancy on one core; peer: tshark -T fields on the same file',
  async run(scale): Promise<Figure[]> {
    const folder = temporaryFolder('bench');
    try {
      const path = join(folder.path, 'city.pcap');
      const packets = scale === 'full' ? 1_000_000 : 5_000;
      const population = scale === 'full' ? 200_000 : 2_000;
      await simulateCommand.run([
        ...['--out', path, '--truth', join(folder.path, 'truth.csv'), '--seed', '1', '--population', String(population)],
        ...['--from', '17:30', '--hours', '4', '--packets', String(packets)],
      ]);
      const pseudonymiser = new Pseudonymiser(ephemeralKey());
      let seen = { packets: 0, events: 0, present: 0 };
      const seconds = await medianSeconds(scale === 'full' ? 5 : 1, async () => {
        seen = await runPipeline(path, pseudonymiser);
      });
      const tshark: number[] = [];
      for (let run = 0; run < (scale === 'full' ? 2 : 1); run++) {
        const startedMs = performance.now();
        const done = spawnSync('tshark', ['-n', '-r', path, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
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
