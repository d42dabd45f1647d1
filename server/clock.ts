/**
 * The only place where wall time is read. Everything else gets a {@link Clock}, so that tests and replays can
 * give it any time they like.
 */
export interface Clock {
  /** Wall time, integer microseconds since the Unix epoch. */
  nowUs(): number;
  /** Monotonic milliseconds with a fraction, for durations only. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowUs: () => Date.now() * 1000,
  monotonicMs: () => performance.now(),
};

/** Calls back later. Injected like the clock, so that a simulation decides when. */
export interface Timers {
  /** Calls `run` once after `ms` milliseconds. @returns what takes it back */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits for the work, but no longer than `ms`; what comes of it later nobody hears. @returns whether it is done */
export async function within(timers: Timers, ms: number, work: Promise<unknown>): Promise<boolean> {
  let takeBack: () => void = () => undefined;
  const late = new Promise<false>((resolve) => {
    takeBack = timers.after(ms, () => resolve(false));
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    takeBack();
  }
}

export const secondUs = 1_000_000;
export const minuteUs = 60 * secondUs;
export const hourUs = 60 * minuteUs;
export const dayUs = 24 * hourUs;
/** The history's days are those of UTC+08:00 (config.ts, timeZone): they begin so long before those of UTC. */
export const zoneUs = 8 * hourUs;

/** Event time as ISO 8601 UTC with milliseconds, floored: `2015-08-02T12:21:00.000Z`. */
export function formatTimeUs(timeUs: number): string {
  return new Date(Math.floor(timeUs / 1000)).toISOString();
}

const zonedTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?:(:\d\d)(?:\.(\d{1,6}))?)?(?:Z|([+-])(\d\d):([0-5]\d))$/;

/** ISO 8601 with a zone, with or without seconds and up to six decimals of them → integer µs; NaN: it is none. */
export function parseTimeUs(text: string): number {
  const match = zonedTime.exec(text);
  if (match === null) return Number.NaN;
  const [, minute, second = ':00', fraction = '', sign, hours, minutes] = match;
  const base = `${minute}${second}`;
  const ms = Date.parse(`${base}Z`);
  // 31 April would be read as 1 May.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== base) return Number.NaN;
  const eastUs = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * hourUs + Number(minutes) * minuteUs);
  return ms * 1000 + Number(fraction.padEnd(6, '0')) - eastUs;
}
