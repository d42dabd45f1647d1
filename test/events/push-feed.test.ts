import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { EventBatch } from '../../server/events/event-batch.ts';
import { kindCode } from '../../server/events/kinds.ts';
import type { PushForm } from '../../server/events/push-reader.ts';
import { PushRefusal } from '../../server/events/push-refusal.ts';
import { FakeHub, lines, nowUs } from '../tools/push-parts.ts';

const rows = (n: number) => lines(...Array.from({ length: n }, (_, i) => ({ timeUs: nowUs + i, kind: 'other' })));

const offer = (hub: FakeHub, epoch: number, seq: number, n = 3) => hub.feed.offer(rows(n), 'ndjson', { epoch, seq });
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: PushRefusal) => {
      expect(error).toBeInstanceOf(PushRefusal);
      return { status: error.status, code: error.code, ...(error.expected && { expected: error.expected }) };
    },
  );
const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a batch is acknowledged once it is on disk, and not before', async () => {
  const hub = new FakeHub({ pushBatchesMax: 4 });
  hub.slow = true;
  const answers: number[] = [];
  const first = offer(hub, 1, 1).finally(() => answers.push(1));
  const second = offer(hub, 1, 2).finally(() => answers.push(2));
  await turns();
  expect([hub.batches.length, answers, hub.feed.standing.acked]).toEqual([2, [], { epoch: 0, seq: 0 }]);
  hub.keep(1);
  expect(await first).toEqual({
    acked: { epoch: 1, seq: 1 },
    credit: 4,
    flushWithinMs: 10_000,
    accepted: 3,
    late: 0,
    quarantined: 0,
  });
  expect(answers).toEqual([1]);
  hub.keep(1);
  expect((await second).acked).toEqual({ epoch: 1, seq: 2 });
});

test('the answer tells how many rows came too late, and how long others wait', async () => {
  const hub = new FakeHub({ staleMs: 30_000 });
  hub.late = 2;
  expect(await offer(hub, 1, 1)).toMatchObject({ accepted: 3, late: 2, flushWithinMs: 20_000 });
  hub.late = 0;
  expect(await offer(hub, 1, 2)).toMatchObject({ accepted: 3, late: 0 });
});

test('acknowledgements are cumulative, and come in order', async () => {
  const hub = new FakeHub();
  hub.slow = true;
  const seqs: number[] = [];
  const all = [1, 2, 3, 4, 5].map((seq) => offer(hub, 7, seq).then(({ acked }) => seqs.push(acked.seq)));
  await turns();
  hub.keep(5);
  await Promise.all(all);
  expect(seqs).toEqual([5, 5, 5, 5, 5]);
  expect(hub.batches.map(({ place }) => place!.seq)).toEqual([1, 2, 3, 4, 5]);
});

test('a batch that comes again is acknowledged and not taken again, also while it is under way', async () => {
  const hub = new FakeHub();
  hub.slow = true;
  const [first, again] = [offer(hub, 1, 1), offer(hub, 1, 1)];
  await turns();
  expect(hub.batches.length).toBe(1);
  hub.keep(1);
  expect((await first).accepted).toBe(3);
  expect(await again).toMatchObject({ acked: { epoch: 1, seq: 1 }, accepted: 0, credit: 8 });
  expect((await offer(hub, 1, 1)).accepted).toBe(0);
  expect(hub.rows).toBe(3);
});

test('another batch under a number that was taken is refused: two senders of one feed must not lose rows with a 200', async () => {
  const hub = new FakeHub();
  const [first, other] = await Promise.allSettled([offer(hub, 1, 1, 3), offer(hub, 1, 1, 50)]);
  expect(first).toMatchObject({ status: 'fulfilled', value: { accepted: 3 } });
  expect(other).toMatchObject({
    reason: { status: 409, code: 'PUSH_OTHER_BATCH', expected: { epoch: 1, seq: 2 } },
  });
  expect(await offer(hub, 1, 1, 3)).toMatchObject({ acked: { epoch: 1, seq: 1 }, accepted: 0 });
  // A life of its own is the way out.
  expect(await offer(hub, 2, 1, 50)).toMatchObject({ acked: { epoch: 2, seq: 1 }, accepted: 50 });
  expect(await refusal(offer(hub, 2, 1, 3))).toMatchObject({ code: 'PUSH_OTHER_BATCH' });
});

