import { assertInvariant } from '../errors.ts';

/** What is known of a cell. Positions are WGS-84 degrees, `null` where unknown. */
export interface CellInfo {
  /** `MCC-MNC-LAC-CI` with the MNC's own digits and unpadded decimal LAC and CI. */
  cgi: string;
  name: string;
  lon: number | null;
  lat: number | null;
  /** Degrees clockwise from north; null: omnidirectional or unknown. */
  azimuth: number | null;
  radio: string;
  site: string;
  /** Branch, marketing centre, area, service hall: the levels of the region tree above the cell. */
  parents?: string[];
}

/** Ids fit the 24 bits that presence keeps of a cell; the highest stands for "nowhere". */
const cellsMax = 0xffffff;

/** LAC of a CGI as a number; 0 where the text is no CGI. */
export function lacOf(cgi: string): number {
  const match = /^\d{3}-\d{2,3}-(\d+)-\d+$/.exec(cgi);
  return match === null ? 0 : Number(match[1]);
}

/** A cell of which nothing but its name is known. */
export function unheardOf(cgi: string): CellInfo {
  return { cgi, name: '', lon: null, lat: null, azimuth: null, radio: '', site: '' };
}

/**
 * All cells known to this process, by surrogate `cell_id`: dense from 0 and stable. Cells come from a cell list,
 * from the store (with the ids they already have) or turn up in events.
 */
export class CellRegistry {
  private readonly ids = new Map<string, number>();
  private readonly infos: CellInfo[] = [];
  private readonly lacs: number[] = [];
  private readonly listed: boolean[] = [];
  private readonly listeners = new Set<(id: number) => void>();
  private listedCount = 0;
  private loadedList = false;
  private version = 0;

  get count(): number {
    return this.infos.length;
  }

  /** Grows with every change of what {@link info} returns. */
  get revision(): number {
    return this.version;
  }

  /** Whether a cell list has been given, as opposed to cells that only turned up. */
  get listLoaded(): boolean {
    return this.loadedList;
  }

  /** Cells heard that no cell list names. */
  get unknownCells(): number {
    return this.infos.length - this.listedCount;
  }

  /** The cell's id; a cell never heard of is registered without a position. */
  idOf(cgi: string): number {
    return this.ids.get(cgi) ?? this.add(unheardOf(cgi), this.infos.length, false);
  }

  /** The cell's id, or -1. */
  find(cgi: string): number {
    return this.ids.get(cgi) ?? -1;
  }

  info(id: number): CellInfo {
    return this.infos[id];
  }

  /** Location area code of the cell; 0 where its name is no CGI. */
  lac(id: number): number {
    return this.lacs[id];
  }

  /** Whether a cell list (now or, with a position, before the restart) names the cell. */
  isListed(id: number): boolean {
    return this.listed[id];
  }

  /**
   * Takes in cells. With `ids` (row-aligned) they are cells that the store remembers and keep their ids, which
   * together must be dense; without, they are a cell list.
   */
  load(cells: CellInfo[], options: { ids?: number[] } = {}): void {
    const { ids } = options;
    if (ids === undefined) {
      this.loadedList = true;
      for (const cell of cells) this.put(cell, this.infos.length, true);
      return;
    }
    // Ids are handed out in order, so restoring in order of id leaves no holes.
    const order = cells.map((_, i) => i).sort((a, b) => ids[a] - ids[b]);
    for (const i of order) this.put(cells[i], ids[i], cells[i].lon !== null);
  }

  /** Takes in the cells of an empty registry as another one had them: by id, and which a cell list named. */
  restore(cells: readonly CellInfo[], listed: readonly boolean[]): void {
    cells.forEach((cell, id) => {
      this.add(cell, id, listed[id]);
    });
    this.loadedList = listed.includes(true);
  }

  /** Calls `listener` with each id given from now on, until what it returns is called. */
  onAdded(listener: (id: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private put(cell: CellInfo, id: number, listed: boolean): void {
    const known = this.ids.get(cell.cgi);
    if (known === undefined) {
      this.add(cell, id, listed);
      return;
    }
    this.infos[known] = cell;
    if (listed && !this.listed[known]) {
      this.listed[known] = true;
      this.listedCount++;
    }
    this.version++;
  }

  private add(cell: CellInfo, id: number, listed: boolean): number {
    assertInvariant(id === this.infos.length, `cell ids must be dense: ${id} given, ${this.infos.length} expected`);
    assertInvariant(id < cellsMax, `more than ${cellsMax} cells`);
    this.infos.push(cell);
    this.lacs.push(lacOf(cell.cgi));
    this.listed.push(listed);
    if (listed) this.listedCount++;
    this.ids.set(cell.cgi, id);
    this.version++;
    for (const listener of this.listeners) listener(id);
    return id;
  }
}
