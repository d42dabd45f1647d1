import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import type { Clock, Timers } from '../clock.ts';
import type { Config } from '../config.ts';
import { heardElsewhere } from '../errors.ts';
import { type FeedCounters, type FeedToHub, type HubToFeed, noCounters } from './feed-messages.ts';
import type { FeedPosition } from './feed-position.ts';
import type { FeedPort } from './hub-feed.ts';
import { flushWithinMs } from './late-check.ts';
import { AsideRows, type PushAside, type SetAside } from './push-aside.ts';
import { keptDigests } from './push-digest.ts';
import { linesOf } from './push-lines.ts';
import { openBody, type PushForm, type PushReader, type PushRows } from './push-reader.ts';
import { type PushPlace, PushRefusal } from './push-refusal.ts';

/** How a sender stands. */
export interface PushStanding {
  /** All batches up to this one survive a power cut; epoch 0: none has come yet. */
  readonly acked: PushPlace;
  /** Batches that the sender may have under way, those not yet acknowledged among them; 0: wait. */
  readonly credit: number;
  /** The next batch is to come within so much time of the one before, ms: others go on without who is silent for longer. */
  readonly flushWithinMs: number;
}

/** A batch was taken, or had been before. */
export interface PushTaken extends PushStanding {
  /** Rows taken in now, and left out because their times are too far from the clock; none of a batch that came again. */
  readonly accepted: number;
  readonly quarantined: number;
  /** Rows among the accepted that come too late to move anybody: they count as traffic, or not at all. */
  readonly late: number;
  /** Of quarantined rows: where they are. */
  readonly aside?: SetAside;
}

interface Waiting {
  readonly place: PushPlace;
  readonly resolve: () => void;
}

/** So long rows are read before the event loop has its turn, ms. */
const sliceMs = 5;

/** Batches that are told from others that come under their number: more than any sender may have under way. */
const digestsMax = 1024;

const isUpTo = (place: PushPlace, { epoch, seq }: PushPlace) =>
  place.epoch < epoch || (place.epoch === epoch && place.seq <= seq);

/**
 * An acknowledged feed: batches that senders bring, each taken as a whole, once and in order, and acknowledged when it is
 * on disk. Towards the hub it is a feed like those that read.
 */
export class PushFeed implements FeedPort {
  readonly id: string;
  readonly #reader: PushReader;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #config: Pick<Config, 'pushBatchesMax' | 'staleMs'>;
  /** The journal is full, or has failed. */
  readonly #full: () => boolean;
  #listener: (message: FeedToHub) => void = () => undefined;
  /** The newest batch handed to the hub, and the newest on disk. */
  #taken: PushPlace;
  #acked: PushPlace;
  /** Of what they say, by seq: the newest batches of the running epoch. */
  readonly #digests = new Map<number, string>();
  #waiting: Waiting[] = [];
  /** Batches that are being read, or handed on and without credit; and those of them that are on disk. */
  #underWay = 0;
  #withheld = 0;
  /** Batches are read one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #newestUs = -1;
  /** Of the newest batch with rows: the time by which the sender's clock is judged, rows set aside among them, µs. */
  #toldUs = -1;
  /** Of the batch that was handed on last: the hub says so at once. */
  #late = 0;
  #note = '';
  readonly #aside: AsideRows;
  readonly #counters: FeedCounters = noCounters();

  constructor(options: {
    id: string;
    reader: PushReader;
    clock: Clock;
    timers: Timers;
    config: Pick<Config, 'pushBatchesMax' | 'staleMs'>;
    /** What was taken in before. */
    acked: PushPlace & Pick<FeedPosition, 'digests'>;
    aside: PushAside;
    full: () => boolean;
  }) {
    this.id = options.id;
    this.#reader = options.reader;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#config = options.config;
    this.#acked = { epoch: options.acked.epoch, seq: options.acked.seq };
    this.#taken = this.#acked;
    const { digests = [] } = options.acked;
    for (const [i, digest] of digests.entries()) this.#digests.set(options.acked.seq + 1 - digests.length + i, digest);
    this.#aside = new AsideRows(options.aside);
    this.#full = options.full;
  }

