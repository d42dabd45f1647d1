import { crc32 } from 'node:zlib';
import type { LedgerRow } from '../../server/store/ledger.ts';
import { rangesOf } from './copy-rows.ts';
import type { Chance, Schedule } from './schedule.ts';
import { type Result, resultOf, statements, timeIn } from './statements.ts';
import { type Commit, emptyCommit, isEmpty, Tables } from './tables.ts';

/** A connection as the database sees it. */
export interface Session {
  transaction: Commit | null;
  /** A statement has failed in the transaction: nothing more happens in it but its end, or a return to its savepoint. */
  aborted: boolean;
  /** How long the lists of the transaction were at its savepoint. */
  savepoint: Commit | null;
  /** A commit has been asked for, and not answered. */
  readonly committing: boolean;
  /** Loses its client: called once, when the database ends it. */
  lose(why: Error): void;
}

/** Classes of errors that a statement may end with, and whether the connection goes with it. */
export const refusals = ['53200', '40001', '40P01', '25006', '22003', '23505', '55P03', '57P01', '08006'] as const;
const lasting = /^(57P01|08006)$/;

/**
 * A database in memory that knows the few statements of the store. `embedded`: what is not in a checkpoint is lost
 * at a power cut; else it runs on another machine and keeps what is committed.
 */
export class SimDatabase {
  readonly embedded: boolean;
  up = true;
  /** A backup is being put back: nobody reaches it. */
  restoring = false;
  /** Statements get no answer until their connection is given up. */
  hangs = false;
  /** What becomes of the next commits: they happen or not, and their answer is lost. */
  losesAnswers = 0;
  /** The next statements are refused, and why. */
  refuses = 0;
  refusal: (typeof refusals)[number] = '53200';
  /** Only statements that copy rows are. */
  refusesCopies = false;
  /** Tables refuse one row in {@link poisonOf}, by its checksum and this number; -1: none. */
  poison = -1;
  readonly tables = new Tables();
  #marks = 0;
  readonly #told = new Set<string>();
  /** So many commits stand in a checkpoint. */
  #checkpointed = 0;
  readonly #sessions = new Set<Session>();
  /** Who may write; a commit under way keeps it. */
  #writer: Session | null = null;
  /** A commit whose client has gone, and that happens later. */
  #late: (() => void) | null = null;
  readonly #schedule: Schedule;
  readonly #chance: Chance;

