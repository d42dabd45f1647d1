import { expect, test } from 'vitest';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { planFeeds } from '../../server/cli/feed-plan.ts';
import { dayUs } from '../../server/clock.ts';
import { makeConfig } from '../../server/config.ts';
import type { FeedPosition } from '../../server/events/feed-position.ts';

const clockUs = 20_000 * dayUs;
const config = makeConfig();

function plan(known: FeedPosition[], uri = 'push:north') {
  const spec = parseFeedUri(uri, '460-00');
  const taken = { positions: new Map(known.map((each) => [each.identity, each])), clockUs };
  return planFeeds(new Map([[spec, clockUs]]), 'live', taken, [], { config, dataDir: '/d' }, () => undefined);
}

const positions = (kind: string, agoUs: number) =>
  Array.from({ length: 256 }, (_, number): FeedPosition => {
    const eventUs = clockUs - agoUs - number;
    return { number, identity: `${kind}:${number}`, epoch: 0, seq: 5, eventUs, clockUs: eventUs, firstUs: 0 };
  });

test.each(['pcap+tcp', 'pcap+listen'])('a feed of %s is told what its probes have given', (kind) => {
  const uri = `${kind}://10.0.0.5:5555`;
  const streams = [['mB0p0x+/QmB0p0x1=', 81] as const];
  const [{ number: _, ...position }] = positions('pcap', 0);
  const [planned] = plan([{ ...position, number: 0, identity: uri, streams }], uri);
  expect(planned).toMatchObject({ spec: { kind, before: streams }, known: {}, position: { seq: 5, streams } });
});

test('files that were read days ago give their numbers to feeds that come', () => {
  expect(plan(positions('pcap', 4 * dayUs))[0].position).toMatchObject({ number: 255, identity: 'push:north', seq: 0 });
});

test.each([
  ['files whose people may be present still', positions('pcap', dayUs)],
  ['feeds that are pushed, which come again', positions('push', 100 * dayUs)],
])('%s keep theirs', (_, known) => {
  expect(() => plan(known)).toThrow(expect.objectContaining({ code: 'FEEDS_TOO_MANY' }));
});
