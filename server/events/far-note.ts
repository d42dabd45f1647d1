import { dayUs, formatTimeUs, hourUs } from '../clock.ts';

/** A record this far ahead of what a feed may read is worth a word: nothing will come of it for long. */
const farUs = hourUs;

/**
 * Why nothing comes of a feed whose next record lies far ahead of the replay's time: a gap in its file, or other feeds
 * of another time. Empty where it is near.
 *
 * @param nextUs time of its next record, µs; 0: unknown
 * @param untilUs how far it may read, µs
 * @param several other feeds are replayed beside it
 */
export function farNote(nextUs: number, untilUs: number, several: boolean): string {
  const aheadUs = nextUs - untilUs;
  if (nextUs <= 0 || !(aheadUs > farUs) || !Number.isFinite(aheadUs)) return '';
  const span =
    aheadUs >= 2 * dayUs
      ? `${Math.round(aheadUs / dayUs).toLocaleString('en')} days`
      : `${(aheadUs / hourUs).toFixed(1)} hours`;
  const note = `waits: its next record is of ${formatTimeUs(nextUs)}, ${span} ahead of the replay (${formatTimeUs(untilUs)})`;
  return several ? `${note}; feeds whose times lie far apart are better started one after the other` : note;
}
