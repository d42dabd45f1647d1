import { hiddenCount, type OriginClass, type OriginRow, originClasses } from '../../shared/protocol.ts';
import type { OriginPlaceRow } from '../../shared/region-answers.ts';
import { t, textOr } from '../app/i18n.svelte.ts';
import { type Figure, formatCount, isCount } from '../parts/format.ts';

/** A sum of rows of which some may be hidden. */
export interface OriginSum {
  readonly key: string;
  /** The visible part. */
  readonly present: number;
  /** Whether rows that are not in `present` exist but may not be shown. */
  readonly someHidden: boolean;
}

/** Classes that always have a line, so that a zero is seen as one. */
const always: readonly OriginClass[] = ['local', 'other network', '港澳台', 'international', 'unknown'];

export function byClass(rows: readonly OriginRow[]): OriginSum[] {
  const sums = sumBy(rows, (row) => row.class);
  return originClasses
    .map((key) => sums.get(key) ?? { key, present: 0, someHidden: false })
    .filter((sum) => sum.present > 0 || sum.someHidden || always.includes(sum.key as OriginClass));
}

/** Roamers from outside the country's networks by country, most first. */
export function byCountry(rows: readonly OriginRow[]): OriginSum[] {
  const abroad = rows.filter((row) => row.class === 'international' || row.class === '港澳台');
  return [...sumBy(abroad, (row) => row.country).values()]
    .filter((sum) => sum.present > 0 || sum.someHidden)
    .sort((a, b) => b.present - a.present || a.key.localeCompare(b.key));
}

/** A part of an origin by name. */
export interface OriginPart {
  readonly key: string;
  readonly code: string;
  readonly name: string;
  readonly present: number;
}

/** Operators whose guests are here, most first; without the sums of the others. */
export function byOperator(rows: readonly OriginPlaceRow[]): OriginPart[] {
  return rows
    .filter(({ operator }) => operator !== '')
    .map(({ operator, country, present }) => ({
      ...{ key: operator, code: country, name: textOr(`operator.${operator}`, operator), present },
    }));
}

/** What names of provinces and cities go without in speech. */
const suffix = /(?:(?:壮族|回族|维吾尔)?自治区|省|市)$/;

/** Provinces and cities that guests are from, most first: by name, or by area code where nobody has told names. */
export function byArea(rows: readonly OriginPlaceRow[]): OriginPart[] {
  return rows
    .filter(({ area }) => area !== 0)
    .map(({ area, province, city, present }) => {
      const names = [...new Set([province, city].map((name) => name.replace(suffix, '')))].filter(
        (name) => name !== '',
      );
      const code = `0${area}`;
      const name = names.length === 0 ? t('origins.areaCode', { code }) : names.join(' ');
      return { key: code, code, name, present };
    });
}

function sumBy(rows: readonly OriginRow[], keyOf: (row: OriginRow) => string): Map<string, OriginSum> {
  const sums = new Map<string, OriginSum>();
  for (const row of rows) {
    const key = keyOf(row);
    const sum = sums.get(key) ?? { key, present: 0, someHidden: false };
    const visible = isCount(row.present);
    sums.set(key, {
      key,
      present: sum.present + (visible ? row.present : 0),
      someHidden: sum.someHidden || !visible,
    });
  }
  return sums;
}

/** The sum as text: hidden when nothing of it may be shown, `≥` when only a part. */
export function formatSum(sum: OriginSum, minCount: number): Figure {
  if (!sum.someHidden) return formatCount(sum.present, minCount);
  if (sum.present === 0) return formatCount(hiddenCount, minCount);
  const figure = formatCount(sum.present, minCount);
  return { ...figure, text: `≥${figure.text}` };
}

/** A country's name in the wall's language; its code when it has none. */
export function countryName(code: string, lang: 'zh' | 'en'): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  const names = new Intl.DisplayNames([lang === 'zh' ? 'zh-CN' : 'en'], { type: 'region', style: 'short' });
  return (names.of(code) ?? code).replace(/^中国/, '');
}
