import { hiddenCount, unknownCount } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';

/**
 * The one module that turns figures into text. Zero, unknown (`—`) and hidden (`<20`) are different things and never
 * look alike: `state` lets the caller style them apart. Stale is no property of a figure but of the whole picture.
 */
export interface Figure {
  readonly text: string;
  readonly state: 'value' | 'zero' | 'unknown' | 'hidden';
  /** What a screen reader says in place of the sign, '' where the text speaks for itself. */
  readonly spoken: string;
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const unknownSign = '—';

/** A count of subscribers as it stands in a u32 column, or a plain number where NaN and negatives are unknown. */
export function formatCount(value: number, minCount: number): Figure {
  if (value === unknownCount || !Number.isFinite(value) || value < 0) return unknown();
  if (value === hiddenCount) {
    const n = Math.max(1, minCount);
    return { text: `<${n}`, state: 'hidden', spoken: t('figure.hidden', { n }) };
  }
  if (value === 0) return { text: '0', state: 'zero', spoken: '' };
  return { text: grouped.format(value), state: 'value', spoken: '' };
}

/** An estimated number of people: no more digits than an estimate has. */
export function formatEstimate(value: number): string {
  const digits = Math.floor(Math.log10(Math.max(value, 1))) - 2;
  const step = 10 ** Math.max(0, digits);
  return grouped.format(Math.round(value / step) * step);
}

function unknown(): Figure {
  return { text: unknownSign, state: 'unknown', spoken: t('figure.unknown') };
}

/** Whether a column's value is a count that may be calculated with. */
export function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0 && value < hiddenCount;
}

/** A figure of an answer of the API (-1 hidden, null unknown) as {@link formatCount} takes it. */
export function ofAnswer(figure: number | null): number {
  return figure === -1 ? hiddenCount : (figure ?? Number.NaN);
}

/** A share 0 … 1 as percent; negative or NaN is unknown. One decimal below 10 %, or below 1 % if `whole`. */
export function formatShare(share: number, whole = false): Figure {
  if (!Number.isFinite(share) || share < 0) return unknown();
  if (share === 0) return { text: '0%', state: 'zero', spoken: '' };
  const percent = share * 100;
  const digits = (whole && percent >= 0.95) || percent >= 9.95 ? 0 : 1;
  // 99.96 % is not all: never round up to 100.
  const shown = share < 1 && percent > 99.5 ? Math.floor(percent * 10) / 10 : Number(percent.toFixed(digits));
  return { text: `${shown}%`, state: 'value', spoken: '' };
}

/** A rate per second: one decimal below ten. */
export function formatRate(perS: number): Figure {
  if (!Number.isFinite(perS) || perS < 0) return unknown();
  if (perS === 0) return { text: '0', state: 'zero', spoken: '' };
  return { text: perS < 9.95 ? perS.toFixed(1) : grouped.format(perS), state: 'value', spoken: '' };
}

/** A difference of counts with its sign: `+1,204`, `−35`, `±0`. */
export function formatChange(value: number): Figure {
  if (!Number.isFinite(value)) return unknown();
  if (value === 0) return { text: '±0', state: 'zero', spoken: '' };
  return { text: `${value > 0 ? '+' : '−'}${grouped.format(Math.abs(value))}`, state: 'value', spoken: '' };
}

/** Shortens a count for an axis: 800, 12k, 1.5M. */
export function formatAxis(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000_000) return `${trim(value / 1_000_000)}M`;
  if (size >= 10_000) return `${trim(value / 1000)}k`;
  return grouped.format(value);
}

function trim(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** An age in words: `12 s`, `3 min 05 s`, `2 h 10 min`; `rough` leaves out seconds from a minute on. Negative is unknown. */
export function formatAge(ms: number, rough = false): string {
  if (!Number.isFinite(ms) || ms < 0) return unknownSign;
  if (rough && ms >= 60_000 && ms < 3_600_000) return t('age.roughMinutes', { m: Math.round(ms / 60_000) });
  const s = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return t('age.seconds', { s });
  if (s < 3600) return t('age.minutes', { m: Math.floor(s / 60), s: two(s % 60) });
  if (s < 86_400) return t('age.hours', { h: Math.floor(s / 3600), m: two(Math.floor((s % 3600) / 60)) });
  return t('age.days', { d: Math.floor(s / 86_400), h: Math.floor((s % 86_400) / 3600) });
}

/** Two ages as bounds, roughly: `3 min – 2 h 10 min`, one where they read the same. */
export function formatSpan(lowMs: number, highMs: number): string {
  const [low, high] = [formatAge(lowMs, true), formatAge(highMs, true)];
  return low === high ? low : `${low} – ${high}`;
}

/** `60` → `60×`; 0 (as fast as it goes) → `max`. One decimal below ten. */
export function formatSpeed(speed: number): string {
  if (speed <= 0) return 'max';
  return `${speed >= 10 ? Math.round(speed) : Math.round(speed * 10) / 10}×`;
}
