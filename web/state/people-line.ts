import { hiddenCount, type PeopleRow } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';
import { formatAge, formatCount, formatEstimate, formatShare } from '../parts/format.ts';

/** Behind `level` stands how full the region is by the estimate: from 80 % on `near`, from 100 % on `full`. */
export interface PeopleLine {
  /** The estimate with its interval, that it is one, and whether gates calibrate it. */
  readonly text: string;
  /** Share of the capacity, when it will be reached, machines left out; '' where there is nothing to say. */
  readonly more: string;
  readonly level: 'normal' | 'near' | 'full';
}

/**
 * What is said of the people in a region.
 *
 * @param row undefined: unknown
 * @param machines devices there that are nobody's, as the frame has them; NaN: unknown
 */
export function peopleLine(
  row: PeopleRow | undefined,
  capacity: number | null,
  minCount: number,
  machines: number,
): PeopleLine {
  if (row === undefined) return { text: t('people.unknown'), more: '', level: 'normal' };
  if (row.people === hiddenCount) return { text: t('people.hidden', { n: minCount }), more: '', level: 'normal' };
  const [people, low, high] = [row.people, row.low, row.high].map(formatEstimate);
  const estimate = row.people === 0 ? t('people.none') : t('people.estimate', { people, low, high });
  const text = row.calibrated ? `${estimate} · ${t('people.calibrated')}` : estimate;
  const share = capacity === null || capacity <= 0 ? Number.NaN : row.people / capacity;
  const more: string[] = [];
  if (!Number.isNaN(share)) more.push(t('people.share', { share: formatShare(share, true).text }));
  const { toFirstAlertMs, toCapacityMs } = row;
  if (share < 0.8 && toFirstAlertMs !== null) more.push(t('people.toFirst', { age: formatAge(toFirstAlertMs, true) }));
  if (share < 1 && toCapacityMs !== null) more.push(t('people.toFull', { age: formatAge(toCapacityMs, true) }));
  const left = formatCount(machines, minCount);
  if (left.state === 'value' || left.state === 'hidden') more.push(t('people.machines', { count: left.text }));
  return { text, more: more.join(' · '), level: share >= 1 ? 'full' : share >= 0.8 ? 'near' : 'normal' };
}
