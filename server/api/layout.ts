import type { Layout, LayoutCell, LayoutRegion, Schematic } from '../../shared/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { CellRegistry } from '../reference/cell-registry.ts';
import type { RegionIndex } from '../reference/region-index.ts';

/** New cells turn up by the hundred when a feed starts: screens fetch the layout anew at most this often. */
const rebuildMs = 2000;

export interface LayoutSources {
  clock: Clock;
  config: Config;
  registry: CellRegistry;
  regions(): RegionIndex;
  /** Grows with each set of regions. */
  regionsVersion(): number;
  /** Heading of the wall where the configuration names none. */
  title: string;
  build: string;
  /** Drawn under the cells where no tiles are configured; null: nothing. */
  schematic: Schematic | null;
}

function mapOf(config: Config, schematic: Schematic | null): Layout['map'] {
  if (config.pmtilesFile !== '')
    return { kind: 'pmtiles', url: 'api/base.pmtiles', attribution: config.mapAttribution };
  if (config.tileUrl !== '') return { kind: 'tiles', url: config.tileUrl, attribution: config.mapAttribution };
  return { kind: schematic === null ? 'none' : 'schematic', url: '', attribution: '' };
}

/**
 * Makes the layout that screens fetch, anew only when cells or regions have changed: a list of 10,012 is not built each
 * second.
 */
export function layoutMaker(sources: LayoutSources): () => Layout {
  const { config, registry } = sources;
  let made: Layout | null = null;
  let madeMs = 0;
  let madeOf: RegionIndex | null = null;
  let madeVersion = -1;
  let trees = 0;
  return () => {
    const nowMs = sources.clock.monotonicMs();
    const version = sources.regionsVersion();
    const regions = sources.regions();
    // Another region tree, of the same set.
    if (made !== null && madeOf !== regions && madeVersion === version) trees++;
    // All only grow, so their sum does with each.
    const revision = registry.revision + version + trees;
    const waits = madeOf === regions && nowMs - madeMs < rebuildMs;
    if (made !== null && (made.revision === revision || waits)) return made;
    madeMs = nowMs;
    madeOf = regions;
    madeVersion = version;
    const cells: LayoutCell[] = [];
    for (let id = 0; id < registry.count; id++) {
      const { cgi, name, lon, lat, azimuth } = registry.info(id);
      cells.push({ cgi, name, lon, lat, azimuth });
    }
    const drawn = regions.regions.slice(0, regions.drawn);
    const layoutRegions: LayoutRegion[] = drawn.map(({ id, name, kind, capacity, polygons }, i) => ({
      id,
      name,
      kind,
      capacity,
      polygons,
      cellCount: regions.cellCount(i),
    }));
    made = {
      revision,
      build: sources.build,
      title: config.wallTitle === '' ? sources.title : config.wallTitle,
      timeZone: config.timeZone,
      flowWindowMs: config.flowWindowMs,
      gaugeEveryMs: config.gaugeEveryMs,
      holdDownMs: config.holdDownMs,
      minCount: config.minCount,
      map: mapOf(config, sources.schematic),
      schematic: sources.schematic,
      cells,
      regions: layoutRegions,
      tree: regions.nodes.map(({ id, name, level, parent }, i) => ({
        ...{ id, name, level, parent },
        cellCount: regions.cellCount(regions.drawn + i),
      })),
    };
    return made;
  };
}
