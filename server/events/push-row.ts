import { causeOfList } from './cause.ts';
import { type EventBatch, noCause } from './event-batch.ts';
import { eventFlag, kindCode, outcomeCode, peerClassCode } from './kinds.ts';

/** One row while its fields are read. */
export interface PushDraft {
  timeUs: number;
  subLo: number;
  subHi: number;
  cgi: string;
  /** -1: not told. */
  plmn: number;
  kind: number;
  outcome: number;
  causeValue: number;
  causeOf: string;
  /** Told by the row; -1: not. */
  sighting: number;
  traffic: number;
  detach: number;
  durationMs: number;
  typeAllocationCode: number;
  bytes: number;
  peerLo: number;
  peerHi: number;
  peerClass: number;
  country: number;
  area: number;
  /** How many fields named the time, and the subscriber. */
  times: number;
  subscribers: number;
}

export function newDraft(): PushDraft {
  return {
    ...{ timeUs: 0, subLo: 0, subHi: 0, cgi: '', plmn: -1, kind: -1, outcome: -1, causeValue: -1, causeOf: '' },
    ...{ sighting: -1, traffic: -1, detach: -1, durationMs: 0, typeAllocationCode: 0, bytes: 0 },
    ...{ peerLo: 0, peerHi: 0, peerClass: -1, country: 0, area: 0, times: 0, subscribers: 0 },
  };
}

export function clearDraft(d: PushDraft): void {
  d.subLo = 0;
  d.subHi = 0;
  d.cgi = '';
  d.plmn = -1;
  d.kind = -1;
  d.outcome = -1;
  d.causeValue = -1;
  d.causeOf = '';
  d.sighting = -1;
  d.traffic = -1;
  d.detach = -1;
  d.durationMs = 0;
  d.typeAllocationCode = 0;
  d.bytes = 0;
  d.peerLo = 0;
  d.peerHi = 0;
  d.peerClass = -1;
  d.country = 0;
  d.area = 0;
  d.times = 0;
  d.subscribers = 0;
}

/** What a row says by default of its kind: as correlation and record files have it. */
export function defaultFlags(kind: number, isKnown: boolean, hasCell: boolean): number {
  const { sighting, detach, traffic } = eventFlag;
  const proof = isKnown && hasCell ? sighting : 0;
  if (kind === kindCode.sighting) return proof;
  if (kind === kindCode['roam-out'] || kind === kindCode['roam-end']) return isKnown ? detach : 0;
  if (kind === kindCode['roam-in'] || kind === kindCode['roam-back']) return 0;
  if (kind !== kindCode.detach) return traffic | proof;
  // Without a cell it is one that the core network tells, and no procedure of the radio side.
  if (!isKnown) return hasCell ? traffic : 0;
  return hasCell ? traffic | sighting | detach : detach;
}

/** The outcome where none is told: what records of data and the core network tell of has happened. */
export function outcomeUntold(kind: number): number {
  return kind === kindCode.data || kind >= kindCode['roam-out'] ? outcomeCode.success : outcomeCode.unknown;
}

export function peerClassUntold(peerLo: number, peerHi: number): number {
  return (peerLo | peerHi) === 0 ? peerClassCode.none : peerClassCode.unknown;
}

/**
 * Appends the draft as a row.
 *
 * @param symbol of its cell
 * @returns '' or the field that does not fit the others, and what it must be, with a blank between
 */
export function pushDraft(d: PushDraft, symbol: number, to: EventBatch): string {
  if (d.times !== 1) return 'timeUs given, or time in its place';
  if (d.kind < 0) return 'kind given';
  if (d.subscribers > 1) return 'subscriber the only one of subscriber, imsi and user';
  const cause = d.causeValue < 0 ? noCause : causeOfList(d.causeOf, d.causeValue);
  if (cause < 0) return 'cause a value of the list that causeOf names';
  const flags = flagsOf(d);
  const fault = flagsFault(flags, d.kind, (d.subLo | d.subHi) !== 0, d.cgi !== '');
  if (fault !== '') return fault;
  if (d.peerClass < 0) d.peerClass = peerClassUntold(d.peerLo, d.peerHi);
  to.push(
    d.timeUs,
    d.subLo,
    d.subHi,
    symbol,
    Math.max(0, d.plmn),
    d.kind,
    d.outcome >= 0 ? d.outcome : outcomeUntold(d.kind),
    cause,
    flags,
    d.durationMs,
    d.typeAllocationCode,
    d.bytes,
    d,
  );
  return '';
}

/** Why the flags don't fit the rest of a row, as {@link pushDraft} says it; '' if they do. */
export function flagsFault(flags: number, kind: number, isKnown: boolean, hasCell: boolean): string {
  const { sighting, detach, traffic } = eventFlag;
  if ((flags & (sighting | detach)) !== 0 && !isKnown) return 'sighting false without a subscriber, and so detach';
  if ((flags & sighting) !== 0 && !hasCell) return 'sighting false without a cell';
  return kind === kindCode.sighting && (flags & traffic) !== 0 ? 'traffic false of a sighting' : '';
}

function flagsOf(d: PushDraft): number {
  const { sighting, detach, traffic } = eventFlag;
  let flags = defaultFlags(d.kind, (d.subLo | d.subHi) !== 0, d.cgi !== '');
  if (d.sighting >= 0) flags = d.sighting === 1 ? flags | sighting : flags & ~sighting;
  if (d.traffic >= 0) flags = d.traffic === 1 ? flags | traffic : flags & ~traffic;
  if (d.detach >= 0) flags = d.detach === 1 ? flags | detach : flags & ~detach;
  // Who detaches in a cell was there.
  return (flags & detach) !== 0 && d.cgi !== '' ? flags | sighting : flags;
}
