/** How far a feed has been taken in. */
export interface FeedPosition {
  /** Number in the rows' column `feed`; an identity keeps it for the journal's life. */
  number: number;
  /** What the feed is, wherever it stands: a file's content, a probe's address, a simulated city. */
  identity: string;
  /** Of acknowledged feeds, as they number themselves; else 0. */
  epoch: number;
  /** Rows taken in since the feed's beginning (or batches, of acknowledged feeds). */
  seq: number;
  /** Event time of the newest row, µs; -1: none yet. */
  eventUs: number;
  /** How far the feed had been read, and its first time, µs; -1: nothing yet. */
  clockUs: number;
  firstUs: number;
  /** Of acknowledged feeds: digests of the newest batches of this epoch, the last one that of `seq`; absent: not known. */
  digests?: readonly string[];
  /** Of probes: of each stream the digest of its first frame, and how many it has given: known when it is served again. */
  streams?: readonly (readonly [digest: string, frames: number])[];
}

/**
 * Whether a feed is a recording, by its identity: a file or a simulated day. Once read, it is over: what comes in other
 * recordings goes on where it ended, as if they were one.
 */
export function isRecording(identity: string): boolean {
  return /^(pcap:\d|xdr:|sim:)/.test(identity);
}

/** Times outside are no event times (and would each make a chunk of their own in the database): 1990 … 2150. */
const timeUsMin = 631_152_000_000_000;
const timeUsMax = 5_680_281_600_000_000;

/** Whether an event can have been at this time, µs. */
export function isEventTime(us: number): boolean {
  return us >= timeUsMin && us < timeUsMax;
}
