import { createHash, type Hash, randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { batchesOf, rowsOf, type SendFile } from './send-file.ts';
import type { FeedAnswer, SendLink, SendOutcome } from './send-link.ts';
import { rowsTaken, type SendLife, type SendState } from './send-state.ts';
import { counted } from './words.ts';

/** Rows of a batch where nobody says another number. */
export const batchRows = 5_000;

/** From where it goes on. */
interface Start {
  life: SendLife;
  /** Rows that are acknowledged, and the digest of them that goes on. */
  behind: number;
  hash: Hash;
  /** Rows of the first batch: fewer where one is under way that had fewer. */
  first: number;
  bytesMax: number;
}

/** What became of one way through the file: `again`: the server is elsewhere, or batches must be smaller. */
type Way = 'done' | 'again';

/**
 * The sending of one file: behind what the server has acknowledged, in batches each of which is noted before it goes out.
 * Batches of one epoch have the same number of rows, so that the server's word tells where in the file it is; another number
 * begins a new epoch.
 */
export class Sending {
  /** Rows of this run that were not counted but set aside. */
  quarantined = 0;
  readonly #file: SendFile;
  readonly #link: SendLink;
  readonly #keep: (state: SendState) => void;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: SendState;
  /** Rows that a batch is to have; null: as before. */
  #rows: number | null;
  /** Where it was told to go back to, last. */
  #wentBack = -1;

  /** @param options.keep puts the state where the next run finds it, also after a power cut */
  constructor(options: {
    file: SendFile;
    link: SendLink;
    state: SendState;
    rows: number | null;
    keep: (state: SendState) => void;
    clock: Clock;
    log: Log;
  }) {
    this.#file = options.file;
    this.#link = options.link;
    this.#state = options.state;
    this.#rows = options.rows;
    this.#keep = options.keep;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Sends what is not acknowledged.
   *
   * @param standing where the feed stands
   * @returns rows of the file, all of them acknowledged
   * @throws UserError SEND_OVER, SEND_CHANGED, SEND_OTHER, SEND_ROW, SEND_REFUSED, SEND_GAVE_UP, SEND_STATE, or of the file
   */
  async run(standing: FeedAnswer): Promise<number> {
    for (let told = standing; ; told = await this.#link.standing()) {
      const start = await this.#start(told);
      if (start.behind > 0) this.#log('info', `goes on behind ${counted(start.behind, 'row')} that are acknowledged`);
      if ((await this.#send(start)) === 'done') return this.#state.acked.rows;
    }
  }

  #note(change: Partial<SendState>): void {
    this.#state = { ...this.#state, ...change };
    this.#keep(this.#state);
  }

  async #start({ acked, rowsMax, bytesMax, receiver }: FeedAnswer): Promise<Start> {
    const { feed, lives, sent } = this.#state;
    if (receiver !== this.#state.receiver) {
      const what = 'another server answers there now';
      throw new UserError('SEND_OTHER', `${what}: to send the file there, start again with another --state FILE`);
    }
    const behind = rowsTaken(this.#state, acked);
    if (behind === null) {
      const { rows } = this.#state.acked;
      throw new UserError(
        'SEND_OVER',
        `feed ${feed} has been sent other events since (epoch ${acked.epoch}), and nobody knows whether rows ${rows + 1} to ${sent!.rows} were taken; those before were. Look them up, and say --taken yes or --taken no`,
      );
    }
    const isUnderWay = sent !== null && behind < sent.rows;
    const path = this.#file.path;
    // What the server has must be what stands in the file now.
    const known = sent !== null && !isUnderWay ? sent : this.#state.acked;
    const { hash, digests } = await this.#look(behind, [known.rows, isUnderWay ? sent.rows : 0]);
    if (known.rows > 0 && digests.get(known.rows) !== known.digest) {
      throw new UserError(
        'SEND_CHANGED',
        `${path}: its first ${counted(known.rows, 'row')} are acknowledged, and are others now, or in another order. Send new rows as a file of their own; --again sends the whole file`,
      );
    }
    const last = lives.at(-1);
    const goesOn =
      last !== undefined &&
      acked.epoch <= last.epoch &&
      behind >= last.from &&
      (behind - last.from) % last.rows === 0 &&
      (isUnderWay || last.rows === Math.min(this.#rows ?? last.rows, rowsMax));
    const rows = Math.min(this.#rows ?? last?.rows ?? batchRows, rowsMax);
    // Of two senders that begin at once neither may take the other's batches for its own.
    const unlike = 1000 * Math.floor(this.#clock.nowUs() / 1000) + randomInt(1000);
    const epoch = Math.max(Math.max(acked.epoch, last?.epoch ?? 0) + 1 + randomInt(1000), unlike);
    const life = goesOn ? last : { epoch, from: behind, rows };
    // What is under way may have been taken, or come yet: it goes out as it was, and as it was cut.
    const left = isUnderWay && goesOn ? sent.rows - behind : life.rows;
    if (isUnderWay && goesOn && digests.get(sent.rows) !== sent.digest) {
      const rows = `rows ${behind + 1} to ${sent.rows}`;
      const what = `${path}: ${rows} have been sent and are others now, and nobody knows yet whether they were taken`;
      throw new UserError('SEND_CHANGED', `${what}: put them back until they are acknowledged`);
    }
    this.#note({
      lives: goesOn ? lives : [...lives, life],
      acked: { rows: behind, digest: digestOf(hash) },
      sent: isUnderWay && goesOn ? sent : null,
    });
    return { life, behind, hash, first: Math.min(left, life.rows), bytesMax };
  }

  /** @returns the digest behind so many rows, as it goes on, and those behind others, as far as the file has them */
  async #look(behind: number, marks: readonly number[]): Promise<{ hash: Hash; digests: Map<number, string> }> {
    const digests = new Map<number, string>();
    const hash = createHash('sha256');
    let upTo = hash.copy();
    let at = 0;
    const end = Math.max(behind, ...marks);
    if (end === 0) return { hash: upTo, digests };
    for await (const rows of rowsOf(this.#file)) {
      for (const row of rows) {
        hash.update(row).update('\n');
        at++;
        if (at === behind) upTo = hash.copy();
        if (marks.includes(at)) digests.set(at, digestOf(hash));
      }
      if (at >= end) break;
    }
    return { hash: upTo, digests };
  }

  async #send({ life, behind, hash, first, bytesMax }: Start): Promise<Way> {
    let from = behind;
    for await (const lines of batchesOf(this.#file, behind, life.rows, first)) {
      // Behind a batch that had fewer rows the server's word could not tell how many.
      if ((from - life.from) % life.rows !== 0) return 'again';
      const to = from + lines.length;
      const text = Buffer.from(lines.join('\n'));
      const { sent } = this.#state;
      if (text.length > bytesMax && sent === null)
        return this.#cutSmaller(from, lines.length, Math.floor((0.9 * lines.length * bytesMax) / text.length));
      for (const line of lines) hash.update(line).update('\n');
      const mark = { rows: to, digest: digestOf(hash) };
      // Where the server has lost batches, one behind this one is under way.
      const later = sent !== null && sent.rows > to ? sent : null;
      this.#note({ sent: later ?? mark });
      const outcome = await this.#link.send({ epoch: life.epoch, seq: (from - life.from) / life.rows + 1 }, text);
      if (outcome.k !== 'taken') return this.#notTaken(outcome, from, to, sent !== null);
      this.#state = { ...this.#state, acked: mark, sent: later };
      const { aside, quarantined } = outcome.taken;
      if (aside !== undefined && this.quarantined === 0) {
        const which = `rows ${from + 1} to ${to}`;
        this.#log('warn', `${counted(aside.rows, 'row')} of ${which} set aside in ${aside.file}: ${aside.why}`);
      }
      this.quarantined += quarantined;
      from = to;
      if (later !== null && later.rows - to < life.rows) return 'again';
    }
    this.#note({});
    return 'done';
  }

  /** @param wasUnderWay before this run, or before the server was asked where it is */
  #notTaken(outcome: Exclude<SendOutcome, { k: 'taken' }>, from: number, to: number, wasUnderWay: boolean): Way {
    const where = `rows ${from + 1} to ${to} of ${this.#file.path}`;
    // Where an attempt before may have been taken, only the server's next word tells; rows that are wrong never are.
    const isSure = outcome.k === 'wrong' || (outcome.isSure && !wasUnderWay);
    if (isSure) this.#note({ sent: null });
    if (outcome.k === 'large' && isSure) return this.#cutSmaller(from, to - from, Math.floor((to - from) / 2));
    if (outcome.k === 'elsewhere' && this.#wentBack !== from) {
      this.#wentBack = from;
      this.#log('warn', `${where} are not what the server is at: goes back`);
      return 'again';
    }
    throw new UserError(outcome.k === 'gaveUp' ? 'SEND_GAVE_UP' : 'SEND_REFUSED', `${where}: ${outcome.why}`);
  }

  #cutSmaller(from: number, had: number, rows: number): Way {
    if (had === 1) {
      const what = `row ${from + 1} of ${this.#file.path} is larger than a batch may be: no row needs so much`;
      throw new UserError('SEND_ROW', `${what}. What came before it is acknowledged`);
    }
    this.#rows = Math.max(1, rows);
    this.#log('info', `${counted(had, 'row')} are more than a batch may hold: sends ${this.#rows} at once`);
    return 'again';
  }
}

function digestOf(hash: Hash): string {
  return hash.copy().digest('hex');
}