const packr = new Packr({ useRecords: false });
const named = (timeUs: number, imsi: string) => ({ timeUs, imsi, kind: 'other', cell: '001-01-1-4' });
const someRows = [named(nowUs, '001010000000001'), named(nowUs + 1, '001010000000002')];
const otherRows = [named(nowUs, '001010000000001'), named(nowUs + 1, '001010000000003')];
/** A batch of the same rows in each form that there is. */
const forms = (rows: ReturnType<typeof named>[], seq: number): [string, Uint8Array, PushForm][] => [
  ['lines', lines(...rows), 'ndjson'],
  ['lines with a head', lines({ epoch: 1, seq }, ...rows), 'headed ndjson'],
  ['rows of msgpack', packr.pack({ epoch: 1, seq, rows }), 'msgpack'],
  [
    'columns',
    packr.pack({
      ...{ epoch: 1, seq, cells: ['001-01-1-9', '001-01-1-4'] },
      columns: {
        timeUs: Buffer.from(Float64Array.from(rows.map(({ timeUs }) => timeUs)).buffer),
        imsi: Buffer.from(Float64Array.from(rows.map(({ imsi }) => Number(imsi))).buffer),
        cell: Buffer.from(Uint32Array.from(rows.map(() => 1)).buffer),
        kind: Buffer.from(rows.map(() => kindCode.other)),
      },
    }),
    'msgpack',
  ],
];

test('a batch from further back than batches are known is not taken for one that came again', async () => {
  const hub = new FakeHub({ pushBatchesMax: 20 });
  for (let seq = 1; seq <= 40; seq++) await offer(hub, 1, seq, seq);
  const restarted = new FakeHub({ pushBatchesMax: 20 }, { epoch: 1, seq: 40, digests: hub.batches.at(-1)!.digests! });
  // Those that may have been under way when the server ended.
  for (let seq = 21; seq <= 40; seq++) expect((await offer(restarted, 1, seq, seq)).accepted).toBe(0);
  // Of the feed's own sender, or of another one's: nobody can tell.
  const taken = { status: 409, code: 'PUSH_TAKEN', expected: { epoch: 1, seq: 41 } };
  expect(await refusal(offer(restarted, 1, 20, 20))).toEqual(taken);
  expect(await refusal(offer(restarted, 1, 20, 7))).toEqual(taken);
  expect((await offer(hub, 1, 20, 20)).accepted).toBe(0);
});

test('a batch is known by what it says, in whatever form it comes again, after a restart too', async () => {
  const hub = new FakeHub();
  await offer(hub, 1, 1);
  await hub.feed.offer(lines(...someRows), 'ndjson', { epoch: 1, seq: 2 });
  const restarted = new FakeHub({}, { epoch: 1, seq: 2, digests: hub.batches[1].digests! });
  for (const at of [hub, restarted]) {
    for (const [form, bytes, type] of forms(someRows, 2)) {
      const again = await at.feed.offer(bytes, type, { epoch: 1, seq: 2 });
      expect(again, form).toMatchObject({ acked: { epoch: 1, seq: 2 }, accepted: 0 });
    }
    for (const [, bytes, type] of forms(otherRows, 2)) {
      const other = await refusal(at.feed.offer(bytes, type, { epoch: 1, seq: 2 }));
      expect(other).toEqual({ status: 409, code: 'PUSH_OTHER_BATCH', expected: { epoch: 1, seq: 3 } });
    }
    // The one before is known too.
    expect((await offer(at, 1, 1)).accepted).toBe(0);
    expect(await refusal(offer(at, 1, 1, 50))).toMatchObject({ code: 'PUSH_OTHER_BATCH' });
  }
  // What was only compared has left no cell behind that nobody was told of.
  await restarted.feed.offer(lines(named(nowUs, '001010000000001')), 'ndjson', { epoch: 1, seq: 3 });
  expect(restarted.batches[0].newCells).toEqual(['001-01-1-4']);
});

test('gaps and lives that are over are refused with what is expected, and a new life begins at 1', async () => {
  const hub = new FakeHub({}, { epoch: 3, seq: 20 });
  expect(await refusal(offer(hub, 3, 22))).toEqual({
    status: 409,
    code: 'PUSH_GAP',
    expected: { epoch: 3, seq: 21 },
  });
  expect(await refusal(offer(hub, 2, 1))).toMatchObject({ code: 'PUSH_EPOCH', expected: { epoch: 3, seq: 21 } });
  expect(await refusal(offer(hub, 4, 2))).toMatchObject({ code: 'PUSH_GAP', expected: { epoch: 4, seq: 1 } });
  expect((await offer(hub, 3, 21)).acked).toEqual({ epoch: 3, seq: 21 });
  expect((await offer(hub, 9, 1)).acked).toEqual({ epoch: 9, seq: 1 });
  expect(await refusal(offer(hub, 3, 22))).toMatchObject({ code: 'PUSH_EPOCH' });
  expect(hub.batches.length).toBe(2);
});

