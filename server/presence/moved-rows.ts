import { groupRows } from './group-loads.ts';
import { moved, stage } from './row-kernel.ts';

/**
 * Rows that have moved their subscribers, in order: when, what the record held before (newest and first sighting in the
 * cell, origin and events, newest entry of the crossing trail), and from where to where. The record holds what is now.
 */
export type MovedRows = ReturnType<typeof movedRowsOf>;

/** @param memory of the presence table */
export function movedRowsOf({ buffer }: WebAssembly.Memory) {
  const words = (column: number) => new Uint32Array(buffer, stage.moved + column, groupRows);
  const floats = (column: number) => new Float64Array(buffer, stage.moved + column, groupRows);
  return {
    /** Columns from {@link timeUs} to {@link trail}. */
    forTrail: new Uint8Array(buffer, stage.moved, moved.lastUs),
    timeUs: floats(moved.timeUs),
    lastUs: floats(moved.lastUs),
    sinceUs: floats(moved.sinceUs),
    sub: words(moved.sub),
    from: words(moved.from),
    to: words(moved.to),
    originEvents: words(moved.originEvents),
    trail: words(moved.trail),
  };
}
