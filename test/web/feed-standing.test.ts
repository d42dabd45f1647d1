import { beforeEach, describe, expect, test } from 'vitest';
import { type FeedNoteKey, feedNote, feedNoteForms, joinFeedNotes } from '../../shared/feed-note.ts';
import type { FeedStatus } from '../../shared/protocol.ts';
import { language } from '../../web/app/i18n.svelte.ts';
import { standingOf } from '../../web/state/feed-standing.ts';
import { noticesOf } from '../../web/state/notices.ts';
import { makeWall } from './tools/make-wall.ts';

const zone = 'Asia/Shanghai';
const reconnecting = joinFeedNotes(
  feedNote('refused', { address: '10.0.0.1:5555' }),
  feedNote('next', { seconds: '4.0' }),
);

function status(...feeds: Partial<FeedStatus>[]) {
  const made = makeWall().feed.status();
  return { ...made, feeds: feeds.map((changes, i) => ({ ...made.feeds[0]!, id: `feed-${i + 1}`, ...changes })) };
}
const standing = (changes: Partial<FeedStatus>) => standingOf(status(changes).feeds[0]!, zone);

beforeEach(() => {
  language.lang = 'en';
});

describe('how a feed stands', () => {
  test('a running feed tells of its probes, in the language of the wall', () => {
    const listening = feedNote('probes', { address: '0.0.0.0:5555', n: 2, max: 8, names: 'a:1, b:2' });
    expect(standing({ note: listening })).toEqual({ text: '2 of 8 probes: a:1, b:2', level: 'info' });
    language.lang = 'zh';
    expect(standing({ note: listening })).toEqual({ text: '探针 2/8 已接入：a:1, b:2', level: 'info' });
    expect(standing({ note: reconnecting })).toEqual({
      text: '10.0.0.1:5555 拒绝连接 · 4.0 秒后重连',
      level: 'warn',
    });
  });

  test('says when the record comes that a replay waits for, by the clock of the wall', () => {
    const between = { time: '2026-11-22T01:30:00.000Z', now: '2026-11-21T12:00:00.000Z' };
    expect(standing({ note: feedNote('farHours', { ...between, hours: '13.5' }) })?.text).toBe(
      'waits for its next record of Sun, 22 Nov 2026 09:30:00, 13.5 h ahead',
    );
  });

  test('what is to be set right comes first, because the end may not fit', () => {
    const listening = feedNote('probes', { address: '0.0.0.0:5555', n: 1, max: 8, names: 'a:1' });
    expect(standing({ note: joinFeedNotes(listening, feedNote('ahead', { seconds: 312 })) })?.text).toBe(
      'probe clock 312 s fast: frames left out · 1 of 8 probes: a:1',
    );
  });

  test('has a text of its own for every sentence, in both languages', () => {
    for (const lang of ['zh', 'en'] as const) {
      language.lang = lang;
      for (const key of Object.keys(feedNoteForms) as FeedNoteKey[]) {
        const values = Object.fromEntries(
          [...feedNoteForms[key].matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, '2026-11-21T12:00:00.000Z']),
        );
        expect(standing({ note: feedNote(key, values) })?.text, `${lang} ${key}`).not.toMatch(/[{}]|^note\./);
      }
    }
  });

  test('shows what it does not know as it stands, and an early end as a warning', () => {
    expect(standing({ note: 'something new' })).toEqual({ text: 'something new', level: 'info' });
    expect(standing({ state: 'ended', note: 'a.pcap stops inside a record' })?.level).toBe('warn');
  });

  test('is silent where there is no note, or a notice says it', () => {
    expect(standing({ note: '' })).toBeNull();
    expect(standing({ state: 'failed', note: 'no such file' })).toBeNull();
    expect(standing({ state: 'behind', note: 'too slow' })).toBeNull();
  });
});

describe('notices of how feeds stand', () => {
  const about = (...feeds: Partial<FeedStatus>[]) =>
    noticesOf(status(...feeds), 0, zone).filter(({ id }) => id.includes('feed'));

  test('the first feed stands in the header, the others in notices', () => {
    const connected = feedNote('connected', { address: '10.0.0.2:5555' });
    expect(about({ note: reconnecting }, { note: reconnecting }, { note: connected })).toEqual([
      {
        id: 'standing feed-2',
        level: 'warn',
        text: 'feed-2: 10.0.0.1:5555 refused · retry in 4.0 s',
        detail: reconnecting,
      },
      { id: 'standing feed-3', level: 'info', text: 'feed-3: connected to 10.0.0.2:5555', detail: connected },
    ]);
  });

  test('a silent feed says why in its alarm, and an alarm comes before what others have to tell', () => {
    expect(
      about({}, { note: reconnecting }, { state: 'stale', dataAgeMs: 60_000, note: reconnecting }).map(
        ({ level, text }) => [level, text],
      ),
    ).toEqual([
      ['bad', 'feed-3: no new data for 1 min 00 s · 10.0.0.1:5555 refused · retry in 4.0 s'],
      ['warn', 'feed-2: 10.0.0.1:5555 refused · retry in 4.0 s'],
    ]);
  });
});
