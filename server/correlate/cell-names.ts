import { formatPlmn } from '../events/plmn.ts';
import { PairTable } from '../privacy/pair-table.ts';

/** Symbol of "no cell is known". */
export const unknownCell = 0;

/**
 * Symbols for cells: small integers that stand for a CGI while it is followed, and its text once a row is written.
 * Memory is bounded by `cellsMax`: from then on a cell not heard before is unknown.
 */
export class CellNames {
  /** Cells that came when the table was full. */
  refused = 0;
  readonly #symbols: PairTable;
  readonly #names: string[] = [''];
  readonly #plmns: number[] = [0];
  readonly #cellsMax: number;

  constructor(cellsMax: number) {
    this.#cellsMax = cellsMax;
    // Bounded below and not in the table: an evicted symbol would change its meaning while it is in use.
    this.#symbols = new PairTable({ entriesMax: Number.POSITIVE_INFINITY });
  }

  get count(): number {
    return this.#names.length - 1;
  }

  /** Symbol of a cell: PLMN as packed by `packPlmn`, LAC and CI of 16 bits; {@link unknownCell} where one is missing. */
  symbolOf(plmn: number, lac: number, ci: number): number {
    if (plmn === 0 || lac < 0 || ci < 0) return unknownCell;
    const area = ((lac << 16) | ci) >>> 0;
    const known = this.#symbols.get(plmn, area);
    if (known !== 0) return known;
    if (this.#names.length > this.#cellsMax) {
      this.refused++;
      return unknownCell;
    }
    const symbol = this.#names.length;
    this.#names.push(`${formatPlmn(plmn)}-${lac}-${ci}`);
    this.#plmns.push(plmn);
    this.#symbols.set(plmn, area, symbol, 0);
    return symbol;
  }

  /** CGI as text, `460-00-42285-28831`, always the same string object; `''` for {@link unknownCell}. */
  nameOf(symbol: number): string {
    return this.#names[symbol];
  }

  /** PLMN of a cell as `packPlmn` packs it; 0 for {@link unknownCell}. */
  plmnOf(symbol: number): number {
    return this.#plmns[symbol];
  }
}
