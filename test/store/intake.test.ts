import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { EventBatch } from '../../server/events/event-batch.ts';
import { batchRowsMax, Intake } from '../../server/store/intake.ts';
import { emptyLedger } from '../../server/store/ledger.ts';
import { makeEvents, makeStays, startUs } from './tools/synthetic.ts';
import { testConfig } from './tools/test-database.ts';

let intake: Intake;
beforeEach(() => {
  intake = new Intake(testConfig(), systemClock);
  intake.begin('test', emptyLedger);
});

test('stays that come together go into one transaction: they are not in order, and its ledger speaks for all', () => {
  const stays = makeStays(batchRowsMax + 1000, startUs);
  // As they come: those who have vanished meanwhile behind those who were seen elsewhere.
  stays.firstOutUs.reverse();
  intake.stays(stays);
  intake.seal();
  const batch = intake.head();
  expect(batch?.copies.stay.rows).toBe(stays.n);
  expect(batch?.ledger?.stayUs).toBe(Math.max(...stays.firstOutUs));
  // And the next ones go into another.
  intake.stays(makeStays(1, startUs + 1e12));
  expect(intake.head()?.copies.stay.rows).toBe(stays.n);
});

test('a time that is none is dropped, counted, and does not make the store look years behind', () => {
  intake.events(makeEvents(10, startUs, 1e6), 0, 10);
  const { acceptedUs } = intake;
  const wrong = new EventBatch(1);
  wrong.push(Date.UTC(2200, 0, 1) * 1000, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  intake.events(wrong, 0, 1);
  expect(intake.droppedRows).toBe(1);
  expect(intake.acceptedUs).toBe(acceptedUs);
});
