import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import { dayUs, secondUs } from '../clock.ts';
import type { RowsAside } from './push-reader.ts';
import { type PushPlace, PushRefusal } from './push-refusal.ts';

/** Where rows are kept that nobody counts. */
export interface PushAside {
  /** As it is called in messages: where in the data folder. */
  readonly folder: string;
  /** Keeps a text under a name, in place of what stood there, so that it survives a power cut. @returns whether it could */
  keep(name: string, text: string): Promise<boolean>;
  /** Nothing is kept under a name that was not acknowledged, for good. @returns whether that could be brought about */
  drop(name: string): Promise<boolean>;
}

/** What became of rows that are not counted. */
export interface SetAside {
  readonly rows: number;
  /** Of them, those too far ahead of this machine's clock, and those that are too old, by it or by the event clock. */
  readonly ahead: number;
  readonly old: number;
  /** Of the old ones, those that only lie too far behind the event clock. */
  readonly behind: number;
  /** File that holds them, lines as a sender sends them. */
  readonly file: string;
  /** How far ahead of this machine's clock the newest one is, seconds; 0: none is ahead. */
  readonly aheadS: number;
  /** How old the oldest one is, days; 0: none is too old. */
  readonly oldDays: number;
  readonly why: string;
}

/** A note stays so long after the last row of which it tells, ms. */
const noteMs = 60_000;

const whyAhead =
  "they lie ahead of the server's clock by more than it allows (liveAheadMs): set the sender's clock, then send the file's rows again under numbers of their own";
const whyOld =
  "they are older than the server allows (pushAgeMaxMs): set the sender's clock, or have the server's operator raise that setting, then send the file's rows again under numbers of their own";
const whyBehind =
  'they lie so far behind what the server has counted that no figure can take them in any more: send what is old before what is new, to a server with a data folder of its own';

/** Sets rows aside whose times are too far from the clock, and says so as long as it is new. */
export class AsideRows {
  readonly #aside: PushAside;
  #note = '';
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(aside: PushAside) {
    this.#aside = aside;
  }

  /** What is to be said to an operator; '': nothing. */
  note(nowMs: number): string {
    return nowMs - this.#toldMs < noteMs ? this.#note : '';
  }

  /**
   * Keeps rows of a batch.
   *
   * @param text of their lines @param nowUs by which they were judged, or a little later
   * @throws PushRefusal 503 where they can't be kept: the sender keeps its batch
   */
  async keep(place: PushPlace, text: string, rows: RowsAside, nowUs: number, nowMs: number): Promise<SetAside> {
    const { folder } = this.#aside;
    const { ahead, behind, old } = rows;
    const aheadS = ahead > 0 ? Math.round((rows.newestUs - nowUs) / secondUs) : 0;
    const oldDays = old > 0 ? Math.round((100 * (nowUs - rows.oldestUs)) / dayUs) / 100 : 0;
    const kept = await this.#aside.keep(nameOf(place), text);
    this.#note = joinFeedNotes(
      ahead > 0 ? feedNote(kept ? 'aside' : 'asideFull', { seconds: aheadS, folder }) : '',
      old > 0 ? feedNote(this.#oldNote(old > behind, kept), { days: oldDays, folder }) : '',
    );
    this.#toldMs = nowMs;
    if (!kept) {
      const which = ahead > 0 ? `lie ${aheadS} s ahead of the server's clock` : `are ${oldDays} days old`;
      throw new PushRefusal(
        503,
        ahead > 0 ? 'PUSH_AHEAD' : 'PUSH_OLD',
        `rows ${which}, and ${folder} has no room to set them aside: set the clocks, and have the server's operator move its files away`,
        place,
      );
    }
    const causes = [ahead > 0 && whyAhead, old > behind && whyOld, behind > 0 && whyBehind];
    const why = causes.filter((cause) => cause !== false).join('; ');
    return { rows: ahead + old, ahead, old, behind, file: `${folder}/${nameOf(place)}`, aheadS, oldDays, why };
  }

  #oldNote(byClock: boolean, kept: boolean): 'asideOld' | 'asideOldFull' | 'asideBehind' | 'asideBehindFull' {
    if (byClock) return kept ? 'asideOld' : 'asideOldFull';
    return kept ? 'asideBehind' : 'asideBehindFull';
  }

  /**
   * A batch is taken without any row set aside: what an attempt of before, at another time or of other rows, has left
   * under its number was never acknowledged, and would be there beside the rows that count now.
   *
   * @throws PushRefusal 503 where it can't be removed
   */
  async drop(place: PushPlace): Promise<void> {
    if (await this.#aside.drop(nameOf(place))) return;
    const { folder } = this.#aside;
    const what = `what was set aside of the batch before can't be removed from ${folder}: send it again later, and have the server's operator look at the disk`;
    throw new PushRefusal(503, 'PUSH_ASIDE', what, place);
  }
}

const nameOf = ({ epoch, seq }: PushPlace) => `${epoch}-${seq}.ndjson`;
