/** What is so of a connection, as bits of one word (`ConnectionRecords.is`). */
export const connectionFlag = {
  open: 1,
  /** The side that sent CONNECTION REQUEST is the lower one of the link (`SignalMessage.fromLower`). */
  initiatorLower: 2,
  /** The BSS opened it; else the MSC did, for a handover. */
  bssInitiated: 4,
  /** A location update waits for its answer: nothing of it is a sighting yet. */
  updatePending: 8,
  /** Proves no place any more: the registration was refused, or the subscriber has detached. */
  silent: 16,
  /** The last uplink message has been (or never will be) a sighting of its own. */
  uplinkSighted: 32,
  clearRequested: 64,
  usedTmsi: 128,
  newTmsi: 256,
  /** Opened by HANDOVER REQUEST, and the phone has not come yet. */
  incoming: 512,
  /** The phone has been somewhere on it: a subscriber that shows from now on shows late. */
  placed: 1024,
  /** The target of the handover was named with its LAC, with its CI. */
  targetLac: 2048,
  targetCi: 4096,
  /** Of the packet domain (Iu-PS): not ours. */
  packetDomain: 8192,
  /** A handover was asked for, of the old connection or the new one, and nothing told yet how it ended. */
  handoverOpen: 16384,
  /** The first message that clears the connection was seen. */
  cleared: 32768,
} as const;

/** Where the cause of CLEAR REQUEST stands in the flags: above them. */
export const clearCauseShift = 16;

/** Where {@link connectionFlag.initiatorLower} stands. */
export const initiatorShift = 1;
