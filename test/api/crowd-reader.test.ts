import { expect, test } from 'vitest';
import type { ExactCrowd } from '../../server/access/crowd.ts';
import { CrowdReader } from '../../server/api/crowd-reader.ts';
import { HistoryAnswers, type HistoryNow, noOpenStays } from '../../server/api/history.ts';
import { Refusal } from '../../server/api/http.ts';
import { QueryGate } from '../../server/api/query-gate.ts';
import { minuteUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import { fakeLayout } from '../tools/fake-view.ts';

/** A clock and timers in one: what waits is called by hand. */
class Hand {
  ms = 0;
  due: { ms: number; run: () => void } | null = null;
  after = (ms: number, run: () => void) => {
    this.due = { ms, run };
    return () => {
      this.due = null;
    };
  };
  /** Lets the next turn come. @returns how long the rest before it was, ms */
  async turn(): Promise<number> {
    const { ms, run } = this.due!;
    this.due = null;
    this.ms += ms;
    run();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    return ms;
  }
}

function setUp(regions = 2) {
  const hand = new Hand();
  const it = {
    hand,
    clockUs: 100 * minuteUs,
    ready: true,
    idle: true,
    tookMs: 100,
    waitedMs: 0,
    asked: [] as string[],
    given: [] as AbortController[],
  };
  const crowd = async (id: string, _place: number, now: HistoryNow, given?: AbortController): Promise<ExactCrowd> => {
    it.asked.push(id);
    it.given.push(given!);
    await now.staysStored();
    hand.ms += it.tookMs;
    return { id, atUs: now.clockUs, present: 9, crowd: 5, roles: null };
  };
  const state = { ...it, answer: crowd, bugs: [] as Error[] };
  const reader = new CrowdReader({
    histories: { crowd: (...of) => state.answer(of[0], of[1], of[2], of[3]) },
    gate: {
      get idle() {
        return state.idle;
      },
    },
    now: () => ({
      layout: fakeLayout(1, regions),
      clockUs: state.clockUs,
      databaseAway: false,
      cellsOf: () => [],
      openStays: () => Promise.reject(new Error('not asked for here')),
      staysStored: async () => {
        hand.ms += state.waitedMs;
        return true;
      },
    }),
    ready: () => state.ready,
    clock: { nowUs: () => 0, monotonicMs: () => hand.ms },
    timers: hand,
    failed: (error) => state.bugs.push(error),
  });
  reader.start();
  return { ...state, state, reader, asked: it.asked, given: it.given };
}

test('reads one region after the other and rests four times as long as that took, waits for the store left out', async () => {
  const { hand, state, reader, asked } = setUp();
  state.waitedMs = 700;
  await hand.turn();
  expect([...reader.crowds.keys()]).toEqual(['r0']);
  // 100 ms taken, of which the store's keeping up was no part.
  expect(await hand.turn()).toBe(400);
  expect([...reader.crowds.keys()]).toEqual(['r0', 'r1']);
  expect(asked).toEqual(['r0', 'r1']);
});

test('a new round begins with another minute of event time, ten seconds after the one before at the earliest', async () => {
  const { hand, state, asked } = setUp(1);
  await hand.turn();
  for (let i = 0; i < 15; i++) await hand.turn();
  expect(asked).toEqual(['r0']);
  state.clockUs += minuteUs;
  await hand.turn();
  expect(asked).toEqual(['r0', 'r0']);
  state.clockUs += minuteUs;
  await hand.turn();
  expect(asked).toHaveLength(2);
});

test('asks nothing while others ask, the database is away or feeds are read ahead', async () => {
  const { hand, state, asked } = setUp();
  state.ready = false;
  await hand.turn();
  Object.assign(state, { ready: true, idle: false });
  await hand.turn();
  Object.assign(state, { idle: true, clockUs: 0 });
  await hand.turn();
  expect(asked).toEqual([]);
});

test('a refusal is waited out, the next region comes then; a bug is told', async () => {
  const { hand, state, reader } = setUp();
  const { answer } = state;
  state.answer = () => Promise.reject(new Refusal(503, 'DATABASE_SLOW', 'later'));
  await hand.turn();
  state.answer = answer;
  expect(await hand.turn()).toBe(30_000);
  expect([...reader.crowds.keys()]).toEqual(['r1']);
  state.answer = () => Promise.reject(new TypeError('none'));
  state.clockUs += minuteUs;
  await hand.turn();
  expect(state.bugs.map(({ message }) => message)).toEqual(['none']);
});

test('forgets what is old, and an answer about regions that have been replaced meanwhile', async () => {
  const { hand, state, reader } = setUp(1);
  await hand.turn();
  hand.ms += 7_200_000;
  expect(reader.crowds.size).toBe(1);
  hand.ms += 1;
  expect(reader.crowds.size).toBe(0);
  state.clockUs += minuteUs;
  const { answer } = state;
  state.answer = async (...of) => {
    const told = await answer(...of);
    reader.forget();
    return told;
  };
  hand.ms += 10_000;
  await hand.turn();
  expect(reader.crowds.size).toBe(0);
  state.answer = answer;
  state.clockUs += minuteUs;
  hand.ms += 10_000;
  await hand.turn();
  expect(reader.crowds.size).toBe(1);
});

test('asks no more once it has stopped', async () => {
  const { hand, reader } = setUp();
  reader.stop();
  expect(hand.due).toBeNull();
});

test('each question may be given up by itself; where the reader stops, the one that is asked now is, and no other', async () => {
  const { hand, state, reader, given } = setUp();
  await hand.turn();
  const { answer } = state;
  state.answer = async (...of) => {
    await answer(...of);
    return new Promise(() => undefined);
  };
  await hand.turn();
  expect(new Set(given.map(({ signal }) => signal)).size).toBe(2);
  reader.stop();
  expect(given.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  expect(given[1].signal.reason).toMatchObject({ status: 503 });
  expect(hand.due).toBeNull();
});

test('the database hears of a question that is given up', async () => {
  const config = makeConfig({ where: 'test', settings: {} });
  const regionPast = (_: string, { signal }: { signal?: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
  const other = () => Promise.reject(new Error('not asked for here'));
  const source = { regionPast, regionHistory: other, dayFigures: other, sql: other };
  const histories = new HistoryAnswers(source, config, new QueryGate(config, () => undefined));
  const now: HistoryNow = {
    ...{ layout: fakeLayout(1, 1), clockUs: 100 * minuteUs, databaseAway: false, cellsOf: () => [] },
    ...{ openStays: noOpenStays, staysStored: async () => true },
  };
  const given = new AbortController();
  const crowd = histories.crowd('r0', 0, now, given);
  setTimeout(() => given.abort(new Refusal(503, 'BUSY', 'the server ends')), 10);
  await expect(crowd).rejects.toMatchObject({ message: 'the server ends' });
});

test('while the event clock stands, what was refused is asked again, and all when the regions are others', async () => {
  const { hand, state, reader, asked } = setUp(3);
  const { answer } = state;
  state.answer = (...of) =>
    asked.length === 1 ? Promise.reject(new Refusal(503, 'DATABASE_SLOW', 'later')) : answer(...of);
  for (let i = 0; i < 2; i++) await hand.turn();
  expect(asked).toEqual(['r0']);
  state.answer = answer;
  for (let i = 0; i < 5; i++) await hand.turn();
  expect(asked).toEqual(['r0', 'r2', 'r1']);
  expect([...reader.crowds.keys()].sort()).toEqual(['r0', 'r1', 'r2']);
  for (let i = 0; i < 20; i++) await hand.turn();
  expect(asked).toHaveLength(3);
  reader.forget();
  for (let i = 0; i < 20; i++) await hand.turn();
  expect(asked.slice(3)).toEqual(['r0', 'r1', 'r2']);
});

test('what comes late of a question that was given up is no warning: the database has been closed meanwhile', async () => {
  const config = makeConfig({ where: 'test', settings: {} });
  const lines: string[] = [];
  const given = new AbortController();
  const asked = new QueryGate(config, (_, line) => void lines.push(line)).ask(
    'crowd of region r1',
    false,
    async () => {
      given.abort(new Refusal(503, 'BUSY', 'the server ends'));
      throw new Error('Cannot use a pool after calling end on the pool');
    },
    1_000,
    given,
  );
  await expect(asked).rejects.toMatchObject({ code: 'BUSY' });
  expect(lines).toEqual([]);
});
