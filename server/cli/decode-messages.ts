/** What a feed's thread and the thread that decodes for it say to each other. */

import type { MessagePort } from 'node:worker_threads';
import type { FeedSpec } from '../capture/feed-uri.ts';
import type { Config } from '../config.ts';
import type { AreaTables } from '../reference/home-areas.ts';
import type { DecodeCounters } from './message-source.ts';

/** What the decoding thread is given. */
export interface DecodeWorkerData {
  spec: FeedSpec;
  config: Config;
  /** Of a live feed: where events of frames far ahead of the clock go; absent: those frames are left out. */
  ahead?: AheadData;
}

/** What it takes to make events of frames on the decoding thread, and to have them set aside. */
export interface AheadData {
  /** To the server's main thread; transferred. */
  port: MessagePort;
  /** As it is called in messages: where in the data folder. */
  folder: string;
  /** The pseudonym key: stays in this process. */
  key: Uint8Array;
  areas: AreaTables | null;
}

export type DecoderToFeed =
  | { k: 'open'; firstUs: number }
  /**
   * Messages as `MessageBatch` holds them, not to be written until the credit comes back, and the counters behind them, their clock -1 where further
   * messages wait already; takes a credit.
   */
  | { k: 'messages'; buffer: SharedArrayBuffer; words: number; at: DecodeCounters }
  /** How a live source stands while it has no messages. */
  | { k: 'status'; at: DecodeCounters }
  | { k: 'end'; at: DecodeCounters; early: string | null }
  /** The input is wrong, or the system gave an error while it was read. */
  | { k: 'failed'; code: string; message: string; exitCode: number };

export type FeedToDecoder =
  /** A batch has been read: one more may be sent, in the same buffer. */
  { k: 'credit'; buffer: SharedArrayBuffer } | { k: 'stop' };
