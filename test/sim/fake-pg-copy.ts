/** Stands for `server/store/copy-in.ts` in the simulation's bundle. */
import type { Copy } from '../../server/store/copy-in.ts';

export class SimCopy {
  readonly table: string;
  /** Read when they are sent, not when they are given. */
  readonly rows: Uint8Array;

  constructor({ table, rows }: Copy) {
    this.table = table;
    this.rows = rows;
  }
}

/** A connection of the stand-in for `pg`. */
interface Target {
  query(copy: SimCopy): Promise<unknown>;
}

export async function copyIn(client: Target, copies: readonly Copy[]): Promise<void> {
  for (const copy of copies) await client.query(new SimCopy(copy));
}
