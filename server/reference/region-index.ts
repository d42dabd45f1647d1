import { UserError } from '../errors.ts';
import { toEnd } from '../to-end.ts';
import type { CellInfo, CellRegistry } from './cell-registry.ts';
import { inPolygon, type Polygon } from './geometry.ts';
import { type Placed, placing } from './placing.ts';
import type { Region } from './read-regions.ts';
import { growingTree, nodesOf, type RegionTree, type TreeRegion } from './region-tree.ts';

interface Matcher {
  /** Exact CGIs and the prefixes of a cell list; both null where the geometry decides. */
  exact: Set<string> | null;
  prefixes: string[];
  polygons: Polygon[];
}

/** Cells placed before others have their turn: about a millisecond. */
const cellsAtOnce = 1_000;

function matcherOf(region: Region): Matcher {
  if (region.cells !== null) {
    return {
      exact: new Set(region.cells.filter((cell) => !cell.endsWith('*'))),
      prefixes: region.cells.filter((cell) => cell.endsWith('*')).map((cell) => cell.slice(0, -1)),
      polygons: [],
    };
  }
  return { exact: null, prefixes: [], polygons: region.polygons ?? [] };
}

function listMatches(matcher: Matcher, cgi: string): boolean {
  return matcher.exact!.has(cgi) || matcher.prefixes.some((prefix) => cgi.startsWith(prefix));
}

/**
 * Which micro-regions each cell is in. Cells with the same regions share a *set*, so that a move between two of them
 * is seen to cross nothing by comparing two numbers; set 0 is the empty one. Cells that turn up later join the regions
 * that match them.
 *
 * A list of cells replaces a region's geometry. An exact CGI that a loaded cell list lacks is an error; a geometry
 * that no cell with a position is in matches nothing, and `warn` gets one line that names all such regions.
 *
 * With `tree`, the nodes of the region tree that the cells known now name stand behind the micro-regions.
 */
export class RegionIndex {
  readonly regions: readonly Region[];
  /** Micro-regions: places below it. */
  readonly drawn: number;
  /** The nodes of the region tree: node `i` stands at place `drawn + i`. */
  readonly nodes: readonly TreeRegion[];
  /** Set of each cell, by cell id; replaced when it grows. */
  setOf = new Uint32Array(1024);
  /** The regions of each set, ascending. */
  readonly sets: Uint32Array[] = [new Uint32Array(0)];

  private readonly named: string;
  private readonly registry: CellRegistry;
  private readonly matchers: Matcher[];
  private readonly nodePlaces: ReadonlyMap<string, number>;
  private readonly members: number[][];
  private readonly setIds = new Map<string, number>([['', 0]]);
  private readonly warn: (line: string) => void;
  /** Of {@link RegionTree}, until they are placed. */
  private nodesOfCells: RegionTree['ofCells'];
  private stopListening: () => void = () => undefined;

  /**
   * @param source the file that the regions come from; errors and warnings name it
   * @param tree whether the nodes of the cells' tree are regions too; or what {@link growingTree} has just found of it
   * @param placed what {@link placing} has found of these regions, where it was to be done in slices; `later`: nothing is asked
   * of it until {@link placingCells} has ended
   */
  constructor(
    regions: readonly Region[],
    registry: CellRegistry,
    warn: (line: string) => void,
    source?: string,
    tree: boolean | RegionTree = false,
    placed?: Placed | 'later',
  ) {
    this.named = source === undefined ? '' : `${source}: `;
    this.drawn = regions.length;
    const grown = tree === true ? toEnd(growingTree(registry)) : tree;
    this.nodes = grown === false ? [] : grown.nodes;
    this.nodePlaces = new Map(this.nodes.map(({ id }, i) => [id, this.drawn + i]));
    this.regions = [...regions, ...this.nodes];
    this.registry = registry;
    this.matchers = regions.map(matcherOf);
    this.members = this.regions.map(() => []);
    if (registry.listLoaded) this.refuseUnlistedCells();
    this.nodesOfCells = grown === false ? [] : grown.ofCells;
    this.warn = warn;
    if (placed !== 'later') toEnd(this.placingCells(placed ?? toEnd(placing(regions, registry))));
  }

