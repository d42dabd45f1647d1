import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { feedIdentity } from '../../server/capture/feed-identity.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';
import { checkFeeds, refuseStoredOtherwise, refuseTooOld } from '../../server/cli/feed-checks.ts';
import { makeConfig } from '../../server/config.ts';

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

function checked(paths: string[], known: string[], earlier: string[]): Promise<string> {
  return codeOf((async () => refuseStoredOtherwise(specs(...paths), known, earlier))());
}

test('a feed goes on in any company, but not when it has grown since it was taken in', async () => {
  const known = specs(a).map(feedIdentity);
  expect(await checked([a], known, [])).toBe('accepted');
  expect(await checked([a, b], known, [])).toBe('accepted');
  appendFileSync(a, records.slice(records.indexOf('U1')));
  expect(await checked([a], known, [])).toBe('FEED_GROWN');
  expect(await checked([b], known, [])).toBe('accepted');
  writeFileSync(a, records.replace('U1', 'U3'));
  expect(await checked([a], known, [])).toBe('accepted');
});

test('a file that was stored before there was a journal is refused: nobody knows how many of its rows are', async () => {
  const earlier = [specs(a, b).map(feedIdentity).join(' ')];
  expect(await checked([a], [], earlier)).toBe('FEED_STORED');
  appendFileSync(b, records.slice(records.indexOf('U1')));
  expect(await checked([b], [], earlier)).toBe('FEED_GROWN');
});

test('a feed that begins long before the time that is counted up to is refused', async () => {
  const config = makeConfig();
  const [spec] = specs(a);
  const check = (firstUs: number, clockUs: number) =>
    codeOf((async () => refuseTooOld(spec, firstUs, clockUs, config, 'DIR'))());
  expect(await check(1e15, -1)).toBe('accepted');
  expect(await check(Number.POSITIVE_INFINITY, 1e15)).toBe('accepted');
  expect(await check(1e15 - config.latenessMs * 1000, 1e15)).toBe('accepted');
  expect(await check(1e15 - config.latenessMs * 1000 - 1, 1e15)).toBe('FEED_TOO_OLD');
});

test('live feeds come and go in any company, but each once', async () => {
  const probes = ['pcap+tcp://probe-1:5555', 'pcap+tcp://probe-2:5555', 'pcap+listen://127.0.0.1:5555', '-'];
  const known = specs(...probes).map(feedIdentity);
  for (const uris of [probes.slice(0, 1), probes]) expect(await checked(uris, known, known)).toBe('accepted');
  for (const firstUs of (await checkFeeds(specs(...probes))).values()) expect(firstUs).toBe(Number.POSITIVE_INFINITY);
  expect(await codeOf(checkFeeds(specs('-', 'pcap:-')))).toBe('FEED_TWICE');
});