  get standing(): PushStanding {
    const closed = this.#stopped || this.#full();
    const { pushBatchesMax, staleMs } = this.#config;
    const credit = closed ? 0 : Math.max(0, pushBatchesMax - this.#withheld);
    return { acked: this.#acked, credit, flushWithinMs: flushWithinMs(staleMs) };
  }

  /** Why no further batch can be taken at the moment; null: one can. For who would have to receive it first. */
  get refusal(): PushRefusal | null {
    if (this.#stopped) return new PushRefusal(503, 'PUSH_ENDING', 'the server is ending: send it again in a moment');
    if (this.#underWay < this.#config.pushBatchesMax) return null;
    return new PushRefusal(
      503,
      'PUSH_CREDIT',
      'more batches are under way than the credit allows: wait for acknowledgements',
    );
  }

  /**
   * Takes a batch. Resolves when it is on disk, or has been there.
   *
   * @param bytes the caller's until then; not changed
   * @param named epoch and seq as the request has them; of `ndjson` alone
   * @throws PushRefusal nothing of it was taken
   */
  async offer(bytes: Uint8Array, form: PushForm, named = { epoch: Number.NaN, seq: Number.NaN }): Promise<PushTaken> {
    const { refusal } = this;
    if (refusal !== null) throw this.#refused(refusal);
    this.#underWay++;
    const turn = this.#turn.then(() => this.#take(bytes, form, named));
    this.#turn = turn.catch(heardElsewhere);
    let taken: Omit<PushTaken, keyof PushStanding> & { place: PushPlace };
    try {
      taken = await turn;
    } catch (error) {
      this.#underWay--;
      throw error instanceof PushRefusal ? this.#refused(error) : error;
    }
    const { place, ...told } = taken;
    if (!isUpTo(place, this.#acked)) await new Promise<void>((resolve) => this.#waiting.push({ place, resolve }));
    return { ...this.standing, ...told };
  }

  post(message: HubToFeed): void {
    if (message.k === 'kept') {
      this.#acked = message.place;
      this.#withheld++;
      const waiting = this.#waiting;
      this.#waiting = waiting.filter(({ place }) => !isUpTo(place, this.#acked));
      for (const { place, resolve } of waiting) if (isUpTo(place, this.#acked)) resolve();
    } else if (message.k === 'credit') {
      this.#withheld--;
      this.#underWay--;
    } else if (message.k === 'late') this.#late = message.rows;
    else if (message.k === 'stop') this.#stopped = true;
  }

  onMessage(listener: (message: FeedToHub) => void): void {
    this.#listener = listener;
    listener({ k: 'open', firstUs: -1 });
  }

  async close(): Promise<void> {
    this.#stopped = true;
  }

  async #take(bytes: Uint8Array, form: PushForm, named: PushPlace) {
    const body = openBody(bytes, form, named);
    const { place } = body;
    const isKnown = this.#isKnown(place);
    if (!isKnown && this.#full()) {
      throw new PushRefusal(503, 'PUSH_FULL', 'the journal is full: keep the batch and send it again later', place);
    }
    const rows = await this.#inSlices(this.#reader.read(body));
    const { batch, newCells, quarantined, digest } = rows;
    if (isKnown) {
      this.#reader.forget(newCells);
      this.#refuseOther(place, digest);
      this.#underWay--;
      return { place, accepted: 0, late: 0, quarantined: 0 };
    }
    const aside = await this.#setAside(place, rows);
    const { refusal } = this;
    if (refusal?.code === 'PUSH_ENDING') throw refusal;
    const digests = this.#remember(place, digest);
    this.#taken = place;
    this.#count(bytes.length, rows);
    this.#late = 0;
    this.#listener({ k: 'batch', buffer: batch.buffer, rows: batch.n, newCells, at: this.#at(), place, digests });
    return { place, accepted: batch.n, late: this.#late, quarantined, ...(aside !== null && { aside }) };
  }

  /** Before the batch is handed on: what is acknowledged is kept, counted or not. @throws PushRefusal 503 */
  async #setAside(place: PushPlace, { aside, newCells }: PushRows): Promise<SetAside | null> {
    try {
      if (aside === null) {
        await this.#aside.drop(place);
        return null;
      }
      const text = await this.#inSlices(linesOf(aside.batch, this.#reader.cgiOf));
      return await this.#aside.keep(place, text, aside, this.#clock.nowUs(), this.#clock.monotonicMs());
    } catch (error) {
      this.#reader.forget(newCells);
      throw error;
    }
  }

  /** @returns whether the batch came before @throws PushRefusal 409 where another one is next */
  #isKnown({ epoch, seq }: PushPlace): boolean {
    const { epoch: life, seq: last } = this.#taken;
    if (epoch === life && seq <= last) return true;
    if (epoch < life) {
      throw new PushRefusal(
        409,
        'PUSH_EPOCH',
        `epoch ${epoch} is over: the feed is in epoch ${life}; go on in it, or begin one that is higher`,
        { epoch: life, seq: last + 1 },
      );
    }
    const next = epoch === life ? last + 1 : 1;
    if (seq === next) return false;
    throw new PushRefusal(409, 'PUSH_GAP', `batch ${seq} of epoch ${epoch} is not next: ${next} is; send it first`, {
      epoch,
      seq: next,
    });
  }

  /** @returns digests that go with the feed's position */
  #remember({ epoch, seq }: PushPlace, digest: string): string[] {
    const digests = this.#digests;
    if (epoch !== this.#taken.epoch) digests.clear();
    digests.set(seq, digest);
    digests.delete(seq - digestsMax);
    const newest: string[] = [];
    const kept = Math.max(keptDigests, this.#config.pushBatchesMax);
    for (let at = seq; newest.length < kept && digests.has(at); at--) newest.unshift(digests.get(at)!);
    return newest;
  }

  /** @throws PushRefusal 409 where another batch than this one was taken under its number, or may have been */
  #refuseOther({ epoch, seq }: PushPlace, digest: string): void {
    const before = this.#digests.get(seq);
    if (before === digest) return;
    const expected = { epoch, seq: this.#taken.seq + 1 };
    const senders = 'two senders need an ID each, and who has lost his place begins a higher epoch';
    if (before === undefined) {
      const known = `batch ${seq} of epoch ${epoch} was taken too long ago to tell whether it is the same`;
      throw new PushRefusal(409, 'PUSH_TAKEN', `${known}: go on with batch ${expected.seq}; ${senders}`, expected);
    }
    const other = `other rows were taken as batch ${seq} of epoch ${epoch}: send a batch again as it was cut`;
    throw new PushRefusal(409, 'PUSH_OTHER_BATCH', `${other}; ${senders}`, expected);
  }

  /** Works, and lets the event loop turn between slices. */
  async #inSlices<T>(slices: Generator<void, T>): Promise<T> {
    let sinceMs = this.#clock.monotonicMs();
    for (;;) {
      const slice = slices.next();
      if (slice.done === true) return slice.value;
      if (this.#clock.monotonicMs() - sinceMs < sliceMs) continue;
      await new Promise<void>((resolve) => void this.#timers.after(0, resolve));
      sinceMs = this.#clock.monotonicMs();
    }
  }

  #count(bytes: number, { batch, quarantined, resolved, newestUs, aside }: PushRows): void {
    const c = this.#counters;
    c.frames += batch.n + quarantined;
    c.bytes += bytes;
    c.messages++;
    c.events += batch.n;
    c.resolved += resolved;
    c.unresolved += batch.n - resolved;
    const { ahead = 0, old = 0 } = aside ?? {};
    if (ahead > 0) c.faults.PUSH_TIME_AHEAD = (c.faults.PUSH_TIME_AHEAD ?? 0) + ahead;
    if (old > 0) c.faults.PUSH_TIME_OLD = (c.faults.PUSH_TIME_OLD ?? 0) + old;
    if (newestUs > this.#newestUs) this.#newestUs = newestUs;
    // A few rows of a batch may be astray; if most are, it is the clock.
    if (batch.n + quarantined > 0) this.#toldUs = aside !== null && quarantined > batch.n ? aside.newestUs : newestUs;
    this.#note = '';
  }

  /** Notes a refusal for those who watch the feed. */
  #refused(refusal: PushRefusal): PushRefusal {
    const { status, code } = refusal;
    // Being told to wait is no fault of the sender's; for its clock to be set is.
    if (status === 503 && code !== 'PUSH_AHEAD' && code !== 'PUSH_OLD') return refusal;
    const { faults } = this.#counters;
    faults[code] = (faults[code] ?? 0) + 1;
    if (status === 400 || status === 413) this.#note = feedNote('refusedBatch', { code });
    this.#listener({ k: 'clock', at: this.#at() });
    return refusal;
  }

  #at(): Extract<FeedToHub, { k: 'clock' }>['at'] {
    const counters = { ...this.#counters, faults: { ...this.#counters.faults } };
    const note = joinFeedNotes(this.#aside.note(this.#clock.monotonicMs()), this.#note);
    const { clockUs, toldUs } = { clockUs: this.#newestUs, toldUs: this.#toldUs };
    return { clockUs, toldUs, nextUs: 0, progress: -1, counters, note, isAlarm: note !== '' };
  }
}
