import type { Config } from '../config.ts';
import type { EventSink } from '../events/event-batch.ts';
import type { HomeAreas } from '../reference/home-areas.ts';
import type { NumberPlan } from '../reference/number-plan.ts';
import type { CellNames } from './cell-names.ts';
import type { Connections } from './connections.ts';
import type { HandoverJoiner } from './handover-joiner.ts';
import type { Procedures } from './procedures.ts';
import type { Registrations } from './registrations.ts';
import type { RowWriter } from './row-writer.ts';
import type { VlrDirectory } from './vlr-directory.ts';

/** Turns IMSIs into what stands for them in events: their pseudonyms. */
export interface SubscriberKeys {
  /** Sets {@link lo} and {@link hi} for an IMSI from `packImsi`. */
  packedImsi(packed: number): void;
  /** Fetches what that will need, if it needs anything. @returns something of it */
  fetchImsi?(packed: number): number;
  /** Sets {@link lo} and {@link hi} for a telephone number in international form with its count of digits, at most 15. */
  peerNumber(value: number, digits: number): void;
  /** The same for one that fits no number: of more digits, or not of digits alone. */
  peerText(text: string): void;
  /** The same for a subscriber's own number and its handset (the IMEI's first 14 digits). */
  ownNumber(value: number): void;
  handset(imei: number): void;
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
  readonly registrations: Registrations;
  readonly rows: RowWriter;
  readonly numbers: NumberPlan;
  readonly pseudonymiser: SubscriberKeys;
  /** Whether earlier sightings keep their own times when their subscriber shows late. */
  readonly sorted: boolean;
  /** PLMN of cells that come without one, packed by `packPlmn`; 0: none. */
  readonly defaultPlmn: number;
}

/** What a correlator is made of. */
export interface CorrelatorOptions {
  config: Config;
  /** The sink's rows will be put in order whatever their age: sightings whose subscriber shows late keep their time. */
  sorted: boolean;
  /** PLMN of cells whose identifier leaves it out, as `packPlmn` packs it; 0: none. */
  defaultPlmn: number;
  /** Where China's SIMs are at home; absent: not known. */
  areas?: HomeAreas;
  pseudonymiser: SubscriberKeys;
  sink: EventSink;
}
