import { Packr } from 'msgpackr';
import { eventFlag, kindCode, outcomeCode } from '../../server/events/kinds.ts';
import { learntKind } from '../../server/events/learnt.ts';
import { parsePlmn } from '../../server/events/plmn.ts';
import type { PushPlace } from '../../server/events/push-refusal.ts';
import { beginUs, type Chance } from './schedule.ts';

/** One row of a feed, as it is sent. */
export interface SimEvent {
  /** No two in a world have the same; it stands in the column of octets. */
  id: number;
  timeUs: number;
  subscriber: number;
  /** '': the row tells what was learnt of the subscriber, and is no event. */
  cell: string;
  /** A name of a kind of event, or the code of something learnt. */
  kind: keyof typeof kindCode | number;
  outcome: 'success' | 'failed';
  durationMs: number;
  /** Its sender's clock was wrong by so much, µs: it lies too far ahead, or back, or about there. */
  offUs: number;
}

/** What a feed says in its life, in order of arrival. */
export interface Script {
  identity: string;
  kind: 'push' | 'file';
  events: SimEvent[];
  /** Of an acknowledged one: where its batches begin, and where the last one ends. */
  cuts: number[];
  /** The batches with which its sender's lives begin. */
  lives: number[];
  over: 'post' | 'socket';
  /** A file that is given only when the first ones have been read, perhaps to their end. */
  later: boolean;
}

const secondUs = 1_000_000;
const kinds = ['mo call', 'mt sms', 'location update', 'data'] as const;
const learnt = Object.values(learntKind);
/** Of subscribers, by turns; '': not told. */
const plmns = ['460-00', '454-03', '', '310-410', '460-02'];

/** How far ahead rows may lie, and how old they may be, here. */
export const aheadS = 120;
export const oldS = 1_200;
/** And how far behind the event clock. */
export const behindS = 700;

/** Far off, or so that it is a matter of moments on which side of the limit it lies: when it comes again, on the other. */
function wrongClockS(chance: Chance): number {
  const aboutS = chance.once(3) ? 6_000 : Math.floor(chance.between(-10, 50));
  if (!chance.once(3)) return aheadS + aboutS;
  return aboutS % 2 === 0 ? -behindS - aboutS : -oldS - aboutS;
}

/**
 * Who is where and who tells, by the seed.
 *
 * @param spanS length of the story in event time
 * @param rows how many a feed has: `to` is behind the most
 */
export function writeScripts(
  chance: Chance,
  spanS: number,
  rows: { from: number; to: number },
): { scripts: Script[]; cells: string[] } {
  const cells = Array.from({ length: 3 + chance.below(5) }, (_, i) => `001-01-${100 + (i % 3) * 100}-${i + 1}`);
  const subscribers = 3 + chance.below(10);
  const pushed = chance.below(4);
  const files = pushed === 0 ? 1 + chance.below(2) : chance.below(2);
  // The first file ends early, and another one is given afterwards.
  const goesOn = pushed === 0 && files === 2 && !chance.once(3);
  const scripts: Script[] = [];
  let id = 0;
  for (let feed = 0; feed < pushed + files; feed++) {
    const n = rows.from + chance.below(rows.to - rows.from);
    const isPush = feed < pushed;
    const later = goesOn && feed > 0;
    const feedS = goesOn && !later ? Math.ceil(spanS / 4) : spanS;
    const events: (SimEvent & { arrivalUs: number })[] = [];
    for (let i = 0; i < n; i++) {
      const timeUs = beginUs + chance.below(feedS) * secondUs + (chance.once(3) ? chance.below(secondUs) : 0);
      // Most come in order, some late, some far too late.
      const lateS = chance.once(12) ? chance.below(chance.once(4) ? 200 : 30) : chance.below(2);
      const offUs = isPush && chance.once(20) ? wrongClockS(chance) * secondUs : 0;
      events.push({
        ...{ id: 0, timeUs: timeUs + offUs, arrivalUs: timeUs + lateS * secondUs, offUs },
        subscriber: 1 + chance.below(subscribers),
        cell: cells[chance.below(cells.length)],
        kind: chance.once(9) ? 'detach' : kinds[chance.below(kinds.length)],
        outcome: chance.once(4) ? 'failed' : 'success',
        durationMs: chance.below(100_000),
      });
      // Senders of acknowledged feeds tell events alone.
      if (!isPush && chance.once(8))
        Object.assign(events[i], { cell: '', kind: learnt[chance.below(learnt.length)], durationMs: 0 });
    }
    events.sort((a, b) => a.arrivalUs - b.arrivalUs);
    const cuts = [0];
    while (cuts[cuts.length - 1] < n) cuts.push(Math.min(n, cuts[cuts.length - 1] + 1 + chance.below(8)));
    const lives = [0];
    for (let batch = 1; batch < cuts.length - 1; batch++) if (chance.once(8)) lives.push(batch);
    scripts.push({
      identity: `feed ${feed}`,
      kind: isPush ? 'push' : 'file',
      events: events.map(({ arrivalUs: _, ...event }) => ({ ...event, id: ++id })),
      ...{ cuts, lives, later, over: chance.once(2) ? 'post' : 'socket' },
    });
  }
  return { scripts, cells };
}

