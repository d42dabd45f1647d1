import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endNote } from '../../server/capture/probe-address.ts';
import { farNote } from '../../server/events/far-note.ts';
import { type FeedNoteKey, feedNote, feedNoteForms, joinFeedNotes, readFeedNote } from '../../shared/feed-note.ts';

const keys = Object.keys(feedNoteForms) as FeedNoteKey[];

test('reads back every sentence it writes, alone and joined', () => {
  const word = fc.stringMatching(/^[0-9a-z.:[\]]{1,20}$/);
  const sentence = fc.constantFrom(...keys).chain((key) => {
    const names = [...feedNoteForms[key].matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
    return fc
      .tuple(...names.map(() => word))
      .map((values) => ({ key, values: Object.fromEntries(names.map((name, i) => [name, values[i] as string])) }));
  });
  fc.assert(
    fc.property(fc.array(sentence, { maxLength: 4 }), (sentences) => {
      expect(readFeedNote(joinFeedNotes(...sentences.map(({ key, values }) => feedNote(key, values))))).toEqual(
        sentences,
      );
    }),
  );
});

test('hands on what it does not know as it stands', () => {
  expect(readFeedNote('the disk is full; next attempt in 4.0 s')).toEqual([
    { key: null, text: 'the disk is full' },
    { key: 'next', values: { seconds: '4.0' } },
  ]);
  expect(readFeedNote('')).toEqual([]);
});

test('knows what the server says of probes that ended and of records far ahead', () => {
  const faults = [null, 'PROBE_NOT_A_CAPTURE', 'CORRUPT_RECORD', 'TRUNCATED_CAPTURE', 'PROBE_LOST'] as const;
  const ends = faults.map((fault) => readFeedNote(endNote('[::1]:5555', fault)));
  expect(ends).toEqual(
    ['closed', 'noCapture', 'badRecord', 'cut', 'lost'].map((key) => [{ key, values: { address: '[::1]:5555' } }]),
  );
  const nowUs = Date.UTC(2026, 10, 21, 12) * 1000;
  const [far, apart] = readFeedNote(farNote(nowUs + 5000 * 86_400e6, nowUs, true));
  expect(far).toEqual({
    key: 'farDays',
    values: { time: '2040-07-30T12:00:00.000Z', days: '5,000', now: '2026-11-21T12:00:00.000Z' },
  });
  expect(apart).toEqual({ key: 'apart', values: {} });
  expect(readFeedNote(farNote(nowUs + 7200e6, nowUs, false))).toMatchObject([
    { key: 'farHours', values: { hours: '2.0' } },
  ]);
});
