/**
 * What a row of an {@link EventBatch} is. `sighting` rows only prove a place; every other kind is one located
 * signalling procedure and counts as traffic. Codes are stored in the database: append, never renumber.
 */
export const eventKinds = [
  'sighting',
  'location update',
  'imsi attach',
  'periodic update',
  'mo call',
  'mt call',
  'emergency call',
  'mo sms',
  'mt sms',
  'supplementary service',
  'handover',
  'detach',
  'data',
  'other',
  // Registrations of the core network (MAP), without a cell and no traffic.
  'roam-out',
  'roam-in',
  'roam-back',
  'roam-end',
] as const;
export type EventKind = (typeof eventKinds)[number];

/** Code of a kind: its place in {@link eventKinds}. */
export const kindCode = Object.fromEntries(eventKinds.map((kind, code) => [kind, code])) as Record<EventKind, number>;

/** How a procedure ended; `dropped`: an answered call that nobody hung up. Codes are stored: append, never renumber. */
export const outcomes = ['unknown', 'success', 'rejected', 'failed', 'unanswered', 'dropped'] as const;
export type Outcome = (typeof outcomes)[number];
export const outcomeCode = Object.fromEntries(outcomes.map((outcome, code) => [outcome, code])) as Record<
  Outcome,
  number
>;

/** Bits of an event's `flags`. */
export const eventFlag = {
  /** Proves that the subscriber was in `cell` at `timeUs`: moves presence. */
  sighting: 1,
  /** The subscriber detached at `timeUs`, after having been placed in `cell`; without a cell, wherever it was. */
  detach: 2,
  /** One unit of traffic of `kind`, counted in the interval of `timeUs` (the moment the procedure's outcome was known). */
  traffic: 4,
  /** In the database only, in place of {@link eventFlag.traffic}: a unit that the table `activity` counts. */
  sampledTraffic: 8,
  /** Nobody's any more: its subscriber has opted out (`opted-out.ts`); beside it {@link eventFlag.traffic} alone may stand. */
  optedOut: 16,
} as const;

/** What the other party of a call or short message is. Codes are stored: append, never renumber. */
export const peerClasses = ['none', 'on-net', 'off-net', 'short number', 'service number', 'unknown'] as const;
export type PeerClass = (typeof peerClasses)[number];
export const peerClassCode = Object.fromEntries(peerClasses.map((name, code) => [name, code])) as Record<
  PeerClass,
  number
>;
