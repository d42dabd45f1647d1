import { expect, test } from 'vitest';
import { FigureExit } from '../../server/access/exit.ts';
import { endNote } from '../../server/capture/probe-address.ts';
import { linksOf } from '../../server/push/links.ts';
import { makeStatus } from '../../server/push/status.ts';
import { feedNote, joinFeedNotes } from '../../shared/feed-note.ts';
import type { FeedState } from '../../shared/protocol.ts';
import { FakeView } from '../tools/fake-view.ts';
import { fakeStatus } from '../tools/push-server.ts';

const feed = (state: FeedState, ...notes: string[]) => ({ state, note: joinFeedNotes(...notes) });
const links = (...feeds: ReturnType<typeof feed>[]) => {
  const { linksAlive, linksKnown } = linksOf(feeds);
  return `${linksAlive}/${linksKnown}`;
};
const address = '0.0.0.0:5555';
const probes = (...names: string[]) =>
  feedNote('probes', { address, n: names.length, max: 8, names: names.join(', ') });
const [north, south] = ['10.20.30.41:51234', '10.20.30.42:40022'];

test('a feed is a link that lives while it delivers, and one that has ended is none', () => {
  expect(links()).toBe('0/0');
  const status = makeStatus(new FigureExit(0), new FakeView(1, 1), fakeStatus(), 0);
  expect(status).toMatchObject({ linksAlive: 0, linksKnown: 0 });
  expect(links(feed('ended'))).toBe('0/0');
  expect(links(feed('running'), feed('behind'), feed('warming up'), feed('resuming'))).toBe('4/4');
  expect(links(feed('running'), feed('stale'), feed('failed'), feed('starting'), feed('ended'))).toBe('1/4');
});

test('each probe that connects is a link of its own', () => {
  expect(links(feed('running', probes(north, south)))).toBe('2/2');
  expect(links(feed('stale', probes(north, south)), feed('running'))).toBe('1/3');
  expect(links(feed('running', feedNote('alone', { address })))).toBe('0/1');
});

test('a probe that went is a dead link until one of its host is back', () => {
  expect(links(feed('running', probes(north), endNote(south, 'PROBE_LOST')))).toBe('1/2');
  expect(links(feed('running', probes(north), endNote('10.20.30.41:40000', null)))).toBe('1/1');
  expect(links(feed('running', feedNote('alone', { address }), endNote(south, 'TRUNCATED_CAPTURE')))).toBe('0/1');
});

test('a probe that is being called again is dead though its feed is not silent for long yet', () => {
  const next = feedNote('next', { seconds: '4.0' });
  expect(links(feed('running', feedNote('connected', { address })))).toBe('1/1');
  expect(links(feed('running', feedNote('refused', { address }), next))).toBe('0/1');
  expect(links(feed('running', endNote(north, 'PROBE_LOST'), next))).toBe('0/1');
});
