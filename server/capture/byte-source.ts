import type { CaptureFault } from './ended-early.ts';

/** Octets in order, pulled: a file, a gzip stream, later standard input or a TCP connection. */
export interface ByteSource {
  /** Puts up to `max` octets at `into[at…]`; resolves to their number, 0 at the end. Never rejects. */
  read(into: Uint8Array, at: number, max: number): Promise<number>;
  /** Share that was read, 0…1; -1 unknown. */
  readonly progress: number;
  /** Octets that it has from start to end; -1 where that is unknown. */
  readonly sizeBytes: number;
  /** Whether a read may be under way before its octets are needed: it ends soon, whoever closes the source waits for it. */
  readonly readsAhead?: boolean;
  /** Why it ended early; known once `read` gave 0. */
  readonly fault: CaptureFault | null;
  /** The same octets from the start once more, closed with this source; null or absent where they come only once. */
  again?(): ByteSource | null;
  close(): Promise<void>;
}
