import type { FeedPosition } from '../../server/events/feed-position.ts';
import type { LedgerRow } from '../../server/store/ledger.ts';
import { rowsIn, timeOf } from './copy-rows.ts';

/** The time of event rows that facts count by, and its day, µs: `build.ts` gives the production modules the same. */
export const simHourUs = 6_000_000;
export const simDayUs = 24 * simHourUs;

export interface StoredCellRow {
  id: number;
  cgi: string;
  parents?: string[];
}

/** An hour or day that is to be counted, as its own row: one that is taken away is this one, and none that comes later. */
export interface Mark {
  id: number;
  grain: string;
  startUs: number;
}

/** A cell in a region from … to; `ends`: the row of before is closed or, where it never held, taken away. */
export interface Membership {
  region: number;
  cell: number;
  fromUs: number;
  toUs: number;
}

/** What a transaction has put into the tables. */
export interface Commit {
  ledger: LedgerRow | null;
  positions: FeedPosition[];
  cells: StoredCellRow[];
  regions: { id: string; level?: number }[];
  /** Rows deleted before those that are copied, by table and `ts`. */
  deletes: { table: string; ts: number }[];
  /** Rows in binary COPY, by table, in order. */
  copies: { table: string; bytes: Uint8Array }[];
  /** Rows set aside, each as it was copied. */
  refused: { table: string; sqlstate: string; row: Uint8Array }[];
  /** Rows of which cells regions hold, as they are from then on, one behind the other. */
  members: { rows: Membership[]; gone: Membership[] }[];
  marks: Mark[];
  /** Ids of marks taken away. */
  taken: number[];
  /** Stays taken out of their queue. */
  drained: number;
  /** What a fact was counted from: so many rows of the hour or day. */
  facts: { fact: string; startUs: number; rows: number }[];
}

export function emptyCommit(): Commit {
  return {
    ...{ ledger: null, positions: [], cells: [], regions: [], deletes: [], copies: [], refused: [], members: [] },
    ...{ marks: [], taken: [], drained: 0, facts: [] },
  };
}

export function isEmpty({ ledger, drained, ...lists }: Commit): boolean {
  return ledger === null && drained === 0 && Object.values(lists).every((list) => list.length === 0);
}

/** Event rows of a commit by the start of their hour, and its stays: told once, as a commit never changes. */
const counted = new WeakMap<Commit, { hours: Map<number, number>; stays: number }>();

export function countsOf(commit: Commit): { hours: ReadonlyMap<number, number>; stays: number } {
  const known = counted.get(commit);
  if (known !== undefined) return known;
  const counts = { hours: new Map<number, number>(), stays: 0 };
  for (const { table, bytes } of commit.copies) {
    if (table === 'stay_queue') counts.stays += rowsIn(bytes).length;
    if (table !== 'event') continue;
    for (const [ts] of rowsIn(bytes)) {
      const startUs = Math.floor(timeOf(ts) / simHourUs) * simHourUs;
      counts.hours.set(startUs, (counts.hours.get(startUs) ?? 0) + 1);
    }
  }
  counted.set(commit, counts);
  return counts;
}

/** What the commits have added up to. */
export class Tables {
  readonly commits: Commit[] = [];

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

  get cells(): StoredCellRow[] {
    const known = new Map<number, StoredCellRow>();
    for (const { cells } of this.commits) for (const cell of cells) if (!known.has(cell.id)) known.set(cell.id, cell);
    return [...known.values()].sort((a, b) => a.id - b.id);
  }

  /** In order of their surrogates, which count from 1. */
  get regions(): { id: string; level?: number }[] {
    const known = new Map<string, { id: string; level?: number }>();
    for (const { regions } of this.commits) for (const region of regions) known.set(region.id, region);
    return [...known.values()];
  }

  /** Rows of which cells regions hold. @param own of the transaction that asks */
  members(own: Commit | null): Membership[] {
    const rows = new Map<string, Membership>();
    for (const { members } of own === null ? this.commits : [...this.commits, own])
      for (const step of members) {
        for (const { region, cell, fromUs } of step.gone) rows.delete(`${region} ${cell} ${fromUs}`);
        for (const row of step.rows) rows.set(`${row.region} ${row.cell} ${row.fromUs}`, row);
      }
    return [...rows.values()];
  }

  /** Hours and days that wait to be counted, the oldest first. */
  marks(grain: string, own: Commit | null): Mark[] {
    const commits = own === null ? this.commits : [...this.commits, own];
    const taken = new Set(commits.flatMap((commit) => commit.taken));
    const marks = commits.flatMap((commit) =>
      commit.marks.filter((mark) => mark.grain === grain && !taken.has(mark.id)),
    );
    return marks.sort((a, b) => a.startUs - b.startUs);
  }

  /** Stays that wait in their queue. */
  get queued(): number {
    return this.commits.reduce((sum, commit) => sum + countsOf(commit).stays - commit.drained, 0);
  }

  /** Event rows by the start of their hour. */
  get hours(): Map<number, number> {
    const hours = new Map<number, number>();
    for (const commit of this.commits)
      for (const [startUs, rows] of countsOf(commit).hours) hours.set(startUs, (hours.get(startUs) ?? 0) + rows);
    return hours;
  }

  /** What each fact was counted from last: `fact start`. */
  facts(own: Commit | null): Map<string, number> {
    const last = new Map<string, number>();
    for (const { facts } of own === null ? this.commits : [...this.commits, own])
      for (const { fact, startUs, rows } of facts) last.set(`${fact} ${startUs}`, rows);
    return last;
  }
}