  constructor(schedule: Schedule, chance: Chance, embedded: boolean) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.embedded = embedded;
  }

  get durationMs(): number {
    return this.#chance.once(30) ? this.#chance.between(5, 80) : this.#chance.between(0.1, 3);
  }

  /** What it has held from the beginning on. */
  begin(ledger: LedgerRow): void {
    this.commits.push({ ...emptyCommit(), ledger });
    this.#checkpointed = this.commits.length;
  }

  connect(session: Session): void {
    if (!this.up || this.restoring)
      throw Object.assign(new Error('ECONNREFUSED: the database is away'), { code: 'ECONNREFUSED' });
    // The embedded one takes its clients in turn.
    if (this.embedded) this.#late?.();
    this.#sessions.add(session);
  }

  /** The client has gone: its transaction is over, but for a commit that has been asked for. */
  leave(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    const { committing, transaction, aborted } = session;
    session.transaction = null;
    const end = () => {
      if (this.#writer === session) this.#writer = null;
    };
    if (!committing || aborted || transaction === null || this.#chance.once(3)) {
      end();
      return;
    }
    // Upkeep would wait for rows that a transaction of before holds: of it none is under way when the next one comes.
    if (transaction.ledger === null) {
      end();
      this.#commit(transaction, 'unheard');
      return;
    }
    const commit = () => {
      if (this.#late !== commit) return;
      this.#late = null;
      end();
      this.#schedule.coverage.meet('a late commit');
      this.#commit(transaction, 'late');
    };
    this.#late?.();
    this.#late = commit;
    this.#schedule.after(this.#chance.between(1, 3_000), commit);
  }

  /** What it has is there to stay. */
  settle(): void {
    this.#late?.();
    this.#checkpointed = this.commits.length;
  }

  /** All its clients lose it. */
  goAway(): void {
    this.up = false;
    for (const session of [...this.#sessions]) this.#end(session, 'the database has gone away');
  }

  /** A backup is put back, or a copy that was behind takes over: the newest commits are gone. */
  goBack(commits: number): void {
    this.#late = null;
    this.#writer = null;
    this.commits.length -= commits;
    this.#schedule.note(`database: ${commits} commits are gone, ${this.commits.length} are left`);
  }

  /** Who has waited for an answer in vain learns it at last. */
  recover(): void {
    if (this.hangs) for (const session of [...this.#sessions]) this.#end(session, 'the connection is dead');
    this.hangs = false;
  }

  /** One answer is lost with its connection, whatever became of the statement. */
  cut(session: Session): void {
    this.#end(session, 'the connection was cut');
  }

  powerCut(): void {
    this.#late = null;
    this.#writer = null;
    this.#sessions.clear();
    if (this.embedded && this.#checkpointed < this.commits.length) this.#schedule.coverage.meet('commits forgotten');
    if (this.embedded) this.commits.length = this.#checkpointed;
    this.#schedule.note(`database: ${this.commits.length} commits are left`);
  }

  /** The server's process has ended, and with it an embedded database's. */
  processEnded(): void {
    for (const session of [...this.#sessions]) this.leave(session);
    if (this.embedded) this.#late?.();
    this.up = this.up || this.embedded;
    this.hangs = false;
  }

  run(session: Session, text: string, values: readonly unknown[]): Result {
    this.#refuse(session, text);
    const inside = session.transaction;
    const into = inside ?? emptyCommit();
    const result = this.#statement(session, text, values, into);
    if (inside === null && session.transaction === null && !/^(commit|rollback)/.test(text))
      this.#commit(into, 'alone');
    return result;
  }

  get commits(): Commit[] {
    return this.tables.commits;
  }

  /** @throws Refusal of the whole piece where a row of it is not to the table's liking */
  copyInto(session: Session, table: string, bytes: Uint8Array): void {
    this.#refuse(session, 'copy');
    if (this.poison >= 0 && rangesOf(bytes).some(({ from, to }) => this.isPoison(bytes.subarray(from, to))))
      this.#abort(session, '23514');
    session.transaction?.copies.push({ table, bytes });
  }

  /** Whether a statement has ever been refused for this reason. */
  toldOf(sqlstate: string): boolean {
    return this.#told.has(sqlstate);
  }

  /** Rows set aside. */
  get refusedRows(): number {
    return this.commits.reduce((sum, { refused }) => sum + refused.length, 0);
  }

  /** Whether a table refuses this row. */
  isPoison(row: Uint8Array): boolean {
    return this.poison >= 0 && (crc32(row) + this.poison) % poisonOf === 0;
  }

  /** How a commit whose answer is lost has ended. */
  get coin(): boolean {
    return this.#chance.once(2);
  }

  #refuse(session: Session, text: string): void {
    if (session.aborted && !/^(rollback|commit)/.test(text)) throw new Refusal('25P02');
    if (this.refuses === 0 || text.startsWith('rollback') || (this.refusesCopies && text !== 'copy')) return;
    this.refuses--;
    const { refusal } = this;
    this.#told.add(refusal);
    if (lasting.test(refusal))
      this.#schedule.after(0, () => this.#end(session, 'the database has ended the connection'));
    this.#abort(session, refusal);
  }

  #abort(session: Session, sqlstate: string): never {
    session.aborted = session.transaction !== null;
    throw new Refusal(sqlstate);
  }

  #end(session: Session, why: string): void {
    if (!this.#sessions.delete(session)) return;
    if (this.#writer === session) this.#writer = null;
    session.transaction = null;
    session.lose(Object.assign(new Error(why), { code: 'ECONNRESET' }));
  }

  #commit(transaction: Commit, how: string): void {
    if (isEmpty(transaction)) return;
    this.commits.push(transaction);
    const { ledger } = transaction;
    this.#schedule.note(`database: commit ${how}, ledger ${ledger?.batch ?? '-'} at ${ledger?.offset ?? '-'}`);
  }

  #statement(session: Session, text: string, values: readonly unknown[], into: Commit): Result {
    const start = text.replace(/\s+/g, ' ').slice(0, 80);
    if (text === 'begin') {
      Object.assign(session, { transaction: emptyCommit(), aborted: false, savepoint: null });
      return resultOf([], 'BEGIN');
    }
    if (text === 'commit') {
      const { transaction, aborted } = session;
      Object.assign(session, { transaction: null, aborted: false, savepoint: null });
      if (transaction === null || aborted) return resultOf([], 'ROLLBACK');
      this.#commit(transaction, 'whole');
      return resultOf([], 'COMMIT');
    }
    if (text === 'rollback') {
      Object.assign(session, { transaction: null, aborted: false, savepoint: null });
      return resultOf([], 'ROLLBACK');
    }
    if (text === 'savepoint part') {
      session.savepoint = { ...into, copies: [...into.copies], refused: [...into.refused] };
      return resultOf([], 'SAVEPOINT');
    }
    if (text === 'rollback to savepoint part') {
      const { savepoint } = session;
      if (savepoint === null) throw new Refusal('3B001');
      session.aborted = false;
      session.transaction = { ...savepoint, copies: [...savepoint.copies], refused: [...savepoint.refused] };
      return resultOf([], 'ROLLBACK');
    }
    if (text === 'release savepoint part') {
      session.savepoint = null;
      return resultOf([], 'RELEASE');
    }
    if (text === 'checkpoint') {
      this.#checkpointed = this.commits.length;
      this.#schedule.note(`database: ${this.#checkpointed} commits stand in a checkpoint`);
      return resultOf([], 'CHECKPOINT');
    }
    if (start.startsWith('select pg_try_advisory_lock')) {
      const held = this.#late === null && (this.#writer === null || this.#writer === session);
      if (held) this.#writer = session;
      return resultOf([{ held }]);
    }
    if (start.startsWith('set tcp_keepalives_idle')) return resultOf([], 'SET');
    // Who holds the lock is told to people only.
    if (start.startsWith('select host(a.client_addr)')) return resultOf([]);
    if (start.startsWith('select batch')) {
      this.#schedule.coverage.meet('a commit looked up');
      return resultOf(this.tables.ledger === null ? [] : [{ ...this.tables.ledger }]);
    }
    const deleted = /^delete from (\w+) where ts = \$1$/.exec(start);
    if (deleted !== null) {
      into.deletes.push({ table: deleted[1], ts: timeIn(values[0]) });
      return resultOf([], 'DELETE');
    }
    const known = statements.find(([begins]) => start.startsWith(begins));
    if (known !== undefined) return known[1]({ tables: this.tables, into, values, nextMark: () => this.#marks++ });
    this.#schedule.fail(`the simulated database does not know: ${start}`);
    throw new Error('an unknown statement');
  }
}

/** One row in so many, where a table refuses some. */
const poisonOf = 48;

/** What the database says of a statement that it can't do now. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the database refuses (${code})`);
    this.code = code;
  }
}
