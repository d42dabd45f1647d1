import type { FeedPosition } from '../../server/events/feed-position.ts';
import type { LedgerRow } from '../../server/store/ledger.ts';
import type { Chance, Schedule } from './schedule.ts';

/** What a transaction has put into the tables. */
export interface Commit {
  ledger: LedgerRow | null;
  positions: FeedPosition[];
  cells: { id: number; cgi: string }[];
  regions: string[];
  /** Rows deleted before those that are copied, by table and `ts`. */
  deletes: { table: string; ts: number }[];
  /** Rows in binary COPY, by table, in order. */
  copies: { table: string; bytes: Uint8Array }[];
}

export interface Result {
  rows: unknown[];
  rowCount: number;
  command: string;
}

/** A connection as the database sees it. */
export interface Session {
  transaction: Commit | null;
  /** A commit has been asked for, and not answered. */
  readonly committing: boolean;
  /** Loses its client: called once, when the database ends it. */
  lose(why: Error): void;
}

const empty = (): Commit => ({ ledger: null, positions: [], cells: [], regions: [], deletes: [], copies: [] });
const rowsOf = (rows: unknown[], command = 'SELECT'): Result => ({ rows, rowCount: rows.length, command });

/**
 * A database in memory that knows the few statements of the store. `embedded`: what is not in a checkpoint is lost
 * at a power cut; else it runs on another machine and keeps what is committed.
 */
