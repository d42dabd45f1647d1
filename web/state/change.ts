import type { Layout, RegionPast } from '../../shared/protocol.ts';
import { t } from '../app/i18n.svelte.ts';
import { type Figure, formatChange, formatCount, isCount, ofAnswer } from '../parts/format.ts';
import { formatHourMinute } from '../parts/time.ts';
import { quarterUs } from './region-origins.ts';

/** The way of a stay into the database, µs. */
const storingUs = 60_000_000;

/** Behind a quarter's end, until its crossings are known. */
type Settling = Pick<Layout, 'gaugeEveryMs' | 'holdDownMs'>;

/** With the database further behind, stays of a settled quarter may be missing, ms of event time. */
export const changeLagMs = 600_000;

/** The newest quarter of an hour that is settled, counted from 1970: it has another change. */
export function changeTurn(eventUs: number, { gaugeEveryMs, holdDownMs }: Settling): number {
  return Math.floor((eventUs - (gaugeEveryMs + holdDownMs) * 1000 - storingUs) / quarterUs);
}

/** Where to ask for who came and went in it: the quarter before tells how many there were. */
export function changePath(id: string, eventUs: number, settling: Settling): string {
  const toUs = Math.max(2, changeTurn(eventUs, settling)) * quarterUs;
  return `regions/${id}/past?of=presence,flows&from=${toUs - 2 * quarterUs}&to=${toUs}&bucket=900`;
}

/** How the number of those present has changed in a quarter of an hour. Figures as in answers: -1 hidden. */
export interface Change {
  readonly fromUs: number;
  readonly toUs: number;
  readonly before: number;
  readonly after: number;
  readonly entries: number;
  readonly exits: number;
  readonly appeared: number;
  readonly vanished: number;
}

/** null: not known, or not yet. */
export function changeOf({ timeUs, presence, flows }: RegionPast): Change | null {
  const startUs = timeUs[1];
  if (startUs === undefined) return null;
  const before = presence?.present[0] ?? null;
  const [after, entries, exits, appeared, vanished] = [
    ...[presence?.present, flows?.entries, flows?.exits, flows?.appeared, flows?.vanished].map((of) => of?.[1] ?? null),
  ];
  if (before === null || after == null || entries == null || exits == null || appeared == null || vanished == null)
    return null;
  return { fromUs: startUs, toUs: startUs + quarterUs, before, after, entries, exits, appeared, vanished };
}

export interface ChangeLine {
  readonly name: string;
  readonly figure: Figure;
}

/**
 * Down the left column what adds up, down the right one to what. What is left is of crossings that have not held at one of
 * the two times; of rounded figures it would say nothing.
 */
export function changeLines(change: Change, minCount: number, zone: string): ChangeLine[] {
  const value = (of: (change: Change) => number) => ofAnswer(of(change));
  const count = (of: (change: Change) => number) => formatCount(value(of), minCount);
  const [before, after] = [value((c) => c.before), value((c) => c.after)];
  const grown = isCount(before) && isCount(after) ? after - before : Number.NaN;
  const parts = [value((c) => c.entries), -value((c) => c.exits), value((c) => c.appeared), -value((c) => c.vanished)];
  const at = (us: number) => t('change.at', { time: formatHourMinute(us, zone) });
  return [
    { name: t('change.entries'), figure: count((c) => c.entries) },
    { name: t('change.exits'), figure: count((c) => c.exits) },
    { name: t('change.appeared'), figure: count((c) => c.appeared) },
    { name: t('change.vanished'), figure: count((c) => c.vanished) },
    { name: at(change.fromUs), figure: formatCount(before, minCount) },
    { name: at(change.toUs), figure: formatCount(after, minCount) },
    { name: t('change.sum'), figure: formatChange(grown) },
    ...(minCount > 0
      ? []
      : [{ name: t('change.pending'), figure: formatChange(grown - parts.reduce((sum, part) => sum + part, 0)) }]),
  ];
}
