/** A day that is not as its weekday says: a holiday, or a working day that makes up for one (调休). */
export interface CalendarException {
  /** `2026-10-01` */
  readonly day: string;
  readonly working: boolean;
}

/** A weekday needs so many weeks of its own to be judged by; days of an exception are compared with any of their class. */
const weeksBack = 8;
/** Exceptions are compared with this many days at most, the newest. */
const daysMax = 12;
const dayMs = 86_400_000;

/**
 * The days of the last eight weeks that a day is to be compared with, newest first: days of its weekday, both as the
 * calendar has weekdays usually; of a holiday other free days, of a Saturday that makes up for one other working days.
 *
 * @param day `2026-10-17`
 * @param exceptions of the working-day calendar
 */
export function comparableDays(day: string, exceptions: readonly CalendarException[]): string[] {
  const working = new Map(exceptions.map((exception) => [exception.day, exception.working]));
  const isWorking = (text: string) => working.get(text) ?? isWeekday(text);
  const isException = (text: string) => isWorking(text) !== isWeekday(text);
  const days: string[] = [];
  for (let back = 1; back <= weeksBack * 7 && days.length < daysMax; back++) {
    const before = new Date(Date.parse(`${day}T00:00:00Z`) - back * dayMs).toISOString().slice(0, 10);
    const sameClass = isWorking(before) === isWorking(day);
    const likeIt = isException(day) || (back % 7 === 0 && !isException(before));
    if (sameClass && likeIt) days.push(before);
  }
  return days;
}

/** Monday to Friday. */
function isWeekday(day: string): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday >= 1 && weekday <= 5;
}
