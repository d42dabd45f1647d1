import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MessageSink, part, SignalMessage } from '../../server/decode/message.ts';
import { MessageBatchReader } from '../../server/decode/message-batch-reader.ts';
import { MessageBatchWriter } from '../../server/decode/message-batch-writer.ts';
import { carriedParts } from '../../server/decode/message-record.ts';
import * as s from './steps.ts';

/** What stands in the head of a record. */
const inHead = new Set([
  ...['sccpType', 'sourceLocalReference', 'destinationLocalReference', 'sccpCause'],
  ...['bssmapType', 'protocolDiscriminator', 'dtapType', 'transactionId'],
]);
/** What stands in a group of its own, so that a message has no more than that. */
const groups = new Map([
  ...['imsi', 'imsiDigits', 'tmsi', 'imei', 'imeiDigits'].map((field) => [field, part.identity] as const),
  ...['bssmapCause', 'cause', 'rpType', 'cmServiceType'].map((field) => [field, part.detail] as const),
]);
/** The groups of a message that has these fields. */
function partsOf(fields: readonly string[]): number {
  let parts = 0;
  for (const field of fields) if (!inHead.has(field)) parts |= groups.get(field) ?? carriedParts & ~part.ranap;
  return parts;
}
const cell = { cellPlmn: s.plmn, cellLac: 100, cellCi: 7 };

/** A call with all that makes a connection ordinary, and as much that does not. */
function dialogue(n: number, timeUs: number): s.Step[] {
  const line = new s.Line({ link: n % 3, pointCode: 1000 + (n % 3), msc: 500 }, n % 40, timeUs);
  // A core that gives its references anew before their connections are over.
  if (n % 5 === 3) line.mscReference = 900_000 + (n % 3);
  if (n % 4 === 1) {
    // Nobody answers it, so what it proves waits for the clear.
    line.open({ ...s.completeLayer3, ...cell, ...s.locationUpdatingRequest, tmsi: n % 20 }).confirm();
    line.down({ ...s.commonId, ...s.imsi(n % 20) }).clear();
    // The answer to the release comes late, or the release is never seen.
    return line.steps.slice(0, line.steps.length - (n % 3));
  }
  line
    .open({ ...s.completeLayer3, ...cell, ...(n % 2 ? s.pagingResponse : s.cmServiceRequest(1)), tmsi: n % 20 })
    .confirm()
    .down({ protocolDiscriminator: 5, dtapType: 0x12 })
    .up({ protocolDiscriminator: 5, dtapType: 0x14 })
    .down({ bssmapType: 0x53 })
    .up({ bssmapType: 0x55 });
  if (n % 3 !== 0) line.down({ ...s.commonId, ...s.imsi(n % 20) });
  line
    .up(s.call(s.setup, 0))
    .down({ bssmapType: 0x01 })
    .up({ bssmapType: 0x02 })
    .up({ protocolDiscriminator: 5, dtapType: 0x14 });
  if (n % 5 === 0) line.up({ bssmapType: 0x17, ...cell, cellCi: 8 });
  line.down(s.call(2, 8)).down(s.call(1, 8));
  if (n % 7 !== 0) line.down(s.call(s.connect, 8)).up(s.call(s.connectAcknowledge, 0));
  if (n % 3 !== 1) {
    // A short message while the call goes on.
    line
      .up(s.sms(s.cpData, 1, 0))
      .down(s.sms(s.cpAck, 9))
      .down(s.sms(s.cpData, 9, 3))
      .up(s.sms(s.cpAck, 1));
  }
  if (n % 6 === 2) line.up(s.clearRequest);
  if (n % 7 !== 3) line.up({ ...s.call(s.disconnect, 0), cause: 16 + (n % 5) });
  if (n % 8 !== 3) line.down({ ...s.call(0x2d, 8), cause: 17 }).up(s.call(s.releaseComplete, 0));
  return line.down({ protocolDiscriminator: 5, dtapType: 0x12 }).clear().steps;
}

/** @param plain whether messages are taken from their records where that will do */
function play(steps: readonly s.Step[], sorted: boolean, plain: boolean) {
  const bench = s.makeBench({ sorted });
  const writer = new MessageBatchWriter();
  const message = new SignalMessage();
  for (const step of steps) {
    s.fill(message, step);
    message.parts = partsOf(Object.keys(step.fields));
    writer.message(message);
  }
  const reader = new MessageBatchReader();
  const taker = bench.correlator.plain;
  const sink: MessageSink = { message: (m) => bench.correlator.message(m), ...(plain ? { plain: taker } : {}) };
  while (writer.waitingBytes > 0) {
    reader.open(writer.take());
    reader.deliver(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }
  bench.correlator.flush();
  return { taken: taker.taken, rows: bench.rows, stats: bench.correlator.stats };
}

it('takes a message from its record as it takes the whole message, whatever is lost, doubled or late', () => {
  const world = fc.array(fc.record({ n: fc.nat(60), atUs: fc.nat(4_000_000) }), { minLength: 1, maxLength: 15 });
  // Of each message: 0 lost, 1 twice, 2 late, else as it should be.
  const fates = fc.array(fc.nat(12), { minLength: 40, maxLength: 40 });
  let taken = 0;
  let messages = 0;
  fc.assert(
    fc.property(world, fates, fc.boolean(), fc.boolean(), (calls, fateOf, sorted, whole) => {
      const sent = calls.flatMap(({ n, atUs }) => dialogue(n, 1_000_000_000 + atUs));
      const steps = sent
        .flatMap((step, k) => {
          const fate = whole ? 3 : fateOf[k % fateOf.length];
          if (fate === 0) return [];
          if (fate === 1) return [step, { ...step, timeUs: step.timeUs + 1000 }];
          return [fate === 2 ? { ...step, timeUs: step.timeUs + 700_000 } : step];
        })
        .sort((a, b) => a.timeUs - b.timeUs);
      const quick = play(steps, sorted, true);
      const slow = play(steps, sorted, false);
      expect(quick.rows).toEqual(slow.rows);
      expect(quick.stats).toEqual(slow.stats);
      taken += quick.taken;
      messages += steps.length;
    }),
    { numRuns: 200, seed: 21 },
  );
  expect(taken / messages).toBeGreaterThan(0.5);
});
