import type { CellNames } from './cell-names.ts';
import type { Connections } from './connections.ts';
import type { HandoverJoiner } from './handover-joiner.ts';
import type { Procedures } from './procedures.ts';
import type { RowWriter } from './row-writer.ts';
import type { VlrDirectory } from './vlr-directory.ts';

/** Turns IMSIs into what stands for them in events: their pseudonyms. */
export interface SubscriberKeys {
  /** Sets {@link lo} and {@link hi} for an IMSI from `packImsi`. */
  packedImsi(packed: number): void;
  readonly lo: number;
  readonly hi: number;
}

/** What one correlator keeps, for those who work on it. */
export interface Parts {
  readonly connections: Connections;
  readonly procedures: Procedures;
  readonly cells: CellNames;
  readonly directory: VlrDirectory;
  readonly joiner: HandoverJoiner;
  readonly rows: RowWriter;
  readonly pseudonymiser: SubscriberKeys;
  /** Whether earlier sightings keep their own times when their subscriber shows late. */
  readonly sorted: boolean;
  /** PLMN of cells that come without one, packed by `packPlmn`; 0: none. */
  readonly defaultPlmn: number;
}
