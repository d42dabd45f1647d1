import { makeConfig } from '../../server/config.ts';
import { Counting } from '../../server/core/counting.ts';
import { sliceMs } from '../../server/core/in-slices.ts';
import { LogState } from '../../server/core/log-state.ts';
import { Staging } from '../../server/core/snapshot-file.ts';
import { encodeRecord, type LogRecord } from '../../server/journal/records.ts';
import type { CellInfo } from '../../server/reference/cell-registry.ts';
import type { Bench, Figure } from './bench.ts';
import { cellsInTree, homeOf, localSettings } from './city-tree.ts';
import { computedMs } from './computed-ms.ts';
import { CityEvents, plainCells, regionList, streams } from './presence-city.ts';

const windowUs = 10e6;

const causes = ['rows', 'clock', 'interval', 'snapshot', 'backlog', 'regions', 'gap'] as const;
type Cause = (typeof causes)[number];

/** What is counted: the city in its default form, or one with a region tree and people from elsewhere. */
interface City {
  readonly cells: CellInfo[];
  readonly settings: Record<string, string>;
  readonly homeOf?: (sub: number) => number;
}

/**
 * Counting of a city as the core does it: records in slices, with what it gives encoded for the journal, between which the
 * event loop has its turn. The longest slice by cause.
 */
class Slices {
  readonly longestMs: Record<Cause, number> = {
    ...{ rows: 0, clock: 0, interval: 0, snapshot: 0, backlog: 0, regions: 0, gap: 0 },
  };
  readonly state = new LogState();
  readonly counting: Counting;
  /** Intervals handed on. */
  private final = 0;

  constructor({ cells, settings }: City) {
    this.state.registry.load(cells);
    this.state.regions = regionList();
    const config = makeConfig({ where: 'bench', settings });
    this.counting = new Counting(config, this.state, (number, derived) => {
      encodeRecord({ ...derived, number } as LogRecord);
      if (derived.k === 'gauges') this.final++;
    });
  }

  /** Runs the steps to their end, in slices. Those of a decision of the clock by which an interval closes or is final are its. */
  run(cause: Cause, steps: Generator<void>): void {
    const { final } = this;
    const { view } = this.counting.engine;
    const { intervalEndUs } = view;
    let longestMs = 0;
    let sinceMs = computedMs();
    for (let done = false; !done; ) {
      done = steps.next().done === true;
      const ms = computedMs() - sinceMs;
      if (ms < sliceMs && !done) continue;
      longestMs = Math.max(longestMs, ms);
      sinceMs = computedMs();
    }
    const isInterval = cause === 'clock' && (this.final > final || view.intervalEndUs !== intervalEndUs);
    const why = isInterval ? 'interval' : cause;
    this.longestMs[why] = Math.max(this.longestMs[why], longestMs);
  }

  release(cause: Cause, toUs: number): void {
    this.state.feedClocksUs.fill(toUs);
    const clocks = this.state.feedClocksUs.slice(0, 1);
    const record = { k: 'clock', releaseUs: toUs, wallUs: 0, feedClocksUs: clocks, readUs: clocks } as const;
    this.run(cause, this.counting.applying(record));
  }
}

const plain: City = { cells: plainCells(), settings: {} };
const withTree: City = { cells: cellsInTree(), settings: localSettings, homeOf };

function measure(events: number, subscribers: number, city: City, prefix: string): Figure[] {
  const slices = new Slices(city);
  const { counting, longestMs } = slices;
  const source = new CityEvents(events, subscribers, streams.day, city.homeOf);
  const position = {
    ...{ identity: 'bench', number: 0, seq: 0, epoch: 0 },
    ...{ eventUs: 0, clockUs: 0, firstUs: 0 },
  };
  let newestUs = 0;
  let taken = 0;
  const everyRows = events / 10;
  while (taken < (events * 9) / 10 && source.next()) {
    const { batch } = source;
    newestUs = batch.timeUs[batch.n - 1];
    slices.run('rows', counting.applying({ k: 'batch', position, rowsBefore: taken, batch }));
    slices.release('clock', newestUs - windowUs);
    const turn = Math.floor(taken / everyRows);
    taken += batch.n;
    if (Math.floor(taken / everyRows) > turn) {
      const staging = new Staging();
      slices.run('snapshot', counting.save(staging));
      staging.release();
    }
    // What compiled the code is nobody's pause.
    if (turn === 0) for (const cause of causes) longestMs[cause] = 0;
  }
  // A decision of the clock that was long in coming: all that came meanwhile goes out at once.
  while (source.next()) {
    newestUs = source.batch.timeUs[source.batch.n - 1];
    slices.run('rows', counting.applying({ k: 'batch', position, rowsBefore: taken, batch: source.batch }));
  }
  slices.release('backlog', newestUs);
  // Every region gets other cells.
  const others = regionList().map((region) => ({ ...region, cells: region.cells!.slice(1) }));
  slices.run(
    'regions',
    counting.settingRegions(others, () => undefined),
  );
  const { present } = counting.engine.view;
  // The feeds are silent for three hours: all vanish.
  slices.release('gap', newestUs + 3 * 3_600e6);
  return [
    { key: `${prefix}.present`, value: present, unit: 'subscribers' },
    ...causes.map((cause) => ({ key: `${prefix}.${cause}Ms`, value: longestMs[cause], unit: 'ms' })),
    { key: `${prefix}.longestMs`, value: Math.max(...Object.values(longestMs)), unit: 'ms' },
  ];
}

export const pausesBench: Bench = {
  name: 'pauses',
  meaning:
    'longest slice of counting with dwell and trips between two turns of the event loop, by what it did, but for waits for a processor; snapshots are taken meanwhile',
  async run(scale) {
    const [events, subscribers] = scale === 'full' ? [6_000_000, 1_000_000] : [60_000, 5_000];
    return [
      ...measure(events, subscribers, plain, 'pauses'),
      ...measure(events, subscribers, withTree, 'pauses.withTree'),
    ];
  },
};