  /** Places the cells known now, a slice at a time; those that have turned up since `placed` are matched one by one. */
  *placingCells(placed: Placed): Generator<void> {
    for (let id = 0; id < this.registry.count; id++) {
      if (id % cellsAtOnce === cellsAtOnce - 1) yield;
      const nodes = this.nodesOfCells[id]?.map((node) => this.drawn + node) ?? this.nodesAt(id);
      this.place(id, id < placed.length ? [...placed[id], ...nodes] : this.match(id));
    }
    this.nodesOfCells = [];
    this.warnOfEmptyGeometries();
    this.stopListening = this.registry.onAdded((id) => this.place(id, this.match(id)));
  }

  /** Cells that turn up from now on are not looked at: others have taken its place. */
  close(): void {
    this.stopListening();
  }

  /** Regions of a cell, ascending; not to be changed. */
  regionsOf(cell: number): ArrayLike<number> {
    return this.sets[this.setOf[cell]];
  }

  cellCount(region: number): number {
    return this.members[region].length;
  }

  /** Ids of the cells in a region, in the order they were found. */
  cellsOf(region: number): readonly number[] {
    return this.members[region];
  }

  private refuseUnlistedCells(): void {
    for (const region of this.regions) {
      for (const cell of region.cells ?? []) {
        if (cell.endsWith('*')) continue;
        const id = this.registry.find(cell);
        if (id >= 0 && this.registry.isListed(id)) continue;
        throw new UserError(
          'REGION_CELL_UNKNOWN',
          `${this.named}region ${region.id} names the cell ${cell}, which the cell list lacks: add the cell to the list or take it out of the region`,
        );
      }
    }
  }

  private match(id: number): number[] {
    const { cgi, lon, lat } = this.registry.info(id);
    const found: number[] = [];
    this.matchers.forEach((matcher, region) => {
      const inside =
        matcher.exact !== null
          ? listMatches(matcher, cgi)
          : lon !== null && lat !== null && matcher.polygons.some((polygon) => inPolygon(polygon, lon, lat));
      if (inside) found.push(region);
    });
    return [...found, ...this.nodesAt(id)];
  }

  /** Whether the cell is in a node of the tree that is not here. */
  lacksNodeOf(cell: CellInfo): boolean {
    return nodesOf(cell).some((id) => !this.nodePlaces.has(id));
  }

  /** Places of the nodes that a cell is in; they stand by level, so they ascend. */
  private nodesAt(id: number): number[] {
    if (this.nodes.length === 0) return [];
    return nodesOf(this.registry.info(id)).flatMap((node) => this.nodePlaces.get(node) ?? []);
  }

  private place(id: number, regions: number[]): void {
    if (id >= this.setOf.length) {
      const grown = new Uint32Array(Math.max(id + 1, this.setOf.length * 2));
      grown.set(this.setOf);
      this.setOf = grown;
    }
    const key = regions.join(',');
    let set = this.setIds.get(key);
    if (set === undefined) {
      set = this.sets.length;
      this.sets.push(Uint32Array.from(regions));
      this.setIds.set(key, set);
    }
    this.setOf[id] = set;
    for (const region of regions) this.members[region].push(id);
  }

  private warnOfEmptyGeometries(): void {
    const empty = this.regions
      .slice(0, this.drawn)
      .filter((region, i) => region.cells === null && this.members[i].length === 0);
    if (empty.length === 0) return;
    const named = empty
      .slice(0, 5)
      .map((region) => region.id)
      .join(', ');
    const more = empty.length > 5 ? ` and ${empty.length - 5} more` : '';
    this.warn(
      `${this.named}no cell with a position lies in the geometry of ${empty.length === 1 ? 'region' : 'regions'} ${named}${more}: ` +
        'they stay empty; give positions with --cells FILE, or list their cells',
    );
  }
}
