import { makeCity } from '../../fixtures/make/city/index.ts';
import type { Schematic } from '../../shared/protocol.ts';
import type { FeedSpec } from '../capture/feed-uri.ts';
import type { Log } from '../log.ts';
import { type CellInfo, CellRegistry } from '../reference/cell-registry.ts';
import { readCells } from '../reference/read-cells.ts';
import { type Region, readRegions } from '../reference/read-regions.ts';
import { RegionIndex } from '../reference/region-index.ts';

/** What the network consists of, as the command line gives it. */
export interface ReferenceInput {
  /** A cell list, from `--cells` or the simulated city; null: cells are known as they turn up. */
  cells: CellInfo[] | null;
  /** From `--regions` or the simulated city; null: none are given, and those of before stand. */
  regions: Region[] | null;
  schematic: Schematic | null;
}

/** Reads and checks the reference data, before anything costly is opened. */
export async function readReference(
  options: { cellsFile?: string; regionsFile?: string },
  specs: FeedSpec[],
  log: Log,
): Promise<ReferenceInput> {
  const { cellsFile, regionsFile } = options;
  const sim = specs.find((spec) => spec.kind === 'sim');
  const city = sim === undefined ? null : makeCity(sim.options.seed ?? 1, sim.options.venueLac ?? 'own');
  const listed = cellsFile === undefined ? null : await readCells(cellsFile);
  const cells = city === null ? listed : [...city.cells, ...(listed ?? [])];
  const warn = (line: string) => log('warn', line);
  const regions = regionsFile === undefined ? (city?.regions ?? null) : await readRegions(regionsFile, warn);
  // A region that names an unlisted cell is refused here already.
  const registry = new CellRegistry();
  if (cells !== null) registry.load(cells);
  new RegionIndex(regions ?? [], registry, cells === null ? () => undefined : warn, regionsFile);
  return { cells, regions, schematic: city?.schematic ?? null };
}
