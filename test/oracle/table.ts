import { writeSync } from 'node:fs';
import type { Comparison } from './compare.ts';

interface Row {
  file: string;
  frames: number;
  malformed: number;
  fields: number;
  known: number;
  others: number;
}

const standardError = 2;

/** What was compared, a row a capture, and the sum. */
export class OracleTable {
  readonly #rows: Row[] = [];
  readonly #damaged: string[] = [];

  /** @param known differences that are meant */
  add(file: string, { frames, malformed, fields, differences, damage }: Comparison, known: readonly string[]): void {
    const expected = Math.min(known.length, differences.length);
    this.#rows.push({ file, frames, malformed, fields, known: expected, others: differences.length - expected });
    if (damage !== null) {
      this.#damaged.push(
        `${file} is damaged: ${damage.text}; ${fields} fields compared in the ${damage.packets} packets before\n`,
      );
    }
  }

  print(): void {
    if (this.#rows.length === 0) return;
    const sum = (key: 'frames' | 'malformed' | 'fields' | 'known' | 'others') =>
      this.#rows.reduce((total, row) => total + row[key], 0);
    const all: Row = {
      file: 'in sum',
      frames: sum('frames'),
      malformed: sum('malformed'),
      fields: sum('fields'),
      known: sum('known'),
      others: sum('others'),
    };
    const width = Math.max(...this.#rows.map(({ file }) => file.length));
    const head = `${'capture'.padEnd(width)}   frames  malformed*   fields   equal  known differences  others\n`;
    const text = [...this.#rows, all].map((row) => {
      const equal = row.fields === 0 ? '–' : `${share(row)} %`;
      const counts = `${row.frames}`.padStart(9) + `${row.malformed}`.padStart(12) + `${row.fields}`.padStart(9);
      return `${row.file.padEnd(width)}${counts}${equal.padStart(10)}${`${row.known}`.padStart(19)}${`${row.others}`.padStart(8)}\n`;
    });
    const foot = '* by tshark, or cut by the snapshot length: told apart and not compared\n';
    writeSync(standardError, `\n${head}${text.join('')}${foot}${this.#damaged.join('')}`);
  }
}

/** Never rounded up to 100. */
function share({ fields, known, others }: Row): string {
  return (Math.floor((10_000 * (fields - known - others)) / fields) / 100).toFixed(2);
}
