import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MessageSink, part, SignalMessage } from '../../server/decode/message.ts';
import { MessageBatchReader } from '../../server/decode/message-batch-reader.ts';
import { MessageBatchWriter } from '../../server/decode/message-batch-writer.ts';
import { carriedParts } from '../../server/decode/message-record.ts';
import * as s from './steps.ts';

/** A whole dialogue of one subscriber, TMSIs and references of its own. */
type Dialogue = (n: number, startUs: number) => s.Step[];

const locationUpdate: Dialogue = (n, startUs) =>
  new s.Line(s.bscA, n, startUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.locationUpdatingRequest, ...s.lai, tmsi: 4 * n })
    .confirm()
    .up({ ...s.identityResponse, ...s.imsi(n) })
    .down({ ...s.locationUpdatingAccept, ...s.lai, tmsi: 4 * n + 1 })
    .up(s.tmsiReallocationComplete)
    .clear().steps;

const refusal: Dialogue = (n, startUs) =>
  new s.Line(s.bscC, n, startUs)
    .open({ ...s.completeLayer3, ...s.cellTwo, ...s.locationUpdatingRequest, ...s.lai, ...s.imsi(n) })
    .confirm()
    .down({ ...s.locationUpdatingReject, cause: 11 })
    .clear().steps;

const pagedMessage: Dialogue = (n, startUs) => [
  s.paging(startUs, s.bscB, { ...s.imsi(n), tmsi: 4 * n }),
  ...new s.Line(s.bscB, n, startUs + 1)
    .open({ ...s.completeLayer3, ...s.cellThree, ...s.pagingResponse, tmsi: 4 * n })
    .confirm()
    .down(s.sms(s.cpData, 0, 1))
    .up(s.sms(s.cpData, 8, 2))
    .down(s.sms(s.cpAck, 0))
    .clear().steps,
];

const detach: Dialogue = (n, startUs) =>
  new s.Line(s.bscC, n, startUs)
    .open({ ...s.completeLayer3, ...s.cellTwo, ...s.imsiDetach, ...s.imsi(n) })
    .confirm()
    .clear().steps;

/** With the serving cell as the only thing that tells one handover from another. */
const callWithHandover: Dialogue = (n, startUs) => {
  const cell = { ...s.cellOne, cellCi: 1000 + n };
  const old = new s.Line(s.bscA, n, startUs)
    .open({ ...s.completeLayer3, ...cell, ...s.cmServiceRequest(1), tmsi: 4 * n })
    .confirm()
    .down({ ...s.commonId, ...s.imsi(n) })
    .up(s.call(s.setup, 0))
    .down(s.call(s.connect, 8))
    .up({ bssmapType: 0x11, ...s.asTarget(s.cellThree) });
  const next = new s.Line(s.bscB, n, startUs + 5_500_000, { mscOpens: true })
    .open({ bssmapType: 0x10, ...cell, ...s.asTarget(s.cellThree) })
    .confirm()
    .up({ bssmapType: 0x14 })
    .wait(3_000_000)
    .up({ ...s.call(s.disconnect, 0), cause: 16 })
    .clear();
  return [...old.wait(2_500_000).clear().steps, ...next.steps].sort((a, b) => a.timeUs - b.timeUs);
};

const dialogues = [locationUpdate, refusal, pagedMessage, detach, callWithHandover];

function play(steps: s.Step[], sorted: boolean): s.Row[] {
  const bench = s.makeBench({ sorted });
  bench.play(...steps);
  bench.correlator.flush();
  return bench.rows;
}

const inOrder = (rows: s.Row[]) => rows.map((row) => JSON.stringify(row)).sort();

it('gives the same events however valid dialogues interleave', () => {
  const world = fc.array(
    fc.record({ kind: fc.nat(dialogues.length - 1), startUs: fc.integer({ min: 1_000_000_000, max: 1_012_000_000 }) }),
    { minLength: 1, maxLength: 25 },
  );
  fc.assert(
    fc.property(world, fc.boolean(), fc.boolean(), (entries, sorted, cut) => {
      let each = entries.map(({ kind, startUs }, i) => dialogues[kind](i + 1, startUs));
      // Some end in the middle.
      if (cut) each = each.map((steps, i) => steps.slice(0, steps.length - (i % 4)));
      const alone = each.flatMap((steps) => play(steps, sorted));
      const together = play(
        each.flat().sort((a, b) => a.timeUs - b.timeUs),
        sorted,
      );
      expect(inOrder(together)).toEqual(inOrder(alone));
    }),
    { numRuns: 150, seed: 20 },
  );
});

it('gives the same events whether it looks ahead or not', () => {
  const steps = Array.from({ length: 300 }, (_, i) =>
    dialogues[i % dialogues.length](i + 1, 1_000_000_000 + i * 30_000),
  )
    .flat()
    .sort((a, b) => a.timeUs - b.timeUs);
  const ahead = s.makeBench();
  const writer = new MessageBatchWriter();
  const message = new SignalMessage();
  for (const step of steps) {
    s.fill(message, step);
    message.parts = carriedParts & ~part.ranap;
    writer.message(message);
  }
  const reader = new MessageBatchReader();
  let looked = 0;
  while (writer.waitingBytes > 0) {
    reader.open(writer.take());
    const sink: MessageSink = {
      looksAhead: true,
      expect(upcoming) {
        looked += upcoming.count;
        ahead.correlator.expect(upcoming);
      },
      message: (m) => ahead.correlator.message(m),
    };
    reader.deliver(sink, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }
  ahead.correlator.flush();
  expect(looked).toBe(steps.length);
  expect(ahead.rows).toEqual(play(steps, true));
});
