import type { RecordWindow } from './record-window.ts';

/** Link type of what has a number in a capture, but no octets: a record of pcapng that is no packet. */
export const noLinkType = -1;

/** What a sink took of a window at once. */
export interface RecordsTaken {
  frames: number;
  /** Octets of these frames. */
  bytes: number;
  /** Newest time of them, µs; -1 where there are none. */
  newestUs: number;
}

export const nothingTaken: RecordsTaken = { frames: 0, bytes: 0, newestUs: -1 };

/** Receives link-layer frames from a capture. `bytes` is valid only during the call: copy what must live longer. */
export interface FrameSink {
  /**
   * @param timeUs capture time, integer microseconds since the epoch (nanoseconds floored)
   * @param linkType LINKTYPE_ value of pcap (1 Ethernet, 101 raw IP, 113 Linux cooked, 140–142 SS7), or {@link noLinkType}
   * @param bytes backing store; the frame is `bytes[start..end)`
   */
  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void;
  /**
   * May take records of the classic pcap format from the front of a window, as many of them as it can take at once, and
   * moves the window behind them: the same as if each had been given to {@link frame}.
   *
   * @param window records with the least significant octet first; its limits hold
   * @param nanoseconds whether fractions of a second are in nanoseconds
   */
  records?(window: RecordWindow, linkType: number, nanoseconds: boolean): RecordsTaken;
  /** Takes a live frame that lies too far ahead of this machine's clock to be told with the others; absent: it is left out. */
  ahead?(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void;
}
