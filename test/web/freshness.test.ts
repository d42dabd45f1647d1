import { beforeEach, describe, expect, test } from 'vitest';
import type { FeedState, FeedStatus } from '../../shared/protocol.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import { dataAgeMs, judgeFreshness } from '../../web/state/freshness.ts';
import { noticesOf } from '../../web/state/notices.ts';
import { makeWall } from './tools/make-wall.ts';

const live = { state: 'live', retryAtMs: -1 } as const;
const lost = { state: 'lost', retryAtMs: 5 } as const;

function feedIn(state: FeedState, ageMs = 0) {
  return makeWall({}, {}, { state, dataAgeMs: ageMs }).feed.status().feeds[0]!;
}

describe('freshness', () => {
  const frameMs = 10_000;

  test('a short reconnect does not grey the picture, a longer one does, more with age', () => {
    const at = (ageMs: number) => judgeFreshness({ link: lost, nowMs: frameMs + ageMs, frameMs, feeds: [] });
    expect(at(2_000)).toMatchObject({ cause: 'live', level: 0 });
    expect([5_000, 40_000, 200_000, 900_000].map((age) => at(age).level)).toEqual([1, 2, 3, 4]);
    expect(at(5_000).cause).toBe('lost');
  });

  test('a connection that has gone silent is as good as lost', () => {
    expect(judgeFreshness({ link: live, nowMs: frameMs + 9_000, frameMs, feeds: [feedIn('running')] }).cause).toBe(
      'lost',
    );
  });

  test('it is stale only when every running feed is', () => {
    const judge = (states: FeedState[]) =>
      judgeFreshness({ link: live, nowMs: frameMs, frameMs, feeds: states.map((state) => feedIn(state, 95_000)) });
    expect(judge(['stale'])).toMatchObject({ cause: 'stale', ageMs: 95_000, level: 2 });
    expect(judge(['stale', 'running']).cause).toBe('live');
    expect(judge(['failed', 'failed']).cause).toBe('failed');
    expect(judge(['stale', 'ended']).cause).toBe('stale');
  });

  test('a replay that has ended is its last state, not stale', () => {
    expect(judgeFreshness({ link: live, nowMs: frameMs, frameMs, feeds: [feedIn('ended', 900_000)] }).level).toBe(0);
  });

  test('data age is that of the liveliest feed and grows while no frame comes', () => {
    expect(dataAgeMs([feedIn('running', 400), feedIn('stale', 60_000)], 3_000)).toBe(3_400);
    expect(dataAgeMs([], 3_000)).toBe(-1);
  });
});