test('a malformed batch leaves its place free for the mended one', async () => {
  const hub = new FakeHub();
  const bad = hub.feed.offer(lines({ timeUs: nowUs, kind: 'other' }, { timeUs: nowUs }), 'ndjson', {
    epoch: 1,
    seq: 1,
  });
  expect(await refusal(bad)).toEqual({ status: 400, code: 'PUSH_FIELD' });
  expect(hub.last).toMatchObject({
    k: 'clock',
    at: { note: 'the last batch was refused (PUSH_FIELD): its sender was told why' },
  });
  expect((await offer(hub, 1, 1)).accepted).toBe(3);
  const { at } = hub.batches[0];
  expect(at.counters).toMatchObject({ frames: 3, events: 3, messages: 1, faults: { PUSH_FIELD: 1 } });
  expect(at).toMatchObject({ note: '', clockUs: nowUs + 2, progress: -1 });
});

test('a full journal takes the credit away and refuses, but acknowledges what it has; afterwards all goes on', async () => {
  const hub = new FakeHub();
  await offer(hub, 1, 1);
  hub.full = true;
  expect(hub.feed.standing.credit).toBe(0);
  expect(await refusal(offer(hub, 1, 2))).toMatchObject({ status: 503, code: 'PUSH_FULL' });
  expect(await offer(hub, 1, 1)).toMatchObject({ acked: { epoch: 1, seq: 1 }, credit: 0 });
  hub.full = false;
  expect((await offer(hub, 1, 2)).acked.seq).toBe(2);
  expect(hub.rows).toBe(6);
});

test('no more batches than the credit are under way, on disk or not, and what is told of it shrinks with the room', async () => {
  const hub = new FakeHub({ pushBatchesMax: 2 });
  hub.slow = true;
  const under = [offer(hub, 1, 1), offer(hub, 1, 2)];
  expect(await refusal(offer(hub, 1, 3))).toMatchObject({ status: 503, code: 'PUSH_CREDIT' });
  await turns();
  hub.keep(2, false);
  expect((await Promise.all(under)).map(({ credit }) => credit)).toEqual([0, 0]);
  expect(await refusal(offer(hub, 1, 3))).toMatchObject({ code: 'PUSH_CREDIT' });
  hub.feed.post({ k: 'credit' });
  expect(hub.feed.standing.credit).toBe(1);
  const third = offer(hub, 1, 3);
  await turns();
  hub.keep(1);
  expect((await third).acked.seq).toBe(3);
});

/** Rows 200 s ahead of the clock of these tests, with everything in them that a row may tell. */
const aheadRows = [
  {
    ...{ timeUs: nowUs + 200e6, kind: 'mo call', outcome: 'failed', cause: 16, causeOf: 'CC', durationMs: 1500 },
    ...{ imsi: '001010000000001', cell: '001-01-1-4', bytes: 7, imei: '352021000000000', peerNumber: '8613800000001' },
    ...{ peerClass: 'on-net', country: 'CN', area: 1_380_000, plmn: '460-00', sighting: false },
  },
  { timeUs: nowUs + 199e6, kind: 'other' },
];

