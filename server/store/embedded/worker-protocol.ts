/** What the worker of the embedded database and the thread that watches it say to each other. */
export interface WorkerData {
  readonly folder: string;
  readonly socketPath: string;
  /** Two u32: turns begun, turns ended. Differing and standing still: the worker hangs in a statement. */
  readonly turns: SharedArrayBuffer;
  readonly ownerIdleMs: number;
  /** Of the instance; absent: as the knob's default. */
  readonly memoryBytesMax?: number;
}

export type FromWorker =
  | { kind: 'progress'; line: string }
  | { kind: 'ready'; version: string }
  | { kind: 'warning'; line: string }
  | { kind: 'failed'; message: string }
  | { kind: 'closed' };

export type ToWorker = { kind: 'close' };
