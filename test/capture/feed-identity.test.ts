import { appendFileSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { feedIdentity, hasGrown } from '../../server/capture/feed-identity.ts';
import { parseFeedUri } from '../../server/capture/feed-uri.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const parse = (uri: string) => parseFeedUri(uri, '460-00');
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalwall-identity-'));
  writeFileSync(at('a.pcap'), Buffer.alloc(300_000, 1));
  copyFileSync(at('a.pcap'), at('b.pcap'));
  writeFileSync(at('c.csv'), 'x');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the same file is the same feed, however its path is spelt or wherever it was copied', () => {
  const identity = feedIdentity(parse(at('a.pcap')));
  expect(feedIdentity(parse(`pcap:${folder}/../${folder.split('/').at(-1)}/a.pcap`))).toBe(identity);
  expect(feedIdentity(parse(at('b.pcap')))).toBe(identity);
  expect(identity).not.toContain(folder);
});

test('another file under the same name is another feed: its size, its beginning and its end tell', () => {
  const before = feedIdentity(parse(at('b.pcap')));
  const changed = Buffer.alloc(300_000, 1);
  changed[299_999] = 2;
  writeFileSync(at('b.pcap'), changed);
  expect(feedIdentity(parse(at('b.pcap')))).not.toBe(before);
});

test('options that change the events belong to the feed', () => {
  expect(feedIdentity(parse(`xdr:${at('c.csv')}?tz=+08:00`))).not.toBe(feedIdentity(parse(`xdr:${at('c.csv')}`)));
});

test.each([10, 100_000, 300_000])('a file of %i octets that has grown since is known by its beginning', (size) => {
  const path = at(`grows-${size}.pcap`);
  writeFileSync(path, Buffer.alloc(size, 3));
  const before = feedIdentity(parse(path));
  expect(hasGrown(parse(path), before)).toBe(false);
  appendFileSync(path, 'more');
  expect(feedIdentity(parse(path))).not.toBe(before);
  expect(hasGrown(parse(path), before)).toBe(true);
  // Not one that was written anew, nor another one, nor the same octets read as something else.
  expect(hasGrown(parse(`xdr:${path}`), before)).toBe(false);
  writeFileSync(path, Buffer.alloc(size + 4, 4));
  expect(hasGrown(parse(path), before)).toBe(false);
  writeFileSync(path, Buffer.alloc(size - 1, 3));
  expect(hasGrown(parse(path), before)).toBe(false);
});