export class SimDatabase {
  readonly embedded: boolean;
  up = true;
  /** Statements get no answer until their connection is given up. */
  hangs = false;
  /** What becomes of the next commits: they happen or not, and their answer is lost. */
  losesAnswers = 0;
  /** The next statements are refused for reasons of the database's own. */
  refuses = 0;
  readonly commits: Commit[] = [];
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
    this.commits.push({ ...empty(), ledger });
    this.#checkpointed = this.commits.length;
  }

  connect(session: Session): void {
    if (!this.up) throw Object.assign(new Error('ECONNREFUSED: the database is away'), { code: 'ECONNREFUSED' });
    // The embedded one takes its clients in turn.
    if (this.embedded) this.#late?.();
    this.#sessions.add(session);
  }

  /** The client has gone: its transaction is over, but for a commit that has been asked for. */
  leave(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    const { committing, transaction } = session;
    session.transaction = null;
    const end = () => {
      if (this.#writer === session) this.#writer = null;
    };
    if (!committing || transaction === null || this.#chance.once(3)) {
      end();
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
    this.#refuse(session);
    const inside = session.transaction;
    const into = inside ?? empty();
    const result = this.#statement(session, text, values, into);
    if (inside === null && session.transaction === null && !/^(commit|rollback)/.test(text))
      this.#commit(into, 'alone');
    return result;
  }

  get ledger(): LedgerRow | null {
    for (let i = this.commits.length - 1; i >= 0; i--)
      if (this.commits[i].ledger !== null) return this.commits[i].ledger;
    return null;
  }

  get positions(): FeedPosition[] {
    const known = new Map<string, FeedPosition>();
    for (const { positions } of this.commits) for (const position of positions) known.set(position.identity, position);
    return [...known.values()].sort((a, b) => a.number - b.number);
  }

  get cells(): { id: number; cgi: string }[] {
    const known = new Map<number, string>();
    for (const { cells } of this.commits) for (const { id, cgi } of cells) if (!known.has(id)) known.set(id, cgi);
    return [...known].map(([id, cgi]) => ({ id, cgi })).sort((a, b) => a.id - b.id);
  }

  get regions(): string[] {
    return [...new Set(this.commits.flatMap(({ regions }) => regions))];
  }

  copyInto(session: Session, table: string, bytes: Uint8Array): void {
    this.#refuse(session);
    session.transaction?.copies.push({ table, bytes });
  }

  /** How a commit whose answer is lost has ended. */
  get coin(): boolean {
    return this.#chance.once(2);
  }

  #refuse(session: Session): void {
    if (this.refuses === 0) return;
    this.refuses--;
    session.transaction = null;
    throw new Refusal('53200');
  }

  #end(session: Session, why: string): void {
    if (!this.#sessions.delete(session)) return;
    if (this.#writer === session) this.#writer = null;
    session.transaction = null;
    session.lose(Object.assign(new Error(why), { code: 'ECONNRESET' }));
  }

  #commit(transaction: Commit, how: string): void {
    const { ledger, positions, cells, regions, copies } = transaction;
    if (ledger === null && positions.length + cells.length + regions.length + copies.length === 0) return;
    this.commits.push(transaction);
    this.#schedule.note(`database: commit ${how}, ledger ${ledger?.batch ?? '-'} at ${ledger?.offset ?? '-'}`);
  }

  #statement(session: Session, text: string, values: readonly unknown[], into: Commit): Result {
    const start = text.replace(/\s+/g, ' ').slice(0, 60);
    if (text === 'begin') {
      session.transaction = empty();
      return rowsOf([], 'BEGIN');
    }
    if (text === 'commit') {
      const { transaction } = session;
      session.transaction = null;
      if (transaction === null) return rowsOf([], 'ROLLBACK');
      this.#commit(transaction, 'whole');
      return rowsOf([], 'COMMIT');
    }
    if (text === 'rollback') {
      session.transaction = null;
      return rowsOf([], 'ROLLBACK');
    }
    if (text === 'checkpoint') {
      this.#checkpointed = this.commits.length;
      this.#schedule.note(`database: ${this.#checkpointed} commits stand in a checkpoint`);
      return rowsOf([], 'CHECKPOINT');
    }
    if (start.startsWith('select pg_try_advisory_lock')) {
      const held = this.#late === null && (this.#writer === null || this.#writer === session);
      if (held) this.#writer = session;
      return rowsOf([{ held }]);
    }
    if (start.startsWith('insert into ledger')) return this.#moveLedger(values, into);
    if (start.startsWith('insert into feed_position')) {
      into.positions.push(...JSON.parse(values[0] as string));
      return rowsOf([], 'INSERT');
    }
    if (start.startsWith('select stream, batch')) {
      const { ledger } = this;
      return rowsOf(ledger === null ? [] : [{ stream: 'journal', ...ledger }]);
    }
    if (start.startsWith('select batch')) {
      this.#schedule.coverage.meet('a commit looked up');
      return rowsOf(this.ledger === null ? [] : [{ ...this.ledger }]);
    }
    if (start.startsWith('select number, identity')) return rowsOf(this.positions);
    if (start === 'query add-cells') {
      into.cells.push(...(JSON.parse(values[0] as string) as { id: number; cgi: string }[]));
      return rowsOf([], 'INSERT');
    }
    if (start === 'query load-cells') {
      const unknown = { name: '', lon: null, lat: null, azimuth: null, radio: '', site: null, parents: null };
      return rowsOf(this.cells.map(({ id, cgi }) => ({ id, cgi, ...unknown })));
    }
    if (start === 'query save-regions') {
      const ids = (JSON.parse(values[0] as string) as { id: string }[]).map(({ id }) => id);
      into.regions.push(...ids);
      const all = [...new Set([...this.regions, ...ids])];
      return rowsOf(ids.map((id) => ({ region_id: all.indexOf(id) + 1, id })));
    }
    // Levels of the region tree: no world has one.
    if (start.startsWith('select region_id as id from micro_region where level')) return rowsOf([]);
    if (start.startsWith('select region_id, id from micro_region'))
      return rowsOf(this.regions.map((id, i) => ({ region_id: i + 1, id })));
    if (start.startsWith('select coalesce(max(cell_id) + 1, 0)')) {
      const next = [...this.cells, ...into.cells].reduce((most, { id }) => Math.max(most, id + 1), 0);
      return rowsOf([{ next }]);
    }
    if (
      /^query (facts-|save-sites|save-region-nodes|close-cells|save-cell-parents|close-membership|add-membership)/.test(
        start,
      )
    )
      return rowsOf([], 'INSERT');
    const deleted = /^delete from (\w+) where ts = \$1$/.exec(start);
    if (deleted !== null) {
      into.deletes.push({ table: deleted[1], ts: Date.parse(values[0] as string) * 1000 });
      return rowsOf([], 'DELETE');
    }
    if (start.startsWith('analyze ')) return rowsOf([], 'ANALYZE');
    this.#schedule.fail(`the simulated database does not know: ${start}`);
    throw new Error('an unknown statement');
  }

  /** As the statement says: only where the row stands where its writer left it, or where there is none yet. */
  #moveLedger(values: readonly unknown[], into: Commit): Result {
    const [, from, batch, journal, offset, eventUs] = values as [string, number, number, string, number, number];
    const { ledger } = this;
    const moves = ledger === null ? from === 0 : ledger.batch === from;
    if (moves) into.ledger = { batch, journal, offset, eventUs };
    return { rows: [], rowCount: moves ? 1 : 0, command: 'INSERT' };
  }
}

/** What the database says of a statement that it can't do now. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the database refuses (${code})`);
    this.code = code;
  }
}
