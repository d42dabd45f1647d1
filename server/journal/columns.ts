/** Tables of typed columns in a record: each says itself which columns it has, so that one more is kept as it comes. */
import type { PayloadReader, PayloadWriter } from './payload.ts';

const types = { f8: Float64Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array } as const;
type Type = keyof typeof types;
type Column = InstanceType<(typeof types)[Type]>;
type Table = { readonly n: number };

/** Rows of a table; far above what is written, and far below what memory there is. */
const rowsMax = 1 << 24;

function typeOf(column: Column): Type {
  return Object.keys(types).find((type) => column instanceof types[type as Type]) as Type;
}

/** What of an object are columns; its methods and counts are not. */
function columnsOf(table: object): [string, Column][] {
  return Object.entries(table).filter((entry): entry is [string, Column] => ArrayBuffer.isView(entry[1]));
}

/** The first `n` rows of a table. */
export function writeTable(to: PayloadWriter, table: Table): void {
  const columns = columnsOf(table);
  to.doubles(table.n).json(columns.map(([name, column]) => [name, typeOf(column)]));
  for (const [, column] of columns) to.column(column.subarray(0, table.n));
}

/** @returns columns that are views into the payload */
export function readTable<T extends Table>(from: PayloadReader): T {
  const n = from.count(rowsMax);
  const named = from.json<[string, Type][]>();
  if (!Array.isArray(named)) return from.fail('its columns have no names');
  const columns = named.map(([name, type]) => {
    if (!Object.hasOwn(types, type)) return from.fail(`a column of type ${type}`);
    return [name, from.column<Column>(types[type], n)] as const;
  });
  return { n, ...Object.fromEntries(columns) } as unknown as T;
}

/** A table that whoever gave this one may change. */
export function copyTable<T extends Table>(table: T): T {
  const columns = columnsOf(table).map(([name, column]) => [name, column.slice(0, table.n)]);
  return { n: table.n, ...Object.fromEntries(columns) } as unknown as T;
}
