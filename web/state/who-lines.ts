import type { CrowdRole, CrowdRow } from '../../shared/crowd.ts';
import { crowdRoles } from '../../shared/crowd.ts';
import type { RegionExpected } from '../../shared/region-answers.ts';
import { t } from '../app/i18n.svelte.ts';
import { type Figure, formatCount, formatShare, isCount, ofAnswer } from '../parts/format.ts';
import { isUndetermined } from './crowd-line.ts';

export interface WhoLine {
  readonly name: string;
  readonly figure: Figure;
}

/** Figures of a region as frames have them; NaN: none yet. */
export interface WhoFigures {
  readonly present: number;
  readonly fresh5: number;
  readonly fresh30: number;
  readonly visitors: number;
}

/** How surely those present are there, and how many different ones there were in the last gauge interval. */
export function seenLines(of: WhoFigures, minCount: number, minutes: number): WhoLine[] {
  const share = (part: number) => {
    const known = isCount(part) && isCount(of.present) && of.present > 0;
    return formatShare(known ? Math.min(1, part / of.present) : Number.NaN, true);
  };
  return [
    { name: t('who.fresh5'), figure: share(of.fresh5) },
    { name: t('who.fresh30'), figure: share(of.fresh30) },
    { name: t('who.distinct', { n: minutes }), figure: formatCount(of.visitors, minCount) },
  ];
}

/** Today's roles: unknown ones, not zeros, while nobody's is determined. */
export function roleLines(row: CrowdRow | undefined, minCount: number): WhoLine[] {
  const none = isUndetermined(row);
  const count = (role: CrowdRole) =>
    none && role !== 'undetermined' ? Number.NaN : (row?.roles?.[role] ?? Number.NaN);
  return crowdRoles.map((role) => ({ name: t(`role.${role}`), figure: formatCount(count(role), minCount) }));
}

export interface ExpectedLine {
  readonly band: string;
  /** How far the region is from it; '' where it is not known. */
  readonly verdict: string;
  readonly level: 'normal' | 'unusual' | 'fault';
}

/** What is usual at this time of like days, and whether this is. */
export function expectedLine(answer: RegionExpected | null, minCount: number): ExpectedLine {
  if (answer === null) return { band: '—', verdict: '', level: 'normal' };
  const { band, z, verdict } = answer;
  if (band === null) return { band: '—', verdict: t('expected.none'), level: 'normal' };
  const [low, high] = [band.low, band.high].map((value) => formatCount(ofAnswer(value), minCount).text);
  const told = { band: low === high ? low! : `${low} – ${high}` };
  if (z === null || verdict === null) return { ...told, verdict: '', level: 'normal' };
  if (verdict === 'usual') return { ...told, verdict: t('expected.usual'), level: 'normal' };
  if (verdict === 'unusual') return { ...told, verdict: t(z > 0 ? 'expected.high' : 'expected.low'), level: 'unusual' };
  return { ...told, verdict: t(z > 0 ? 'expected.faultHigh' : 'expected.faultLow'), level: 'fault' };
}
