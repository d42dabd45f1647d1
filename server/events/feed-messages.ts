/** What a feed's worker thread and the hub say to each other. */
import type { FeedPosition } from './feed-position.ts';
import type { PushPlace } from './push-refusal.ts';

/** What became of a feed's frames, each counted once, the worst first. */
export interface FrameCounts {
  /** Something in it was malformed. */
  malformed: number;
  /** Something in its signalling is well-formed, but nothing that is decoded here. */
  unhandled: number;
  /** It held signalling messages, and all were understood. */
  understood: number;
  /** It held none: acknowledgements, heartbeats, parts of a message that another frame completes, ARP, UDP. */
  'without signalling': number;
}

export const noFrameCounts = (): FrameCounts => ({
  understood: 0,
  unhandled: 0,
  malformed: 0,
  'without signalling': 0,
});

/** Counters of one feed, whole since its start; `roaming` alone is of now. */
export interface FeedCounters {
  frames: number;
  bytes: number;
  messages: number;
  events: number;
  resolved: number;
  unresolved: number;
  /** Bad input skipped, by reason code. */
  faults: Record<string, number>;
  /** Well-formed input that nothing here has a use for, by its specification's name. */
  unhandled: Record<string, number>;
  /** What a decoder dropped for lack of room or after its time: the unfinished by layer, what was heard by table. */
  evicted: Record<string, number>;
  /** Of frames; all zero where the feed has decoded records. */
  coverage: FrameCounts;
  /** Subscribers of ours abroad now, by country (ISO 3166-1), and others' here, by their PLMN, as far as MAP told. */
  roaming: { out: Record<string, number>; in: Record<string, number> };
  /** What correlation holds, joined, guessed and had to let go, by name. */
  correlation: Record<string, number>;
}

/** Counters of a feed that has said nothing yet. */
export const noCounters = (): FeedCounters => ({
  frames: 0,
  bytes: 0,
  messages: 0,
  events: 0,
  resolved: 0,
  unresolved: 0,
  faults: {},
  unhandled: {},
  evicted: {},
  coverage: noFrameCounts(),
  roaming: { out: {}, in: {} },
  correlation: {},
});

/** Where a feed stands. */
export interface FeedProgress {
  /** Newest time read in the feed, or that it was allowed to read to without finding anything, µs. */
  clockUs: number;
  /** Time of the next record if the feed waits in front of it, µs; else 0. */
  nextUs: number;
  /** 0 … 1 of a finite feed, -1 of an endless one. */
  progress: number;
  counters: FeedCounters;
  /** Of a live feed: one line on how it stands with its probes; else ''. */
  note: string;
  /** Whether the note is of something that an operator has to set right; absent: it is not. */
  isAlarm?: boolean;
  /** The time by which the feed's clock is judged, µs, of rows that were left out too; absent: {@link clockUs} tells. */
  toldUs?: number;
}

export type FeedToHub =
  | { k: 'open'; firstUs: number }
  /** Rows; takes a credit. */
  | {
      k: 'batch';
      /** Columns of an EventBatch; the receiver's from now on. */
      buffer: ArrayBuffer;
      rows: number;
      /** CGIs of the cell symbols that are new in this batch; symbols count up from 0 over the feed's life. */
      newCells: string[];
      at: FeedProgress;
      /** Of an acknowledged feed: the batch's place as its sender numbers it. */
      place?: PushPlace;
      /** With it: digests of the newest batches of its epoch, its own at the end. */
      digests?: readonly string[];
      /** Of probes: what their streams have given up to these rows. */
      streams?: FeedPosition['streams'];
    }
  /** No rows, but time has passed in the feed. At most one for each time it is told how far it may read. */
  | { k: 'clock'; at: FeedProgress }
  /** `early`: one line on why the feed ended before its end (a cut file); else null. */
  | { k: 'end'; early: string | null }
  | { k: 'failed'; message: string };

export type HubToFeed =
  /** The feed may read up to this event time; Infinity: as fast as it goes. No more than `feedBatchesMax` unanswered ones. */
  | { k: 'until'; untilUs: number }
  /** The batches of an acknowledged feed up to this one survive a power cut. */
  | { k: 'kept'; place: PushPlace }
  /** So many rows of the acknowledged feed's batch that is being handed over come too late to move anybody. */
  | { k: 'late'; rows: number }
  /** A batch has been taken: one more may be sent. */
  | { k: 'credit' }
  | { k: 'stop' };

/** Rows of one batch. */
export const batchRows = 8192;
