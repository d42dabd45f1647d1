import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { placing } from '../reference/placing.ts';
import type { Region } from '../reference/read-regions.ts';
import { RegionIndex } from '../reference/region-index.ts';
import type { Core } from './core.ts';
import type { EventLog } from './event-log.ts';
import { inSlices } from './in-slices.ts';

/** What has become of an edit. */
export interface RegionsChange {
  /** Of the set from now on. */
  readonly version: number;
  readonly regions: number;
  /** Event time from which it counts, µs. */
  readonly fromUs: number;
  /** Regions that no cell is in, and the like. */
  readonly warnings: readonly string[];
}

/** They stand in one record of the journal. */
const membersMax = 2_000_000;

/** Replaces the micro-regions while the server runs: at one place in the journal, so that a restart does it there too. */
export class RegionEditor {
  readonly #core: Pick<Core, 'state' | 'counting' | 'whenApplied'>;
  readonly #records: Pick<EventLog, 'append'>;
  readonly #journal: Pick<Journal, 'full' | 'failed'>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #regionsMax: number;
  #editing = false;

  constructor(options: {
    core: Pick<Core, 'state' | 'counting' | 'whenApplied'>;
    records: Pick<EventLog, 'append'>;
    journal: Pick<Journal, 'full' | 'failed'>;
    clock: Clock;
    timers: Timers;
    config: Pick<Config, 'regionsMax'>;
  }) {
    this.#core = options.core;
    this.#records = options.records;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#regionsMax = options.config.regionsMax;
  }

  /** The present set. */
  get regions(): readonly Region[] {
    return this.#core.state.regions;
  }

  /** Grows with each set. */
  get version(): number {
    return this.#core.state.regionsVersion;
  }

  /**
   * Resolves when the set is on disk and counted.
   *
   * @param source what the regions come from, for errors
   * @throws UserError REGION_CELL_UNKNOWN, REGIONS_TOO_LARGE, REGIONS_TOO_MANY; REGIONS_BUSY, JOURNAL_FULL where trying again later helps
   */
  async set(regions: readonly Region[], source: string): Promise<RegionsChange> {
    if (this.#editing) throw new UserError('REGIONS_BUSY', 'another edit is being taken in: send yours again');
    if (this.#journal.full || this.#journal.failed !== null) {
      throw new UserError(
        'JOURNAL_FULL',
        'the journal takes nothing until the database has caught up or the disk has room: try again then',
      );
    }
    if (regions.length > this.#regionsMax) throw tooMany(source, regions.length, this.#regionsMax);
    this.#editing = true;
    try {
      const { state, counting } = this.#core;
      const warnings: string[] = [];
      const placed = await inSlices(placing(regions, state.registry, `${source}: `, membersMax), this.#timers);
      const warn = (line: string) => warnings.push(line);
      const index = new RegionIndex([...regions], state.registry, warn, source, false, placed);
      // It only tells which cells the regions hold; those that turn up join the one that counts.
      index.close();
      const members = regions.map((_, region) => [...index.cellsOf(region)]);
      const clockUs = counting.engine.view.clockUs;
      const edit = { fromUs: clockUs > 0 ? clockUs : this.#clock.nowUs(), members };
      const version = state.regionsVersion + 1;
      await this.#core.whenApplied(this.#records.append({ k: 'regions', regions, version, edit }));
      return { version, regions: regions.length, fromUs: edit.fromUs, warnings };
    } finally {
      this.#editing = false;
    }
  }
}

function tooMany(source: string, count: number, max: number): UserError {
  return new UserError(
    'REGIONS_TOO_MANY',
    `${source}: ${count} regions, of which regionsMax allows ${max}: leave some out, or set it higher at the next start`,
  );
}
