import { simDefaults } from '../../fixtures/make/options.ts';
import type { SimFeedOptions } from '../capture/feed-uri.ts';
import { hourUs, minuteUs } from '../clock.ts';

/** Simulated days are days of UTC+8. */
const zoneUs = 8 * hourUs;

export interface SimSchedule {
  /** Options with which the simulator starts: early enough for the presence table to warm up. */
  options: SimFeedOptions;
  /** Up to here it runs as fast as it goes, µs. */
  joinUs: number;
  /** Whether it goes on from an earlier run. */
  resumed: boolean;
}

/** `2026-10-17` and `17:30` of UTC+8 → µs. */
function simTimeUs(date: string, time: string): number {
  return Date.parse(`${date}T${time}:00+08:00`) * 1000;
}

function dateAndTime(timeUs: number): { date: string; from: string } {
  const text = new Date((timeUs + zoneUs) / 1000).toISOString();
  return { date: text.slice(0, 10), from: text.slice(11, 16) };
}

/**
 * When a simulated feed starts and where the wall joins it: at the URI's date and time, or where an earlier run had
 * read it up to. It begins `warmUpUs` earlier, so that whoever is powered on has been heard once.
 *
 * @param storedUs up to where it has been read, -1 if not
 */
export function scheduleSim(options: SimFeedOptions, storedUs: number, warmUpUs: number): SimSchedule {
  const firstJoinUs = simTimeUs(options.date ?? simDefaults.date, options.from ?? simDefaults.from);
  const endUs = options.hours === undefined ? Number.POSITIVE_INFINITY : firstJoinUs + options.hours * hourUs;
  const resumed = storedUs >= firstJoinUs;
  const joinUs = Math.min(resumed ? storedUs : firstJoinUs, endUs);
  const startUs = Math.floor((joinUs - warmUpUs) / minuteUs) * minuteUs;
  return {
    options: {
      ...options,
      ...dateAndTime(startUs),
      ...(Number.isFinite(endUs) && { hours: (endUs - startUs) / hourUs }),
    },
    joinUs,
    resumed,
  };
}
