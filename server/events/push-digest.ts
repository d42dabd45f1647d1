import { createHash } from 'node:crypto';
import { type EventBatch, noCell } from './event-batch.ts';

/** So many batches' digests go with the feed's position, and as many as may be under way: known after a restart too. */
export const keptDigests = 16;

const digestLetters = 16;

/**
 * What a batch says, whatever form it came in. Cells by their names, for symbols are of one run; without home networks,
 * which are looked up in tables that may change between two starts.
 *
 * @param cgiOf the name behind a cell symbol
 */
export function digestOfRows(batch: EventBatch, cgiOf: (symbol: number) => string): string {
  const { n } = batch;
  const hash = createHash('sha1');
  const places = new Map<number, number>();
  const cells = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const symbol = batch.cell[i];
    let place = symbol === noCell ? noCell : places.get(symbol);
    if (place === undefined) {
      place = places.size;
      places.set(symbol, place);
    }
    cells[i] = place;
  }
  const { timeUs, bytes, subLo, subHi, durationMs, typeAllocationCode, peerLo, peerHi, area } = batch;
  const { country, cause, peerClass, kind, outcome, flags } = batch;
  for (const column of [timeUs, bytes, cells, subLo, subHi, durationMs, typeAllocationCode, peerLo, peerHi, area])
    hash.update(column.subarray(0, n));
  for (const column of [country, cause, peerClass, kind, outcome, flags]) hash.update(column.subarray(0, n));
  hash.update([...places.keys()].map(cgiOf).join(' '));
  return hash.digest('base64').slice(0, digestLetters);
}
