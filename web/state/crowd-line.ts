import type { CrowdRow } from '../../shared/crowd.ts';
import { t } from '../app/i18n.svelte.ts';
import { type Figure, formatCount, isCount } from '../parts/format.ts';
import { formatHourMinute } from '../parts/time.ts';

/** A crowd is of the newest full minute when it is counted; older than this it says of when it is. */
const nowUs = 120_000_000;

export interface CrowdLine {
  readonly figure: Figure;
  /** What it leaves out, or why there is none. */
  readonly more: string;
}

/** Whether nobody's role in the region is known. */
export function isUndetermined(row: CrowdRow | undefined): boolean {
  if (row?.roles == null) return false;
  const { undetermined, ...known } = row.roles;
  return undetermined > 0 && Object.values(known).every((count) => count === 0);
}

/**
 * What is said of a region's crowd: those present who neither live nor work there.
 *
 * @param row undefined: not counted yet
 * @param eventUs time of the wall's figures, µs
 */
export function crowdLine(row: CrowdRow | undefined, minCount: number, eventUs: number, zone: string): CrowdLine {
  const figure = formatCount(row?.crowd ?? Number.NaN, minCount);
  if (row === undefined) return { figure, more: t('crowd.uncounted') };
  if (row.crowd === null) return { figure, more: t(isUndetermined(row) ? 'crowd.undetermined' : 'crowd.unknown') };
  const at = eventUs - row.atUs > nowUs ? ` · ${t('crowd.at', { time: formatHourMinute(row.atUs, zone) })}` : '';
  return { figure, more: `${t('crowd.without')}${at}` };
}

/** The crowd beside a region's name; '' where there is none to tell. */
export function crowdBeside(row: CrowdRow | undefined, minCount: number): string {
  if (row === undefined || row.crowd === null) return '';
  const { state, text } = formatCount(row.crowd, minCount);
  return state === 'hidden' || isCount(row.crowd) ? t('crowd.beside', { count: text }) : '';
}
