/**
 * The only place of the web application that reads time or draws random numbers. Everything else is given a
 * {@link ScreenClock}, so that tests run in a time of their own.
 */
export interface ScreenClock {
  /** The screen's own wall time, ms since the Unix epoch; it may be wrong, so figures use the server's. */
  wallMs(): number;
  /** Monotonic milliseconds, for ages and timeouts. */
  monotonicMs(): number;
  /** Uniform in [0, 1), for spreading reconnects. */
  random(): number;
}

export const screenClock: ScreenClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
};
