import type { OptedOut } from '../events/opted-out.ts';
import { copyTable } from '../journal/columns.ts';
import type { StayColumns } from '../occupancy/view.ts';

/** A copy of the stays without those of subscribers who have opted out since they began. @param optedOut null: nobody */
export function staysOfOthers(stays: StayColumns, optedOut: OptedOut | null): StayColumns {
  const copy = copyTable(stays);
  if (optedOut === null || optedOut.none) return copy;
  const columns = Object.values(copy).filter((column): column is Uint32Array | Float64Array =>
    ArrayBuffer.isView(column),
  );
  let n = 0;
  for (let row = 0; row < copy.n; row++) {
    if (optedOut.has(copy.subLo[row], copy.subHi[row])) continue;
    if (n < row) for (const column of columns) column[n] = column[row];
    n++;
  }
  return n === copy.n ? copy : copyTable({ ...copy, n });
}
