import { machineImsis, makeCity } from '../../fixtures/make/city/index.ts';
import type { FrameReader } from '../../server/capture/frame-reader.ts';
import { type FeedPipeline, framePipeline } from '../../server/cli/feed-pipeline.ts';
import { makeConfig } from '../../server/config.ts';
import { BatchWriter } from '../../server/events/batch-writer.ts';
import { type EventBatch, noCell } from '../../server/events/event-batch.ts';
import { Sorter } from '../../server/events/sorter.ts';
import { Engine } from '../../server/occupancy/engine.ts';
import { ephemeralKey } from '../../server/privacy/key-file.ts';
import { Pseudonymiser } from '../../server/privacy/pseudonymiser.ts';
import { CellRegistry } from '../../server/reference/cell-registry.ts';
import { RegionIndex } from '../../server/reference/region-index.ts';

/** The simulated subscribers' own PLMN is at home. */
export const cityConfig = makeConfig({ where: 'bench', settings: { homePlmns: '460-00,001-01', machineImsis } });
const windowUs = cityConfig.reorderWindowMs * 1000;

export interface CityPipeline {
  readonly engine: Engine;
  readonly registry: CellRegistry;
  readonly regions: RegionIndex;
  readonly pipeline: FeedPipeline;
  /** Reads and counts everything before `untilUs`; true at the feed's end. */
  runTo(untilUs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** The whole way of frames of the simulated city on one thread: decode, correlate, reorder, presence, occupancy. */
export function cityPipeline(
  reader: FrameReader,
  options: {
    seed?: number;
    venueLac?: 'own' | 'shared';
    /** The city of that seed and those location areas, where it is at hand. */
    city?: Pick<ReturnType<typeof makeCity>, 'cells' | 'regions'>;
    pseudonymiser?: Pseudonymiser;
    /** Is shown the rows before they are counted. */
    onRows?: (batch: EventBatch, from: number, to: number) => void;
  } = {},
): CityPipeline {
  const city = options.city ?? makeCity(options.seed ?? 1, options.venueLac);
  const registry = new CellRegistry();
  registry.load(city.cells);
  const regions = new RegionIndex(city.regions, registry, () => undefined);
  const engine = new Engine({ config: cityConfig, registry, regions, everyUs: 60_000_000 });
  const sorter = new Sorter({
    latenessUs: cityConfig.latenessMs * 1000,
    rowsMax: cityConfig.reorderRowsMax,
    onRows: (batch, from, to) => {
      options.onRows?.(batch, from, to);
      engine.apply(batch, from, to);
    },
    onLate: (batch, from, to) => engine.applyLate(batch, from, to),
    onTooLate: () => undefined,
  });
  const writer = new BatchWriter();
  const pseudonymiser = options.pseudonymiser ?? new Pseudonymiser(ephemeralKey());
  const pipeline = framePipeline(reader, { config: cityConfig, sorted: false, sink: writer, pseudonymiser });
  const ids: number[] = [];
  const take = () => {
    do {
      const { batch, newCells } = writer.take();
      for (const cgi of newCells) ids.push(registry.idOf(cgi));
      for (let i = 0; i < batch.n; i++) if (batch.cell[i] !== noCell) batch.cell[i] = ids[batch.cell[i]];
      sorter.push(batch);
    } while (writer.waiting > 0);
  };
  return {
    engine,
    registry,
    regions,
    pipeline,
    runTo: async (untilUs) => {
      // Rows of the window behind untilUs may still lie in front of it.
      for (;;) {
        const why = await pipeline.run(untilUs + windowUs, 16_384);
        take();
        const doneUs = why === 'end' ? pipeline.clockUs + 1 : Math.min(untilUs, pipeline.clockUs - windowUs);
        sorter.release(doneUs);
        engine.advance(doneUs);
        if (why !== 'more') return why === 'end';
      }
    },
    close: () => pipeline.close(),
  };
}
