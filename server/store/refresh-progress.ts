import { hourUs } from '../clock.ts';
import { type Aggregate, aggregates, aheadUsMax } from './periods.ts';

/** How far one aggregate is. */
export interface Progress {
  /** Refreshed up to here, µs; -1: not in this run. */
  doneUs: number;
  /** Earliest row since the last refresh, µs; infinite: none. */
  dirtyUs: number;
}

/** Up to where aggregates are refreshed, and from where on rows have changed since. */
export class RefreshProgress {
  readonly #byName = new Map<string, Progress>(
    aggregates.map(({ name }) => [name, { doneUs: -1, dirtyUs: Number.POSITIVE_INFINITY }]),
  );

  of(name: string): Progress {
    return this.#byName.get(name)!;
  }

  /** Rows of an aggregate's source from `fromUs` on were stored. */
  touched(source: Aggregate['source'], fromUs: number): void {
    for (const aggregate of aggregates) if (aggregate.source === source) this.changed(aggregate.name, fromUs);
  }

  /** What an aggregate reads has changed from `fromUs` on. */
  changed(name: string, fromUs: number): void {
    const progress = this.of(name);
    if (fromUs < progress.dirtyUs) progress.dirtyUs = fromUs;
  }

  /** An aggregate has changed from `fromUs` on: so has what reads it, whatever was thought of it so far. */
  changedAbove(aggregate: string, fromUs: number): void {
    for (const { name, reads } of aggregates) if (reads === aggregate) this.changed(name, fromUs);
  }

  /** Whether the event clock `clockUs` is so far ahead of what has been refreshed that the feeds should wait. */
  behind(clockUs: number): boolean {
    for (const { doneUs, dirtyUs } of this.#byName.values()) {
      if (clockUs - (doneUs >= 0 ? doneUs : dirtyUs) > aheadUsMax) return true;
    }
    return false;
  }

  /** Rows of `table` before it are in all aggregates that read it, µs; infinite: none reads it. */
  safeUs(table: string): number {
    let safeUs = Number.POSITIVE_INFINITY;
    for (const { name, reads } of aggregates) {
      const { doneUs, dirtyUs } = this.of(name);
      if (reads === table) safeUs = Math.min(safeUs, doneUs < 0 ? Number.POSITIVE_INFINITY : doneUs, dirtyUs);
    }
    return safeUs;
  }

  /** Up to where traffic is in the aggregates, µs: before that, no row means none. Infinite: nothing was stored yet. */
  trafficDoneUs(): number {
    let doneUs = Number.POSITIVE_INFINITY;
    for (const { name, source, bucketUs } of aggregates) {
      const progress = this.of(name);
      const empty = progress.doneUs < 0 && progress.dirtyUs === Number.POSITIVE_INFINITY;
      if (source !== 'gauge' && bucketUs <= hourUs && !empty) doneUs = Math.min(doneUs, progress.doneUs);
    }
    return doneUs;
  }
}
