/** Messages that are told of at once: enough for their misses of the caches to overlap, few enough to stay there. */
export const upcomingMax = 64;

/**
 * What the next messages are about, in columns, so that whoever takes them can fetch what they will need together
 * instead of waiting for memory once a message. Nothing but speed follows from it.
 */
export class Upcoming {
  count = 0;
  readonly link = new Int32Array(upcomingMax);
  /** 1 where the sender is the lower side of the link. */
  readonly fromLower = new Uint8Array(upcomingMax);
  readonly sccpType = new Int32Array(upcomingMax);
  /** Local references; -1: not there. */
  readonly source = new Int32Array(upcomingMax);
  readonly destination = new Int32Array(upcomingMax);
  /** Point codes; -1: not there. */
  readonly opc = new Int32Array(upcomingMax);
  readonly dpc = new Int32Array(upcomingMax);
  /** TMSI, and IMSI with its count of digits; -1: not there. */
  readonly tmsi = new Float64Array(upcomingMax);
  readonly imsi = new Float64Array(upcomingMax);
  readonly imsiDigits = new Int32Array(upcomingMax);
}
