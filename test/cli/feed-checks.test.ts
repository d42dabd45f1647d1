import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { streamIdentity } from '../../server/capture/feed-identity.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { checkFeeds, refuseStoredElsewhere } from '../../server/cli/feed-checks.ts';
import type { Store } from '../../server/store/types.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalwall-checks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [a, b] = [join(folder, 'a.csv'), join(folder, 'b.csv')];
const specs = (...paths: string[]) => paths.map((path) => parseFeedUri(path, '460-00'));
const records =
  'user,lac,ci,imei_prefix,start,end,uplink_bytes,downlink_bytes,rat\nU1,1,1,,2015-08-02 12:00:01,2015-08-02 12:00:02,0,1,1\n';
beforeEach(() => {
  writeFileSync(a, records);
  writeFileSync(b, records.replace('U1', 'U2'));
});

/** A store that holds these streams. */
const holding = (...streams: string[]) =>
  ({ sql: async () => streams.map((stream) => ({ stream })) }) as unknown as Store;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );
}

test('a feed named twice, however it is spelt, is refused', async () => {
  expect(await codeOf(checkFeeds(specs(a, b)))).toBe('accepted');
  expect(await codeOf(checkFeeds(specs(a, b, `${folder}/./a.csv`)))).toBe('FEED_TWICE');
});

test('a feed that is stored in other company is refused, and one that has grown since', async () => {
  const stored = holding(streamIdentity(specs(a)));
  const check = (...paths: string[]) =>
    codeOf(refuseStoredElsewhere(stored, specs(...paths), streamIdentity(specs(...paths))));
  expect(await check(a)).toBe('accepted');
  expect(await check(b)).toBe('accepted');
  expect(await check(a, b)).toBe('FEED_STORED');
  appendFileSync(a, records.slice(records.indexOf('U1')));
  expect(await check(a)).toBe('FEED_GROWN');
  writeFileSync(a, records.replace('U1', 'U3'));
  expect(await check(a)).toBe('accepted');
});

test('live feeds come and go in any company, but each once', async () => {
  const probes = ['pcap+tcp://probe-1:5555', 'pcap+tcp://probe-2:5555', 'pcap+listen://127.0.0.1:5555', '-'];
  const stored = holding(streamIdentity(specs(...probes.slice(0, 2))));
  for (const uris of [probes.slice(0, 1), probes.slice(0, 2), probes]) {
    expect(await codeOf(refuseStoredElsewhere(stored, specs(...uris), streamIdentity(specs(...uris))))).toBe(
      'accepted',
    );
  }
  expect(await checkFeeds(specs(...probes))).toBe(Number.POSITIVE_INFINITY);
  expect(await codeOf(checkFeeds(specs('-', 'pcap:-')))).toBe('FEED_TWICE');
});
