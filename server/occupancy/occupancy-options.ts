import type { OriginClassifier } from '../reference/origin.ts';
import type { RegionIndex } from '../reference/region-index.ts';
import type { PlaceLimits } from './origins.ts';
import type { StayBuffer } from './stays.ts';

export interface OccupancyOptions {
  regions: RegionIndex;
  classifier: OriginClassifier;
  places: PlaceLimits;
  holdDownUs: number;
  flowWindowUs: number;
  ttlMaxUs: number;
  /** Whether dwell in regions and trips between them are counted. */
  countsStays: boolean;
  tripUs: number;
  crossingsMax: number;
  /** False: cells keep their present count only, no crossings and visitors. */
  cellGauges: boolean;
  stays: StayBuffer | null;
  /** A crossing of `waitingEndUs` or later is about to count; the book makes earlier intervals final first. */
  beforeHeld: (timeUs: number) => void;
  /** A crossing of a closed interval is about to count before its holdDown is over. */
  beforeCutShort: (timeUs: number) => void;
}
