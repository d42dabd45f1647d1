import type { EventBatch } from '../events/event-batch.ts';
import type { LiveView } from '../occupancy/view.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import { type RegionEstimate, RegionEstimates, type RegionEstimatesOptions } from './region-estimates.ts';

export type LiveEstimatesOptions = Omit<RegionEstimatesOptions, 'regions'> & { regions(): RegionIndex };

/**
 * {@link RegionEstimates} of the regions that are counted at present. It is in no snapshot: after a restart, and when
 * regions are edited, it learns anew who has been silent for how long, the whole of it within T3212.
 */
export class LiveEstimates {
  private readonly options: LiveEstimatesOptions;
  private regions: RegionIndex;
  private estimates: RegionEstimates;

  constructor(options: LiveEstimatesOptions) {
    this.options = options;
    this.regions = options.regions();
    this.estimates = new RegionEstimates({ ...options, regions: this.regions });
  }

  /** Rows in order of time, as the engine gets them. */
  apply(batch: EventBatch, from: number, to: number): void {
    this.follow();
    this.estimates.apply(batch, from, to);
  }

  /** By place in the regions that are counted; null: unknown. The same array until it is worked out anew. */
  update(view: LiveView): readonly (RegionEstimate | null)[] {
    this.follow();
    return this.estimates.update(view);
  }

  private follow(): void {
    const regions = this.options.regions();
    if (regions === this.regions) return;
    this.regions = regions;
    this.estimates = new RegionEstimates({ ...this.options, regions });
  }
}