describe('notices', () => {
  beforeEach(() => {
    language.lang = 'en';
  });
  const of = (...changes: Parameters<typeof makeWall>) =>
    noticesOf(makeWall(...changes).feed.status(), 0, 'Asia/Shanghai');
  const texts = (...changes: Parameters<typeof makeWall>) => of(...changes).map(({ text }) => text);

  test('exact counts are announced, hidden ones explained', () => {
    expect(texts()).toEqual(['Exact counts · this machine only']);
    expect(texts({ minCount: 20 })).toEqual(['Counts below 20 are shown as <20, others rounded to 10, once a minute']);
  });

  test('warming up shows how far it is', () => {
    expect(texts({}, { warmingUp: true }, { state: 'warming up', progress: 0.42 })[0]).toBe(
      'Warming up: counts are still growing 42%',
    );
    expect(texts({}, { warmingUp: true })[0]).toBe('Warming up: counts are still growing');
  });

  test('a journal that takes nothing comes first, with the remedy, in the language of the wall', () => {
    const journal = { bytes: 7, full: true, failed: false, uncommittedBytes: 0, unappliedBytes: 0, snapshotAgeMs: 0 };
    expect(of({}, { journal, warmingUp: true })[0]).toEqual({
      id: 'journal',
      level: 'bad',
      text: 'Journal full · feeds wait, nothing is lost',
      detail: 'Bring the database back so that it takes what waits, or make room on the disk',
    });
    language.lang = 'zh';
    expect(of({}, { journal })[0]!.text).toBe('日志已满 · 数据源等待中，数据不会丢失');
    expect(of({}, { journal: { ...journal, failed: true } })[0]!.text).toBe('日志无法写入 · 服务即将停止');
    expect(texts({}, { journal: { ...journal, full: false } })).toEqual(['精确计数 · 仅限本机']);
  });

  test('history that is a minute behind is told, by wall time', () => {
    const store = { state: 'up', lagMs: 125_000, queuedRows: 48_213, droppedRows: 0, error: '' } as const;
    expect(of({}, { store }, { speedReached: 1 })[0]).toEqual({
      id: 'store',
      level: 'warn',
      text: 'History is 2 min 05 s behind · live counts are right',
      detail: '48,213 rows waiting',
    });
    expect(texts({}, { store }, { speedReached: 60 })).toEqual(['Exact counts · this machine only']);
    language.lang = 'zh';
    expect(texts({}, { store }, { speedReached: 1 })[0]).toBe('历史落后 2 分 05 秒 · 实时计数不受影响');
  });

  test('rows that could not be stored are told though the database is up', () => {
    const store = { state: 'up', lagMs: 0, queuedRows: 0, droppedRows: 3, error: '' } as const;
    expect(of({}, { store })[0]).toMatchObject({ level: 'warn', detail: '3 rows dropped' });
    const lacking = { ...store, droppedRows: 0, note: 'the rows behind noon are missing' };
    expect(of({}, { store: lacking })[0]).toMatchObject({ level: 'warn', detail: 'the rows behind noon are missing' });
  });

  test('a database that is away comes first and says what waits', () => {
    const store = { state: 'away', lagMs: 9, queuedRows: 48_213, droppedRows: 0, error: 'refused' } as const;
    expect(of({}, { store, warmingUp: true })[0]).toEqual({
      id: 'store',
      level: 'bad',
      text: 'Database away · live counts go on, history paused',
      detail: 'refused · 48,213 rows waiting',
    });
  });

  test('a database that gets nothing from the journal any more says which part of that is damaged', () => {
    const error = '/data/live/journal/7.journal, octet 32: a damaged record';
    const store = { state: 'held', lagMs: 9, queuedRows: 0, droppedRows: 0, error } as const;
    const text = 'History stopped: a part of the journal can’t be read · live counts go on';
    expect(of({}, { store, warmingUp: true })[0]).toEqual({ id: 'store', level: 'bad', text, detail: error });
  });

  test('bad records are counted by reason, most frequent first', () => {
    const notice = of({}, {}, { faults: { A: 1, B: 17, C: 3 }, faultsTotal: 21 }).find(({ id }) => id === 'faults')!;
    expect(notice.text).toBe('Bad records skipped: 21 (B 17 · C 3 …)');
    expect(notice.detail).toBe('B 17 · C 3 · A 1');
  });

  test('a replay whose next record is far ahead says when it comes, with its day if that is another', () => {
    const clockUs = Date.UTC(2026, 10, 21, 5, 30) * 1000;
    const wait = (hours: number, changes: Partial<FeedStatus> = {}) =>
      of({}, {}, { clockUs, nextUs: clockUs + hours * 3_600e6, speed: 600, ...changes }).filter(
        ({ id }) => id === 'next',
      );
    expect(wait(3).map(({ level, text }) => [level, text])).toEqual([
      ['info', 'Next record at 16:30:00, in about 18 s'],
    ]);
    expect(wait(12)[0]!.text).toBe('Next record at Sun, 22 Nov 2026 01:30:00, in about 1 min 12 s');
    expect(wait(0.4)).toEqual([]);
    expect(wait(3, { speed: 0 })).toEqual([]);
    expect(wait(3, { state: 'stale' })).toEqual([]);
    expect(wait(0)).toEqual([]);
  });

  test('a feed that is behind without a word on why does not alarm', () => {
    const level = (note: string) => of({}, {}, { state: 'behind', note }).find(({ id }) => id === 'feed sim')!.level;
    expect([level(''), level('this machine is too slow')]).toEqual(['info', 'warn']);
  });

  test('a failed feed and an ended one are said', () => {
    expect(texts({}, {}, { state: 'failed', note: 'no such file' })[0]).toBe('sim failed: no such file');
    expect(texts({}, {}, { state: 'ended' })).toContain('The feed has ended; this is its last state');
  });
});
