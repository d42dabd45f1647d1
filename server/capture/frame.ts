/** Link type of what has a number in a capture, but no octets: a record of pcapng that is no packet. */
export const noLinkType = -1;

/** Receives link-layer frames from a capture. `bytes` is valid only during the call: copy what must live longer. */
export interface FrameSink {
  /**
   * @param timeUs capture time, integer microseconds since the epoch (nanoseconds floored)
   * @param linkType LINKTYPE_ value of pcap (1 Ethernet, 101 raw IP, 113 Linux cooked, 140–142 SS7), or {@link noLinkType}
   * @param bytes backing store; the frame is `bytes[start..end)`
   */
  frame(timeUs: number, linkType: number, bytes: Uint8Array, start: number, end: number): void;
}
