import { type Timers, within } from '../clock.ts';
import type { Core } from '../core/core.ts';
import type { EventLog } from '../core/event-log.ts';
import { errorOf, messageOf, UserError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../log.ts';
import { type Holder, OptOuts, ofStoredForm, storedForm } from '../privacy/opt-outs.ts';
import { Pseudonymiser } from '../privacy/pseudonymiser.ts';
import { namedQuery } from '../store/queries.ts';
import type { Store } from '../store/types.ts';
import { addHolders, keptHolders, keptOptOuts, optOutStamp } from './opt-out-file.ts';
import { counted } from './words.ts';

/** A list that is imported while the server runs is taken over within so much time, ms. */
export const takeOverMs = 5_000;
/** Numbers that a database is asked for at once. */
const numbersAtOnce = 10_000;
const stopMs = 1_000;
/** Subscribers of one record. */
const leaversMax = 50_000;

/** What the list is applied to once the server has started. */
export interface OptOutSources {
  readonly core: Pick<Core, 'counting' | 'state' | 'whenApplied'>;
  readonly records: Pick<EventLog, 'append' | 'next'>;
  readonly journal: Pick<Journal, 'full' | 'failed'>;
  readonly store: Pick<Store, 'status' | 'sql'>;
}

/**
 * The list of those who have opted out, as the server has it: read at the start, and again when it was imported anew. Who
 * comes onto it while present leaves; whose the numbers on it are is asked of the database and written down as it is told.
 */
export class OptOutKeeper {
  readonly list = new OptOuts();
  readonly #dataDir: string;
  readonly #pseudonymiser: Pseudonymiser;
  readonly #timers: Timers;
  readonly #log: Log;
  #stamp = '';
  /** Why the newest list can't be read; said once. */
  #fault = '';
  /** Whose numbers are, by number, as it was told and could not be written down yet. */
  readonly #unwritten = new Map<string, Holder>();
  /** Numbers that the database has not been asked for. */
  #unasked: string[] = [];
  /** Subscribers who may still appear: of rows that had come before they were on the list, up to that event time. */
  #watched: { subs: number[]; untilUs: number }[] = [];
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  /** Reads the list. @param key of the pseudonyms @throws UserError OPT_OUTS_FILE */
  constructor(options: { dataDir: string; key: Uint8Array; timers: Timers; log: Log }) {
    this.#dataDir = options.dataDir;
    this.#pseudonymiser = new Pseudonymiser(options.key, { memoMax: 1 });
    this.#timers = options.timers;
    this.#log = options.log;
    this.#look();
  }

  /** Applies the list to what is there, and whatever becomes of it. @param failed hears of a bug */
  start(sources: OptOutSources, failed: (error: Error) => void): void {
    this.#running = this.#turn(sources)
      .then(() => {
        if (this.#stopped) return;
        this.#cancel = this.#timers.after(takeOverMs, () => this.start(sources, failed));
      })
      .catch((error) => failed(errorOf(error)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    // A journal that takes nothing any more may keep it waiting.
    await within(this.#timers, stopMs, this.#running);
    this.#writeNews();
  }

  async #turn(sources: OptOutSources): Promise<void> {
    try {
      this.#look();
      this.#fault = '';
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (this.#fault !== error.message) this.#log('error', `${error.message}; the list before it holds`);
      this.#fault = error.message;
    }
    await this.#ask(sources.store);
    this.#writeNews();
    await this.#sendAway(sources);
  }

  /** Takes the list over if it is another one than before. */
  #look(): void {
    const stamp = optOutStamp(this.#dataDir);
    if (stamp === this.#stamp) return;
    const entries = keptOptOuts(this.#dataDir, this.#pseudonymiser) ?? [];
    this.list.replace(entries);
    this.list.learn(keptHolders(this.#dataDir));
    this.#stamp = stamp;
    this.#unasked = this.list.unheld;
    this.#log(
      'info',
      `Opted out: ${counted(entries.length, 'identity', 'identities')}; nothing of them is counted or kept`,
    );
  }

  /** Whose numbers are of which nothing was told since they are on the list. */
  async #ask(store: OptOutSources['store']): Promise<void> {
    while (this.#unasked.length > 0 && store.status.state === 'up' && !this.#stopped) {
      const numbers = this.#unasked.slice(0, numbersAtOnce).map(storedForm);
      let rows: { number: string; subscriber: string; timeUs: number }[];
      try {
        rows = await store.sql(namedQuery('number-holders'), [numbers]);
      } catch (error) {
        this.#log(
          'warn',
          `the database could not be asked whose numbers have opted out (${messageOf(error)}): once more`,
        );
        return;
      }
      this.#unasked.splice(0, numbersAtOnce);
      for (const { number, subscriber, timeUs } of rows) {
        const [ofNumber, of] = [ofStoredForm(number), ofStoredForm(subscriber)];
        this.list.tell({ number: ofNumber, subscriber: of, timeUs });
      }
    }
  }

  /** A disk that is full ends nothing: it is known here, and written down when there is room. */
  #writeNews(): void {
    const wasOwed = this.#unwritten.size > 0;
    for (const holder of this.list.takeNews()) this.#unwritten.set(holder.number, holder);
    if (this.#unwritten.size === 0) return;
    try {
      addHolders(this.#dataDir, [...this.#unwritten.values()]);
      this.#unwritten.clear();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const why = messageOf(error.cause);
      if (!wasOwed)
        this.#log(
          'error',
          `whose numbers have opted out can't be written down (${why}): make room in ${this.#dataDir}`,
        );
    }
  }

  /** Ends the presence of those who have come onto the list. */
  async #sendAway({ core, journal, records }: OptOutSources): Promise<void> {
    const joined = this.list.takeJoined();
    if (joined.length > 0) this.#watched.push({ subs: joined, untilUs: Number.POSITIVE_INFINITY });
    if (this.#watched.length === 0 || journal.full || journal.failed !== null) return;
    // From here on no row of theirs comes; those that have come are applied, or wait for their time.
    await core.whenApplied(records.next);
    if (this.#stopped) return;
    for (const watched of this.#watched) watched.untilUs = Math.min(watched.untilUs, core.state.newestUs);
    const { presence, view } = core.counting.engine;
    const present: number[] = [];
    for (const { subs } of this.#watched)
      for (let i = 0; i < subs.length; i += 2)
        if (presence.isPresent(subs[i], subs[i + 1])) present.push(subs[i], subs[i + 1]);
    this.#watched = this.#watched.filter(({ untilUs }) => untilUs >= view.clockUs);
    for (let from = 0; from < present.length; from += 2 * leaversMax)
      records.append({ k: 'leave', subs: present.slice(from, from + 2 * leaversMax) });
  }
}
