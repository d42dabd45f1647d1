import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
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
  const between = { time: formatTimeUs(nextUs), now: formatTimeUs(untilUs) };
  const note =
    aheadUs >= 2 * dayUs
      ? feedNote('farDays', { ...between, days: Math.round(aheadUs / dayUs).toLocaleString('en') })
      : feedNote('farHours', { ...between, hours: (aheadUs / hourUs).toFixed(1) });
  return joinFeedNotes(note, several ? feedNote('apart') : '');
}
