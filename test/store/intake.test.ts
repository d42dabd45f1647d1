import { beforeEach, expect, test } from 'vitest';
import { EventBatch, noCause } from '../../server/events/event-batch.ts';
import { eventFlag, kindCode } from '../../server/events/kinds.ts';
import { learntKind } from '../../server/events/learnt.ts';
import type { OptedOut } from '../../server/events/opted-out.ts';
import { Intake } from '../../server/store/intake.ts';
import { emptyLedger } from '../../server/store/ledger.ts';
import { Giver } from './tools/give.ts';
import { makeEvents, makeGauges, makeStays, startUs } from './tools/synthetic.ts';
import { testConfig } from './tools/test-database.ts';

let intake: Intake;
let give: Giver;
let nowMs: number;
beforeEach(() => {
  nowMs = 0;
  intake = new Intake(testConfig(), { nowUs: () => 0, monotonicMs: () => nowMs });
  intake.begin({ ...emptyLedger, journal: 'test' });
  give = new Giver(intake, ['a', 'b']);
});

test('a batch covers whole records, and its ledger row says up to where', () => {
  give.events(makeEvents(4_000, startUs, 1e6));
  expect(intake.head()).toBeNull();
  give.stays(makeStays(1_200, startUs));
  const { to } = give;
  const head = intake.head();
  expect(head?.rows).toBe(5_200);
  expect(head?.ledger).toMatchObject({ batch: 1, journal: 'test', offset: to });
  // What comes now goes into another one, which waits for this one.
  give.events(makeEvents(6_000, startUs, 1e6));
  expect(intake.head()).toBe(head);
  expect(head?.rows).toBe(5_200);
  intake.done(0);
  expect(intake.head()?.ledger).toMatchObject({ batch: 2, offset: give.to });
  expect(intake.head()?.positions.get('test')?.seq).toBe(10_000);
});

test('few rows wait a second for more, and news without a row ten', () => {
  give.eventClock(startUs);
  nowMs = 9_999;
  expect(intake.head()).toBeNull();
  nowMs = 10_000;
  expect(intake.head()).toMatchObject({ rows: 0, clockUs: startUs });
  intake.done(0);
  give.events(makeEvents(10, startUs, 1e6));
  nowMs += 999;
  expect(intake.head()).toBeNull();
  nowMs += 1;
  expect(intake.head()?.rows).toBe(10);
});

test('is full at a bound, whatever the database does, and takes records again when a batch is stored', () => {
  let given = 0;
  for (; intake.ready; given += 8_000) give.events(makeEvents(8_000, startUs, 1e6));
  expect(given).toBe(32_000);
  expect(intake.head()?.rows).toBe(32_000);
  for (; intake.ready; given += 8_000) give.events(makeEvents(8_000, startUs, 1e6));
  expect(given).toBe(64_000);
  intake.done(0);
  expect(intake.head()?.rows).toBe(32_000);
  expect(intake.ready).toBe(true);
});

test('no record behind new regions is taken before these have their surrogates', () => {
  give.record({ k: 'regions', regions: [] });
  expect(intake.ready).toBe(false);
  expect(intake.head()?.regions).toEqual({ regions: [], version: -1, members: null, fromUs: -1 });
  expect(intake.ready).toBe(false);
  intake.done(0);
  expect(intake.ready).toBe(true);
});

test('a region that was deleted before the database began anew gets no rows, and costs no others', () => {
  give.gauges(makeGauges(startUs, 3, 1));
  intake.hurry();
  const { cell_gauge, region_gauge, city_gauge } = intake.head()!.copies;
  expect([cell_gauge.rows, region_gauge.rows, city_gauge.rows]).toEqual([3, 0, 1]);
});

test('a time that is none is dropped, counted, and does not make the store look years ahead', () => {
  give.events(makeEvents(10, startUs, 1e6));
  const wrong = new EventBatch(1);
  wrong.push(Date.UTC(2200, 0, 1) * 1000, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  give.events(wrong);
  expect(intake.droppedRows).toBe(1);
  intake.hurry();
  expect(intake.head()?.ledger?.eventUs).toBe(startUs + 900_000);
  give.gauges(makeGauges(0, 3, 0));
  expect(intake.droppedRows).toBe(4);
});

test('stores nothing of those who have opted out since the journal took their rows: traffic without them, no stay, no fact', () => {
  const list: OptedOut = { none: false, has: (lo) => lo === 5, hasPeer: () => false, told: () => undefined };
  intake = new Intake(testConfig(), { nowUs: () => 0, monotonicMs: () => nowMs }, list);
  intake.begin({ ...emptyLedger, journal: 'test' });
  give = new Giver(intake, ['a', 'b']);
  const batch = new EventBatch(8);
  const row = (sub: number, kind: number, flags: number) =>
    batch.push(startUs, sub, 0, 0, 0, kind, 0, noCause, flags, 0, 0, 0);
  row(5, kindCode['mo call'], eventFlag.traffic | eventFlag.sighting);
  row(5, kindCode.sighting, eventFlag.sighting);
  row(5, learntKind.handset, 0);
  row(6, kindCode.sighting, eventFlag.sighting);
  give.events(batch);
  const stays = makeStays(4, startUs);
  stays.subLo.set([5, 6, 5, 7]);
  give.stays(stays);
  intake.hurry();
  const { event, identity_told, stay } = intake.head()!.copies;
  expect([event.rows, identity_told.rows, stay.rows]).toEqual([2, 0, 2]);
  // The journal's own batch is as it was: others read it.
  expect([...batch.subLo.subarray(0, 4)]).toEqual([5, 5, 5, 6]);
  expect(event.finished().includes(Buffer.from([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5]))).toBe(false);
  expect(intake.events).toBe(4);
});
