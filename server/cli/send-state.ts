/** What a sender knows of the sending of one file to one feed. */
import { existsSync, readFileSync } from 'node:fs';
import { UserError, whyUnwritable } from '../errors.ts';
import type { PushPlace } from '../events/push-refusal.ts';
import { replaceFile } from '../replace-file.ts';

/** The file's first rows. */
export interface SendMark {
  readonly rows: number;
  /** SHA-256 of them, a line each, hexadecimal. */
  readonly digest: string;
}

/** Batches of one epoch: all of `rows` rows, the last one perhaps of fewer. */
export interface SendLife {
  readonly epoch: number;
  /** Rows of the file before its first batch. */
  readonly from: number;
  readonly rows: number;
}

/** Where a sending goes to, and how the file's rows are read. */
export interface SendTarget {
  /** Of the server, whatever it is called. */
  readonly receiver: string;
  readonly feed: string;
  readonly form: string;
}

export interface SendState extends SendTarget {
  /** In order. */
  readonly lives: readonly SendLife[];
  readonly acked: SendMark;
  /** With the last batch that is under way, of which nobody knows yet whether it was taken; null: none is. */
  readonly sent: SendMark | null;
}

/**
 * What is known of an earlier sending; null: there was none.
 *
 * @param again the file is sent once more: it is no matter where to it has been
 * @throws UserError SEND_STATE where that is none, or of another sending: to go on would lose rows or count them twice
 */
export function readState(path: string, target: SendTarget, again: boolean): SendState | null {
  if (!existsSync(path)) return null;
  let state: SendState;
  try {
    state = JSON.parse(readFileSync(path, 'utf8'));
    if (!isState(state)) throw new TypeError('it has other fields');
  } catch (error) {
    const what = `${path}: no state of a sending that is known here`;
    throw new UserError('SEND_STATE', `${what}: name another --state FILE, and the whole file is sent`, {
      cause: error,
    });
  }
  if (again) return null;
  const other =
    state.receiver !== target.receiver
      ? 'to another server'
      : state.feed !== target.feed
        ? `to the feed ${state.feed}`
        : state.form !== target.form
          ? `of rows read in another way (${state.form})`
          : null;
  if (other === null) return state;
  throw new UserError('SEND_STATE', `${path} tells of a sending ${other}: name another --state FILE for this one`);
}

/** @throws UserError SEND_STATE */
export function writeState(path: string, state: SendState): void {
  try {
    replaceFile(path, `${JSON.stringify(state)}\n`);
  } catch (error) {
    const why = `${path}: ${whyUnwritable(error)}`;
    throw new UserError('SEND_STATE', `${why}; --state FILE names another place`, { cause: error });
  }
}

/**
 * Rows of the file that the server has, by what it has acknowledged; null: somebody else has sent behind the batch that
 * was under way, and nobody knows whether it was taken.
 */
export function rowsTaken({ lives, acked, sent }: SendState, { epoch, seq }: PushPlace): number | null {
  const at = lives.findLastIndex((life) => life.epoch <= epoch);
  if (at < 0) return 0;
  const life = lives[at];
  const next = lives[at + 1];
  if (life.epoch < epoch) return next?.from ?? (sent === null ? acked.rows : null);
  const rows = life.from + seq * life.rows;
  if (next !== undefined) return Math.min(rows, next.from);
  // The last batch may have had fewer; before it they are whole.
  if (sent !== null && seq >= batchesOfLife(life, sent)) return sent.rows;
  const ackedSeq = batchesOfLife(life, acked);
  return seq === ackedSeq || (seq > ackedSeq && sent === null) ? acked.rows : rows;
}

function batchesOfLife({ from, rows }: SendLife, mark: SendMark): number {
  return Math.ceil((mark.rows - from) / rows);
}

function isState(state: SendState): boolean {
  const areWhole = (...numbers: number[]) => numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
  const isMark = ({ rows, digest }: SendMark) => areWhole(rows) && typeof digest === 'string';
  const areTexts = [state.receiver, state.feed, state.form].every((text) => typeof text === 'string');
  const areLives = state.lives.every(({ epoch, from, rows }) => areWhole(epoch, from, rows) && rows > 0);
  return areTexts && areLives && isMark(state.acked) && (state.sent === null || isMark(state.sent));
}