/** Epochs grow, but not one by one. */
export function placeOf({ lives }: Script, batch: number): PushPlace {
  const life = lives.findLastIndex((first) => first <= batch);
  return { epoch: 2 * life + 1, seq: batch - lives[life] + 1 };
}

/** How many batches there are up to a place; -1: no sender of this script was ever there. */
export function batchBehind({ lives }: Script, { epoch, seq }: PushPlace): number {
  if (epoch === 0) return 0;
  const first = lives[(epoch - 1) / 2];
  return first === undefined ? -1 : first + seq;
}

const packr = new Packr({ useRecords: false });

/** The octets of a pseudonym whose words are `low` and 7. */
export function pseudonymOf(low: number): string {
  const octets = Buffer.alloc(8);
  octets.writeUInt32LE(low, 0);
  octets.writeUInt32LE(7, 4);
  return octets.toString('hex');
}

/** A batch as it is sent: lines and msgpack by turns. */
export function bodyOf(script: Script, batch: number): { bytes: Uint8Array; type: string } {
  const rows = script.events.slice(script.cuts[batch], script.cuts[batch + 1]).map((event) => {
    const { id, timeUs, subscriber, cell, kind, outcome, durationMs } = event;
    const plmn = plmnOf(event);
    const told = { timeUs, subscriber: pseudonymOf(subscriber), cell, kind, outcome, durationMs, bytes: id };
    return { ...told, ...(plmn !== '' && { plmn }) };
  });
  const { epoch, seq } = placeOf(script, batch);
  if (batch % 2 === 1) return { bytes: packr.pack({ epoch, seq, rows }), type: 'application/msgpack' };
  const lines = script.over === 'socket' ? [{ epoch, seq }, ...rows] : rows;
  return { bytes: Buffer.from(lines.map((row) => JSON.stringify(row)).join('\n')), type: 'application/x-ndjson' };
}

/** `460-00`; '': the row does not tell. */
function plmnOf({ subscriber }: SimEvent): string {
  return plmns[subscriber % plmns.length];
}

export function isLearntRow({ cell }: SimEvent): boolean {
  return cell === '';
}

/** The same as in the columns of a batch. */
export function codesOf(event: SimEvent): { plmn: number; kind: number; outcome: number; flags: number } {
  const { kind, outcome } = event;
  const plmn = plmnOf(event);
  const codes = { plmn: plmn === '' ? 0 : parsePlmn(plmn), outcome: outcomeCode[outcome] };
  if (typeof kind === 'number') return { ...codes, kind, outcome: 0, flags: 0 };
  const flags = eventFlag.sighting | (kind === 'detach' ? eventFlag.detach : 0) | eventFlag.traffic;
  return { ...codes, kind: kindCode[kind], flags };
}
