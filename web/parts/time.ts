import { language } from '../app/i18n.svelte.ts';

/** Event and wall time as text in the layout's time zone. Formatters are costly to make, so they are kept. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (found === undefined) {
    if (formatters.size > 40) formatters.clear();
    found = new Intl.DateTimeFormat(locale, options);
    formatters.set(key, found);
  }
  return found;
}

function locale(): string {
  return language.lang === 'zh' ? 'zh-CN' : 'en-GB';
}

/** The layout's zone if this browser knows it, else UTC, which the wall then names. */
export function usableZone(timeZone: string): string {
  try {
    formatter('en-GB', { timeZone, hour: '2-digit' });
    return timeZone;
  } catch (error) {
    if (error instanceof RangeError) return 'UTC';
    throw error;
  }
}

const noTime = '--:--:--';

/** `20:15:08`; dashes before the first event. */
export function formatClock(timeUs: number, zone: string): string {
  if (!(timeUs > 0)) return noTime;
  return formatter('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(timeUs / 1000);
}

/** `20:15`, for axes. */
export function formatHourMinute(timeUs: number, zone: string): string {
  return formatClock(timeUs, zone).slice(0, 5);
}

/** `2026年11月21日 周六` or `Sat 21 Nov 2026`. */
export function formatDay(timeUs: number, zone: string): string {
  if (!(timeUs > 0)) return '';
  return formatter(locale(), {
    timeZone: zone,
    year: 'numeric',
    month: language.lang === 'zh' ? 'long' : 'short',
    day: 'numeric',
    weekday: 'short',
  })
    .format(timeUs / 1000)
    .replace(/日(?=周|星期)/, '日 ');
}

/** The time of day, with its day in front where that is not the day of `besideUs`. */
export function formatMoment(timeUs: number, besideUs: number, zone: string): string {
  const day = formatDay(timeUs, zone);
  return `${day === formatDay(besideUs, zone) ? '' : `${day} `}${formatClock(timeUs, zone)}`;
}

/** `中国标准时间 UTC+8`. */
export function formatZone(timeUs: number, zone: string): string {
  const part = (style: 'long' | 'shortOffset', where: string) =>
    formatter(where, { timeZone: zone, timeZoneName: style })
      .formatToParts(timeUs > 0 ? timeUs / 1000 : 0)
      .find((p) => p.type === 'timeZoneName')?.value ?? '';
  const offset = part('shortOffset', 'en-GB').replace('GMT', 'UTC');
  const name = part('long', locale());
  return name === '' || /^(GMT|UTC|Coordinated)/.test(name) ? offset : `${name} ${offset}`;
}