test('rows too far ahead are kept before the batch is acknowledged, named in the answer, and told of at once', async () => {
  const hub = new FakeHub();
  const answer = await hub.feed.offer(lines(named(nowUs, '001010000000002'), ...aheadRows), 'ndjson', {
    ...{ epoch: 4, seq: 1 },
  });
  expect(answer).toMatchObject({ acked: { epoch: 4, seq: 1 }, accepted: 1, quarantined: 2 });
  const file = 'quarantine/north/4-1.ndjson';
  expect(answer.aside).toEqual({
    ...{ rows: 2, ahead: 2, old: 0, behind: 0, file, aheadS: 200, oldDays: 0 },
    why: expect.stringMatching(/liveAheadMs.*set the sender's clock/),
  });
  const { at } = hub.batches[0];
  expect(at).toMatchObject({ clockUs: nowUs, toldUs: nowUs + 200e6, isAlarm: true });
  expect(at.note).toMatch(
    /^rows stamped 200 s ahead of .* set aside in the data folder's quarantine\/north: set the sender's clock/,
  );
  expect(at.counters.faults).toEqual({ PUSH_TIME_AHEAD: 2 });
  // Read again when their time has come, they are the rows that were sent; plain identities are not in them.
  const text = hub.aside!.get('4-1.ndjson')!;
  expect(text).not.toMatch(/001010000000001|352021000000000|8613800000001/);
  const shifted = text.replace(/"timeUs":(\d+)/g, (_, us) => `"timeUs":${Number(us) - 200e6}`);
  const sent = lines(...aheadRows.map((row) => ({ ...row, timeUs: row.timeUs - 200e6 })));
  const [again, first] = [new FakeHub(), new FakeHub()];
  await again.feed.offer(new TextEncoder().encode(shifted), 'ndjson', { epoch: 1, seq: 1 });
  await first.feed.offer(sent, 'ndjson', { epoch: 1, seq: 1 });
  const rowsOf = ({ batches }: FakeHub) => {
    const batch = EventBatch.adopt(batches[0].buffer, batches[0].rows);
    return [batch.row(0), batch.row(1)];
  };
  expect(rowsOf(again)).toEqual(rowsOf(first));
  expect(again.batches[0].digests).toEqual(first.batches[0].digests);
});

test('rows of long ago are set aside as those ahead are: the others of their batch count, and each reason is told', async () => {
  const hub = new FakeHub();
  const old = { timeUs: nowUs - 91 * 86_400e6, kind: 'other' };
  const place = { epoch: 1, seq: 1 };
  const answer = await hub.feed.offer(lines(old, named(nowUs, '001010000000002')), 'ndjson', place);
  const file = 'quarantine/north/1-1.ndjson';
  expect(answer).toMatchObject({ acked: place, accepted: 1, quarantined: 1 });
  expect(answer.aside).toEqual({
    ...{ rows: 1, ahead: 0, old: 1, behind: 0, file, aheadS: 0, oldDays: 91 },
    why: expect.stringMatching(/pushAgeMaxMs/),
  });
  expect(hub.batches[0].at).toMatchObject({ clockUs: nowUs, toldUs: nowUs, isAlarm: true });
  expect(hub.batches[0].at.note).toMatch(/^rows that are 91 days old are not counted but set aside in .*raise pushAge/);
  const both = await hub.feed.offer(lines(old, aheadRows[1]), 'ndjson', { epoch: 1, seq: 2 });
  expect(both).toMatchObject({ accepted: 0, aside: { rows: 2, ahead: 1, old: 1, aheadS: 199, oldDays: 91 } });
  expect(hub.aside!.get('1-2.ndjson')!.trim().split('\n').length).toBe(2);
  const { note, counters } = hub.batches[1].at;
  expect(note).toMatch(/^rows stamped 199 s ahead .*; rows that are 91 days old are not counted/);
  expect(counters.faults).toEqual({ PUSH_TIME_AHEAD: 1, PUSH_TIME_OLD: 2 });
  // The same rows are the same batch, however they were divided.
  expect(await hub.feed.offer(lines(old, aheadRows[1]), 'ndjson', { epoch: 1, seq: 2 })).toMatchObject({ accepted: 0 });
  hub.aside = null;
  const full = { status: 503, code: 'PUSH_OLD', expected: { epoch: 1, seq: 3 } };
  expect(await refusal(hub.feed.offer(lines(old), 'ndjson', { epoch: 1, seq: 3 }))).toEqual(full);
  const { at } = hub.last as Extract<typeof hub.last, { k: 'clock' }>;
  expect(at.note).toMatch(/91 days old are refused, for quarantine\/north has no room/);
  expect(at.counters.faults.PUSH_OLD).toBe(1);
});

test('rows too far behind what is counted are set aside, and where they would count is told', async () => {
  const hub = new FakeHub();
  const days = (n: number) => nowUs - n * 86_400e6;
  const row = (timeUs: number) => ({ timeUs, kind: 'other' });
  // Nothing is counted yet: what is sent first is as old as it likes to be.
  const first = await hub.feed.offer(lines(row(days(20))), 'ndjson', { epoch: 1, seq: 1 });
  expect(first).toMatchObject({ accepted: 1, quarantined: 0 });
  hub.countsFromUs = days(5);
  const sent = lines(row(days(20)), row(days(5)), row(days(5) - 1), row(days(91)), row(nowUs));
  const answer = await hub.feed.offer(sent, 'ndjson', { epoch: 1, seq: 2 });
  expect(answer).toMatchObject({ accepted: 2, quarantined: 3, aside: { ahead: 0, old: 3, behind: 2, oldDays: 91 } });
  expect(answer.aside!.why).toMatch(/pushAgeMaxMs.*; they lie so far behind .* a data folder of its own$/);
  expect(hub.batches[1].at.counters.faults).toEqual({ PUSH_TIME_OLD: 3 });
  expect(hub.batches[1].at.note).toMatch(/^rows that are 91 days old are not counted .* raise pushAgeMaxMs/);
  const behind = await hub.feed.offer(lines(row(days(20)), row(nowUs)), 'ndjson', { epoch: 1, seq: 3 });
  expect(behind.aside).toMatchObject({ rows: 1, old: 1, behind: 1, oldDays: 20 });
  expect(behind.aside!.why).not.toMatch(/pushAgeMaxMs/);
  expect(hub.batches[2].at.note).toMatch(/^rows that are 20 days old lie too far behind .* set aside in .*north: send/);
  hub.aside = null;
  const full = { status: 503, code: 'PUSH_OLD', expected: { epoch: 1, seq: 4 } };
  expect(await refusal(hub.feed.offer(lines(row(days(20))), 'ndjson', { epoch: 1, seq: 4 }))).toEqual(full);
  const { at } = hub.last as Extract<typeof hub.last, { k: 'clock' }>;
  expect(at.note).toMatch(/20 days old, too far behind .* are refused, for quarantine\/north has no room/);
});

test('what an attempt has left aside goes when its batch is taken with all its rows', async () => {
  const hub = new FakeHub();
  hub.aside = new Map([
    ['1-1.ndjson', 'of a batch that was never acknowledged'],
    ['1-7.ndjson', 'another one'],
  ]);
  expect(await offer(hub, 1, 1)).toMatchObject({ accepted: 3, quarantined: 0 });
  expect([...hub.aside.keys()]).toEqual(['1-7.ndjson']);
  hub.aside = null;
  const stays = { status: 503, code: 'PUSH_ASIDE', expected: { epoch: 1, seq: 2 } };
  expect(await refusal(offer(hub, 1, 2))).toEqual(stays);
  expect(hub.batches.length).toBe(1);
});

test('a batch all of whose rows are set aside is still taken, so that the sender goes on', async () => {
  const hub = new FakeHub();
  const far = lines({ time: '2027-01-01T00:00:00Z', kind: 'other' });
  const answer = { acked: { epoch: 1, seq: 1 }, credit: 8, accepted: 0, quarantined: 1 };
  expect(await hub.feed.offer(far, 'ndjson', { epoch: 1, seq: 1 })).toMatchObject(answer);
  expect(hub.batches[0]).toMatchObject({ rows: 0, place: { epoch: 1, seq: 1 } });
  expect(hub.aside!.size).toBe(1);
});

test('rows that can not be set aside are not acknowledged: their batch is refused, and taken when there is room', async () => {
  const hub = new FakeHub();
  hub.aside = null;
  const batch = lines(named(nowUs, '001010000000002'), ...aheadRows);
  const place = { epoch: 1, seq: 1 };
  const full = { status: 503, code: 'PUSH_AHEAD', expected: place };
  expect(await refusal(hub.feed.offer(batch, 'ndjson', place))).toEqual(full);
  expect(hub.batches).toEqual([]);
  expect(hub.last).toMatchObject({
    k: 'clock',
    at: { isAlarm: true, note: expect.stringMatching(/refused, for quarantine\/north has no room/) },
  });
  hub.aside = new Map();
  expect(await hub.feed.offer(batch, 'ndjson', place)).toMatchObject({ acked: place, accepted: 1, quarantined: 2 });
  expect(hub.batches[0].newCells).toEqual(['001-01-1-4']);
});

test('a feed that ends takes nothing more', async () => {
  const hub = new FakeHub();
  hub.feed.post({ k: 'stop' });
  expect(await refusal(offer(hub, 1, 1))).toMatchObject({ status: 503, code: 'PUSH_ENDING' });
  expect(hub.feed.standing.credit).toBe(0);
});
