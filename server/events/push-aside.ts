import { feedNote } from '../../shared/feed-note.ts';
import { secondUs } from '../clock.ts';
import { type PushPlace, PushRefusal } from './push-refusal.ts';

/** Where rows are kept that nobody counts. */
export interface PushAside {
  /** As it is called in messages: where in the data folder. */
  readonly folder: string;
  /** Keeps a text under a name, in place of what stood there, so that it survives a power cut. @returns whether it could */
  keep(name: string, text: string): Promise<boolean>;
}

/** What became of rows that are not counted. */
export interface SetAside {
  readonly rows: number;
  /** File that holds them, lines as a sender sends them. */
  readonly file: string;
  /** How far ahead of this machine's clock the newest one is, seconds. */
  readonly aheadS: number;
  readonly why: string;
}

/** A note stays so long after the last row of which it tells, ms. */
const noteMs = 60_000;

/** Sets rows aside that lie too far ahead of the clock, and says so as long as it is new. */
export class AheadRows {
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
   * @param text of their lines @param aheadUs how far the newest one lies ahead, µs
   * @throws PushRefusal 503 where they can't be kept: the sender keeps its batch
   */
  async keep({ epoch, seq }: PushPlace, text: string, rows: number, aheadUs: number, nowMs: number): Promise<SetAside> {
    const { folder } = this.#aside;
    const aheadS = Math.round(aheadUs / secondUs);
    const name = `${epoch}-${seq}.ndjson`;
    const kept = await this.#aside.keep(name, text);
    this.#note = feedNote(kept ? 'aside' : 'asideFull', { seconds: aheadS, folder });
    this.#toldMs = nowMs;
    if (!kept) {
      throw new PushRefusal(
        503,
        'PUSH_AHEAD',
        `rows lie ${aheadS} s ahead of the server's clock, and ${folder} has no room to set them aside: set the clocks, and have the server's operator move its files away`,
        { epoch, seq },
      );
    }
    const why = `they lie ahead of the server's clock by more than it allows (liveAheadMs) and are not counted: set the sender's clock, then send the file's rows again under numbers of their own`;
    return { rows, file: `${folder}/${name}`, aheadS, why };
  }
}
